/* SPDX-License-Identifier: MIT */
/*
 * Blocks. A group's bitmap says which of its blocks are in use; its descriptor counts the free ones, and so does fs->free_blocks.
 *
 * Policy: the block behind the file's last, if it is free; else, from there on in the same group, the first eight free blocks side by side,
 * so that files that grow at the same time do not take turns block by block; else any free block of the group; else the same in the groups
 * that follow. From the block found, as many as are free in a row and wanted. A new file begins where its inode's group begins.
 *
 * Reserved blocks are the super-user's, and there is nobody else.
 *
 * The counts come from the disk and may be wrong. The bitmap decides; a count that would become negative stays zero and is reported. A
 * bitmap in which the group's own metadata is free is not believed at all. The sum of the groups' counts is what the super block is given
 * at the end.
 *
 * A disk that seems full may only be waiting for a flush (ext2_freed.c): that is done before -ENOSPC is said, with the tree and the page
 * that the caller may have locked.
 */
#include "fs/ext2.h"
#include "kernel/slab.h"
#include "lib/bitmap.h"
#include "lib/errno.h"

static uint32_t group_first(const struct ext2 *fs, uint32_t g)
{
	return fs->first_block + g * fs->blocks_per_group;
}

static uint32_t group_size(const struct ext2 *fs, uint32_t g)
{
	uint32_t left = fs->blocks - group_first(fs, g);

	return left < fs->blocks_per_group ? left : fs->blocks_per_group;
}

static uint32_t table_blocks(const struct ext2 *fs)
{
	return (uint32_t)(((uint64_t)fs->inodes_per_group * fs->inode_size + ext2_block_size(fs) - 1) >> fs->block_shift);
}

/* ---- descriptors ---- */

static int desc_get(struct ext2 *fs, uint32_t g, struct ext2_meta *m, struct ext2_disk_group **desc)
{
	uint64_t at = (uint64_t)g * sizeof(**desc);
	int err = ext2_meta_get(fs, fs->first_block + 1 + (uint32_t)(at >> fs->block_shift), m);

	if (!err)
		*desc = (void *)((char *)m->data + (at & (ext2_block_size(fs) - 1)));
	return err;
}

int ext2_group_lock(struct ext2 *fs, uint32_t g, struct ext2_meta *m, struct ext2_disk_group **desc)
{
	int err = desc_get(fs, g, m, desc);

	if (!err)
		mutex_lock(&fs->group[g].lock);
	return err;
}

void ext2_group_unlock(struct ext2 *fs, uint32_t g, struct ext2_meta *m)
{
	ext2_meta_dirty(fs, m);
	mutex_unlock(&fs->group[g].lock);
	ext2_meta_put(m);
}

int ext2_group_table(struct ext2 *fs, uint32_t g, uint32_t *table)
{
	struct ext2_disk_group *desc;
	struct ext2_meta m;
	int err;

	if (fs->group) {
		*table = fs->group[g].inode_table;
		return 0;
	}
	err = desc_get(fs, g, &m, &desc);
	if (err)
		return err;
	*table = desc->inode_table;
	ext2_meta_put(&m);
	return ext2_is_data(fs, *table, table_blocks(fs)) ? 0 : ext2_corrupt(fs, "the descriptor of group", g);
}

static bool sound(const struct ext2 *fs, const struct ext2_group *group)
{
	return ext2_is_data(fs, group->block_bitmap, 1) && ext2_is_data(fs, group->inode_bitmap, 1) &&
	       ext2_is_data(fs, group->inode_table, table_blocks(fs));
}

static int group_load(struct ext2 *fs, uint32_t g)
{
	struct ext2_group *group = &fs->group[g];
	struct ext2_disk_group *desc;
	struct ext2_meta m;
	int err = desc_get(fs, g, &m, &desc);

	if (err)
		return err;
	mutex_init(&group->lock, LOCK_EXT2_GROUP);
	group->block_bitmap = desc->block_bitmap;
	group->inode_bitmap = desc->inode_bitmap;
	group->inode_table = desc->inode_table;
	fs->free_blocks += desc->free_blocks_count;
	fs->free_inodes += desc->free_inodes_count;
	fs->directories += desc->used_dirs_count;
	ext2_meta_put(&m);
	return sound(fs, group) ? 0 : ext2_corrupt(fs, "the descriptor of group", g);
}

