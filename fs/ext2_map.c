/* SPDX-License-Identifier: MIT */
/*
 * From a file's block to the disk's.
 *
 * Blocks 0 to 11 are named in the inode; then come one indirect block, one double and one triple; 0 means a hole at any level. Every number
 * is checked before it is followed, and the depth is fixed, so a damaged tree can neither lead outside the disk nor into a circle.
 *
 * No lock is taken, for pages are read and written while others of the file get their blocks. Why that is right:
 *
 * 1. A number appears in a table by a release store, when what it names is ready: an indirect block is zeroed (ext2_grow.c). A reader loads
 *    it by an acquire.
 * 2. A number disappears only by truncation or a hole (ext2_cut.c), which comes after mm has removed the pages that are wholly behind the new end
 *    or in the hole, so none of them is being read or written; and a page that stays needs no table that goes. It may find a number that is
 *    just going: its block is nobody else's until the page has been written (mm/truncate.c, 7).
 *
 * While pages are being read others wait for them, so nothing here ends early because the thread that happened to start it is killed.
 */
#include "fs/ext2.h"
#include "lib/errno.h"

/* A table of block numbers in memory, from the wanted entry on. */
struct table {
	const _Atomic uint32_t *blocks;
	uint32_t count;
	struct ext2_meta meta; /* where it lies; no page: in the inode */
};

int ext2_path_to(const struct ext2 *fs, uint64_t index, uint32_t path[EXT2_DEPTH_MAX])
{
	unsigned bits = fs->block_shift - 2; /* block numbers in a block, as a power of two */
	uint32_t mask = (1u << bits) - 1;

	if (index < EXT2_DIRECT) {
		path[0] = (uint32_t)index;
		return 1;
	}
	index -= EXT2_DIRECT;
	for (unsigned depth = 1; depth < EXT2_DEPTH_MAX; depth++) {
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

int ext2_check_blocks(const struct inode *inode, uint32_t block, uint32_t count)
{
	struct ext2 *fs = ext2_of(inode);

	return ext2_is_data(fs, block, count) ? 0 : ext2_corrupt(fs, "a block number in inode", inode->ino);
}

static uint32_t number(const _Atomic uint32_t *at)
{
	return atomic_load_explicit(at, memory_order_acquire); /* pairs with ext2_grow.c */
}

static int table_read(const struct inode *inode, uint32_t block, uint32_t at, struct table *t)
{
	struct ext2 *fs = ext2_of(inode);
	int err = ext2_check_blocks(inode, block, 1);

	if (!err)
		err = ext2_meta_get(fs, block, &t->meta);
	if (err)
		return err;
	t->blocks = (_Atomic uint32_t *)t->meta.data + at;
	t->count = (ext2_block_size(fs) >> 2) - at;
	return 0;
}

/* The table that names the block. If there is none, all of it is a hole, and the table has one entry of that sort. */
static int table_find(struct inode *inode, const uint32_t *path, int depth, struct table *t)
{
	*t = (struct table){ .blocks = &ext2_inode(inode)->block[path[0]], .count = depth == 1 ? EXT2_DIRECT - path[0] : 1 };
	for (int i = 1; i < depth; i++) {
		uint32_t block = number(t->blocks);
		int err;

		ext2_meta_put(&t->meta);
		if (!block) {
			static const _Atomic uint32_t hole;

			*t = (struct table){ .blocks = &hole, .count = 1 };
			return 0;
		}
		err = table_read(inode, block, path[i], t);
		if (err)
			return err;
	}
	return 0;
}

static uint32_t run_length(const struct table *t, uint32_t first, uint32_t most)
{
	uint32_t n = 1;

	while (n < t->count && n < most && number(&t->blocks[n]) == (first ? first + n : 0))
		n++;
	return n;
}

int ext2_map(struct inode *inode, uint64_t index, uint32_t most, struct ext2_run *run)
{
	uint32_t path[EXT2_DEPTH_MAX], first;
	int depth = ext2_path_to(ext2_of(inode), index, path);
	struct table t;
	int err;

	if (depth < 0)
		return ext2_corrupt(ext2_of(inode), "the size of inode", inode->ino);
	err = table_find(inode, path, depth, &t);
	if (err)
		return err;
	first = number(t.blocks);
	*run = (struct ext2_run){ .index = index, .block = first, .count = run_length(&t, first, most) };
	ext2_meta_put(&t.meta);
	return run->block ? ext2_check_blocks(inode, run->block, run->count) : 0;
}
