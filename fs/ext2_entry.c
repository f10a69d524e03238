/* SPDX-License-Identifier: MIT */
/*
 * Directories changed: entries added, removed, and made to name something else.
 *
 * A new entry takes the room behind another one, or an unused one, in the first block that has enough; if none has, a new block. Nothing is
 * moved, so positions stay good. A removed one becomes room of the one before it in its sector, or an unused one if it is the first. Blocks
 * at the end that have become empty are given back, but never the first.
 *
 * A block may reach the disk torn between sectors, so each change is made in one: an entry of ours does not cross a sector, and shares it with
 * the entry whose room it was. A new block is made of unused entries, one a sector. Other systems leave room that goes on over sectors; what
 * lies behind the first is made into such entries, which nobody sees yet, and is on the disk before the room ends there (divide_room).
 *
 * Before a directory that has an index on the disk (dir_index) is changed, it loses the flag: it is then an ordinary directory to anybody.
 *
 * vfs holds `names` exclusively, from looking for a name until it has been added.
 */
#include "fs/ext2.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"

static unsigned size_of(size_t len)
{
	return (unsigned)(sizeof(struct ext2_dirent) + len + 3) & ~3u;
}

static uint8_t type_of(const struct ext2 *fs, const struct inode *inode)
{
	static const uint8_t types[16] = { [S_IFREG >> 12] = 1, [S_IFDIR >> 12] = 2,  [S_IFCHR >> 12] = 3, [S_IFBLK >> 12] = 4,
					   [S_IFIFO >> 12] = 5, [S_IFSOCK >> 12] = 6, [S_IFLNK >> 12] = 7 };

	return fs->filetype ? types[inode_type(inode) >> 12] : 0;
}

static int begin_change(struct inode *dir)
{
	struct ext2_inode *e = ext2_inode(dir);

	if (!(e->flags & EXT2_INDEX_FL))
		return 0;
	e->flags &= ~(uint32_t)EXT2_INDEX_FL;
	return ext2_inode_store(dir);
}

/* The block may be on its way to the disk: what is written of it there is an entry only when all of it is. */
static void write_entry(struct ext2_dirent *e, const char *name, size_t len, const struct inode *to)
{
	e->name_len = (uint8_t)len;
	e->type = type_of(ext2_of(to), to);
	memcpy(e->name, name, len);
	atomic_thread_fence(memory_order_release); /* pairs with the device, which reads from the front */
	e->ino = (uint32_t)to->ino;
}

/* ---- adding ---- */

/* Unused entries from `at` to `end`, one a sector. */
static void make_unused(char *data, unsigned at, unsigned end)
{
	while (at < end) {
		unsigned len = end - at < SECTOR_SIZE + DIRENT_MIN ? end - at : SECTOR_SIZE;
		struct ext2_dirent *e = (void *)(data + at);

		e->ino = 0;
		e->rec_len = (uint16_t)len;
		e->name_len = e->type = 0;
		at += len;
	}
}

/* The room of the entry under the cursor ends where its sector does, and what was behind is unused entries. 0 or -EIO. */
static int divide_room(struct ext2_cursor *c, struct ext2_dirent *e, unsigned used)
{
	struct ext2 *fs = ext2_of(c->dir);
	unsigned at = (unsigned)((char *)e - (char *)c->meta.data);
	unsigned behind = (unsigned)align_up(at + (used ? used : DIRENT_MIN), SECTOR_SIZE);
	int err;

	make_unused(c->meta.data, behind, at + e->rec_len);
	ext2_meta_dirty(fs, &c->meta);
	err = ext2_meta_flush(fs);
	if (err)
		return err;
	e->rec_len = (uint16_t)(behind - at);
	ext2_meta_dirty(fs, &c->meta);
	return 0;
}

enum room { ROOM_NONE, ROOM_HERE, ROOM_BEHIND };

/* For `need` bytes: behind an entry that lies at `at` of its block, or in its place if it is unused? BEHIND: in sectors that follow. */
static enum room room_of(const struct ext2_dirent *e, unsigned at, unsigned used, unsigned need)
{
	unsigned end = at + e->rec_len, last = (at & -SECTOR_SIZE) + SECTOR_SIZE;
	unsigned behind = (unsigned)align_up(at + (used ? used : DIRENT_MIN), SECTOR_SIZE);

