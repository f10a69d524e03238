/* SPDX-License-Identifier: MIT */
#include "tests/host/ext2ops.h"
#include "lib/errno.h"
#include "mm/write.h"
#include "mm/writeback.h"
#include "tests/host/tap.h"
#include <string.h>

static struct mutex rename_lock;
static _Atomic bool lock_made;

int op_lookup(struct inode *dir, const char *name, struct inode **out)
{
	int err;

	rwsem_read_lock(&dir->names);
	err = dir->ops->lookup(dir, name, strlen(name), out);
	rwsem_read_unlock(&dir->names);
	return err;
}

/* by: to the link count. */
static void count(struct inode *inode, int by)
{
	mutex_lock(&inode->lock);
	inode->nlink += (uint32_t)by;
	inode_touch_locked(inode, TOUCH_CTIME);
	mutex_unlock(&inode->lock);
}

int op_create(struct inode *dir, const char *name, unsigned mode, const char *target, struct inode **out)
{
	struct inode_make make = { .mode = mode, .target = target, .rdev = 0x12345 };
	struct inode *there;
	int err;

	rwsem_write_lock(&dir->names);
	err = dir->ops->lookup(dir, name, strlen(name), &there);
	if (!err) {
		inode_put(there);
		err = -EEXIST;
	} else if (err == -ENOENT) {
		err = dir->ops->create(dir, name, strlen(name), &make, out);
		if (!err && (mode & S_IFMT) == S_IFDIR)
			count(dir, 1);
	}
	rwsem_write_unlock(&dir->names);
	return err;
}

int op_link(struct inode *dir, const char *name, struct inode *inode)
{
	struct inode *there;
	int err;

	rwsem_write_lock(&dir->names);
	err = dir->ops->lookup(dir, name, strlen(name), &there);
	if (!err) {
		inode_put(there);
		err = -EEXIST;
	} else if (err == -ENOENT) {
		count(inode, 1);
		err = dir->ops->link(dir, name, strlen(name), inode);
		if (err)
			count(inode, -1);
	}
	rwsem_write_unlock(&dir->names);
	return err;
}

static void lose_name(struct inode *dir, struct inode *inode)
{
	bool directory = inode_type(inode) == S_IFDIR;

	count(inode, directory ? -2 : -1);
	if (directory)
		count(dir, -1);
}

int op_unlink(struct inode *dir, const char *name)
{
	struct inode *inode;
	int err;

	rwsem_write_lock(&dir->names);
	err = dir->ops->lookup(dir, name, strlen(name), &inode);
	if (!err) {
		err = dir->ops->unlink(dir, name, strlen(name), inode);
		if (!err)
			lose_name(dir, inode);
		inode_put(inode);
	}
	rwsem_write_unlock(&dir->names);
	return err;
}

/* All of the test's renames, one at a time: two directories have the same lock class. */
static void lock_renames(void)
{
	bool made = false;

	if (atomic_compare_exchange_strong(&lock_made, &made, true))
		mutex_init(&rename_lock, LOCK_NONE);
	mutex_lock(&rename_lock);
}

static void renamed(const struct renaming *r)
{
	bool moves = r->from_dir != r->to_dir && inode_type(r->inode) == S_IFDIR;
	bool back = r->from_dir != r->to_dir && r->target && inode_type(r->target) == S_IFDIR;

	if (!r->exchange && r->target)
		lose_name(r->to_dir, r->target);
	if (moves && !(r->exchange && back)) {
		count(r->from_dir, -1);
		count(r->to_dir, 1);
	} else if (r->exchange && back && !moves) {
		count(r->to_dir, -1);
		count(r->from_dir, 1);
	}
}

int op_rename(struct inode *from, const char *name, struct inode *to, const char *new_name, bool exchange)
{
	struct renaming r = { .from_dir = from, .to_dir = to, .from = name, .to = new_name, .from_len = strlen(name), .to_len = strlen(new_name),
			      .exchange = exchange };
	int err;

	lock_renames();
	err = op_lookup(from, name, &r.inode);
	if (!err) {
		err = op_lookup(to, new_name, &r.target);
		if (err)
			r.target = NULL;
		if (err == -ENOENT && !exchange)
			err = 0;
	}
	rwsem_write_lock(&from->names);
	if (!err)
		err = from->ops->rename(&r);
	if (!err)
		renamed(&r);
	rwsem_write_unlock(&from->names);
	if (r.inode)
		inode_put(r.inode);
	if (r.target)
		inode_put(r.target);
	mutex_unlock(&rename_lock);
	return err;
}

int op_truncate(struct inode *inode, uint64_t size)
{
	int err = 0;

	mutex_lock(&inode->lock);
	if (size != mapping_size(&inode->mapping))
		err = inode->ops->truncate(inode, size);
	mutex_unlock(&inode->lock);
	return err;
}

long op_write(struct inode *inode, uint64_t pos, const void *buf, size_t n)
{
	long done;

	mutex_lock(&inode->lock);
	done = mapping_write_kernel(&inode->mapping, pos, buf, n);
	if (done > 0)
		inode_touch_locked(inode, TOUCH_MTIME | TOUCH_CTIME);
	mutex_unlock(&inode->lock);
	return done;
}

void op_chmod(struct inode *inode, unsigned mode, struct timestamp mtime)
{
	mutex_lock(&inode->lock);
	inode->mode = (inode->mode & S_IFMT) | mode;
	inode->mtime = mtime;
	inode_dirty_locked(inode);
	mutex_unlock(&inode->lock);
}

int op_sync(struct super *super)
{
	writeback_all();
	return super->ops->sync(super);
}
