/* SPDX-License-Identifier: MIT */
/*
 * Inode numbers. A group's inode bitmap says which are in use; its descriptor counts the free ones, and the directories among the others.
 *
 * Policy: a file goes into its directory's group, so that what is read together lies together; a directory below the root goes into the
 * next group, in turn, that has no fewer free inodes and blocks than the average, so that trees are spread; a deeper one stays with its
 * parent. What is full leads on to the group behind it.
 */
#include "fs/ext2.h"
#include "lib/bitmap.h"
#include "lib/errno.h"

/* As many inodes as there are in group g, and the first that may be given out. */
static uint32_t first_bit(const struct ext2 *fs, uint32_t g)
{
	return g ? 0 : fs->first_ino - 1;
}

static uint32_t end_bit(const struct ext2 *fs, uint32_t g)
{
	uint32_t left = fs->inodes - g * fs->inodes_per_group;

	return left < fs->inodes_per_group ? left : fs->inodes_per_group;
}

static void count(uint16_t *counter, int by)
{
	if (by > 0 || *counter)
		*counter = (uint16_t)(*counter + by);
}

/* *ino != 0: one was found. Group locked. */
static int take_from_map(struct ext2 *fs, uint32_t g, struct ext2_disk_group *desc, bool directory, uint32_t *ino)
{
	uint32_t end = end_bit(fs, g), bit;
	struct ext2_meta map;
	int err = ext2_meta_get(fs, fs->group[g].inode_bitmap, &map);

	if (err)
		return err;
	bit = bitmap_find(map.data, first_bit(fs, g), end, false);
	if (bit < end) {
		bitmap_set(map.data, bit);
		ext2_meta_dirty(fs, &map);
		count(&desc->free_inodes_count, -1);
		count(&desc->used_dirs_count, directory);
		*ino = g * fs->inodes_per_group + bit + 1;
	}
	ext2_meta_put(&map);
	return 0;
}

static int take_from(struct ext2 *fs, uint32_t g, bool directory, uint32_t *ino)
{
	struct ext2_disk_group *desc;
	struct ext2_meta m;
	int err = ext2_group_lock(fs, g, &m, &desc);

	if (err)
		return err;
	if (desc->free_inodes_count)
		err = take_from_map(fs, g, desc, directory, ino);
	ext2_group_unlock(fs, g, &m);
	return err;
}

static uint32_t group_of(const struct ext2 *fs, uint64_t ino)
{
	return (uint32_t)((ino - 1) / fs->inodes_per_group);
}

/* Has the group no less than the average? A hint, so no lock. */
static bool roomy(struct ext2 *fs, uint32_t g)
{
	struct ext2_disk_group *desc;
	struct ext2_meta m;
	bool good;

	if (ext2_group_lock(fs, g, &m, &desc))
		return false;
	good = desc->free_inodes_count && desc->free_inodes_count >= fs->free_inodes / fs->groups &&
	       desc->free_blocks_count >= fs->free_blocks / fs->groups;
	mutex_unlock(&fs->group[g].lock);
	ext2_meta_put(&m);
	return good;
}

static uint32_t first_group(struct ext2 *fs, const struct inode *dir, bool directory)
{
	if (directory && dir->ino == EXT2_ROOT_INO) {
		uint32_t g = atomic_fetch_add_explicit(&fs->directories, 1, memory_order_relaxed);

		for (uint32_t i = 0; i < fs->groups; i++)
			if (roomy(fs, (g + i) % fs->groups))
				return (g + i) % fs->groups;
	}
	return group_of(fs, dir->ino);
}

static int take_anywhere(struct ext2 *fs, uint32_t first, bool directory, uint32_t *ino)
{
	int err = 0;

	for (uint32_t i = 0; i < fs->groups && !*ino && !err; i++)
		err = take_from(fs, (first + i) % fs->groups, directory, ino);
	return err;
}

int ext2_ino_alloc(struct inode *dir, bool directory, uint32_t *ino)
{
	struct ext2 *fs = ext2_of(dir);
	uint32_t first = first_group(fs, dir, directory);
	/* acquire: as in ext2_blocks_alloc */
	bool more = atomic_load_explicit(&fs->freed_inodes, memory_order_acquire);
	int err;

	*ino = 0;
	err = take_anywhere(fs, first, directory, ino);
	if (!err && !*ino && more) {
		ext2_freed_release(fs);
		err = take_anywhere(fs, first, directory, ino);
	}
	if (*ino)
		atomic_fetch_sub_explicit(&fs->free_inodes, 1, memory_order_relaxed);
	return err ? err : *ino ? 0 : -ENOSPC;
}

int ext2_ino_free(struct ext2 *fs, uint32_t ino, bool directory)
{
	uint32_t g = group_of(fs, ino), bit = (ino - 1) % fs->inodes_per_group;
	struct ext2_disk_group *desc;
	struct ext2_meta map, m;
	bool was = false;
	int err = ext2_meta_get(fs, fs->group[g].inode_bitmap, &map);

	if (err)
		return err;
	err = ext2_group_lock(fs, g, &m, &desc);
	if (!err) {
		was = bitmap_get(map.data, bit);
		bitmap_clear(map.data, bit);
		count(&desc->free_inodes_count, was);
		count(&desc->used_dirs_count, directory && was ? -1 : 0);
		ext2_meta_dirty(fs, &map);
		ext2_group_unlock(fs, g, &m);
	}
	ext2_meta_put(&map);
	if (was)
		atomic_fetch_add_explicit(&fs->free_inodes, 1, memory_order_relaxed);
	else if (!err)
		ext2_corrupt(fs, "the inode bitmap of group", g);
	return err;
}
