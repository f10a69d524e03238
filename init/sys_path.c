/* SPDX-License-Identifier: MIT */
/* System calls that take a path. */
#include "init/syscalls.h"

#include "fs/permit.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/where.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

/* ---- open ---- */

static unsigned open_flags(unsigned abi)
{
	static const unsigned access[4] = { VFS_READ, VFS_WRITE, VFS_READ | VFS_WRITE, 0 };
	unsigned both = (abi & ABI_O_DIRECTORY ? VFS_DIRECTORY : 0) | (abi & ABI_O_NOFOLLOW ? VFS_NOFOLLOW : 0);

	if (abi & ABI_O_PATH)
		return both | VFS_PATH;
	if (abi & ABI_O_SYNC_ALL)
		both |= VFS_SYNC;
	if (abi & ABI_O_TMPFILE)
		both |= VFS_TMPFILE;
	if (abi & ABI_O_DSYNC)
		both |= VFS_DSYNC;
	if (abi & ABI_O_NOATIME)
		both |= VFS_NOATIME;
	if (abi & ABI_O_DIRECT)
		both |= VFS_DIRECT;
	return both | access[abi & ABI_O_ACCMODE] | (abi & ABI_O_APPEND ? VFS_APPEND : 0) |
	       (abi & ABI_O_CREAT ? VFS_CREATE : 0) | (abi & ABI_O_EXCL ? VFS_EXCL : 0) |
	       (abi & ABI_O_TRUNC ? VFS_TRUNC : 0) | (abi & ABI_O_NONBLOCK ? VFS_NONBLOCK : 0);
}

static int open_path(int dir, const char *path, unsigned flags, unsigned mode, struct file **file)
{
	struct inode *base;
	int err = path_base(dir, path, &base);

	if (err)
		return err;
	if (*path != '/' && inode_type(base) != S_IFDIR)
		err = -ENOTDIR;
	else
		err = vfs_open(base, path, flags, mode, file);
	inode_put(base);
	return err;
}

/* The number first: a file must not be created that nobody can get. */
static long open_fd(int dir, const char *path, unsigned flags, unsigned mode)
{
	unsigned umask = atomic_load_explicit(&process_current()->where->umask, memory_order_relaxed);
	int fd = fd_reserve(0, flags & ABI_O_CLOEXEC), err;
	struct file *file;

	if (fd < 0)
		return fd;
	err = open_path(dir, path, open_flags(flags), mode & 07777 & ~umask, &file);
	if (err) {
		fd_unreserve(fd);
		return err;
	}
	fd_install(fd, file);
	return fd;
}

/* Combinations that make no sense. */
static int flags_check(unsigned abi)
{
	if (abi & ABI_O_PATH)
		return 0;
	if (abi & ABI_O_TMPFILE) {
		bool writes = (abi & ABI_O_ACCMODE) == 1 || (abi & ABI_O_ACCMODE) == 2;

		return (abi & (ABI_O_DIRECTORY | ABI_O_CREAT)) == ABI_O_DIRECTORY && writes ? 0 : -EINVAL;
	}
	return (abi & (ABI_O_DIRECTORY | ABI_O_CREAT)) == (ABI_O_DIRECTORY | ABI_O_CREAT) ? -EINVAL : 0;
}

long sys_openat(int dir, uintptr_t user, unsigned flags, unsigned mode)
{
	char *path;
	long ret = flags_check(flags);

	if (!ret)
		ret = path_from_user(user, false, &path);
	if (ret)
		return ret;
	ret = open_fd(dir, path, flags, mode);
	kfree(path);
	return ret;
}

