/* SPDX-License-Identifier: MIT */
/* System calls that change a file's attributes: mode, owner, times, size, blocks. */
#include "init/syscalls.h"
#include "fs/attr.h"
#include "fs/permit.h"

#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/where.h"
#include "kernel/time.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

/* ---- mode ---- */

static long chmod_at(int dir, uintptr_t path, unsigned mode, unsigned flags)
{
	struct inode *inode;
	int err = user_lookup(dir, path, flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NOFOLLOW : 0, flags & AT_EMPTY_PATH, &inode);

	if (err)
		return err;
	err = vfs_chmod(inode, mode);
	inode_put(inode);
	return err;
}

long sys_fchmodat2(int dir, uintptr_t path, unsigned mode, unsigned flags)
{
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return chmod_at(dir, path, mode, flags);
}

long sys_fchmodat(int dir, uintptr_t path, unsigned mode)
{
	return chmod_at(dir, path, mode, 0);
}

long sys_chmod(uintptr_t path, unsigned mode)
{
	return chmod_at(AT_FDCWD, path, mode, 0);
}

long sys_fchmod(int fd, unsigned mode)
{
	struct file *file = fd_get_open(fd);
	int err;

	if (!file)
		return -EBADF;
	err = vfs_chmod(file->inode, mode);
	file_put(file);
	return err;
}

/* ---- owner ---- */

long sys_fchownat(int dir, uintptr_t path, unsigned uid, unsigned gid, unsigned flags)
{
	struct inode *inode;
	int err;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = user_lookup(dir, path, flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NOFOLLOW : 0, flags & AT_EMPTY_PATH, &inode);
	if (err)
		return err;
	err = vfs_chown(inode, uid, gid);
	inode_put(inode);
	return err;
}

