/* SPDX-License-Identifier: MIT */
/* A block device as a file: its blocks in the page cache, for file systems' metadata. And page reads and writes turned into requests. */
#ifndef FS_BDEV_H
#define FS_BDEV_H

#include "drivers/block.h"
#include "mm/pagecache.h"

/* The device's mapping; lives as long as the device. NULL: no memory. */
struct mapping *bdev_mapping(struct blkdev *dev);

/*
 * Page reads or writes being gathered: pieces that follow each other on the device go into one request. Each page may be made of several
 * pieces; it is done when all have been moved: page_read_done or page_write_done. A batch belongs to one thread; submitting may sleep.
 */
struct page_io; /* one page under way */

struct io_batch {
	struct blkdev *dev;
	bool write;
	struct request *request; /* being filled, or NULL */
	uint64_t next_sector;	 /* behind its last piece */
};

/* A page about to be moved in pieces, of which the first `end` bytes belong to the file: after a read what lies behind will be zero, whatever
 * the pieces bring. NULL (no memory, never of a write): it is done already. */
struct page_io *page_io_begin(struct io_batch *b, struct page *page, unsigned end);

/* [offset, offset+len) of the page lies in these sectors: both multiples of a sector. */
void page_io_piece(struct io_batch *b, struct page_io *p, unsigned offset, unsigned len, uint64_t sector);

void page_io_hole(struct page_io *p, unsigned offset, unsigned len); /* reads as zero; is not written */

/* No more pieces. error: 0, -EIO or -ENOMEM. The page is done when the pieces under way are. */
void page_io_end(struct page_io *p, int error);

void io_batch_submit(struct io_batch *b); /* what is left */

#endif
