/* SPDX-License-Identifier: MIT */
/*
 * Blocks and inode numbers that were dropped, but may not be used again yet.
 *
 * If the power fails, the disk may still say that they are the old file's, whose bytes somebody was promised to find there. So they stay
 * marked in the bitmaps until whatever named them has been written. There are two lists, and a release makes two rounds:
 *
 * 1. fs->freed: blocks that a file has dropped and goes on without. Whoever drops one changes what names it, marks that dirty, and then puts
 *    the block there.
 * 2. fs->unlinked: an inode that has lost its last name, and its blocks. Its entry in a directory is gone, and that is dirty; but the inode
 *    on the disk, and the tables it leads to, are as they were: for as long as the disk has the name, it has the file.
 * 3. A round takes both lists, flushes, and returns what was freed: its namers became dirty before it came there, so the flush wrote them.
 *    The flush also ends every older write of the blocks themselves as metadata (ext2_meta.c, 4). Then the names of what was unlinked are
 *    off the disk too: those inodes are marked deleted, which is dirty, and all that was theirs is freed. The second round returns it.
 * 4. If the flush fails, or a bitmap cannot be read, things stay where they are, for the next time.
 *
 * It is done by sync, when the lists are long, and when the disk seems full. Counted as free (statfs), as on any system; and counted until it is
 * free, by whoever has it off the lists meanwhile: who finds the disk full waits for him, and looks again.
 */
#include "fs/ext2.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "mm/reclaim.h"

#define FREED_MANY 8192 /* blocks */
#define ITEMS_MANY 4096

static struct slab_cache freed_cache = SLAB_CACHE("ext2-freed", struct ext2_freed);

/* Nothing that was dropped may be forgotten, so this ends only with memory. */
static struct ext2_freed *freed_new(void)
{
	struct ext2_freed *f;

	while (!(f = slab_alloc(&freed_cache)))
		if (!page_make_room())
			thread_yield();
	return f;
}

/* Onto the end of the list's last run? */
static bool append(struct list *to, uint32_t block, uint32_t count)
{
	struct ext2_freed *last = list_empty(to) ? NULL : list_entry(to->prev, struct ext2_freed, link);

	if (!last || last->ino)
		return false;
	if (block + count == last->block)
		last->block = block;
	else if (last->block + last->count != block)
		return false;
	last->count += count;
	return true;
}

void ext2_gone_add(struct list *gone, uint32_t block, uint32_t count)
{
	struct ext2_freed *f;

	if (append(gone, block, count))
		return;
	f = freed_new();
	*f = (struct ext2_freed){ .block = block, .count = count };
	list_append(gone, &f->link);
}

/* So many blocks or inodes, and items, are more or fewer to be given back. */
static void count(struct ext2 *fs, const struct ext2_freed *f, int64_t n, int64_t items)
{
	/* release: what is not counted any more is free in its bitmap; pairs with ext2_blocks_alloc and ext2_ino_alloc */
	atomic_fetch_add_explicit(f->ino ? &fs->freed_inodes : &fs->freed_blocks, n, memory_order_release);
	atomic_fetch_add_explicit(&fs->freed_items, items, memory_order_relaxed);
}

/* What is on `from` goes to the end of a list of fs. */
static void put_all(struct ext2 *fs, struct list *to, struct list *from)
{
	spin_lock(&fs->freed_lock);
	list_splice(to, from);
	spin_unlock(&fs->freed_lock);
}

/* The same, of what has just been dropped. */
static void add_all(struct ext2 *fs, struct list *to, struct list *from)
{
	const struct ext2_freed *f;

	list_for_each(f, from, link)
		count(fs, f, f->count, 1);
	put_all(fs, to, from);
}

static void take_all(struct ext2 *fs, struct list *to, struct list *from)
{
	spin_lock(&fs->freed_lock);
	list_splice(to, from);
	spin_unlock(&fs->freed_lock);
}

static bool many(struct ext2 *fs)
{
	return atomic_load_explicit(&fs->freed_blocks, memory_order_relaxed) > FREED_MANY ||
	       atomic_load_explicit(&fs->freed_items, memory_order_relaxed) > ITEMS_MANY;
}

void ext2_blocks_free(struct ext2 *fs, struct list *blocks)
{
	add_all(fs, &fs->freed, blocks);
	if (many(fs))
		ext2_freed_release(fs);
}

void ext2_inode_unlinked(struct ext2 *fs, uint32_t ino, bool directory, struct list *blocks)
{
	struct ext2_freed *f = freed_new();
	struct list all = LIST_INIT(all);

	*f = (struct ext2_freed){ .ino = ino, .count = 1, .directory = directory };
	list_append(&all, &f->link);
	list_splice(&all, blocks);
	add_all(fs, &fs->unlinked, &all);
	if (many(fs))
		ext2_freed_release(fs);
}

/* ---- giving back ---- */

/* 0, or an error, and so much is left. */
static int return_one(struct ext2 *fs, struct ext2_freed *f)
{
	uint32_t had = f->count;
	int err = f->ino ? ext2_ino_free(fs, f->ino, f->directory) : ext2_blocks_return(fs, &f->block, &f->count);

	if (f->ino && !err)
		f->count = 0;
	count(fs, f, (int64_t)f->count - had, err ? 0 : -1);
	return err;
}

/* What cannot be given back stays on the list. */
static void give_back(struct ext2 *fs, struct list *freed)
{
	struct ext2_freed *f, *tmp;

	list_for_each_safe(f, tmp, freed, link) {
		if (return_one(fs, f))
			continue;
		list_remove(&f->link);
		slab_free(&freed_cache, f);
	}
}

/* An inode that cannot be marked stays on the list, and with it its blocks, which follow it there. */
static void mark_deleted(struct ext2 *fs, struct list *unlinked, struct list *marked)
{
	struct ext2_freed *f, *tmp;
	int err = 0;

	list_for_each_safe(f, tmp, unlinked, link) {
		if (f->ino)
			err = ext2_ino_mark_deleted(fs, f->ino);
		if (err)
			continue;
		list_remove(&f->link);
		list_append(marked, &f->link);
	}
}

static int round_of(struct ext2 *fs)
{
	struct list freed = LIST_INIT(freed), unlinked = LIST_INIT(unlinked), marked = LIST_INIT(marked);
	int err;

	take_all(fs, &freed, &fs->freed);
	take_all(fs, &unlinked, &fs->unlinked);
	err = ext2_meta_flush(fs);
	if (!err) {
		give_back(fs, &freed);
		mark_deleted(fs, &unlinked, &marked);
	}
	put_all(fs, &fs->freed, &freed);
	put_all(fs, &fs->freed, &marked);
	put_all(fs, &fs->unlinked, &unlinked);
	return err;
}

int ext2_freed_release(struct ext2 *fs)
{
	int err;

	mutex_lock(&fs->release_lock);
	err = round_of(fs);
	if (!err && atomic_load_explicit(&fs->freed_items, memory_order_relaxed))
		err = round_of(fs);
	mutex_unlock(&fs->release_lock);
	return err;
}
