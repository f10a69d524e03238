/* SPDX-License-Identifier: MIT */
/* newlib's system calls on files, as Linux's. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"
#include "calls.h"

#define LINUX_AT_FDCWD (-100)
#define LINUX_AT_EMPTY_PATH 0x1000
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100

/* newlib's name for a bit of open(2), and Linux's */
static const struct {
	int newlib, linux_bit;
} open_bits[] = {
	{ O_WRONLY, 1 },	 { O_RDWR, 2 },		    { O_CREAT, 0100 },	   { O_EXCL, 0200 },
	{ O_NOCTTY, 0400 },	 { O_TRUNC, 01000 },	    { O_APPEND, 02000 },   { O_NONBLOCK, 04000 },
	{ O_SYNC, 04010000 },	 { O_CLOEXEC, 02000000 },   { O_DIRECTORY, ABI_O_DIRECTORY },
	{ O_NOFOLLOW, ABI_O_NOFOLLOW },
};

int open(const char *path, int flags, ...)
{
	int bits = 0, mode;
	va_list args;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, int) : 0;
	va_end(args);
	for (unsigned i = 0; i < sizeof(open_bits) / sizeof(open_bits[0]); i++)
		if (flags & open_bits[i].newlib)
			bits |= open_bits[i].linux_bit;
	return (int)call4(openat, LINUX_AT_FDCWD, path, bits, mode);
}

int close(int fd)
{
	return (int)call1(close, fd);
}

_READ_WRITE_RETURN_TYPE read(int fd, void *buf, size_t n)
{
	return (int)call3(read, fd, buf, n);
}

_READ_WRITE_RETURN_TYPE write(int fd, const void *buf, size_t n)
{
	return (int)call3(write, fd, buf, n);
}

off_t lseek(int fd, off_t offset, int whence)
{
	return call3(lseek, fd, offset, whence);
}

static int stat_at(int fd, const char *path, struct stat *st, int flags)
{
	struct abi_stat from;

	if (call4(newfstatat, fd, path, &from, flags) < 0)
		return -1;
	memset(st, 0, sizeof(*st));
	st->st_dev = (dev_t)from.dev;
	st->st_ino = (ino_t)from.ino;
	st->st_mode = from.mode;
	st->st_nlink = (nlink_t)from.nlink;
	st->st_uid = (uid_t)from.uid;
	st->st_gid = (gid_t)from.gid;
	st->st_size = from.size;
	st->st_blksize = (blksize_t)from.blksize;
	st->st_blocks = (blkcnt_t)from.blocks;
	st->st_atim = (struct timespec){ from.atime, from.atime_nsec };
	st->st_mtim = (struct timespec){ from.mtime, from.mtime_nsec };
	st->st_ctim = (struct timespec){ from.ctime, from.ctime_nsec };
	return 0;
}

int stat(const char *path, struct stat *st)
{
	return stat_at(LINUX_AT_FDCWD, path, st, 0);
}

int lstat(const char *path, struct stat *st)
{
	return stat_at(LINUX_AT_FDCWD, path, st, LINUX_AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
	return stat_at(fd, "", st, LINUX_AT_EMPTY_PATH);
}

int isatty(int fd)
{
	char termios[64];

	return call3(ioctl, fd, 0x5401, termios) == 0;
}

int unlink(const char *path)
{
	return (int)call3(unlinkat, LINUX_AT_FDCWD, path, 0);
}

int link(const char *from, const char *to)
{
	return (int)call5(linkat, LINUX_AT_FDCWD, from, LINUX_AT_FDCWD, to, 0);
}

ssize_t readlink(const char *path, char *buf, size_t size)
{
	return call4(readlinkat, LINUX_AT_FDCWD, path, buf, size);
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset)
{
	return call4(pread64, fd, buf, n, offset);
}

int pipe(int fds[2])
{
	return (int)call2(pipe2, fds, 0);
}

int dup2(int from, int to)
{
	return from == to ? to : (int)call3(dup3, from, to, 0);
}
