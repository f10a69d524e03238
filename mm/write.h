/* SPDX-License-Identifier: MIT */
/* write(2) through the page cache. The statement is in mm/write.c. */
#ifndef MM_WRITE_H
#define MM_WRITE_H

#include "mm/backing.h"

/*
 * Bytes of user memory to [pos, pos + n) of the file, which grows if need be. m->write_lock held, and never let go of.
 *
 * > 0: so many are written. Fewer than n: the source was not there, or an error came up, which the next call will find again; or too much is dirty.
 * Then, and when all is written, let go of every lock and call writeback_settle before the next call.
 * 0: not one, because the source at buf is not there: let go of every lock, mm_fault_in(current->mm, buf, 1, FAULT_READ), come again.
 * -ENOSPC, -EIO, -ENOMEM, -EINTR (killed), ...: not one.
 * Limits (RLIMIT_FSIZE, the largest file) and times are the caller's business. So is where to go on after 0: with O_APPEND it is
 * wherever the file ends by then.
 */
long mapping_write_user(struct mapping *m, uint64_t pos, uintptr_t buf, size_t n);

/* The same from kernel memory: never 0 unless n is, and never short for what is dirty: n is small. */
long mapping_write_kernel(struct mapping *m, uint64_t pos, const void *buf, size_t n);

/* For a store through a mapping: blocks for what of the page at index is inside the file; it is dirty and PG_BACKED then. If it is not there any
 * more nothing happens. Takes write_lock; sleeps. 0, -EINTR (killed), -ENOSPC, ... */
int mapping_reserve_page(struct mapping *m, pgoff_t index);

/* Some bytes of the page may have no block any more, or not yet: stores have to ask again. Page locked, write_lock held. Sleeps. */
void page_forget_blocks(struct page *page);

/* Before the size is raised other than by these calls: what lies behind the end in the last page reads as zero, and stores
 * there will have to ask for their blocks. write_lock held; sleeps. 0, -EIO, -ENOMEM. */
int mapping_prepare_extend(struct mapping *m);

#endif
