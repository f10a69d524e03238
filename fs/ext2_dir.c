/* SPDX-License-Identifier: MIT */
/*
 * Directories: blocks of entries, each with its own length. A position in a directory is the byte offset of an entry. Every entry is
 * checked before it is believed: it lies inside its block, is long enough for its name, and leads on.
 *
 * Entries are looked at where they lie, in the directory's own pages; none crosses a page. Indexed directories (dir_index) are
 * laid out so that this finds everything: their index blocks look like one unused entry.
 */
#include "fs/ext2.h"
#include "lib/errno.h"
#include "lib/string.h"

#define DIRENT_MIN 8

/* A place in a directory, and the block it lies in. */
struct cursor {
	struct inode *dir;
	uint64_t pos;
	uint64_t end;	   /* of the block, or of the directory if that ends in it; <= pos: not looked at yet */
	const char *block; /* the byte at position end - size */
	uint64_t size;	   /* from there to end */
	struct page *page; /* under it, referenced, or NULL */
	uint64_t index;	   /* of the page */
};

static void cursor_put(struct cursor *c)
{
	if (c->page)
		page_put(c->page);
	c->page = NULL;
}

/* Looks at the block that pos lies in. */
static int cursor_load(struct cursor *c)
{
	uint64_t size = ext2_block_size(ext2_of(c->dir)), start = c->pos & ~(size - 1), left = mapping_size(&c->dir->mapping) - start;
	int err = 0;

	if (c->page && c->index != start >> PAGE_SHIFT)
		cursor_put(c);
	c->index = start >> PAGE_SHIFT;
	if (!c->page)
		err = cache_read(&c->dir->mapping, c->index, WAIT_KILLABLE, &c->page);
	if (err)
		return err;
	c->size = left < size ? left : size;
	c->end = start + c->size;
	c->block = (char *)page_address(c->page) + start % PAGE_SIZE;
	return 0;
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

/* The entry under the cursor, checked; it stays until the next call. */
static int entry_at(struct cursor *c, const struct ext2_dirent **out)
{
	struct ext2 *fs = ext2_of(c->dir);
	int err = c->pos < c->end ? 0 : cursor_load(c);
	uint64_t room = c->end - c->pos;

	if (err)
		return err;
	*out = (const void *)(c->block + c->size - room);
	if (room < DIRENT_MIN || !entry_sound(fs, *out, room))
		return ext2_corrupt(fs, "the directory, inode", c->dir->ino);
	return 0;
}

typedef bool entry_fn(void *arg, const struct ext2_dirent *e, uint64_t next);

/* Calls fn for each used entry from pos on, until it returns false. A pos that is none of ours may be in the middle of an entry, so we begin
 * where its block begins. */
static int for_each_entry(struct inode *dir, uint64_t pos, entry_fn *fn, void *arg)
{
	struct cursor c = { .dir = dir, .pos = pos & ~(uint64_t)(ext2_block_size(ext2_of(dir)) - 1) };
	uint64_t size = mapping_size(&dir->mapping);
	const struct ext2_dirent *e;
	bool more = true;
	int err = 0;

	while (more && c.pos < size) {
		err = entry_at(&c, &e);
		if (err)
			break;
		if (c.pos >= pos && e->ino && e->name_len)
			more = fn(arg, e, c.pos + e->rec_len);
		c.pos += e->rec_len;
	}
	cursor_put(&c);
	return err;
}

/* ---- look-up ---- */

struct search {
	const char *name;
	size_t len;
	uint64_t ino;
};

static bool search_entry(void *arg, const struct ext2_dirent *e, uint64_t next)
{
	struct search *s = arg;

	(void)next;
	if (e->name_len != s->len || e->name[s->len - 1] != s->name[s->len - 1] || memcmp(e->name, s->name, s->len))
		return true;
	s->ino = e->ino;
	return false;
}

static int ext2_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct search s = { name, len, 0 };
	int err = for_each_entry(dir, 0, search_entry, &s);

	if (err)
		return err;
	return s.ino ? ext2_inode_get(ext2_of(dir), s.ino, name, len, out) : -ENOENT;
}

/* ---- listing ---- */

static unsigned type_of(const struct ext2 *fs, const struct ext2_dirent *e)
{
	/* disk: 1 regular, 2 directory, 3 character, 4 block, 5 fifo, 6 socket, 7 link; wanted: the mode's type bits >> 12 */
	static const unsigned char types[] = { 0, S_IFREG >> 12, S_IFDIR >> 12, S_IFCHR >> 12,
					       S_IFBLK >> 12, S_IFIFO >> 12, S_IFSOCK >> 12, S_IFLNK >> 12 };

	return fs->filetype && e->type < ARRAY_SIZE(types) ? types[e->type] : 0;
}

struct listing {
	struct dir_sink *sink;
	struct ext2 *fs;
};

static bool list_one(void *arg, const struct ext2_dirent *e, uint64_t next)
{
	struct listing *l = arg;

	return l->sink->emit(l->sink, e->name, e->name_len, e->ino, type_of(l->fs, e), next);
}

static int ext2_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	struct listing l = { sink, ext2_of(dir) };

	return for_each_entry(dir, pos, list_one, &l);
}

const struct inode_ops ext2_dir_ops = { .lookup = ext2_lookup, .readdir = ext2_readdir };