long sys_open(uintptr_t path, unsigned flags, unsigned mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(uintptr_t path, unsigned mode)
{
	return sys_openat(AT_FDCWD, path, ABI_O_CREAT | ABI_O_TRUNC | 1, mode);
}

/* ---- stat ---- */

static int stat_to_user(struct inode *inode, uintptr_t out)
{
	struct kstat k;
	struct abi_stat st;

	inode_stat(inode, &k);
	st = (struct abi_stat){
		.dev = k.dev, .ino = k.ino, .nlink = k.nlink, .mode = k.mode, .uid = k.uid, .gid = k.gid,
		.rdev = k.rdev, .size = (int64_t)k.size, .blksize = (int)k.blksize, .blocks = (int64_t)k.blocks,
		.atime = k.atime.sec, .atime_nsec = k.atime.nsec, .mtime = k.mtime.sec, .mtime_nsec = k.mtime.nsec,
		.ctime = k.ctime.sec, .ctime_nsec = k.ctime.nsec,
	};
	return copy_to_user(out, &st, sizeof(st));
}

long sys_newfstatat(int dir, uintptr_t path, uintptr_t out, unsigned flags)
{
	struct inode *inode;
	int err;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	err = user_lookup(dir, path, flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NOFOLLOW : 0, flags & AT_EMPTY_PATH, &inode);
	if (err)
		return err;
	err = stat_to_user(inode, out);
	inode_put(inode);
	return err;
}

long sys_stat(uintptr_t path, uintptr_t out)
{
	return sys_newfstatat(AT_FDCWD, path, out, 0);
}

long sys_lstat(uintptr_t path, uintptr_t out)
{
	return sys_newfstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

long sys_fstat(int fd, uintptr_t out)
{
	struct file *file = fd_get(fd);
	int err;

	if (!file)
		return -EBADF;
	err = stat_to_user(file->inode, out);
	file_put(file);
	return err;
}

static struct statx_timestamp statx_time(struct timestamp t)
{
	return (struct statx_timestamp){ .sec = t.sec, .nsec = t.nsec };
}

static unsigned dev_major(uint64_t dev)
{
	return (unsigned)(dev >> 8 & 0xfff);
}

static unsigned dev_minor(uint64_t dev)
{
	return (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00));
}

static int statx_to_user(struct inode *inode, uintptr_t out)
{
	struct kstat k;
	struct linux_statx st;

	inode_stat(inode, &k);
	st = (struct linux_statx){
		.mask = STATX_BASIC_STATS, .blksize = k.blksize, .nlink = k.nlink, .uid = k.uid, .gid = k.gid,
		.mode = (uint16_t)k.mode, .ino = k.ino, .size = k.size, .blocks = k.blocks,
		.atime = statx_time(k.atime), .ctime = statx_time(k.ctime), .mtime = statx_time(k.mtime),
		.rdev_major = dev_major(k.rdev), .rdev_minor = dev_minor(k.rdev),
		.dev_major = dev_major(k.dev), .dev_minor = dev_minor(k.dev),
	};
	return copy_to_user(out, &st, sizeof(st));
}

long sys_statx(int dir, uintptr_t path, unsigned flags, unsigned mask, uintptr_t out)
{
	struct inode *inode;
	int err;

	if (mask & STATX_RESERVED || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	err = user_lookup(dir, path, flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NOFOLLOW : 0, flags & AT_EMPTY_PATH, &inode);
	if (err)
		return err;
	err = statx_to_user(inode, out);
	inode_put(inode);
	return err;
}

/* ---- links ---- */

static long link_to_user(struct inode *inode, uintptr_t buf, size_t size)
{
	char *target = kmalloc(PATH_MAX);
	long len;

	if (!target)
		return -ENOMEM;
	len = inode_readlink(inode, target, size < PATH_MAX ? size : PATH_MAX);
	if (len > 0 && copy_to_user(buf, target, (size_t)len))
		len = -EFAULT;
	kfree(target);
	return len;
}

long sys_readlinkat(int dir, uintptr_t user, uintptr_t buf, int size)
{
	struct inode *inode;
	char *path;
	long ret;

	if (size <= 0)
		return -EINVAL;
	ret = path_from_user(user, true, &path); /* empty: dir itself, opened with O_PATH | O_NOFOLLOW */
	if (ret)
		return ret;
	ret = path_lookup(dir, path, LOOKUP_NOFOLLOW, &inode);
	if (!ret) {
		ret = link_to_user(inode, buf, (size_t)size);
		inode_put(inode);
	}
	if (ret == -EINVAL && !*path)
		ret = -ENOENT;
	kfree(path);
	return ret;
}

long sys_readlink(uintptr_t path, uintptr_t buf, int size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

/* ---- access ---- */

/* The user that counts may do what the mode grants; root anything but execute a file that nobody may; and nobody writes where nothing can be. */
static int access_check(const struct inode *inode, unsigned mode, bool effective)
{
	unsigned type = inode_type(inode);

	if (mode & W_OK && inode->super->read_only && (type == S_IFREG || type == S_IFDIR || type == S_IFLNK))
		return -EROFS;
	if (mode & X_OK && type == S_IFREG && !(inode->mode & 0111))
		return -EACCES;
	if (effective)
		return permit(inode, mode);
	return inode->super->owned && mode & ~cred_real_granted(inode->mode, inode->uid, inode->gid) ? -EACCES : 0;
}

long sys_faccessat2(int dir, uintptr_t path, unsigned mode, unsigned flags)
{
	struct inode *inode;
	int err;

	if (mode & ~(unsigned)(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (flags & ~(unsigned)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = user_lookup(dir, path, flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NOFOLLOW : 0, flags & AT_EMPTY_PATH, &inode);
	if (err)
		return err;
	err = access_check(inode, mode, flags & AT_EACCESS);
	inode_put(inode);
	return err;
}

long sys_faccessat(int dir, uintptr_t path, unsigned mode)
{
	return sys_faccessat2(dir, path, mode, 0);
}

long sys_access(uintptr_t path, unsigned mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

/* ---- the current directory ---- */

long sys_getcwd(uintptr_t buf, size_t size)
{
	struct inode *dir = where_cwd(process_current()->where);
	char *path = kmalloc(PATH_MAX);
	long ret = path ? vfs_path_of(dir, path, PATH_MAX) : -ENOMEM;

	inode_put(dir);
	if (!ret) {
		size_t n = strlen(path) + 1;

		ret = n > size ? -ERANGE : copy_to_user(buf, path, n) ? -EFAULT : (long)n;
	}
	kfree(path);
	return ret;
}

long sys_chdir(uintptr_t path)
{
	struct inode *dir;
	int err = user_lookup(AT_FDCWD, path, LOOKUP_DIRECTORY, false, &dir);

	if (err)
		return err;
	err = permit(dir, PERMIT_EXEC);
	if (err)
		inode_put(dir);
	else
		where_chdir(process_current()->where, dir);
	return err;
}

long sys_fchdir(int fd)
{
	struct file *file = fd_get(fd);
	int err = -ENOTDIR;

	if (!file)
		return -EBADF;
	if (inode_type(file->inode) == S_IFDIR)
		err = permit(file->inode, PERMIT_EXEC);
	if (!err) {
		inode_get(file->inode);
		where_chdir(process_current()->where, file->inode);
	}
	file_put(file);
	return err;
}

long sys_umask(unsigned mask)
{
	return atomic_exchange_explicit(&process_current()->where->umask, mask & 0777, memory_order_relaxed);
}
