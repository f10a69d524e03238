/* SPDX-License-Identifier: MIT */
/*
 * System calls on extended attributes, of which no file has any: a list is empty, and everything else is EOPNOTSUPP, as on Linux on a file
 * system without them, for arguments that are good.
 */
#include "init/syscalls.h"

#include "init/files.h"
#include "init/linux.h"
#include "init/where.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

enum { XATTR_FLAGS = 3, XATTR_NAME_MAX = 255, XATTR_SIZE_MAX = 65536 };

static long name_check(uintptr_t name)
{
	char buf[XATTR_NAME_MAX + 1];
	long len = strncpy_from_user(buf, name, sizeof(buf));

	return len == -EFAULT ? -EFAULT : len <= 0 ? -ERANGE : 0;
}

static long set_check(uintptr_t name, uintptr_t value, size_t size, int flags)
{
	long err = flags & ~XATTR_FLAGS ? -EINVAL : name_check(name);
	char byte;

	if (err || !size)
		return err;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	return copy_from_user(&byte, value, 1) || copy_from_user(&byte, value + size - 1, 1) ? -EFAULT : 0;
}

/* What `answer` is for a file that is there. */
static long at_path(uintptr_t path, unsigned flags, long answer)
{
	struct inode *inode;
	int err = user_lookup(AT_FDCWD, path, flags, false, &inode);

	if (err)
		return err;
	inode_put(inode);
	return answer;
}

static long at_fd(int fd, long answer)
{
	struct file *file = fd_get_open(fd);

	if (!file)
		return -EBADF;
	file_put(file);
	return answer;
}

long sys_setxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size, int flags)
{
	long err = set_check(name, value, size, flags);

	return err ? err : at_path(path, 0, -EOPNOTSUPP);
}

long sys_lsetxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size, int flags)
{
	long err = set_check(name, value, size, flags);

	return err ? err : at_path(path, LOOKUP_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fsetxattr(int fd, uintptr_t name, uintptr_t value, size_t size, int flags)
{
	long err = at_fd(fd, 0);

	if (!err)
		err = set_check(name, value, size, flags);
	return err ? err : -EOPNOTSUPP;
}

long sys_getxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size)
{
	long err = name_check(name);

	return err ? err : at_path(path, 0, -EOPNOTSUPP);
}

long sys_lgetxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size)
{
	long err = name_check(name);

	return err ? err : at_path(path, LOOKUP_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fgetxattr(int fd, uintptr_t name, uintptr_t value, size_t size)
{
	long err = at_fd(fd, 0);

	if (!err)
		err = name_check(name);
	return err ? err : -EOPNOTSUPP;
}

long sys_listxattr(uintptr_t path, uintptr_t list, size_t size)
{
	return at_path(path, 0, 0);
}

long sys_llistxattr(uintptr_t path, uintptr_t list, size_t size)
{
	return at_path(path, LOOKUP_NOFOLLOW, 0);
}

long sys_flistxattr(int fd, uintptr_t list, size_t size)
{
	return at_fd(fd, 0);
}

long sys_removexattr(uintptr_t path, uintptr_t name)
{
	long err = name_check(name);

	return err ? err : at_path(path, 0, -EOPNOTSUPP);
}

long sys_lremovexattr(uintptr_t path, uintptr_t name)
{
	long err = name_check(name);

	return err ? err : at_path(path, LOOKUP_NOFOLLOW, -EOPNOTSUPP);
}

long sys_fremovexattr(int fd, uintptr_t name)
{
	long err = at_fd(fd, 0);

	if (!err)
		err = name_check(name);
	return err ? err : -EOPNOTSUPP;
}