bool ext2_groups_load(struct ext2 *fs)
{
	int err;

	fs->group = kzalloc(fs->groups * sizeof(*fs->group));
	err = fs->group ? 0 : -ENOMEM;
	for (uint32_t g = 0; g < fs->groups && !err; g++)
		err = group_load(fs, g);
	if (err) {
		kfree(fs->group);
		fs->group = NULL;
	}
	return !err;
}

bool ext2_is_data(const struct ext2 *fs, uint32_t block, uint32_t count)
{
	return block > fs->first_block && block < fs->blocks && count <= fs->blocks - block;
}

static uint32_t desc_blocks(const struct ext2 *fs)
{
	return (uint32_t)(((uint64_t)fs->groups * sizeof(struct ext2_disk_group) + ext2_block_size(fs) - 1) >> fs->block_shift);
}

bool ext2_is_meta(const struct ext2 *fs, uint32_t block)
{
	const struct ext2_group *group = &fs->group[(block - fs->first_block) / fs->blocks_per_group];

	return block - fs->first_block <= desc_blocks(fs) || block == group->block_bitmap || block == group->inode_bitmap ||
	       block - group->inode_table < table_blocks(fs);
}

static bool all_used(const struct ext2 *fs, uint32_t g, const uint8_t *map, uint32_t block, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t bit = block + i - group_first(fs, g);

		if (bit < group_size(fs, g) && !bitmap_get(map, bit))
			return false;
	}
	return true;
}

/* Is the group's own metadata in use, as far as it lies in this group? Lock held. */
static void check_map(struct ext2 *fs, uint32_t g, const uint8_t *map)
{
	struct ext2_group *group = &fs->group[g];

	group->checked = true;
	group->bad = !all_used(fs, g, map, group->block_bitmap, 1) || !all_used(fs, g, map, group->inode_bitmap, 1) ||
		     !all_used(fs, g, map, group->inode_table, table_blocks(fs)) ||
		     (!g && !all_used(fs, g, map, fs->first_block, 1 + desc_blocks(fs)));
	if (group->bad)
		ext2_corrupt(fs, "the block bitmap of group", g);
}

/* ---- taking ---- */

/* Where to begin in a group: `goal`, if that is free, or the best that there is from there on; group_size: it is full. */
static uint32_t choose(const struct ext2 *fs, uint32_t g, const uint8_t *map, uint32_t goal)
{
	uint32_t end = group_size(fs, g), bit;

	if (!bitmap_get(map, goal))
		return goal;
	bit = bitmap_find_byte(map, goal, end);
	if (bit < end)
		return bit;
	bit = bitmap_find_byte(map, 0, goal);
	if (bit < goal)
		return bit;
	bit = bitmap_find(map, goal, end, false);
	return bit < end ? bit : bitmap_find(map, 0, end, false);
}

/* Takes up to `want` from bit on; *desc is told. Lock held. */
static uint32_t take(struct ext2 *fs, uint32_t g, uint8_t *map, uint32_t bit, uint32_t want, struct ext2_disk_group *desc)
{
	uint32_t room = group_size(fs, g) - bit, n;

	n = bitmap_find(map, bit, bit + (want < room ? want : room), true) - bit;
	for (uint32_t i = 0; i < n; i++)
		bitmap_set(map, bit + i);
	if (desc->free_blocks_count < n)
		ext2_corrupt(fs, "the count of free blocks of group", g);
	desc->free_blocks_count = (uint16_t)(desc->free_blocks_count < n ? 0 : desc->free_blocks_count - n);
	return n;
}

/* A wish, and what came of it. */
struct wish {
	uint32_t goal, want;
	uint32_t block, count; /* count == 0: nothing yet */
};

