/* SPDX-License-Identifier: MIT */
/*
 * Blocks given back: all from an index on, or those of a hole that is made. Each of the inode's entries is the root of a tree of 0 to 3
 * levels of tables, over a range of the file's blocks; a table goes when all that it covers does.
 *
 * Order: the entry is cleared, and what it lies in is dirty, before what it named is freed (ext2_freed.c, 1). For the inode's own entries
 * that means that the inode is stored first: so they are cleared all, the inode stored, and then the trees are taken apart, with the tree
 * locked all the while. In between nothing names them; a machine that ends there leaves blocks that e2fsck gives back. A table that goes as a
 * whole is not changed: as long as the disk names it, it names what it did.
 *
 * A page that stays may be on its way to blocks that have gone from its end or its middle: mapping_settle comes between the clearing and the
 * freeing (mm/truncate.c, 7).
 */
#include "fs/ext2.h"
#include "lib/errno.h"
#include "mm/truncate.h"

/* What goes: [from, end) of the file's blocks; and how many went. */
struct cut {
	struct inode *inode;
	uint64_t from, end;
	struct list *gone; /* they come here */
	uint32_t freed;
	int err;
};

static void free_block(struct cut *c, uint32_t block)
{
	if (inode_type(c->inode) != S_IFREG)
		ext2_meta_forget(ext2_of(c->inode), block);
	ext2_gone_add(c->gone, block, 1);
	c->freed++;
}

static bool usable(struct cut *c, uint32_t block)
{
	int err = ext2_check_blocks(c->inode, block, 1);

	if (!err && ext2_is_meta(ext2_of(c->inode), block))
		err = ext2_corrupt(ext2_of(c->inode), "a block number in inode", c->inode->ino);
	if (err)
		c->err = err;
	return !err;
}

/* A block with `levels` of tables from it down goes, with all below it. */
static void free_tree(struct cut *c, uint32_t block, unsigned levels)
{
	struct ext2 *fs = ext2_of(c->inode);
	struct ext2_meta m;

	if (levels) {
		int err = ext2_meta_get(fs, block, &m);

		for (uint32_t i = 0; !err && i < ext2_block_size(fs) >> 2; i++) {
			uint32_t below = atomic_load_explicit((_Atomic uint32_t *)m.data + i, memory_order_relaxed);

			if (below && usable(c, below))
				free_tree(c, below, levels - 1);
		}
		if (err)
			c->err = err;
		else
			ext2_meta_put(&m);
		ext2_meta_forget(fs, block);
	}
	free_block(c, block);
}

static void cut_tree(struct cut *c, uint32_t block, unsigned levels, uint64_t start);

/* Entry i of a table whose entries cover `span` blocks each. Cleared, and freed, if all it covers goes. */
static void cut_entry(struct cut *c, const struct ext2_meta *m, uint32_t i, unsigned levels, uint64_t start)
{
	_Atomic uint32_t *at = (_Atomic uint32_t *)m->data + i;
	uint64_t span = 1ull << ((ext2_of(c->inode)->block_shift - 2) * levels);
	uint32_t block = atomic_load_explicit(at, memory_order_relaxed);

	if (!block || start >= c->end || start + span <= c->from || !usable(c, block))
		return;
	if (start < c->from || start + span > c->end) {
		cut_tree(c, block, levels, start);
		return;
	}
	atomic_store_explicit(at, 0, memory_order_relaxed);
	ext2_meta_dirty(ext2_of(c->inode), m);
	free_tree(c, block, levels);
}

/* A table with `levels` (1 to 3) of them from it down, its first block being `start`, of which not all goes. */
static void cut_tree(struct cut *c, uint32_t block, unsigned levels, uint64_t start)
{
	struct ext2 *fs = ext2_of(c->inode);
	unsigned bits = fs->block_shift - 2;
	uint64_t span = 1ull << (bits * (levels - 1));
	struct ext2_meta m;
	int err = ext2_meta_get(fs, block, &m);

	if (err) {
		c->err = err;
		return;
	}
	for (uint32_t i = 0; i < 1u << bits; i++)
		cut_entry(c, &m, i, levels - 1, start + i * span);
	ext2_meta_put(&m);
}