	if (at + used + need <= (end < last ? end : last))
		return ROOM_HERE;
	return behind + need <= end ? ROOM_BEHIND : ROOM_NONE;
}

/* Room for `need` bytes in the cursor's block: 1, it is under the cursor; 0: there is none; or an error. */
static int find_room(struct ext2_cursor *c, unsigned need)
{
	struct ext2_dirent *e;
	int err;

	do {
		unsigned used;
		enum room room;

		err = ext2_cursor_entry(c, &e);
		if (err)
			return err;
		used = e->ino ? size_of(e->name_len) : 0;
		room = room_of(e, (unsigned)((char *)e - (char *)c->meta.data), used, need);
		if (room == ROOM_HERE)
			return 1;
		if (room == ROOM_BEHIND)
			err = divide_room(c, e, used);
		c->pos += e->rec_len;
	} while (!err && c->pos < c->end);
	return err;
}

/* A new last block of unused entries. */
static int append_block(struct inode *dir)
{
	struct ext2 *fs = ext2_of(dir);
	uint64_t block = mapping_size(&dir->mapping) >> fs->block_shift;
	struct ext2_meta m;
	struct ext2_run run = { 0 };
	int err = (block + 2) << fs->block_shift > INT32_MAX ? -ENOSPC : ext2_grow(dir, block, block + 1);

	if (!err)
		err = ext2_map(dir, block, 1, &run);
	if (!err)
		err = ext2_meta_get_new(fs, run.block, &m);
	if (err) {
		ext2_cut(dir, block);
		return err;
	}
	make_unused(m.data, 0, ext2_block_size(fs));
	ext2_meta_dirty(fs, &m);
	ext2_meta_put(&m);
	atomic_store_explicit(&dir->mapping.size, (block + 1) << fs->block_shift, memory_order_relaxed);
	return ext2_inode_store(dir);
}

/* Puts the cursor where there is room. */
static int find_place(struct ext2_cursor *c, unsigned need)
{
	struct ext2_inode *e = ext2_inode(c->dir);
	unsigned shift = ext2_of(c->dir)->block_shift;
	uint64_t block = 0;
	int got = 0;

	while (!got) {
		ext2_index_room(e, need, &block);
		if (block >= mapping_size(&c->dir->mapping) >> shift) {
			block = mapping_size(&c->dir->mapping) >> shift;
			got = append_block(c->dir);
		}
		if (got)
			break;
		ext2_cursor_at(c, block);
		got = find_room(c, need);
		if (!got)
			ext2_index_no_room(e, block++, need);
	}
	return got < 0 ? got : 0;
}

static int add_entry(struct ext2_cursor *c, const char *name, size_t len, const struct inode *to)
{
	struct ext2 *fs = ext2_of(c->dir);
	struct ext2_dirent *e;
	unsigned used;
	int err = begin_change(c->dir) ?: ext2_index_make(c->dir) ?: find_place(c, size_of(len)) ?: ext2_cursor_entry(c, &e);

	if (err)
		return err;
	used = e->ino ? size_of(e->name_len) : 0;
	if (used) {
		struct ext2_dirent *behind = (void *)((char *)e + used);

		behind->ino = 0;
		behind->rec_len = (uint16_t)(e->rec_len - used);
		write_entry(behind, name, len, to);
		e->rec_len = (uint16_t)used;
	} else {
		write_entry(e, name, len, to);
	}
	ext2_meta_dirty(fs, &c->meta);
	ext2_index_add(c->dir, name, len, c->pos >> fs->block_shift);
	return 0;
}

int ext2_entry_add(struct inode *dir, const char *name, size_t len, const struct inode *to)
{
	struct ext2_cursor c = { .dir = dir };
	int err = add_entry(&c, name, len, to);

	ext2_cursor_put(&c);
	return err;
}

/* ---- removing ---- */

/* Are all its entries unused? */
static bool block_empty(struct ext2_cursor *c, uint64_t block)
{
	struct ext2_dirent *e;

	ext2_cursor_at(c, block);
	do {
		if (ext2_cursor_entry(c, &e) || e->ino)
			return false;
		c->pos += e->rec_len;
	} while (c->pos < c->end);
	return true;
}

