/* SPDX-License-Identifier: MIT */
/* System calls that make, remove and change names. */
#include "init/syscalls.h"

#include "init/linux.h"
#include "init/process.h"
#include "init/where.h"
#include "kernel/slab.h"
#include "lib/errno.h"

/* Up to the last name of a path in user memory. */
static int user_place(int dir, uintptr_t user, struct place *place)
{
	struct inode *base;
	char *path;
	int err = path_from_user(user, false, &path);

	if (err)
		return err;
	err = path_base(dir, path, &base);
	if (!err) {
		err = vfs_find_parent(base, path, place);
		inode_put(base);
	}
	kfree(path);
	return err;
}

static unsigned masked(unsigned mode)
{
	return mode & ~atomic_load_explicit(&process_current()->where->umask, memory_order_relaxed);
}

static long make(int dir, uintptr_t path, const struct inode_make *make)
{
	struct inode *made;
	struct place at;
	int err = user_place(dir, path, &at);

	if (err)
		return err;
	err = vfs_make(&at, make, &made);
	if (!err)
		inode_put(made);
	place_put(&at);
	return err;
}

long sys_mkdirat(int dir, uintptr_t path, unsigned mode)
{
	struct inode_make m = { .mode = S_IFDIR | (masked(mode) & 01777) };

	return make(dir, path, &m);
}

long sys_mkdir(uintptr_t path, unsigned mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_mknodat(int dir, uintptr_t path, unsigned mode, unsigned dev)
{
	struct inode_make m = { .mode = (mode & S_IFMT) | (masked(mode) & 07777) };

	switch (mode & S_IFMT) {
	case 0:
		m.mode |= S_IFREG;
		break;
	case S_IFCHR:
	case S_IFBLK:
		m.rdev = dev;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return make(dir, path, &m);
}

long sys_mknod(uintptr_t path, unsigned mode, unsigned dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

long sys_symlinkat(uintptr_t target, int dir, uintptr_t path)
{
	struct inode_make m = { .mode = S_IFLNK | 0777 };
	char *text;
	long ret = path_from_user(target, false, &text);

	if (ret)
		return ret;
	m.target = text;
	ret = make(dir, path, &m);
	kfree(text);
	return ret;
}

long sys_symlink(uintptr_t target, uintptr_t path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

/* ---- links ---- */

long sys_linkat(int from_dir, uintptr_t from, int to_dir, uintptr_t to, unsigned flags)
{
	unsigned how = flags & AT_SYMLINK_FOLLOW ? 0 : LOOKUP_NOFOLLOW;
	struct inode *inode;
	struct place at;
	int err;

	if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = user_lookup(from_dir, from, how, flags & AT_EMPTY_PATH, &inode);
	if (err)
		return err;
	err = user_place(to_dir, to, &at);
	if (!err) {
		err = vfs_link(&at, inode);
		place_put(&at);
	}
	inode_put(inode);
	return err;
}

long sys_link(uintptr_t from, uintptr_t to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_unlinkat(int dir, uintptr_t path, unsigned flags)
{
	struct place at;
	int err;

	if (flags & ~(unsigned)AT_REMOVEDIR)
		return -EINVAL;
	err = user_place(dir, path, &at);
	if (err)
		return err;
	err = vfs_remove(&at, flags & AT_REMOVEDIR);
	place_put(&at);
	return err;
}

long sys_unlink(uintptr_t path)
{
	return sys_unlinkat(AT_FDCWD, path, 0);
}

long sys_rmdir(uintptr_t path)
{
	return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- rename ---- */

/* Two places take much of a stack. */
static long rename_places(int from_dir, uintptr_t from, int to_dir, uintptr_t to, unsigned flags)
{
	struct place *at = kmalloc(2 * sizeof(*at));
	int err = at ? user_place(from_dir, from, &at[0]) : -ENOMEM;

	if (!err) {
		err = user_place(to_dir, to, &at[1]);
		if (!err) {
			err = vfs_rename(&at[0], &at[1], flags);
			place_put(&at[1]);
		}
		place_put(&at[0]);
	}
	kfree(at);
	return err;
}

long sys_renameat2(int from_dir, uintptr_t from, int to_dir, uintptr_t to, unsigned flags)
{
	_Static_assert((int)RENAME_NOREPLACE == VFS_NOREPLACE && (int)RENAME_EXCHANGE == VFS_EXCHANGE, "the flags are the same");

	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE) || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	return rename_places(from_dir, from, to_dir, to, flags);
}

long sys_renameat(int from_dir, uintptr_t from, int to_dir, uintptr_t to)
{
	return rename_places(from_dir, from, to_dir, to, 0);
}

long sys_rename(uintptr_t from, uintptr_t to)
{
	return rename_places(AT_FDCWD, from, AT_FDCWD, to, 0);
}
