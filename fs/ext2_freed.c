/* SPDX-License-Identifier: MIT */
/*
 * Blocks that were dropped, but may not be used again yet.
 *
 * If the power fails, the disk may still say that they are the old file's, whose bytes somebody was promised to find there. So they stay
 * marked in the bitmap until the inode (or indirect block) that dropped them has been written:
 *
 * 1. Whoever drops a block changes what names it, marks that dirty, and then puts the block on fs->freed.
 * 2. ext2_freed_release takes the list, flushes, and then clears the bits. What it took was put there after its namers became dirty, so the
 *    flush wrote them. The flush also ends every older write of the blocks themselves as metadata (ext2_meta.c, 4).
 *
 * It is done by sync, when the list is long, and when the disk seems full. Counted as free (statfs), as on any system.
 */
#include "fs/ext2.h"
#include "kernel/slab.h"
#include "lib/errno.h"

#define FREED_MANY 8192 /* blocks */

/* (F) freed_lock */
struct freed {
	struct list link;      /* (F) */
	uint32_t block, count; /* (F) */
};

static struct slab_cache freed_cache = SLAB_CACHE("ext2-freed", struct freed);

/* Onto the end of the list's last run? Lock held. */
static bool append(struct ext2 *fs, uint32_t block, uint32_t count)
{
	struct freed *last;

	if (list_empty(&fs->freed))
		return false;
	last = list_entry(fs->freed.prev, struct freed, link);
	if (block + count == last->block)
		last->block = block;
	else if (last->block + last->count != block)
		return false;
	last->count += count;
	return true;
}

void ext2_blocks_free(struct ext2 *fs, uint32_t block, uint32_t count)
{
	struct freed *f = slab_alloc(&freed_cache);
	bool kept = false;

	spin_lock(&fs->freed_lock);
	if (append(fs, block, count)) {
		kept = true;
	} else if (f) {
		*f = (struct freed){ .block = block, .count = count };
		list_append(&fs->freed, &f->link);
		kept = true;
		f = NULL;
	}
	spin_unlock(&fs->freed_lock);
	if (f)
		slab_free(&freed_cache, f);
	if (kept) {
		atomic_fetch_add_explicit(&fs->freed_blocks, count, memory_order_relaxed);
	} else { /* no memory to remember them: now */
		ext2_meta_flush(fs);
		ext2_blocks_return(fs, block, count);
	}
	if (atomic_load_explicit(&fs->freed_blocks, memory_order_relaxed) > FREED_MANY)
		ext2_freed_release(fs);
}

int ext2_freed_release(struct ext2 *fs)
{
	struct list todo = LIST_INIT(todo);
	int err;

	spin_lock(&fs->freed_lock);
	list_splice(&todo, &fs->freed);
	spin_unlock(&fs->freed_lock);
	err = ext2_meta_flush(fs);
	while (!list_empty(&todo)) {
		struct freed *f = list_first(&todo, struct freed, link);

		list_remove(&f->link);
		ext2_blocks_return(fs, f->block, f->count);
		atomic_fetch_sub_explicit(&fs->freed_blocks, f->count, memory_order_relaxed);
		slab_free(&freed_cache, f);
	}
	return err;
}
