/* SPDX-License-Identifier: MIT */
/*
 * Blocks for what is written. Tables are added from the top down and blocks in runs, as many at a time as one table has empty entries in a
 * row; the goal is the block behind the last that the file got, or behind the one before the hole, or the first of its inode's group.
 *
 * Order, for readers without a lock (ext2_map.c) and for what the disk looks like if it ends here: a new indirect block is zeroed, on the disk
 * too, before its number is stored; bits in the bitmap are set before that.
 *
 * The contents of a new block are whatever was on the disk. Whoever asks for blocks has the pages over them in the cache, complete and to
 * be dirty, so nobody reads the block before the page has been written to it. Who is refused some of them (a full disk) writes nothing: then
 * those that he has got become zeroes on the disk, which is what the hole was.
 */
#include "fs/ext2.h"
#include "lib/errno.h"

/* Entries of one table that lie in the way of [index, index + want). */
struct spot {
	struct inode *inode;
	_Atomic uint32_t *at;  /* the first */
	uint32_t room;	       /* entries from there to the table's end */
	struct ext2_meta meta; /* the table's block; no page: the inode */
};

static uint32_t group_start(const struct ext2 *fs, uint64_t ino)
{
	return fs->first_block + (uint32_t)((ino - 1) / fs->inodes_per_group) * fs->blocks_per_group;
}

static uint32_t goal_of(const struct spot *s, bool behind)
{
	const struct ext2_inode *e = ext2_inode(s->inode);
	uint32_t before = behind ? atomic_load_explicit(s->at - 1, memory_order_relaxed) : 0;

	if (before)
		return before + 1;
	return e->next ? e->next : group_start(ext2_of(s->inode), s->inode->ino);
}

static void spot_changed(struct spot *s)
{
	if (s->meta.page)
		ext2_meta_dirty(ext2_of(s->inode), &s->meta);
}

static void count_blocks(struct inode *inode, uint32_t n)
{
	inode->blocks += (uint64_t)n << (ext2_of(inode)->block_shift - SECTOR_SHIFT);
}

/* A table for the entry at s, which has none. */
static int add_table(struct spot *s, uint32_t *block)
{
	struct ext2 *fs = ext2_of(s->inode);
	struct ext2_meta m;
	uint32_t n;
	int err = ext2_blocks_alloc(fs, goal_of(s, false), 1, block, &n);

	if (err)
		return err;
	err = ext2_blocks_zero(fs, *block, 1) ?: ext2_meta_get_new(fs, *block, &m);
	if (err) {
		ext2_blocks_return(fs, block, &n);
		return err;
	}
	ext2_meta_put(&m);
	ext2_inode(s->inode)->next = *block + 1;
	/* release: the table is zeroed; pairs with number() in ext2_map.c */
	atomic_store_explicit(s->at, *block, memory_order_release);
	spot_changed(s);
	count_blocks(s->inode, 1);
	return 0;
}

/* One table down. */
static int descend(struct spot *s, uint32_t at)
{
	struct ext2 *fs = ext2_of(s->inode);
	uint32_t block = atomic_load_explicit(s->at, memory_order_relaxed);
	struct ext2_meta below;
	int err = block ? ext2_check_blocks(s->inode, block, 1) : add_table(s, &block);

	if (!err && ext2_is_meta(fs, block))
		err = ext2_corrupt(fs, "a block number in inode", s->inode->ino);
	if (!err)
		err = ext2_meta_get(fs, block, &below);
	if (err)
		return err;
	ext2_meta_put(&s->meta);
	s->meta = below;
	s->at = (_Atomic uint32_t *)below.data + at;
	s->room = (ext2_block_size(fs) >> 2) - at;
	return 0;
}

static int spot_find(struct spot *s, uint64_t index, bool *first)
{
	uint32_t path[EXT2_DEPTH_MAX];
	int depth = ext2_path_to(ext2_of(s->inode), index, path), err = 0;

	if (depth < 0)
		return depth;
	s->at = &ext2_inode(s->inode)->block[path[0]];
	s->room = EXT2_DIRECT - path[0];
	for (int i = 1; i < depth && !err; i++)
		err = descend(s, path[i]);
	*first = !path[depth - 1];
	return err;
}

/* How many of the next `most` entries are (or are not) holes, as the first is. */
static uint32_t alike(const struct spot *s, uint32_t most)
{
	bool hole = !atomic_load_explicit(s->at, memory_order_relaxed);
	uint32_t n = 1;

	while (n < most && !atomic_load_explicit(s->at + n, memory_order_relaxed) == hole)
		n++;
	return n;
}

/* Blocks for the hole at s, block `index` of the file: how many, at most n; or an error. */
static int fill_hole(struct spot *s, uint64_t index, uint32_t n, bool first)
{
	struct ext2 *fs = ext2_of(s->inode);
	uint32_t block = 0, got = 0;
	int err = ext2_blocks_alloc(fs, goal_of(s, !first), n, &block, &got);

	if (!err && ext2_zero_first(s->inode, index)) {
		err = ext2_blocks_zero(fs, block, got);
		if (err)
			ext2_blocks_return(fs, &block, &got);
	}
	if (err)
		return err;
	for (uint32_t i = 0; i < got; i++)
		atomic_store_explicit(s->at + i, block + i, memory_order_release); /* pairs with number() in ext2_map.c */
	spot_changed(s);
	ext2_inode(s->inode)->next = block + got;
	count_blocks(s->inode, got);
	return (int)got;
}

/* Blocks from index on, within one table: how many are there now, or an error. *filled: they are new. */
static int grow_some(struct inode *inode, uint64_t index, uint64_t end, bool *filled)
{
	struct spot s = { .inode = inode };
	bool first = false;
	int n = spot_find(&s, index, &first);

	*filled = false;
	if (!n) {
		n = (int)alike(&s, end - index < s.room ? (uint32_t)(end - index) : s.room);
		*filled = !atomic_load_explicit(s.at, memory_order_relaxed);
		if (*filled)
			n = fill_hole(&s, index, (uint32_t)n, first);
	}
	ext2_meta_put(&s.meta);
	return n;
}

/* Of the blocks from index on those in the mask are new, and nobody is going to write them. Tree locked. */
static void zero_new(struct inode *inode, uint64_t index, uint64_t mask)
{
	struct ext2_run run;

	for (; mask; mask >>= 1, index++)
		if (mask & 1 && !ext2_map(inode, index, 1, &run) && run.block)
			ext2_blocks_zero(ext2_of(inode), run.block, 1);
}

int ext2_grow(struct inode *inode, uint64_t index, uint64_t end)
{
	struct ext2_inode *e = ext2_inode(inode);
	uint64_t from = index, new = 0, had;
	bool changed, filled;
	int n = 0;

	assert(end - index <= 64); /* bits of new */
	mutex_lock(&e->tree);
	had = inode->blocks;
	while (index < end && n >= 0) {
		n = grow_some(inode, index, end, &filled);
		if (n > 0 && filled)
			new |= ((1ull << n) - 1) << (index - from);
		index += n > 0 ? (uint64_t)n : 0;
	}
	if (n < 0 && inode_type(inode) == S_IFREG)
		zero_new(inode, from, new);
	changed = inode->blocks != had;
	mutex_unlock(&e->tree);
	if (changed) {
		int err = ext2_inode_store(inode);

		n = n < 0 ? n : err;
	}
	return n < 0 ? n : 0;
}
