/* SPDX-License-Identifier: MIT */
/*
 * From a path to an inode: one name at a time, each looked up in its directory. Symbolic links are followed by putting their text in
 * front of what is left of the path, up to LINKS_MAX times. A walk holds one reference, on the directory it has reached, and no lock.
 */
#include "fs/names.h"
#include "fs/permit.h"
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

/*
 * A walk in progress. Its text is the caller's until the first symbolic link; from then on it is ours: what the link says, and
 * behind it what was left. After walk_to_last, `left` is the last name and `at` the directory it is to be looked for in.
 */
struct walk {
	struct inode *at; /* referenced */
	const char *left;
	size_t len;	  /* of the name at `left`; 0: there is none */
	bool missing;	  /* that name is not there */
	char *buf;	  /* what `left` points into, or NULL */
	unsigned links;
};

static void step_to(struct walk *w, struct inode *next)
{
	inode_put(w->at);
	w->at = next;
}

/* Of what is mounted there, the root. The reference goes over. */
struct inode *vfs_uncover(struct inode *inode)
{
	struct inode *root = inode->covered_by;

	if (!root)
		return inode;
	inode_get(root);
	inode_put(inode);
	return root;
}

/* Of an error, *out is NULL: what the file system has left there is nobody's. */
static int look_up(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	int err = dir->ops->lookup(dir, name, len, out);

	if (err)
		*out = NULL;
	return err;
}

int name_lookup_locked(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	int err;

	if (!dir->super->names_cached)
		return look_up(dir, name, len, out);
	if (name_find(dir, name, len, out))
		return *out ? 0 : -ENOENT;
	err = look_up(dir, name, len, out);
	if (!err || err == -ENOENT)
		name_note(dir, name, len, err ? 0 : (*out)->ino);
	return err;
}

/* What the directory has by that name, mounts aside. */
static int name_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	int err;

	if (dir->super->names_cached && name_find(dir, name, len, out))
		return *out ? 0 : -ENOENT;
	if (rwsem_read_lock_killable(&dir->names))
		return -EINTR;
	err = name_lookup_locked(dir, name, len, out);
	rwsem_read_unlock(&dir->names);
	return err;
}

int dir_parent(struct inode *dir, struct inode **up)
{
	*up = NULL;
	if (rwsem_read_lock_killable(&dir->names))
		return -EINTR;
	if (dir->removed)
		inode_get(*up = dir->was_in);
	rwsem_read_unlock(&dir->names);
	return *up ? 0 : name_lookup(dir, "..", 2, up);
}

static int lookup_in(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	int err;

	if (inode_type(dir) != S_IFDIR)
		return -ENOTDIR;
	err = permit(dir, PERMIT_EXEC);
	if (err)
		return err;
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	if (name_is_dots(name, len) && (len == 1 || dir == vfs_root)) {
		inode_get(dir); /* the root's parent is the root */
		*out = dir;
		return 0;
	}
	err = name_is_dots(name, len) ? dir_parent(dir->covers ? dir->covers : dir, out) : name_lookup(dir, name, len, out);
	if (!err)
		*out = vfs_uncover(*out);
	return err;
}

/* What the link says, without a NUL in it, in front of what is left behind its name: in a buffer of its own. */
static int link_text(struct inode *link, const char *rest, char **out)
{
	size_t more = strlen(rest);
	char *buf = kmalloc(PATH_MAX + more);
	long len = buf ? inode_readlink(link, buf, PATH_MAX - 1) : -ENOMEM;

	if (len <= 0 || memchr(buf, 0, (size_t)len)) {
		kfree(buf);
		return len < 0 ? (int)len : -EIO;
	}
	memcpy(buf + len, rest, more + 1);
	*out = buf;
	return 0;
}

/* What is left goes on from where the link leads; if nothing is left, that is it. */
static int jump(struct walk *w, struct inode *link)
{
	struct inode *to;
	int err = link->ops->target(link, &to);

	if (err)
		return err;
	step_to(w, to);
	w->left += w->len;
	return 0;
}

static int follow(struct walk *w, struct inode *link)
{
	char *buf = NULL;
	int err;

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (link->ops->target)
		return jump(w, link);
	err = link_text(link, w->left + w->len, &buf);
	if (err)
		return err;
	kfree(w->buf);
	w->buf = buf;
	w->left = buf;
	if (buf[0] == '/') {
		inode_get(vfs_root);
		step_to(w, vfs_root);
	}
	return 0;
}

