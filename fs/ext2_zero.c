/* SPDX-License-Identifier: MIT */
/*
 * Blocks that are zeroes on the disk before anything there can name them.
 *
 * What a fresh block holds is some older file's. In a file's data that is nobody's loss: what has not been synced may be anything. But e2fsck
 * believes what it finds in a table or a directory; and where a hole was, synced, zeroes have been promised.
 *
 * Which holes: those below `confirmed`, the size that the file had when it was synced last. A sync of the whole file system confirms every file;
 * who looks later does not know the size at that time, but that it was no more than now: blocks are asked for before the size grows.
 */
#include "fs/ext2.h"
#include "lib/errno.h"
#include "mm/reclaim.h"

/* One write being waited for; on fs->flushed. (A) atomic, (C) constant */
struct zeroing {
	struct ext2 *fs;	    /* (C) */
	_Atomic unsigned in_flight; /* (A) */
	_Atomic int error;	    /* (A) */
};

static void zero_done(struct request *r, int error)
{
	struct zeroing *z = r->private;
	struct ext2 *fs = z->fs;

	if (error)
		atomic_store_explicit(&z->error, error, memory_order_relaxed);
	request_free(r);
	/* release: the error is there; pairs with the wait. z may be gone from here on */
	if (atomic_fetch_sub_explicit(&z->in_flight, 1, memory_order_release) == 1)
		waitq_wake_all(&fs->flushed);
}

/* As many of the blocks as one request takes: how many, or -ENOMEM. */
static int zero_some(struct zeroing *z, uint32_t block, uint32_t count)
{
	static char zeroes[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	struct request *r;
	uint32_t n = 0;

	do {
		r = request_new(z->fs->dev, (uint64_t)block << (z->fs->block_shift - SECTOR_SHIFT), true);
	} while (!r && page_make_room());
	if (!r)
		return -ENOMEM;
	r->done = zero_done;
	r->private = z;
	while (n < count && request_add(r, zeroes, ext2_block_size(z->fs)))
		n++;
	atomic_fetch_add_explicit(&z->in_flight, 1, memory_order_relaxed);
	block_submit(r);
	return (int)n;
}

int ext2_blocks_zero(struct ext2 *fs, uint32_t block, uint32_t count)
{
	static const struct wait_why why = { .what = "blocks being zeroed", .on = wait_on_device };
	struct zeroing z = { .fs = fs };
	int n = 0;

	while (count && n >= 0) {
		n = zero_some(&z, block, count);
		block += n > 0 ? (uint32_t)n : 0;
		count -= n > 0 ? (uint32_t)n : 0;
	}
	/* acquire: pairs with zero_done */
	wait_until(&fs->flushed, &why, WAIT_FOREVER, UINT64_MAX, !atomic_load_explicit(&z.in_flight, memory_order_acquire));
	return n < 0 ? n : atomic_load_explicit(&z.error, memory_order_relaxed);
}

bool ext2_zero_first(struct inode *inode, uint64_t index)
{
	struct ext2_inode *e = ext2_inode(inode);
	uint32_t syncs = atomic_load_explicit(&ext2_of(inode)->syncs, memory_order_relaxed);
	uint64_t size = mapping_size(&inode->mapping);

	if (inode_type(inode) != S_IFREG)
		return true;
	if (e->syncs != syncs) {
		e->syncs = syncs;
		e->confirmed = size;
	}
	return index << ext2_of(inode)->block_shift < (e->confirmed < size ? e->confirmed : size);
}

void ext2_confirmed(struct inode *inode, uint64_t size)
{
	struct ext2_inode *e = ext2_inode(inode);

	mutex_lock(&e->tree);
	if (size > e->confirmed)
		e->confirmed = size;
	mutex_unlock(&e->tree);
}

void ext2_unconfirmed(struct inode *inode, uint64_t size)
{
	struct ext2_inode *e = ext2_inode(inode);
	uint32_t syncs;

	mutex_lock(&e->tree);
	syncs = atomic_load_explicit(&ext2_of(inode)->syncs, memory_order_relaxed);
	if (e->syncs != syncs || size < e->confirmed)
		e->confirmed = size;
	e->syncs = syncs;
	mutex_unlock(&e->tree);
}
