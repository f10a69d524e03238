/* SPDX-License-Identifier: MIT */
/* memfd_create: files in memory without any name. */
#include "init/syscalls.h"

#include "fs/seals.h"
#include "fs/vfs.h"
#include "init/files.h"
#include "init/root.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

enum { MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 16, MEMFD_NAME_MAX = 249 };

static int memfd_open(const char *name, unsigned flags, struct file **file)
{
	struct inode *inode;
	int err = memfd_super ? vfs_make_unnamed(memfd_super->root, flags & MFD_NOEXEC_SEAL ? 0666 : 0777, true, &inode) : -ENOMEM;

	if (err)
		return err;
	strlcpy(inode->name, "memfd:", sizeof(inode->name)); /* nobody else has it yet */
	strlcat(inode->name, name, sizeof(inode->name));
	if (flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL))
		inode->seals = flags & MFD_NOEXEC_SEAL ? VFS_SEAL_EXEC : 0;
	err = vfs_open_inode(inode, VFS_READ | VFS_WRITE, file);
	inode_put(inode);
	return err;
}

static long memfd_install(const char *name, unsigned flags)
{
	int fd = fd_reserve(0, flags & MFD_CLOEXEC), err;
	struct file *file;

	if (fd < 0)
		return fd;
	err = memfd_open(name, flags, &file);
	if (err) {
		fd_unreserve(fd);
		return err;
	}
	fd_install(fd, file);
	return fd;
}

long sys_memfd_create(uintptr_t user, unsigned flags)
{
	char name[MEMFD_NAME_MAX + 1];
	long len;

	if (flags & ~(unsigned)(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC) ||
	    (flags & (MFD_EXEC | MFD_NOEXEC_SEAL)) == (MFD_EXEC | MFD_NOEXEC_SEAL))
		return -EINVAL;
	len = strncpy_from_user(name, user, sizeof(name));
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	return memfd_install(name, flags);
}
