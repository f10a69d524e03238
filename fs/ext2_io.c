/* SPDX-License-Identifier: MIT */
/*
 * File pages read and written: each page in pieces, one a run of blocks, pieces that follow each other on the disk in one request.
 *
 * Both only look at the block map, without a lock (ext2_map.c): while a page is being read or written, its blocks stay. A page that is
 * written has had its blocks since before it became dirty (reserve), but where it was a hole and still is, it holds zeroes and nothing is
 * written.
 */
#include "fs/ext2.h"
#include "lib/errno.h"

/* Pages [at, end) of one file being moved, and the run the last look found. */
struct moving {
	struct inode *inode;
	struct io_batch batch;
	uint64_t end; /* block index behind the last that is wanted */
	struct ext2_run run;
};

/* Makes r->run hold block `index`. */
static int find_run(struct moving *r, uint64_t index)
{
	uint64_t most = r->end - index;
	int err;

	if (index - r->run.index < r->run.count)
		return 0;
	r->run.count = 0;
	while ((err = ext2_map(r->inode, index, most < UINT32_MAX ? (uint32_t)most : UINT32_MAX, &r->run)) == -ENOMEM && r->batch.write)
		io_batch_submit(&r->batch); /* a write does not fail for want of memory: fs/bdev.c */
	return err;
}

/* Bytes from `offset` of a page on that lie in one run, at file position pos: a piece of a request, or a hole. Their number, or -errno. */
static int move_piece(struct moving *r, struct page_io *p, uint64_t pos, unsigned offset, unsigned end)
{
	unsigned shift = ext2_of(r->inode)->block_shift;
	uint64_t index = pos >> shift, skip;
	unsigned len = end - offset;
	int err = find_run(r, index);

	if (err)
		return err;
	skip = index - r->run.index;
	if (len >> shift > r->run.count - skip)
		len = (unsigned)(r->run.count - skip) << shift;
	if (r->run.block)
		page_io_piece(&r->batch, p, offset, len, (r->run.block + skip) << (shift - SECTOR_SHIFT));
	else
		page_io_hole(p, offset, len);
	return (int)len;
}

static void move_page(struct moving *r, struct page *page)
{
	uint64_t pos = atomic_load_explicit(&page->index, memory_order_relaxed) << PAGE_SHIFT;
	uint64_t size = mapping_size(&r->inode->mapping), left = size > pos ? size - pos : 0;
	unsigned end = left < PAGE_SIZE ? (unsigned)left : PAGE_SIZE;
	uint32_t block = ext2_block_size(ext2_of(r->inode));
	struct page_io *p = page_io_begin(&r->batch, page, end);
	unsigned offset = 0;
	bool holes = false;
	int got = 0;

	if (!p)
		return;
	end = (end + block - 1) & -block;
	while (offset < end && got >= 0) {
		got = move_piece(r, p, pos + offset, offset, end);
		holes |= !r->run.block;
		offset += got > 0 ? (unsigned)got : 0;
	}
	if (!r->batch.write && !holes && got >= 0 && end == PAGE_SIZE) /* the file may become longer meanwhile */
		page_flag_set(page, PG_BACKED);
	page_io_end(p, got < 0 ? got : 0);
}

static void move_pages(struct mapping *m, bool write, struct page **pages, unsigned n)
{
	struct inode *inode = inode_of(m);
	unsigned per_page = PAGE_SHIFT - ext2_of(inode)->block_shift;
	struct moving r = {
		.inode = inode,
		.batch = { .dev = ext2_of(inode)->dev, .write = write },
		.end = (atomic_load_explicit(&pages[n - 1]->index, memory_order_relaxed) + 1) << per_page,
	};

	for (unsigned i = 0; i < n; i++)
		move_page(&r, pages[i]);
	io_batch_submit(&r.batch);
}

static void ext2_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	move_pages(m, false, pages, n);
}

static void ext2_write_pages(struct mapping *m, struct page **pages, unsigned n)
{
	move_pages(m, true, pages, n);
}

static int ext2_write_begin(struct mapping *m)
{
	struct inode *inode = inode_of(m);

	return ext2_handle_start(ext2_of(inode), &ext2_inode(inode)->handle, EXT2_WRITE_CREDITS);
}

static void ext2_write_end(struct mapping *m)
{
	ext2_handle_stop(ext2_of(inode_of(m)));
}

static int ext2_reserve(struct mapping *m, uint64_t pos, size_t len)
{
	struct inode *inode = inode_of(m);
	unsigned shift = ext2_of(inode)->block_shift;

	assert(current->handle);
	return ext2_grow(inode, pos >> shift, ((pos + len - 1) >> shift) + 1);
}

uint64_t ext2_blocks_of(const struct inode *inode)
{
	const struct ext2 *fs = ext2_of(inode);

	return (mapping_size(&inode->mapping) + ext2_block_size(fs) - 1) >> fs->block_shift;
}

static void ext2_trim(struct mapping *m)
{
	struct inode *inode = inode_of(m);

	ext2_cut(inode, ext2_blocks_of(inode));
}

/* Metadata is flushed as a whole: it is little, and then any part of it is on the disk. */
static int ext2_sync_range(struct mapping *m, uint64_t start, uint64_t end, bool data_only)
{
	(void)start;
	(void)end;
	(void)data_only;
	return ext2_meta_flush(ext2_of(inode_of(m)));
}

const struct backing_ops ext2_backing = {
	.read_pages = ext2_read_pages,
	.write_begin = ext2_write_begin,
	.write_end = ext2_write_end,
	.reserve = ext2_reserve,
	.trim = ext2_trim,
	.write_pages = ext2_write_pages,
	.sync = ext2_sync_range,
	.get = inode_backing_get,
	.put = inode_backing_put,
	.name = inode_backing_name,
	.via_get = file_via_get,
	.via_put = file_via_put,
	.via_readahead = file_via_readahead,
	.writable = true,
};
