/* SPDX-License-Identifier: MIT */
/*
 * Directories: blocks of entries, each with its own length. A position in a directory is the byte offset of an entry; it stays what it is
 * when others come and go, for an entry that is removed becomes room of the one before it. Every entry is checked before it is believed: it
 * lies inside its block, is long enough for its name, and leads on.
 *
 * Entries are looked at where they lie, in the device's pages (ext2_meta.c), under vfs's `names`. Indexed directories (dir_index) are laid
 * out so that this finds everything: their index blocks look like one unused entry.
 */
#include "fs/ext2.h"
#include "lib/errno.h"
#include "lib/string.h"

void ext2_cursor_put(struct ext2_cursor *c)
{
	ext2_meta_put(&c->meta);
	c->end = 0;
}

void ext2_cursor_at(struct ext2_cursor *c, uint64_t block)
{
	ext2_cursor_put(c);
	c->pos = block << ext2_of(c->dir)->block_shift;
}

/* Looks at the block that pos lies in. */
static int cursor_load(struct ext2_cursor *c)
{
	struct ext2 *fs = ext2_of(c->dir);
	struct ext2_run run;
	int err;

	ext2_cursor_put(c);
	err = ext2_map(c->dir, c->pos >> fs->block_shift, 1, &run);
	if (!err && !run.block)
		err = ext2_corrupt(fs, "the directory, inode", c->dir->ino);
	if (!err)
		err = ext2_meta_get(fs, run.block, &c->meta);
	if (!err)
		c->end = (c->pos | (ext2_block_size(fs) - 1)) + 1;
	return err;
}

static bool entry_sound(const struct ext2 *fs, const struct ext2_dirent *e, uint64_t room)
{
	if (e->rec_len < DIRENT_MIN || e->rec_len % 4 || e->rec_len > room)
		return false;
	if (!e->ino)
		return true;
	return e->name_len <= e->rec_len - DIRENT_MIN && e->ino <= fs->inodes &&
	       (e->ino >= fs->first_ino || e->ino == EXT2_ROOT_INO);
}

int ext2_cursor_entry(struct ext2_cursor *c, struct ext2_dirent **out)
{
	struct ext2 *fs = ext2_of(c->dir);
	int err = c->pos < c->end ? 0 : cursor_load(c);
	uint64_t room = c->end - c->pos;

	if (err)
		return err;
	*out = (void *)((char *)c->meta.data + ext2_block_size(fs) - room);
	if (room < DIRENT_MIN || !entry_sound(fs, *out, room))
		return ext2_corrupt(fs, "the directory, inode", c->dir->ino);
	return 0;
}

/* ---- look-up ---- */

static bool has_name(const struct ext2_dirent *e, const char *name, size_t len)
{
	return e->ino && e->name_len == len && e->name[len - 1] == name[len - 1] && !memcmp(e->name, name, len);
}

/* In one block: as ext2_dir_find. */
static int find_in(struct ext2_cursor *c, uint64_t block, const char *name, size_t len, struct ext2_dirent **prev)
{
	struct ext2_dirent *e;
	int err;

	ext2_cursor_at(c, block);
	*prev = NULL;
	do {
		err = ext2_cursor_entry(c, &e);
		if (err)
			return err;
		if (has_name(e, name, len))
			return 1;
		*prev = e;
		c->pos += e->rec_len;
	} while (c->pos < c->end);
	return 0;
}

static int find_indexed(struct ext2_cursor *c, const char *name, size_t len, struct ext2_dirent **prev)
{
	uint64_t block;
	uint32_t i = 0;
	int got = 0;

	while (!got && ext2_index_next(ext2_inode(c->dir), name, len, &i, &block))
		got = find_in(c, block, name, len, prev);
	return got;
}

int ext2_dir_find(struct ext2_cursor *c, const char *name, size_t len, struct ext2_dirent **out, struct ext2_dirent **prev)
{
	uint64_t blocks = mapping_size(&c->dir->mapping) >> ext2_of(c->dir)->block_shift;
	int got = ext2_index_make(c->dir);

	if (got)
		return got;
	if (ext2_inode(c->dir)->index)
		got = find_indexed(c, name, len, prev);
	else
		for (uint64_t block = 0; block < blocks && !got; block++)
			got = find_in(c, block, name, len, prev);
	return got > 0 ? ext2_cursor_entry(c, out) ?: 1 : got;
}

int ext2_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct ext2_cursor c = { .dir = dir };
	struct ext2_dirent *e, *prev;
	uint64_t ino = 0;
	int got = ext2_dir_find(&c, name, len, &e, &prev);

	if (got > 0)
		ino = e->ino;
	ext2_cursor_put(&c);
	if (got < 0)
		return got;
	if (ino == dir->ino && name[0] != '.') /* whoever locks both would lock one twice */
		return ext2_corrupt(ext2_of(dir), "the directory, inode", dir->ino);
	return ino ? ext2_inode_get(ext2_of(dir), ino, name, len, out) : -ENOENT;
}

/* ---- listing ---- */

static unsigned type_of(const struct ext2 *fs, const struct ext2_dirent *e)
{
	/* disk: 1 regular, 2 directory, 3 character, 4 block, 5 fifo, 6 socket, 7 link; wanted: the mode's type bits >> 12 */
	static const unsigned char types[] = { 0, S_IFREG >> 12, S_IFDIR >> 12, S_IFCHR >> 12,
					       S_IFBLK >> 12, S_IFIFO >> 12, S_IFSOCK >> 12, S_IFLNK >> 12 };

	return fs->filetype && e->type < ARRAY_SIZE(types) ? types[e->type] : 0;
}

/* Hands on each used entry from pos on, until that is not wanted any more. A pos that is none of ours may be in the middle of an entry, so we
 * begin where its block begins. */
int ext2_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	struct ext2 *fs = ext2_of(dir);
	struct ext2_cursor c = { .dir = dir, .pos = pos & ~(uint64_t)(ext2_block_size(fs) - 1) };
	struct ext2_dirent *e;
	bool more = true;
	int err = 0;

	while (more && c.pos < mapping_size(&dir->mapping)) {
		err = ext2_cursor_entry(&c, &e);
		if (err)
			break;
		if (c.pos >= pos && e->ino && e->name_len)
			more = sink->emit(sink, e->name, e->name_len, e->ino, type_of(fs, e), c.pos + e->rec_len);
		c.pos += e->rec_len;
	}
	ext2_cursor_put(&c);
	return err;
}
