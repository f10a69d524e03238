/* SPDX-License-Identifier: MIT */
/* System calls about whole file systems, and about data's way to the device. */
#include "init/syscalls.h"

#include "init/files.h"
#include "init/linux.h"
#include "init/where.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

long sys_sync(void)
{
	vfs_sync();
	return 0;
}

static long sync_range(int fd, uint64_t start, uint64_t end, bool data_only)
{
	struct file *file = fd_get_open(fd);
	int err;

	if (!file)
		return -EBADF;
	err = vfs_fsync_range(file, start, end, data_only);
	file_put(file);
	return err;
}

long sys_fsync(int fd)
{
	return sync_range(fd, 0, UINT64_MAX, false);
}

long sys_fdatasync(int fd)
{
	return sync_range(fd, 0, UINT64_MAX, true);
}

long sys_syncfs(int fd)
{
	struct file *file = fd_get_open(fd);
	int err;

	if (!file)
		return -EBADF;
	err = vfs_syncfs(file->inode->super);
	file_put(file);
	return err;
}

enum { SYNC_FILE_RANGE_ALL = 7 };

long sys_sync_file_range(int fd, int64_t start, int64_t n, unsigned flags)
{
	struct file *file = fd_get_open(fd);
	long ret = 0;

	if (!file)
		return -EBADF;
	if (flags & ~(unsigned)SYNC_FILE_RANGE_ALL || start < 0 || n < 0 || start > INT64_MAX - n)
		ret = -EINVAL;
	else if (inode_type(file->inode) != S_IFREG && inode_type(file->inode) != S_IFDIR)
		ret = -ESPIPE;
	else if (flags)
		ret = vfs_fsync_range(file, (uint64_t)start, n ? (uint64_t)(start + n) : UINT64_MAX, true);
	file_put(file);
	return ret;
}

/* ---- how full it is ---- */

static long usage_to_user(struct super *super, uintptr_t out)
{
	struct linux_statfs st;
	struct fs_usage u;

	vfs_usage(super, &u);
	st = (struct linux_statfs){
		.type = (int64_t)u.magic, .bsize = (int64_t)u.block_size, .frsize = (int64_t)u.block_size,
		.blocks = (int64_t)u.blocks, .bfree = (int64_t)u.free, .bavail = (int64_t)u.available,
		.files = (int64_t)u.inodes, .ffree = (int64_t)u.free_inodes, .fsid = { (int32_t)super->dev },
		.namelen = NAME_MAX, .flags = 0x20 | (super->read_only ? 1 : 0), /* ST_VALID, ST_RDONLY */
	};
	return copy_to_user(out, &st, sizeof(st));
}

long sys_statfs(uintptr_t path, uintptr_t out)
{
	struct inode *inode;
	long ret = user_lookup(AT_FDCWD, path, 0, false, &inode);

	if (ret)
		return ret;
	ret = usage_to_user(inode->super, out);
	inode_put(inode);
	return ret;
}

long sys_fstatfs(int fd, uintptr_t out)
{
	struct file *file = fd_get(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = usage_to_user(file->inode->super, out);
	file_put(file);
	return ret;
}
