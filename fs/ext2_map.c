/* SPDX-License-Identifier: MIT */
/*
 * From a file's block to the disk's, and reading file pages.
 *
 * Blocks 0 to 11 are named in the inode; then come one indirect block, one double and one triple. An indirect block is read through the
 * device's own pages in the cache; 0 means a hole at any level. Every number is checked before it is followed, and the depth is
 * fixed, so a damaged tree can neither lead outside the disk nor into a circle.
 *
 * While pages are being read others wait for them, so nothing here ends early because the thread that happened to start it is killed.
 */
#include "fs/ext2.h"
#include "lib/errno.h"

#define DEPTH_MAX 4 /* tables on the way to a block: the inode's own, and up to three indirect ones */

/* A table of block numbers in memory, from the wanted entry on. */
struct table {
	const uint32_t *blocks;
	uint32_t count;
	struct page *page; /* referenced, or NULL: the inode's own */
};

/* How many tables lead to block `index`, and the index in each. -EFBIG: beyond what ext2 can name. */
static int path_to(const struct ext2 *fs, uint64_t index, uint32_t path[DEPTH_MAX])
{
	unsigned bits = fs->block_shift - 2; /* block numbers in a block, as a power of two */
	uint32_t mask = (1u << bits) - 1;

	if (index < EXT2_DIRECT) {
		path[0] = (uint32_t)index;
		return 1;
	}
	index -= EXT2_DIRECT;
	for (unsigned depth = 1; depth < DEPTH_MAX; depth++) {
		if (index >> (bits * depth) == 0) {
			path[0] = EXT2_DIRECT + depth - 1;
			for (unsigned i = 1; i <= depth; i++)
				path[i] = (uint32_t)(index >> (bits * (depth - i))) & mask;
			return (int)depth + 1;
		}
		index -= 1ull << (bits * depth);
	}
	return -EFBIG;
}

/* Are blocks [block, block+count) data of some file? */
static int check_blocks(const struct inode *inode, uint32_t block, uint32_t count)
{
	struct ext2 *fs = ext2_of(inode);

	if (block > fs->first_block && block < fs->blocks && count <= fs->blocks - block)
		return 0;
	return ext2_corrupt(fs, "a block number in inode", inode->ino);
}

static int table_read(const struct inode *inode, uint32_t block, uint32_t at, struct table *t)
{
	const struct ext2 *fs = ext2_of(inode);
	uint64_t pos = ((uint64_t)block << fs->block_shift) + at * sizeof(*t->blocks);
	int err = check_blocks(inode, block, 1);

	if (!err)
		err = cache_read(fs->meta, pos >> PAGE_SHIFT, WAIT_FOREVER, &t->page);
	if (err)
		return err;
	t->blocks = (const uint32_t *)((char *)page_address(t->page) + pos % PAGE_SIZE);
	t->count = (ext2_block_size(fs) >> 2) - at;
	return 0;
}

static void table_put(struct table *t)
{
	if (t->page)
		page_put(t->page);
	t->page = NULL;
}

/* The table that names the block; *block is the entry above it, 0 if there is no such table: all of it is a hole. */
static int table_find(struct inode *inode, const uint32_t *path, int depth, struct table *t)
{
	*t = (struct table){ .blocks = &inode->block[path[0]], .count = depth == 1 ? EXT2_DIRECT - path[0] : 1 };
	for (int i = 1; i < depth; i++) {
		uint32_t block = *t->blocks;
		int err;

		table_put(t);
		if (!block) {
			static const uint32_t hole;

			*t = (struct table){ .blocks = &hole, .count = 1 };
			return 0;
		}
		err = table_read(inode, block, path[i], t);
		if (err)
			return err;
	}
	return 0;
}

static uint32_t run_length(const struct table *t, uint32_t most)
{
	uint32_t first = *t->blocks, n = 1;

	while (n < t->count && n < most && t->blocks[n] == (first ? first + n : 0))
		n++;
	return n;
}

int ext2_map(struct inode *inode, uint64_t index, uint32_t most, struct ext2_run *run)
{
	uint32_t path[DEPTH_MAX];
	int depth = path_to(ext2_of(inode), index, path);
	struct table t;
	int err;

	if (depth < 0)
		return ext2_corrupt(ext2_of(inode), "the size of inode", inode->ino);
	err = table_find(inode, path, depth, &t);
	if (err)
		return err;
	*run = (struct ext2_run){ .index = index, .block = *t.blocks, .count = run_length(&t, most) };
	table_put(&t);
	return run->block ? check_blocks(inode, run->block, run->count) : 0;
}

/* ---- reading pages ---- */

/* Pages [at, end) of one file being read, and the run the last look found. */
struct reading {
	struct inode *inode;
	struct read_batch batch;
	uint64_t end; /* block index behind the last that is wanted */
	struct ext2_run run;
};

/* Makes r->run hold block `index`. */
static int find_run(struct reading *r, uint64_t index)
{
	uint64_t most = r->end - index;

	if (index - r->run.index < r->run.count)
		return 0;
	r->run.count = 0;
	return ext2_map(r->inode, index, most < UINT32_MAX ? (uint32_t)most : UINT32_MAX, &r->run);
}

/* Bytes from `offset` of a page on that lie in one run, at file position pos: a piece of a request, or zeroes. Their number, or -errno. */
static int read_piece(struct reading *r, struct page_read *p, uint64_t pos, unsigned offset, unsigned end)
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
		page_read_piece(&r->batch, p, offset, len, (r->run.block + skip) << (shift - SECTOR_SHIFT));
	else
		page_read_zero(p, offset, len);
	return (int)len;
}

static void read_page(struct reading *r, struct page *page)
{
	uint64_t pos = atomic_load_explicit(&page->index, memory_order_relaxed) << PAGE_SHIFT;
	uint64_t size = mapping_size(&r->inode->mapping), left = size > pos ? size - pos : 0;
	unsigned end = left < PAGE_SIZE ? (unsigned)left : PAGE_SIZE;
	uint32_t block = ext2_block_size(ext2_of(r->inode));
	struct page_read *p = page_read_begin(page, end);
	unsigned offset = 0;
	int got = 0;

	if (!p)
		return;
	end = (end + block - 1) & -block;
	while (offset < end && got >= 0) {
		got = read_piece(r, p, pos + offset, offset, end);
		offset += got > 0 ? (unsigned)got : 0;
	}
	page_read_end(p, got < 0 ? got : 0);
}

static void ext2_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct inode *inode = inode_of(m);
	unsigned per_page = PAGE_SHIFT - ext2_of(inode)->block_shift;
	struct reading r = {
		.inode = inode,
		.batch.dev = ext2_of(inode)->dev,
		.end = (atomic_load_explicit(&pages[n - 1]->index, memory_order_relaxed) + 1) << per_page,
	};

	for (unsigned i = 0; i < n; i++)
		read_page(&r, pages[i]);
	read_batch_submit(&r.batch);
}

const struct backing_ops ext2_backing = {
	.read_pages = ext2_read_pages,
	.get = inode_backing_get,
	.put = inode_backing_put,
	.name = inode_backing_name,
};
