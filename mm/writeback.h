/* SPDX-License-Identifier: MIT */
/*
 * Dirty pages, and how they reach the device. The statement is in mm/writeback.c.
 *
 * Errors, as Linux counts them: a mapping has a number that changes with each failed write-back. An open file remembers the number it has
 * seen, so each hears of an error once, and one that nobody has heard of yet is told to those who open the file later.
 */
#ifndef MM_WRITEBACK_H
#define MM_WRITEBACK_H

#include "mm/backing.h"

/*
 * The page's contents are newer than the device's. For file systems and their metadata: the caller has the page referenced, and keeps it in the
 * cache (write_lock, or it is the device's own mapping). Any context that may take spinlocks.
 */
void page_mark_dirty(struct page *page);

/* For write_pages: the page has been written, or not. Any context. */
void page_write_done(struct page *page, int error);

/*
 * Writes the dirty pages of [start, end) bytes and waits until each page there, under write-back before or by this, is done. Sleeps; killable:
 * -EINTR. 0 otherwise: errors are heard from mapping_error_since. locks: those that write_pages does not take.
 */
int mapping_sync(struct mapping *m, uint64_t start, uint64_t end);

/* Starts writing what is dirty, waits for nothing but memory and page locks. */
void mapping_flush(struct mapping *m);

/* Every mapping's dirty pages, then once more those that this has made dirty. Sleeps. */
void writeback_all(void);

/* To be kept by an open file from its opening on. */
uint32_t mapping_error_sample(struct mapping *m);

/* -EIO, -ENOSPC: write-back failed since *seen, which is moved on; 0: no news. */
int mapping_error_since(struct mapping *m, _Atomic uint32_t *seen);

/* The file has lost its last name: dirty pages do not keep it any more, and are thrown away with it. */
void mapping_unlinked(struct mapping *m);

/* Starts the thread that writes what has been dirty for a while, or too much. Once, when threads may be created. */
void writeback_start(void);

#endif