static const char *skip_slashes(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

/* The next name; true: there are more behind it. */
static bool next_name(struct walk *w)
{
	w->left = skip_slashes(w->left);
	w->len = 0;
	while (w->left[w->len] && w->left[w->len] != '/')
		w->len++;
	return *skip_slashes(w->left + w->len);
}

static int walk_to_last(struct walk *w)
{
	struct inode *next;
	int err = 0;

	while (!err && next_name(w)) {
		err = lookup_in(w->at, w->left, w->len, &next);
		if (err)
			return err;
		if (inode_type(next) == S_IFLNK) {
			err = follow(w, next);
			inode_put(next);
		} else {
			w->left += w->len;
			step_to(w, next);
		}
	}
	return err;
}

static bool slash_behind(const struct walk *w)
{
	return w->left[w->len] == '/';
}

/* The last name. 0: *found, referenced; 1: it was a link, and the walk goes on. */
static int last_name(struct walk *w, unsigned flags, struct inode **found)
{
	int err = 0;

	if (w->len) {
		err = lookup_in(w->at, w->left, w->len, found);
	} else { /* "/", or where a link of /proc led, which need not be a directory */
		*found = w->at;
		inode_get(*found);
	}
	w->missing = err == -ENOENT;
	if (err)
		return err;
	if (inode_type(*found) == S_IFLNK && !(flags & LOOKUP_NOFOLLOW && !slash_behind(w))) {
		err = follow(w, *found);
		inode_put(*found);
		return err ? err : 1;
	}
	if (inode_type(*found) != S_IFDIR && ((slash_behind(w) && !(flags & LOOKUP_CREATE)) || flags & LOOKUP_DIRECTORY)) {
		inode_put(*found);
		return -ENOTDIR;
	}
	return 0;
}

static int walk_begin(struct walk *w, struct inode *base, const char *path)
{
	size_t len = strlen(path);

	*w = (struct walk){ .at = path[0] == '/' ? vfs_root : base, .left = path };
	inode_get(w->at);
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	return len ? 0 : -ENOENT;
}

static int walk(struct walk *w, struct inode *base, const char *path, unsigned flags, struct inode **found)
{
	int err = walk_begin(w, base, path);

	if (err)
		return err;
	do {
		err = walk_to_last(w);
		if (!err)
			err = last_name(w, flags, found);
	} while (err > 0);
	return err;
}

static void walk_end(struct walk *w)
{
	inode_put(w->at);
	kfree(w->buf);
}

int vfs_lookup(struct inode *base, const char *path, unsigned flags, struct inode **out)
{
	struct walk w;
	int err = walk(&w, base, path, flags, out);

	walk_end(&w);
	return err;
}

/* The name at which a walk stands, not too long; and what it is, whose reference goes over. */
static void place_fill(struct place *place, const struct walk *w, struct inode *found)
{
	place->dir = w->at;
	inode_get(w->at);
	place->inode = found;
	place->len = w->len;
	memcpy(place->name, w->left, w->len);
	place->name[w->len] = 0;
	place->slash = slash_behind(w);
}

int vfs_find_parent(struct inode *base, const char *path, struct place *place)
{
	struct walk w;
	int err = walk_begin(&w, base, path);

	if (!err)
		err = walk_to_last(&w);
	if (!err && inode_type(w.at) != S_IFDIR)
		err = -ENOTDIR;
	if (!err && w.len)
		err = permit(w.at, PERMIT_EXEC);
	if (!err && w.len > NAME_MAX)
		err = -ENAMETOOLONG;
	if (!err)
		place_fill(place, &w, NULL);
	walk_end(&w);
	return err;
}

int vfs_find_place(struct inode *base, const char *path, unsigned flags, struct place *place)
{
	struct inode *found;
	struct walk w;
	int err = walk(&w, base, path, flags, &found);

	if (w.missing) {
		found = NULL;
		err = 0;
	}
	if (!err)
		place_fill(place, &w, found);
	walk_end(&w);
	return err;
}

void place_put(struct place *place)
{
	if (place->inode)
		inode_put(place->inode);
	inode_put(place->dir);
}

long inode_readlink(struct inode *inode, char *buf, size_t size)
{
	if (inode_type(inode) != S_IFLNK || !inode->ops->readlink)
		return -EINVAL;
	return inode->ops->readlink(inode, buf, size);
}
