/* SPDX-License-Identifier: MIT */
/*
 * Directories: blocks of entries, each with its own length. A position in a directory is the byte offset of an entry. Every entry is
 * checked before it is believed: it lies inside its block, is long enough for its name, and leads on.
 */
#include "fs/ext2.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

#define DIRENT_MIN 8

/* One block of the directory in memory. */
struct dir_block {
	struct inode *dir;
	uint64_t start; /* of the block, in the directory; UINT64_MAX: none */
	char *data;
};

static int load(struct dir_block *b, uint64_t pos)
{
	uint32_t size = ext2_block_size(ext2_of(b->dir));
	uint64_t start = pos & ~(uint64_t)(size - 1);
	long got;

	if (start == b->start)
		return 0;
	got = mapping_read_kernel(&b->dir->mapping, start, b->data, size);
	if (got != (long)size)
		return got < 0 ? (int)got : ext2_corrupt(ext2_of(b->dir), "a directory's size", b->dir->ino);
	b->start = start;
	return 0;
}

/* The entry at pos, checked. */
static int entry_at(struct dir_block *b, uint64_t pos, const struct ext2_dirent **out)
{
	struct ext2 *fs = ext2_of(b->dir);
	uint32_t left = ext2_block_size(fs) - (uint32_t)(pos & (ext2_block_size(fs) - 1));
	const struct ext2_dirent *e = NULL;
	int err = load(b, pos);

	if (err)
		return err;
	e = (const void *)(b->data + (pos - b->start));
	if (left < DIRENT_MIN || e->rec_len < DIRENT_MIN || e->rec_len % 4 || e->rec_len > left ||
	    (e->ino && e->name_len > e->rec_len - DIRENT_MIN) || e->ino > fs->inodes)
		return ext2_corrupt(fs, "a directory entry of an inode", b->dir->ino);
	*out = e;
	return 0;
}

/* Calls fn for each used entry from pos on, until it returns false. */
static int for_each_entry(struct inode *dir, uint64_t pos, bool (*fn)(void *arg, const struct ext2_dirent *e, uint64_t next),
			  void *arg)
{
	struct dir_block b = { .dir = dir, .start = UINT64_MAX, .data = kmalloc(ext2_block_size(ext2_of(dir))) };
	const struct ext2_dirent *e = NULL;
	bool more = true;
	int err = b.data ? 0 : -ENOMEM;

	pos = (pos + 3) & ~3ull;
	while (!err && more && pos < mapping_size(&dir->mapping)) {
		err = entry_at(&b, pos, &e);
		if (err)
			break;
		pos += e->rec_len;
		if (e->ino && e->name_len)
			more = fn(arg, e, pos);
	}
	kfree(b.data);
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
	if (e->name_len != s->len || memcmp(e->name, s->name, s->len))
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
	if (!s.ino)
		return -ENOENT;
	err = ext2_inode_get(ext2_of(dir), s.ino, out);
	if (!err && !(*out)->name[0] && name[0] != '.')
		strlcpy((*out)->name, name, len + 1 < sizeof((*out)->name) ? len + 1 : sizeof((*out)->name));
	return err;
}

/* ---- listing ---- */

static unsigned type_of(const struct ext2 *fs, const struct ext2_dirent *e)
{
	/* disk: 1 regular, 2 directory, 3 character, 4 block, 5 fifo, 6 socket, 7 link; getdents: the mode's type bits >> 12 */
	static const unsigned char types[] = { 0, 8, 4, 2, 6, 1, 12, 10 };

	return fs->filetype && e->type < sizeof(types) ? types[e->type] : 0;
}

struct listing {
	struct dir_sink *sink;
	struct ext2 *fs;
};

static bool list_entry_fn(void *arg, const struct ext2_dirent *e, uint64_t next)
{
	struct listing *l = arg;

	return l->sink->emit(l->sink, e->name, e->name_len, e->ino, type_of(l->fs, e), next);
}

static int ext2_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	struct listing l = { sink, ext2_of(dir) };

	return for_each_entry(dir, pos, list_entry_fn, &l);
}

const struct inode_ops ext2_dir_ops = { .lookup = ext2_lookup, .readdir = ext2_readdir };
