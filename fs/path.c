/* SPDX-License-Identifier: MIT */
/*
 * From a path to an inode: one component at a time, each looked up in its directory. Symbolic links are followed by putting their text in
 * front of what is left of the path, up to LINKS_MAX times.
 */
#include "fs/vfs.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

struct inode *vfs_root;

void vfs_mount_root(struct super *super)
{
	vfs_root = super->root;
}

int vfs_mount(const char *path, struct super *super)
{
	struct inode *dir;
	int err = vfs_lookup(vfs_root, path, LOOKUP_DIRECTORY, &dir);

	if (err)
		return err;
	dir->covered_by = super->root;
	super->root->covers = dir; /* the reference stays: what is mounted stays mounted */
	return 0;
}

/* A walk in progress: `at` is referenced; `left` is the rest of the path, in a buffer of PATH_MAX at `buf`. */
struct walk {
	struct inode *at;
	char *buf, *left;
	unsigned links;
};

static void step_to(struct walk *w, struct inode *next)
{
	inode_put(w->at);
	w->at = next;
}

static int lookup_in(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	int err;

	if (inode_type(dir) != S_IFDIR)
		return -ENOTDIR;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	if (len == 2 && !memcmp(name, "..", 2)) {
		if (dir == vfs_root)
			len = 1; /* the root's parent is the root */
		else if (dir->covers)
			dir = dir->covers;
	}
	if (len == 1 && name[0] == '.') {
		inode_get(dir);
		*out = dir;
		return 0;
	}
	err = dir->ops->lookup(dir, name, len, out);
	if (!err && (*out)->covered_by) {
		struct inode *root = (*out)->covered_by;

		inode_get(root);
		inode_put(*out);
		*out = root;
	}
	return err;
}

/* Puts the link's text before what is left of the path. A new buffer, because the rest is in the old one. */
static int follow(struct walk *w, struct inode *link)
{
	size_t rest = strlen(w->left);
	char *buf;
	long len;

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	buf = kmalloc(PATH_MAX);
	if (!buf)
		return -ENOMEM;
	len = inode_readlink(link, buf, PATH_MAX - 1);
	if (len <= 0 || (size_t)len + 1 + rest >= PATH_MAX) {
		kfree(buf);
		return len < 0 ? (int)len : len ? -ENAMETOOLONG : -ENOENT;
	}
	buf[len] = '/';
	memcpy(buf + len + 1, w->left, rest + 1);
	if (!rest)
		buf[len] = 0; /* keep "is there a slash behind the last name" true */
	kfree(w->buf);
	w->buf = w->left = buf;
	if (buf[0] == '/') {
		inode_get(vfs_root);
		step_to(w, vfs_root);
	}
	return 0;
}

static size_t component(const char *path)
{
	size_t len = 0;

	while (path[len] && path[len] != '/')
		len++;
	return len;
}

/* One component. */
static int step(struct walk *w, unsigned flags)
{
	size_t len = component(w->left);
	char *name = w->left;
	bool slash = name[len] == '/', last;
	struct inode *next;
	int err = lookup_in(w->at, name, len, &next);

	if (err)
		return err;
	w->left += len;
	while (*w->left == '/')
		w->left++;
	last = !*w->left;
	if (inode_type(next) == S_IFLNK && !(last && !slash && (flags & LOOKUP_NOFOLLOW))) {
		if (last && slash)
			w->left--; /* "link/" means what it points to, which must be a directory */
		err = follow(w, next);
		inode_put(next);
		return err;
	}
	if (slash && inode_type(next) != S_IFDIR) {
		inode_put(next);
		return -ENOTDIR;
	}
	step_to(w, next);
	return 0;
}

static int walk(struct walk *w, unsigned flags)
{
	int err = 0;

	for (;;) {
		while (*w->left == '/')
			w->left++;
		if (err || !*w->left)
			return err;
		err = step(w, flags);
	}
}

int vfs_lookup(struct inode *base, const char *path, unsigned flags, struct inode **out)
{
	struct walk w = { .at = path[0] == '/' ? vfs_root : base };
	size_t len = strlen(path);
	int err;

	if (!len)
		return -ENOENT;
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	w.buf = w.left = kmalloc(PATH_MAX);
	if (!w.buf)
		return -ENOMEM;
	memcpy(w.buf, path, len + 1);
	inode_get(w.at);
	err = walk(&w, flags);
	if (!err && (flags & LOOKUP_DIRECTORY) && inode_type(w.at) != S_IFDIR)
		err = -ENOTDIR;
	kfree(w.buf);
	if (err)
		inode_put(w.at);
	else
		*out = w.at;
	return err;
}

long inode_readlink(struct inode *inode, char *buf, size_t size)
{
	if (inode_type(inode) != S_IFLNK || !inode->ops->readlink)
		return -EINVAL;
	return inode->ops->readlink(inode, buf, size);
}

/* ---- back from a directory to its path ---- */

struct name_search {
	struct dir_sink sink;
	uint64_t ino;
	char name[NAME_MAX + 1];
	bool found;
};

static bool name_emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct name_search *s = container_of(sink, struct name_search, sink);

	(void)type;
	(void)next;
	if (ino != s->ino || (len <= 2 && !memcmp(name, "..", len)))
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

/* One level up; dir's reference is the caller's, *up gets its own. */
static int climb(struct inode *dir, struct name_search *s, char *buf, size_t *at, struct inode **up)
{
	struct inode *here = dir->covers ? dir->covers : dir;
	int err = lookup_in(dir, "..", 2, up);

	if (err)
		return err;
	s->ino = here->ino;
	s->found = false;
	err = (*up)->ops->readdir(*up, 0, &s->sink);
	if (!err)
		err = s->found ? prepend(buf, at, s->name) : -ENOENT;
	if (err)
		inode_put(*up);
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
			dir = up;
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
