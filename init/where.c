/* SPDX-License-Identifier: MIT */
#include "init/where.h"

#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct where *where_make(struct inode *cwd, unsigned umask)
{
	struct where *w = kmalloc(sizeof(*w));

	if (!w)
		return NULL;
	atomic_store_explicit(&w->refs, 1, memory_order_relaxed);
	atomic_store_explicit(&w->umask, umask, memory_order_relaxed);
	rcu_store(&w->cwd, cwd); /* pairs with rcu_load in where_cwd */
	return w;
}

struct where *where_new(struct inode *cwd)
{
	struct where *w = where_make(cwd, 022);

	if (w)
		inode_get(cwd);
	return w;
}

struct where *where_copy(struct where *from)
{
	struct inode *cwd = where_cwd(from);
	struct where *w = where_make(cwd, atomic_load_explicit(&from->umask, memory_order_relaxed));

	if (!w)
		inode_put(cwd);
	return w;
}

struct where *where_get(struct where *where)
{
	atomic_fetch_add_explicit(&where->refs, 1, memory_order_relaxed);
	return where;
}

void where_put(struct where *where)
{
	/* acq_rel: the last one sees every chdir; pairs with itself */
	if (atomic_fetch_sub_explicit(&where->refs, 1, memory_order_acq_rel) > 1)
		return;
	inode_put(atomic_load_explicit(&where->cwd, memory_order_relaxed));
	kfree(where);
}

struct inode *where_cwd(struct where *where)
{
	struct inode *dir;

	rcu_read_lock();
	do {
		dir = rcu_load(&where->cwd); /* pairs with where_chdir */
	} while (!inode_tryget(dir)); /* it was the last reference: there is another directory now */
	rcu_read_unlock();
	return dir;
}

void where_chdir(struct where *where, struct inode *dir)
{
	/* release for where_cwd, acquire for the put */
	inode_put(atomic_exchange_explicit(&where->cwd, dir, memory_order_acq_rel));
}

/* ---- paths ---- */

int path_from_user(uintptr_t user, bool empty_ok, char **out)
{
	char *path = kmalloc(PATH_MAX);
	long len;

	if (!path)
		return -ENOMEM;
	len = strncpy_from_user(path, user, PATH_MAX);
	if (!len && !empty_ok)
		len = -ENOENT;
	if (len < 0) {
		kfree(path);
		return (int)len;
	}
	*out = path;
	return 0;
}

int path_base(int dir, const char *path, struct inode **base)
{
	struct file *file;

	if (*path == '/') {
		*base = vfs_root;
		inode_get(vfs_root);
		return 0;
	}
	if (dir == AT_FDCWD) {
		*base = where_cwd(process_current()->where);
		return 0;
	}
	file = fd_get(dir);
	if (!file)
		return -EBADF;
	*base = file->inode;
	inode_get(*base);
	file_put(file);
	return 0;
}

int path_lookup(int dir, const char *path, unsigned flags, struct inode **out)
{
	struct inode *base;
	int err = path_base(dir, path, &base);

	if (err)
		return err;
	if (!*path) {
		*out = base;
		return 0;
	}
	if (*path != '/' && inode_type(base) != S_IFDIR)
		err = -ENOTDIR;
	else
		err = vfs_lookup(base, path, flags, out);
	inode_put(base);
	return err;
}

int user_lookup(int dir, uintptr_t user, unsigned flags, bool empty_ok, struct inode **out)
{
	char *path;
	int err = path_from_user(user, empty_ok, &path);

	if (err)
		return err;
	err = path_lookup(dir, path, flags, out);
	kfree(path);
	return err;
}