long sys_chown(uintptr_t path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(uintptr_t path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, unsigned uid, unsigned gid)
{
	struct file *file = fd_get_open(fd);
	int err;

	if (!file)
		return -EBADF;
	err = vfs_chown(file->inode, uid, gid);
	file_put(file);
	return err;
}

/* ---- times ---- */

/* 0: *t is what it says; 1: leave it as it is; -EINVAL. */
static int time_meant(const struct timespec *from, struct timestamp *t)
{
	uint64_t now = clock_wall_coarse_ns();

	if (from->nsec == UTIME_OMIT)
		return 1;
	if (from->nsec == UTIME_NOW)
		*t = (struct timestamp){ .sec = (int64_t)(now / NSEC_PER_SEC), .nsec = (uint32_t)(now % NSEC_PER_SEC) };
	else if (from->nsec < 0 || from->nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	else
		*t = (struct timestamp){ .sec = from->sec, .nsec = (uint32_t)from->nsec };
	return 0;
}

static int set_times(struct inode *inode, const struct timespec times[2])
{
	struct timestamp atime, mtime;
	int a = time_meant(&times[0], &atime), m = time_meant(&times[1], &mtime);

	if (a < 0 || m < 0)
		return -EINVAL;
	if (permit_owner(inode)) { /* others may say "now", if they may write */
		if (times[0].nsec != UTIME_NOW || times[1].nsec != UTIME_NOW)
			return -EPERM;
		if (permit(inode, PERMIT_WRITE))
			return -EACCES;
	}
	return vfs_set_times(inode, a ? NULL : &atime, m ? NULL : &mtime);
}

static long set_times_fd(int fd, const struct timespec times[2], unsigned flags)
{
	struct file *file;
	int err;

	if (flags)
		return -EINVAL;
	file = fd_get_open(fd);
	if (!file)
		return -EBADF;
	err = set_times(file->inode, times);
	file_put(file);
	return err;
}

static long set_times_at(int dir, uintptr_t path, const struct timespec times[2], unsigned flags)
{
	struct inode *inode;
	int err;

	if (!path && dir != AT_FDCWD)
		return set_times_fd(dir, times, flags);
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = user_lookup(dir, path, flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NOFOLLOW : 0, flags & AT_EMPTY_PATH, &inode);
	if (err)
		return err;
	err = set_times(inode, times);
	inode_put(inode);
	return err;
}

static const struct timespec times_now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };

long sys_utimensat(int dir, uintptr_t path, uintptr_t user, unsigned flags)
{
	struct timespec times[2];

	if (!user)
		return set_times_at(dir, path, times_now, flags);
	if (copy_from_user(times, user, sizeof(times)))
		return -EFAULT;
	if (times[0].nsec == UTIME_OMIT && times[1].nsec == UTIME_OMIT)
		return 0;
	return set_times_at(dir, path, times, flags);
}

long sys_futimesat(int dir, uintptr_t path, uintptr_t user)
{
	struct timespec times[2];
	struct timeval tv[2];

	if (!user)
		return set_times_at(dir, path, times_now, 0);
	if (copy_from_user(tv, user, sizeof(tv)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (tv[i].usec < 0 || tv[i].usec >= 1000000)
			return -EINVAL;
		times[i] = (struct timespec){ tv[i].sec, tv[i].usec * 1000 };
	}
	return set_times_at(dir, path, times, 0);
}

long sys_utimes(uintptr_t path, uintptr_t times)
{
	return sys_futimesat(AT_FDCWD, path, times);
}

long sys_utime(uintptr_t path, uintptr_t user)
{
	struct timespec times[2] = { 0 };
	int64_t seconds[2];

	if (!user)
		return set_times_at(AT_FDCWD, path, times_now, 0);
	if (copy_from_user(seconds, user, sizeof(seconds)))
		return -EFAULT;
	times[0].sec = seconds[0];
	times[1].sec = seconds[1];
	return set_times_at(AT_FDCWD, path, times, 0);
}

/* ---- size and blocks ---- */

/* RLIMIT_FSIZE: may the file be made so long? */
static int size_limit(const struct inode *inode, uint64_t size)
{
	uint64_t limit = limit_get(RLIMIT_FSIZE);

	if (size <= limit || inode_type(inode) != S_IFREG || size <= mapping_size(&inode->mapping))
		return 0;
	signal_send_task(task_current(), SIGXFSZ);
	return -EFBIG;
}

long sys_truncate(uintptr_t path, int64_t size)
{
	struct inode *inode;
	int err;

	if (size < 0)
		return -EINVAL;
	err = user_lookup(AT_FDCWD, path, 0, false, &inode);
	if (err)
		return err;
	err = inode_type(inode) == S_IFREG ? permit(inode, PERMIT_WRITE) : 0;
	if (!err)
		err = size_limit(inode, (uint64_t)size);
	if (!err)
		err = vfs_truncate(inode, (uint64_t)size);
	inode_put(inode);
	return err;
}

long sys_ftruncate(int fd, int64_t size)
{
	struct file *file;
	int err = -EINVAL;

	if (size < 0)
		return -EINVAL;
	file = fd_get_open(fd);
	if (!file)
		return -EBADF;
	if (inode_type(file->inode) == S_IFREG && file_writable(file))
		err = size_limit(file->inode, (uint64_t)size);
	if (!err)
		err = vfs_truncate(file->inode, (uint64_t)size);
	file_put(file);
	return err;
}

static long fallocate_file(struct file *file, unsigned mode, int64_t start, int64_t len)
{
	if (start < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~(unsigned)(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE) || mode == FALLOC_PUNCH_HOLE)
		return -EOPNOTSUPP;
	if (!file_writable(file))
		return -EBADF;
	if (!(mode & FALLOC_KEEP_SIZE) && len <= INT64_MAX - start && size_limit(file->inode, (uint64_t)(start + len)))
		return -EFBIG;
	return vfs_fallocate(file->inode, mode, (uint64_t)start, (uint64_t)len);
}

long sys_fallocate(int fd, unsigned mode, int64_t start, int64_t len)
{
	struct file *file = fd_get_open(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = fallocate_file(file, mode, start, len);
	file_put(file);
	return ret;
}