/* Of the inode's entries, the first block that each covers; and how many levels of tables are below it. */
static uint64_t root_start(const struct ext2 *fs, unsigned slot, unsigned *levels)
{
	unsigned bits = fs->block_shift - 2;
	uint64_t start = EXT2_DIRECT;

	*levels = slot < EXT2_DIRECT ? 0 : slot - EXT2_DIRECT + 1;
	if (!*levels)
		return slot;
	for (unsigned i = 1; i < *levels; i++)
		start += 1ull << (bits * i);
	return start;
}

/* Clears those of the inode's entries that go as a whole; they are in gone[]. true: there are any. */
static bool clear_roots(struct cut *c, uint32_t gone[EXT2_SLOTS])
{
	struct ext2_inode *e = ext2_inode(c->inode);
	bool any = false;

	for (unsigned slot = 0; slot < EXT2_SLOTS; slot++) {
		unsigned levels;
		uint64_t start = root_start(ext2_of(c->inode), slot, &levels);
		uint64_t span = 1ull << ((ext2_of(c->inode)->block_shift - 2) * levels);

		gone[slot] = 0;
		if (start < c->from || start + span > c->end)
			continue;
		gone[slot] = atomic_exchange_explicit(&e->block[slot], 0, memory_order_relaxed);
		any |= gone[slot] != 0;
	}
	return any;
}

static void cut_root(struct cut *c, unsigned slot, uint32_t gone)
{
	struct ext2_inode *e = ext2_inode(c->inode);
	uint32_t block = gone ? gone : atomic_load_explicit(&e->block[slot], memory_order_relaxed);
	unsigned levels;
	uint64_t start = root_start(ext2_of(c->inode), slot, &levels);
	uint64_t span = 1ull << ((ext2_of(c->inode)->block_shift - 2) * levels);

	if (!block || start >= c->end || start + span <= c->from || !usable(c, block))
		return;
	if (gone)
		free_tree(c, block, levels);
	else if (levels)
		cut_tree(c, block, levels, start);
}

/* A damaged inode may count fewer blocks than it has. */
static void uncount(struct inode *inode, uint32_t n)
{
	uint64_t sectors = (uint64_t)n << (ext2_of(inode)->block_shift - SECTOR_SHIFT);
	uint64_t had = inode->blocks;

	inode->blocks = had > sectors ? had - sectors : 0;
}

/* Pages at the edges of [index, end) are not on their way to blocks that were there. */
static void settle(struct inode *inode, uint64_t index, uint64_t end)
{
	unsigned shift = ext2_of(inode)->block_shift;

	mapping_settle(&inode->mapping, index << shift, end < UINT64_MAX >> shift ? end << shift : UINT64_MAX);
}

int ext2_punch(struct inode *inode, uint64_t index, uint64_t end)
{
	struct list blocks = LIST_INIT(blocks);
	struct cut c = { .inode = inode, .from = index, .end = end, .gone = &blocks };
	struct ext2_inode *e = ext2_inode(inode);
	uint32_t gone[EXT2_SLOTS];

	mutex_lock(&e->tree);
	if (clear_roots(&c, gone))
		c.err = ext2_inode_store(inode);
	for (unsigned slot = 0; slot < EXT2_SLOTS; slot++)
		cut_root(&c, slot, gone[slot]);
	e->next = 0;
	uncount(inode, c.freed);
	mutex_unlock(&e->tree);
	if (c.freed) {
		int err = ext2_inode_store(inode);

		c.err = c.err ? c.err : err;
		settle(inode, index, end);
		ext2_blocks_free(ext2_of(inode), &blocks);
	}
	return c.err;
}

void ext2_cut_loose(struct inode *inode, struct list *gone)
{
	struct cut c = { .inode = inode, .end = UINT64_MAX, .gone = gone };
	struct ext2_inode *e = ext2_inode(inode);
	uint32_t roots[EXT2_SLOTS];

	mutex_lock(&e->tree);
	clear_roots(&c, roots);
	for (unsigned slot = 0; slot < EXT2_SLOTS; slot++)
		if (roots[slot])
			cut_root(&c, slot, roots[slot]);
	e->next = 0;
	mutex_unlock(&e->tree);
}

int ext2_cut(struct inode *inode, uint64_t index)
{
	return ext2_punch(inode, index, UINT64_MAX);
}