/* From the group's bitmap. Lock held. */
static int take_from_map(struct ext2 *fs, uint32_t g, struct wish *w, struct ext2_disk_group *desc)
{
	uint32_t goal = w->goal - group_first(fs, g), bit;
	struct ext2_meta m;
	int err = ext2_meta_get(fs, fs->group[g].block_bitmap, &m);

	if (err)
		return err;
	if (!fs->group[g].checked)
		check_map(fs, g, m.data);
	if (!fs->group[g].bad) {
		bit = choose(fs, g, m.data, goal < group_size(fs, g) ? goal : 0);
		if (bit < group_size(fs, g)) {
			w->block = group_first(fs, g) + bit;
			w->count = take(fs, g, m.data, bit, w->want, desc);
			ext2_meta_dirty(fs, &m);
		}
	}
	ext2_meta_put(&m);
	return 0;
}

static int take_from(struct ext2 *fs, uint32_t g, struct wish *w)
{
	struct ext2_disk_group *desc;
	struct ext2_meta m;
	int err = ext2_group_lock(fs, g, &m, &desc);

	if (err)
		return err;
	if (desc->free_blocks_count)
		err = take_from_map(fs, g, w, desc);
	ext2_group_unlock(fs, g, &m);
	atomic_fetch_sub_explicit(&fs->free_blocks, w->count, memory_order_relaxed);
	return err;
}

static int take_anywhere(struct ext2 *fs, struct wish *w)
{
	uint32_t first = w->goal < fs->blocks && w->goal >= fs->first_block ? (w->goal - fs->first_block) / fs->blocks_per_group : 0;
	int err = 0;

	for (uint32_t i = 0; i < fs->groups && !w->count && !err; i++)
		err = take_from(fs, (first + i) % fs->groups, w);
	return err;
}

int ext2_blocks_alloc(struct ext2 *fs, uint32_t goal, uint32_t want, uint32_t *block, uint32_t *count)
{
	struct wish w = { .goal = goal, .want = want };
	/* acquire: before the look, which finds what is not counted any more; pairs with ext2_freed.c */
	bool more = atomic_load_explicit(&fs->freed_blocks, memory_order_acquire);
	int err = take_anywhere(fs, &w);

	if (!err && !w.count && more) {
		ext2_freed_release(fs);
		err = take_anywhere(fs, &w);
	}
	*block = w.block;
	*count = w.count;
	return err ? err : w.count ? 0 : -ENOSPC;
}

/* ---- giving back ---- */

/* Clears bits [bit, bit+count): how many of them were set. */
static uint32_t clear(uint8_t *map, uint32_t bit, uint32_t count)
{
	uint32_t were = 0;

	for (uint32_t i = bit; i < bit + count; i++) {
		were += bitmap_get(map, i);
		bitmap_clear(map, i);
	}
	return were;
}

/* Blocks of one group. 0, or they could not be given. */
static int give_to(struct ext2 *fs, uint32_t g, uint32_t block, uint32_t count)
{
	struct ext2_meta m, map;
	struct ext2_disk_group *desc;
	uint32_t n;
	int err = ext2_meta_get(fs, fs->group[g].block_bitmap, &map);

	if (!err) {
		err = ext2_group_lock(fs, g, &m, &desc);
		if (err)
			ext2_meta_put(&map);
	}
	if (err)
		return err;
	n = clear(map.data, block - group_first(fs, g), count);
	desc->free_blocks_count = (uint16_t)(desc->free_blocks_count + n);
	ext2_meta_dirty(fs, &map);
	ext2_group_unlock(fs, g, &m);
	ext2_meta_put(&map);
	atomic_fetch_add_explicit(&fs->free_blocks, n, memory_order_relaxed);
	if (n != count)
		ext2_corrupt(fs, "the block bitmap of group", g);
	return 0;
}

int ext2_blocks_return(struct ext2 *fs, uint32_t *block, uint32_t *count)
{
	while (*count) {
		uint32_t g = (*block - fs->first_block) / fs->blocks_per_group;
		uint32_t room = group_first(fs, g) + group_size(fs, g) - *block, n = *count < room ? *count : room;
		int err = give_to(fs, g, *block, n);

		if (err)
			return err;
		*block += n;
		*count -= n;
	}
	return 0;
}
