/* SPDX-License-Identifier: MIT */
/*
 * Making and removing names. (Renaming is in fs/rename.c, with the argument about more than two directories.)
 *
 * 1. A change of a directory holds its `names` exclusively from the last look at the name to the note in the name cache: what was checked
 *    stays true, and who looks sees the change whole.
 * 2. A directory that is removed is locked too, below its parent. It is found empty, and marked `removed`, under that lock; whoever wants to make
 *    something in it comes before and makes it non-empty, or after and is told that it is gone.
 * 3. A link count is raised before the entry is there and lowered after it has gone, so it is never less than the entries, and an inode is
 *    evicted only when nothing names it. A file whose count has reached 0 gets no new name, but for O_TMPFILE's.
 */
#include "fs/namespace.h"

#include "fs/names.h"
#include "fs/permit.h"
#include "lib/errno.h"

int dir_lock(struct inode *dir)
{
	if (rwsem_write_lock_killable(&dir->names))
		return -EINTR;
	if (!dir->removed)
		return 0;
	rwsem_write_unlock(&dir->names);
	return -ENOENT;
}

void inode_count(struct inode *inode, int by)
{
	mutex_lock(&inode->lock);
	inode->nlink += (unsigned)by;
	inode_touch_locked(inode, TOUCH_CTIME);
	mutex_unlock(&inode->lock);
}

void dir_changed(struct inode *dir, int subdirectories)
{
	mutex_lock(&dir->lock);
	dir->nlink += (unsigned)subdirectories;
	inode_touch_locked(dir, TOUCH_MTIME | TOUCH_CTIME);
	mutex_unlock(&dir->lock);
}

bool links_full(const struct inode *inode)
{
	return inode->super->max_links && inode->nlink >= inode->super->max_links;
}

/* ---- making ---- */

static bool makes_dir(const struct inode_make *make)
{
	return (make->mode & S_IFMT) == S_IFDIR;
}

/* Is the name free, so that one may be made there? dir locked. */
static int may_make(const struct place *at, bool dir_wanted)
{
	struct inode *there;
	int err = name_lookup_locked(at->dir, at->name, at->len, &there);

	if (!err) {
		inode_put(there);
		return -EEXIST;
	}
	if (err != -ENOENT)
		return err;
	if (at->slash && !dir_wanted)
		return -ENOENT;
	return at->dir->super->read_only ? -EROFS : permit(at->dir, PERMIT_WRITE | PERMIT_EXEC);
}

/* The caller's. As in BSD, if the directory says so: the group is the directory's. */
static struct inode_make inherit(const struct inode *dir, const struct inode_make *make)
{
	struct inode_make m = *make;

	permit_own(&m);
	if (dir->mode & S_ISGID) {
		m.gid = dir->gid;
		if (makes_dir(make))
			m.mode |= S_ISGID;
	}
	return m;
}

static int make_locked(const struct place *at, const struct inode_make *make, struct inode **out)
{
	struct inode *dir = at->dir;
	struct inode_make m = inherit(dir, make);
	int err = may_make(at, makes_dir(make));

	if (err)
		return err;
	if (!dir->ops->create)
		return -ENOENT; /* as if it could not be looked for: /proc */
	if (makes_dir(make) && links_full(dir))
		return -EMLINK;
	err = dir->ops->create(dir, at->name, at->len, &m, out);
	if (err)
		return err;
	name_note(dir, at->name, at->len, (*out)->ino);
	dir_changed(dir, makes_dir(make));
	return 0;
}

/* "/", "." and "..": they are there. */
static bool is_dir_anyway(const struct place *at)
{
	return !at->len || name_is_dots(at->name, at->len);
}

int vfs_make(const struct place *at, const struct inode_make *make, struct inode **out)
{
	int err;

	if (is_dir_anyway(at))
		return -EEXIST;
	err = dir_lock(at->dir);
	if (err)
		return err;
	err = make_locked(at, make, out);
	rwsem_write_unlock(&at->dir->names);
	return err;
}

int vfs_make_unnamed(struct inode *dir, unsigned mode, bool linkable, struct inode **out)
{
	struct inode_make make = { .mode = S_IFREG | mode };
	int err;

	if (dir->super->read_only)
		return -EROFS;
	if (!dir->ops->create)
		return -EOPNOTSUPP;
	err = permit(dir, PERMIT_WRITE | PERMIT_EXEC);
	if (!err)
		err = dir_lock(dir);
	if (err)
		return err;
	make = inherit(dir, &make);
	err = dir->ops->create(dir, "", 0, &make, out);
	rwsem_write_unlock(&dir->names);
	if (!err)
		(*out)->linkable = linkable; /* nobody else has it yet */
	return err;
}

