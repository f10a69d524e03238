/* SPDX-License-Identifier: MIT */
/* A block device as a file: its blocks in the page cache, for file systems' metadata. And page reads turned into requests. */
#ifndef FS_BDEV_H
#define FS_BDEV_H

#include "drivers/block.h"
#include "mm/pagecache.h"

/* The device's mapping; lives as long as the device. NULL: no memory. */
struct mapping *bdev_mapping(struct blkdev *dev);

/*
 * Page reads being gathered: pieces that follow each other on the device go into one request. Each page may be made of several pieces; it is
 * done when all have been read. A batch belongs to one thread; submitting may sleep.
 */
struct page_read; /* one page under way */

struct read_batch {
	struct blkdev *dev;
	struct request *request; /* being filled, or NULL */
	uint64_t next_sector;	 /* behind its last piece */
};

/* A page about to be read in pieces, of which the first `end` bytes belong to the file: what lies behind will read as zero, whatever the
 * pieces bring. NULL (no memory): page_read_done has been called. */
struct page_read *page_read_begin(struct page *page, unsigned end);

/* [offset, offset+len) of the page comes from these sectors: both multiples of a sector. */
void page_read_piece(struct read_batch *b, struct page_read *p, unsigned offset, unsigned len, uint64_t sector);

void page_read_zero(struct page_read *p, unsigned offset, unsigned len); /* a hole */

/* No more pieces. error: 0, -EIO or -ENOMEM. The page is done when the pieces under way are. */
void page_read_end(struct page_read *p, int error);

void read_batch_submit(struct read_batch *b); /* what is left */

#endif
