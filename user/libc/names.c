/* SPDX-License-Identifier: MIT */
/* newlib's system calls on names and attributes of files, as Linux's. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"

#define LINUX_AT_FDCWD (-100)

int rmdir(const char *path)
{
	return (int)call3(unlinkat, LINUX_AT_FDCWD, path, 0x200);
}

int symlink(const char *text, const char *path)
{
	return (int)call3(symlinkat, text, LINUX_AT_FDCWD, path);
}

mode_t umask(mode_t mask)
{
	return (mode_t)call1(umask, mask);
}

int chmod(const char *path, mode_t mode)
{
	return (int)call3(fchmodat, LINUX_AT_FDCWD, path, mode);
}

int fchmod(int fd, mode_t mode)
{
	return (int)call2(fchmod, fd, mode);
}

int chown(const char *path, uid_t uid, gid_t gid)
{
	return (int)call5(fchownat, LINUX_AT_FDCWD, path, uid == (uid_t)-1 ? -1 : (int)uid, gid == (gid_t)-1 ? -1 : (int)gid, 0);
}

int ftruncate(int fd, off_t size)
{
	return (int)call2(ftruncate, fd, size);
}

int truncate(const char *path, off_t size)
{
	return (int)call2(truncate, path, size);
}
