/* SPDX-License-Identifier: MIT */
/* Taking pages away from a file that others use. The statement is in mm/truncate.c. */
#ifndef MM_TRUNCATE_H
#define MM_TRUNCATE_H

#include "mm/backing.h"

/*
 * The file's new size, larger or smaller: mapping.size is set, pages wholly beyond it are gone from the cache and from every address space,
 * private copies too, and the rest of the last page is zero. On return no page beyond is being read or written: the file system may take the
 * blocks away (mapping_settle). write_lock held; sleeps. 0; -EIO, -ENOMEM: nothing has changed (the last page could not be read).
 */
int mapping_truncate(struct mapping *m, uint64_t size);

/* Pages wholly behind the end, which a write had put there and then did not fill, are gone. write_lock held; sleeps. */
void mapping_drop_behind(struct mapping *m);

/*
 * A hole at [start, end): whole pages are gone, unmapped (private copies stay), what is left of the pages at its ends is zero and dirty. From begin
 * until end nobody reads pages of this file into the cache: the file system takes the blocks away in between (mapping_settle). write_lock held;
 * sleeps. 0, or the error of begin, after which there is no end.
 */
int mapping_punch_begin(struct mapping *m, uint64_t start, uint64_t end);
void mapping_punch_end(struct mapping *m);

/*
 * The file has no blocks in [start, end) bytes any more: on return none that it had there is being written. Then they may be others'. After
 * truncate, or between punch_begin and punch_end. write_lock held, no page locked; sleeps.
 */
void mapping_settle(struct mapping *m, uint64_t start, uint64_t end);

/*
 * Bytes [start, end) of the device are to be written past the cache: what is dirty there is written, and then no page of the range is in the cache,
 * and none is read into it, until end. write_lock held; sleeps. false: it could not be had, since others go on using pages there, or we are killed;
 * no end then.
 */
bool mapping_replace_begin(struct mapping *m, uint64_t start, uint64_t end);
void mapping_replace_end(struct mapping *m);

/* Clean pages of [start, end) (indices) that nobody is using right now go from the cache; mapped ones are unmapped. How many went. Sleeps. */
uint64_t mapping_invalidate(struct mapping *m, pgoff_t start, pgoff_t end);

#endif