static bool same_sector(const struct ext2_cursor *c, const struct ext2_dirent *a, const struct ext2_dirent *b)
{
	const char *data = c->meta.data;

	return ((const char *)a - data) / SECTOR_SIZE == ((const char *)b - data) / SECTOR_SIZE;
}

/* Gives back the empty blocks at the end. What fails stays. */
static void shrink(struct ext2_cursor *c)
{
	unsigned shift = ext2_of(c->dir)->block_shift;
	uint64_t blocks = mapping_size(&c->dir->mapping) >> shift, left = blocks;

	while (left > 1 && block_empty(c, left - 1))
		left--;
	ext2_cursor_put(c);
	if (left == blocks)
		return;
	atomic_store_explicit(&c->dir->mapping.size, left << shift, memory_order_relaxed);
	ext2_inode_store(c->dir);
	ext2_cut(c->dir, left);
}

static int remove_entry(struct ext2_cursor *c, const char *name, size_t len)
{
	struct ext2 *fs = ext2_of(c->dir);
	struct ext2_dirent *e, *prev;
	uint64_t block;
	int got = begin_change(c->dir) ?: ext2_dir_find(c, name, len, &e, &prev);

	if (got <= 0)
		return got ? got : -ENOENT;
	block = c->pos >> fs->block_shift;
	if (prev && same_sector(c, prev, e))
		prev->rec_len = (uint16_t)(prev->rec_len + e->rec_len);
	e->ino = 0;
	ext2_meta_dirty(fs, &c->meta);
	ext2_index_remove(c->dir, name, len, block);
	if ((block + 1) << fs->block_shift == mapping_size(&c->dir->mapping))
		shrink(c);
	return 0;
}

int ext2_entry_remove(struct inode *dir, const char *name, size_t len)
{
	struct ext2_cursor c = { .dir = dir };
	int err = remove_entry(&c, name, len);

	ext2_cursor_put(&c);
	return err;
}

/* ---- changing ---- */

static int set_entry(struct ext2_cursor *c, const char *name, size_t len, const struct inode *to)
{
	struct ext2_dirent *e, *prev;
	int got = begin_change(c->dir) ?: ext2_dir_find(c, name, len, &e, &prev);

	if (got <= 0)
		return got ? got : -ENOENT;
	e->ino = (uint32_t)to->ino;
	e->type = type_of(ext2_of(to), to);
	ext2_meta_dirty(ext2_of(c->dir), &c->meta);
	return 0;
}

int ext2_entry_set(struct inode *dir, const char *name, size_t len, const struct inode *to)
{
	struct ext2_cursor c = { .dir = dir };
	int err = set_entry(&c, name, len, to);

	ext2_cursor_put(&c);
	return err;
}

int ext2_entry_sector(struct inode *dir, const char *name, size_t len, uint64_t *sector)
{
	struct ext2_cursor c = { .dir = dir };
	struct ext2_dirent *e, *prev;
	int got = ext2_dir_find(&c, name, len, &e, &prev);

	if (got > 0)
		*sector = ((uint64_t)c.meta.block << (ext2_of(dir)->block_shift - SECTOR_SHIFT)) +
			  (uint64_t)((char *)e - (char *)c.meta.data) / SECTOR_SIZE;
	ext2_cursor_put(&c);
	return got > 0 ? 0 : got ? got : -ENOENT;
}

/* ---- whole directories ---- */

int ext2_dir_begin(struct inode *dir, const struct inode *parent)
{
	struct ext2_cursor c = { .dir = dir };
	int err = add_entry(&c, ".", 1, dir) ?: add_entry(&c, "..", 2, parent);

	ext2_cursor_put(&c);
	return err;
}

static bool is_dots(const struct ext2_dirent *e)
{
	return e->name_len <= 2 && !memcmp(e->name, "..", e->name_len);
}

int ext2_dir_empty(struct inode *dir)
{
	struct ext2_cursor c = { .dir = dir };
	struct ext2_dirent *e;
	int err = 0;

	while (!err && c.pos < mapping_size(&dir->mapping)) {
		err = ext2_cursor_entry(&c, &e);
		if (!err && e->ino && !is_dots(e))
			err = -ENOTEMPTY;
		c.pos += err ? 0 : e->rec_len;
	}
	ext2_cursor_put(&c);
	return err;
}
