/* SPDX-License-Identifier: MIT */
/* newlib's system calls on files and descriptors, as Linux's. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi.h"
#include "calls.h"

#define LINUX_AT_FDCWD (-100)
#define LINUX_AT_EMPTY_PATH 0x1000
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100
#define LINUX_O_NONBLOCK 04000
#define LINUX_O_APPEND 02000
#define LINUX_O_CLOEXEC 02000000

/* newlib's name for a bit of open(2), and Linux's */
static const struct {
	int newlib, linux_bit;
} open_bits[] = {
	{ O_WRONLY, 1 },
	{ O_RDWR, 2 },
	{ O_CREAT, 0100 },
	{ O_EXCL, 0200 },
	{ O_NOCTTY, 0400 },
	{ O_TRUNC, 01000 },
	{ O_APPEND, LINUX_O_APPEND },
	{ O_NONBLOCK, LINUX_O_NONBLOCK },
	{ O_SYNC, 04010000 },
	{ O_CLOEXEC, LINUX_O_CLOEXEC },
	{ O_DIRECT, ABI_O_DIRECT },
	{ O_DIRECTORY, ABI_O_DIRECTORY },
	{ O_NOFOLLOW, ABI_O_NOFOLLOW },
};

static int to_linux(int flags)
{
	int bits = 0;

	for (unsigned i = 0; i < sizeof(open_bits) / sizeof(open_bits[0]); i++)
		if (flags & open_bits[i].newlib)
			bits |= open_bits[i].linux_bit;
	return bits;
}

static int from_linux(int bits)
{
	int flags = 0;

	for (unsigned i = 0; i < sizeof(open_bits) / sizeof(open_bits[0]); i++)
		if ((bits & open_bits[i].linux_bit) == open_bits[i].linux_bit)
			flags |= open_bits[i].newlib;
	return flags;
}

static int open_mode(int flags, va_list args)
{
	return flags & O_CREAT ? va_arg(args, int) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = open_mode(flags, args);
	va_end(args);
	return (int)call4(openat, LINUX_AT_FDCWD, path, to_linux(flags), mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = open_mode(flags, args);
	va_end(args);
	return (int)call4(openat, dir == AT_FDCWD ? LINUX_AT_FDCWD : dir, path, to_linux(flags), mode);
}

int close(int fd)
{
	return (int)call1(close, fd);
}

/* ---- bytes ---- */

ssize_t read(int fd, void *buf, size_t n)
{
	return call3(read, fd, buf, n);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	return call3(write, fd, buf, n);
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset)
{
	return call4(pread64, fd, buf, n, offset);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	return call4(pwrite64, fd, buf, n, offset);
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
	return call3(readv, fd, iov, count);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	return call3(writev, fd, iov, count);
}

off_t lseek(int fd, off_t offset, int whence)
{
	return call3(lseek, fd, offset, whence);
}

int fsync(int fd)
{
	return (int)call1(fsync, fd);
}

/* ---- what a file is ---- */

static int stat_at(int fd, const char *path, struct stat *st, int flags)
{
	struct abi_stat from;

	if (call4(newfstatat, fd, path, &from, flags) < 0)
		return -1;
	memset(st, 0, sizeof(*st));
	st->st_dev = from.dev;
	st->st_ino = from.ino;
	st->st_mode = from.mode;
	st->st_nlink = (nlink_t)from.nlink;
	st->st_uid = (uid_t)from.uid;
	st->st_gid = (gid_t)from.gid;
	st->st_rdev = from.rdev;
	st->st_size = from.size;
	st->st_blksize = (blksize_t)from.blksize;
	st->st_blocks = (blkcnt_t)from.blocks;
	st->st_atim = (struct timespec){ from.atime, from.atime_nsec };
	st->st_mtim = (struct timespec){ from.mtime, from.mtime_nsec };
	st->st_ctim = (struct timespec){ from.ctime, from.ctime_nsec };
	return 0;
}

int stat(const char *restrict path, struct stat *restrict st)
{
	return stat_at(LINUX_AT_FDCWD, path, st, 0);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
	return stat_at(LINUX_AT_FDCWD, path, st, LINUX_AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
	return stat_at(fd, "", st, LINUX_AT_EMPTY_PATH);
}

int access(const char *path, int mode)
{
	return (int)call3(faccessat, LINUX_AT_FDCWD, path, mode);
}

int isatty(int fd)
{
	char termios[64];

	return call3(ioctl, fd, 0x5401, termios) == 0; /* TCGETS */
}

/* ---- names ---- */

int unlink(const char *path)
{
	return (int)call3(unlinkat, LINUX_AT_FDCWD, path, 0);
}

int link(const char *from, const char *to)
{
	return (int)call5(linkat, LINUX_AT_FDCWD, from, LINUX_AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode)
{
	return (int)call3(mkdirat, LINUX_AT_FDCWD, path, mode);
}

int rename(const char *from, const char *to)
{
	return (int)call5(renameat2, LINUX_AT_FDCWD, from, LINUX_AT_FDCWD, to, 0);
}

ssize_t readlink(const char *restrict path, char *restrict buf, size_t size)
{
	return call4(readlinkat, LINUX_AT_FDCWD, path, buf, size);
}

int chdir(const char *path)
{
	return (int)call1(chdir, path);
}

int fchdir(int fd)
{
	return (int)call1(fchdir, fd);
}

char *getcwd(char *buf, size_t size)
{
	char *to = buf ? buf : malloc(size ? size : (size = PATH_MAX));

	if (!to || call2(getcwd, to, size) < 0) {
		if (!buf)
			free(to);
		return NULL;
	}
	return to;
}

/* ---- descriptors ---- */

int dup(int fd)
{
	return (int)call1(dup, fd);
}

int dup2(int from, int to)
{
	if (from == to)
		return fcntl(from, F_GETFD) < 0 ? -1 : to;
	return (int)call3(dup3, from, to, 0);
}

int dup3(int from, int to, int flags)
{
	return (int)call3(dup3, from, to, to_linux(flags));
}

int pipe(int fds[2])
{
	return (int)call2(pipe2, fds, 0);
}

int pipe2(int fds[2], int flags)
{
	return (int)call2(pipe2, fds, to_linux(flags));
}

/* newlib's commands 0 to 4 are Linux's. */
int fcntl(int fd, int command, ...)
{
	long arg, result;
	va_list args;

	va_start(args, command);
	arg = va_arg(args, long);
	va_end(args);
	if (command > F_SETFL) {
		errno = EINVAL;
		return -1;
	}
	result = call3(fcntl, fd, command, command == F_SETFL ? to_linux((int)arg) : arg);
	return (int)(command == F_GETFL && result >= 0 ? from_linux((int)result) : result);
}
