/* SPDX-License-Identifier: MIT */
/*
 * Opening by name, and making what is not there.
 *
 * Between the look at a name and the making of it somebody else may have made it: vfs_make, which looks under the directory's lock, says so,
 * and we look again, because the name may be a link now. Each time round somebody else has changed the directory.
 */
#include "fs/names.h"
#include "fs/attr.h"
#include "fs/permit.h"
#include "fs/vfs.h"

/* What the mode has to grant. */
static int permit_open(const struct inode *inode, unsigned flags)
{
	unsigned want = (flags & VFS_READ ? PERMIT_READ : 0) | (flags & (VFS_WRITE | VFS_TRUNC) ? PERMIT_WRITE : 0);
	int err = permit(inode, want);

	return !err && flags & VFS_NOATIME ? permit_owner(inode) : err;
}

/* What a file is, where it lies, and its mode can forbid it. */
static int may_open(const struct inode *inode, unsigned flags)
{
	unsigned type = inode_type(inode);

	if (flags & VFS_PATH)
		return 0;
	if (type == S_IFLNK)
		return -ELOOP; /* only with VFS_NOFOLLOW do we get to see one */
	if (flags & (VFS_WRITE | VFS_TRUNC)) {
		if (type == S_IFDIR)
			return -EISDIR;
		if (type == S_IFREG && inode->super->read_only)
			return -EROFS;
	}
	if (type != S_IFREG && type != S_IFDIR && type != S_IFIFO && !inode->ops->open)
		return -ENXIO; /* a socket, a device we have not */
	return permit_open(inode, flags);
}

/* dir: where its name is, or NULL. */
static int open_inode_in(struct inode *inode, struct inode *dir, unsigned flags, struct file **out)
{
	int err = vfs_open_inode(inode, flags & ~(unsigned)(VFS_CREATE | VFS_EXCL | VFS_TRUNC), out);

	if (!err && dir && inode_type(inode) != S_IFDIR) {
		inode_get(dir);
		(*out)->dir = dir;
	}
	return err;
}

static int open_found(const struct place *place, unsigned flags, struct file **out)
{
	struct inode *inode = place->inode;
	int err = may_open(inode, flags);

	if (err)
		return err;
	err = open_inode_in(inode, place->dir, flags, out);
	if (err || !(flags & VFS_TRUNC) || flags & VFS_PATH || inode_type(inode) != S_IFREG || !inode->ops->truncate)
		return err;
	err = vfs_truncate(inode, 0);
	if (err)
		file_put(*out);
	return err;
}

static int open_new(const struct place *place, unsigned flags, unsigned mode, struct file **out)
{
	struct inode_make make = { .mode = S_IFREG | mode };
	struct inode *inode;
	int err = vfs_make(place, &make, &inode);

	if (err)
		return err;
	err = open_inode_in(inode, place->dir, flags, out);
	inode_put(inode);
	return err;
}

static int open_or_create(const struct place *place, unsigned flags, unsigned mode, struct file **out)
{
	if (place->inode && !place->len && !place->slash && inode_type(place->inode) != S_IFDIR)
		return flags & VFS_EXCL ? -EEXIST : open_found(place, flags, out); /* by a link that needs no name */
	if (place->slash || !place->len || name_is_dots(place->name, place->len))
		return -EISDIR;
	if (!place->inode)
		return open_new(place, flags, mode, out);
	if (flags & VFS_EXCL)
		return -EEXIST;
	if (inode_type(place->inode) == S_IFDIR)
		return -EISDIR;
	return open_found(place, flags, out);
}

static int open_unnamed(struct inode *base, const char *path, unsigned flags, unsigned mode, struct file **out)
{
	struct inode *dir, *inode;
	int err = vfs_lookup(base, path, LOOKUP_DIRECTORY, &dir);

	if (err)
		return err;
	err = vfs_make_unnamed(dir, mode, !(flags & VFS_EXCL), &inode);
	inode_put(dir);
	if (err)
		return err;
	err = open_inode_in(inode, NULL, flags, out);
	inode_put(inode);
	return err;
}

static int open_once(struct inode *base, const char *path, unsigned flags, unsigned mode, struct file **out)
{
	unsigned how = (flags & VFS_NOFOLLOW ? LOOKUP_NOFOLLOW : 0) | (flags & VFS_DIRECTORY ? LOOKUP_DIRECTORY : 0);
	struct place place;
	int err;

	if (flags & VFS_CREATE)
		how |= LOOKUP_CREATE | (flags & VFS_EXCL ? LOOKUP_NOFOLLOW : 0);
	err = vfs_find_place(base, path, how, &place);
	if (err)
		return err;
	if (flags & VFS_CREATE)
		err = open_or_create(&place, flags, mode, out);
	else
		err = place.inode ? open_found(&place, flags, out) : -ENOENT;
	place_put(&place);
	return err;
}

int vfs_open(struct inode *base, const char *path, unsigned flags, unsigned mode, struct file **out)
{
	int err;

	if (flags & VFS_TMPFILE)
		return open_unnamed(base, path, flags, mode, out);
	do {
		err = open_once(base, path, flags, mode, out);
	} while (err == -EEXIST && !(flags & VFS_EXCL));
	if (!err)
		file_remember(*out, base, path);
	return err;
}
