/* SPDX-License-Identifier: MIT */
/*
 * Back from a directory to its path: up to its parent, and there the name under which its number stands, until the root is reached.
 *
 * A directory may be renamed meanwhile. Within its parent that is seen whole or not at all, because a rename holds the parent's `names`. If
 * it went elsewhere before we looked, it is not in the parent that we found: then ".." has changed, and we ask again.
 */
#include "fs/names.h"
#include "fs/vfs.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

int dir_read(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	int err;

	if (rwsem_read_lock_killable(&dir->names))
		return -EINTR;
	err = dir->removed ? -ENOENT : dir->ops->readdir(dir, pos, sink);
	rwsem_read_unlock(&dir->names);
	return err;
}

struct name_search {
	struct dir_sink sink;
	uint64_t ino;
	char name[NAME_MAX + 1];
	bool found;
};

static bool name_emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct name_search *s = container_of(sink, struct name_search, sink);

	if (ino != s->ino || name_is_dots(name, len))
		return true;
	memcpy(s->name, name, len);
	s->name[len] = 0;
	s->found = true;
	return false;
}

/* Puts "/name" before what stands at *at. */
static int prepend(char *buf, size_t *at, const char *name)
{
	size_t len = strlen(name);

	if (*at < len + 1)
		return -ERANGE;
	*at -= len + 1;
	buf[*at] = '/';
	memcpy(buf + *at + 1, name, len);
	return 0;
}

/* The name of inode in dir. 0, -ENOENT, ... */
static int search(struct inode *dir, const struct inode *inode, struct name_search *s)
{
	int err;

	s->ino = inode->ino;
	s->found = false;
	err = dir_read(dir, 0, &s->sink);
	return err || s->found ? err : -ENOENT;
}

static bool still_in(struct inode *dir, struct inode *up)
{
	struct inode *now;
	bool same;

	if (dir_parent(dir, &now))
		return false;
	same = now == up;
	inode_put(now);
	return same;
}

/* One level up; dir's reference is the caller's, *up gets its own. */
static int climb(struct inode *dir, struct name_search *s, char *buf, size_t *at, struct inode **up)
{
	struct inode *here = dir->covers ? dir->covers : dir;
	bool moved;
	int err;

	do {
		err = dir_parent(here, up);
		if (err)
			return err;
		err = search(*up, here, s);
		moved = err == -ENOENT && !here->removed && !still_in(here, *up);
		if (!err)
			err = prepend(buf, at, s->name);
		if (err)
			inode_put(*up);
	} while (moved);
	return err;
}

int vfs_path_of(struct inode *dir, char *buf, size_t size)
{
	struct name_search *s = kmalloc(sizeof(*s));
	size_t at = size - 1;
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->sink.emit = name_emit;
	buf[at] = 0;
	inode_get(dir);
	while (!err && dir != vfs_root) {
		struct inode *up;

		err = climb(dir, s, buf, &at, &up);
		if (!err) {
			inode_put(dir);
			dir = vfs_uncover(up);
		}
	}
	inode_put(dir);
	kfree(s);
	if (err)
		return err;
	if (at == size - 1)
		buf[--at] = '/';
	memmove(buf, buf + at, size - at);
	return 0;
}