/* ---- links ---- */

static int count_raise(struct inode *inode)
{
	int err = 0;

	mutex_lock(&inode->lock);
	if (!inode->nlink && !inode->linkable)
		err = -ENOENT;
	else if (links_full(inode))
		err = -EMLINK;
	else
		inode->nlink++;
	if (!err)
		inode_touch_locked(inode, TOUCH_CTIME);
	mutex_unlock(&inode->lock);
	return err;
}

static int link_locked(const struct place *at, struct inode *inode)
{
	struct inode *dir = at->dir;
	int err = may_make(at, false);

	if (err)
		return err;
	if (dir->super != inode->super)
		return -EXDEV;
	if (!dir->ops->link || inode_type(inode) == S_IFDIR)
		return -EPERM;
	err = count_raise(inode);
	if (err)
		return err;
	err = dir->ops->link(dir, at->name, at->len, inode);
	if (err) {
		inode_count(inode, -1);
		return err;
	}
	inode->linkable = false;
	name_note(dir, at->name, at->len, inode->ino);
	dir_changed(dir, 0);
	return 0;
}

int vfs_link(const struct place *at, struct inode *inode)
{
	int err;

	if (is_dir_anyway(at))
		return -EEXIST;
	err = dir_lock(at->dir);
	if (err)
		return err;
	err = link_locked(at, inode);
	rwsem_write_unlock(&at->dir->names);
	return err;
}

/* ---- removing ---- */

int may_remove(const struct inode *inode, bool dir_wanted)
{
	if (dir_wanted && inode_type(inode) != S_IFDIR)
		return -ENOTDIR;
	if (!dir_wanted && inode_type(inode) == S_IFDIR)
		return -EISDIR;
	return inode->covered_by ? -EBUSY : 0;
}

void dir_forsake(struct inode *dir, struct inode *parent)
{
	dir->removed = true;
	dir->was_in = parent;
	inode_get(parent);
	inode_count(dir, -(int)dir->nlink);
}

static int remove_file(const struct place *at, struct inode *inode)
{
	int err = may_remove(inode, false);

	if (!err && at->slash)
		err = -ENOTDIR;
	if (!err)
		err = at->dir->ops->unlink(at->dir, at->name, at->len, inode);
	if (!err)
		inode_count(inode, -1);
	return err;
}

static int remove_dir(const struct place *at, struct inode *inode)
{
	int err = may_remove(inode, true);

	if (err)
		return err;
	rwsem_write_lock_as(&inode->names, LOCK_DIRECTORY_3);
	err = at->dir->ops->unlink(at->dir, at->name, at->len, inode);
	if (!err)
		dir_forsake(inode, at->dir);
	rwsem_write_unlock_as(&inode->names, LOCK_DIRECTORY_3);
	return err;
}

/* The name goes from the cache before the count can reach 0 and the last reference be dropped. */
static int remove_locked(const struct place *at, bool dir_wanted, struct inode **gone)
{
	struct inode *dir = at->dir;
	int err = name_lookup_locked(dir, at->name, at->len, gone);

	if (err)
		return err;
	if (!dir->ops->unlink)
		return -EPERM;
	err = permit_entry(dir, *gone);
	if (!err)
		err = dir_wanted ? remove_dir(at, *gone) : remove_file(at, *gone);
	if (!err) {
		name_note(dir, at->name, at->len, 0);
		dir_changed(dir, -dir_wanted);
	}
	return err;
}

static int name_may_go(const struct place *at, bool dir_wanted)
{
	if (!is_dir_anyway(at))
		return at->dir->super->read_only ? -EROFS : 0;
	if (!dir_wanted)
		return -EISDIR;
	return !at->len ? -EBUSY : at->len == 1 ? -EINVAL : -ENOTEMPTY;
}

int vfs_remove(const struct place *at, bool dir_wanted)
{
	struct inode *gone = NULL;
	int err = name_may_go(at, dir_wanted);

	if (!err)
		err = dir_lock(at->dir);
	if (err)
		return err;
	err = remove_locked(at, dir_wanted, &gone);
	rwsem_write_unlock(&at->dir->names);
	if (gone)
		inode_put(gone); /* the last one, perhaps: the file goes, and no lock is held */
	return err;
}
