/* SPDX-License-Identifier: MIT */
/* Files that change: bytes, sizes, holes, times; what each call refuses; and that the memory comes back. */
#define _GNU_SOURCE
#include "outcome.h"
#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Linux's numbers: newlib has its own. */
#define HERE (-100)
#define NOFOLLOW 0x100
#define KEEP_SIZE 1
#define PUNCH_HOLE 2
#define OMIT 0x3ffffffe
#define NOW 0x3fffffff

static int fill_is(int fd, off_t from, size_t n, char c)
{
	char buf[256];

	while (n) {
		size_t part = n < sizeof(buf) ? n : sizeof(buf);

		if (pread(fd, buf, part, from) != (ssize_t)part)
			return 0;
		for (size_t i = 0; i < part; i++)
			if (buf[i] != c)
				return 0;
		from += (off_t)part;
		n -= part;
	}
	return 1;
}

static int falloc(int fd, int mode, long start, long len)
{
	return err(syscall(SYS_fallocate, fd, mode, start, len));
}

static void bytes(void)
{
	char buf[64];
	int fd = open("f", O_CREAT | O_RDWR, 0644), other;

	ok(write(fd, "hello", 5) == 5 && of(fd).st_size == 5 && pread(fd, buf, 64, 0) == 5 && !memcmp(buf, "hello", 5), "write and read");
	ok(pwrite(fd, "J", 1, 0) == 1 && pwrite(fd, "!", 1, 9000) == 1 && of(fd).st_size == 9001 && fill_is(fd, 5, 8995, 0),
	   "behind the end: zeroes between");
	ok(ftruncate(fd, 3) == 0 && of(fd).st_size == 3 && ftruncate(fd, 6000) == 0 && fill_is(fd, 3, 5997, 0),
	   "shorter, and longer again: zeroes");
	ok(pread(fd, buf, 3, 0) == 3 && !memcmp(buf, "Jel", 3), "what stayed");
	ok(lseek(fd, 0, SEEK_END) == 6000 && read(fd, buf, 10) == 0, "nothing at the end");
	other = open("f", O_WRONLY | O_APPEND);
	ok(write(other, "ab", 2) == 2 && lseek(other, 0, SEEK_CUR) == 6002 && pwrite(other, "cd", 2, 0) == 2 && of(fd).st_size == 6004,
	   "O_APPEND, pwrite too");
	ok(pread(fd, buf, 4, 6000) == 4 && !memcmp(buf, "abcd", 4), "at the end");
	ok(err(read(other, buf, 1)) == EBADF && close(other) == 0, "not for reading: EBADF");
	other = open("f", O_RDONLY);
	ok(err(write(other, "x", 1)) == EBADF && err(ftruncate(other, 0)) == EINVAL, "not for writing: EBADF, EINVAL");
	ok(err(syscall(SYS_write, fd, 1, 1)) == EFAULT && of(fd).st_size == 6004, "from nowhere: EFAULT, nothing changed");
	close(other);
	other = open("f", O_RDWR | O_TRUNC);
	ok(of(fd).st_size == 0 && close(other) == 0, "O_TRUNC");
	close(fd);
	ok(unlink("f") == 0, "gone");
}

static void sizes(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	unsigned long old[2], small[2] = { 4096, 0 };

	ok(err(truncate("none", 0)) == ENOENT && err(truncate(".", 0)) == EISDIR && err(ftruncate(fd, -1)) == EINVAL &&
	   err(truncate("f", -1)) == EINVAL, "truncate's errors");
	ok(truncate("f", 100000) == 0 && of(fd).st_size == 100000 && of(fd).st_blocks == 0, "a hole has no blocks");
	syscall(SYS_prlimit64, 0, 1, NULL, old); /* RLIMIT_FSIZE */
	signal(SIGXFSZ, SIG_IGN);
	small[1] = old[1];
	syscall(SYS_prlimit64, 0, 1, small, NULL);
	ok(err(ftruncate(fd, 200000)) == EFBIG && ftruncate(fd, 50) == 0 && err(ftruncate(fd, 4097)) == EFBIG && ftruncate(fd, 4096) == 0,
	   "RLIMIT_FSIZE: EFBIG");
	ok(pwrite(fd, "ab", 2, 4095) == 1 && err(pwrite(fd, "ab", 2, 4096)) == EFBIG, "write too, cut at the limit");
	syscall(SYS_prlimit64, 0, 1, old, NULL);
	close(fd);
	unlink("f");
}

static void holes(void)
{
	static char page[4096];
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	long full;

	memset(page, 'x', sizeof(page));
	for (int i = 0; i < 8; i++)
		if (write(fd, page, sizeof(page)) != sizeof(page))
			break;
	fsync(fd);
	full = of(fd).st_blocks;
	ok(full >= 64, "eight pages have blocks");
	if (falloc(fd, PUNCH_HOLE | KEEP_SIZE, 4096, 8192) == EOPNOTSUPP) {
		tap_skip("holes", "not on this file system");
	} else {
		ok(of(fd).st_size == 32768 && full - of(fd).st_blocks >= 16 && fill_is(fd, 4096, 8192, 0), "a hole gives them back");
		ok(falloc(fd, PUNCH_HOLE | KEEP_SIZE, 100, 200) == 0 && fill_is(fd, 100, 200, 0) && fill_is(fd, 0, 100, 'x') &&
	   fill_is(fd, 300, 3796, 'x'), "one within a page");
		ok(falloc(fd, PUNCH_HOLE, 0, 1) == EOPNOTSUPP && falloc(fd, 0x400, 0, 1) == EOPNOTSUPP, "not without KEEP_SIZE");
	}
	ok(falloc(fd, 0, -1, 5) == EINVAL && falloc(fd, 0, 0, 0) == EINVAL && falloc(99, 0, 0, 1) == EBADF, "fallocate's errors");
	ok(falloc(fd, KEEP_SIZE, 32768, 4096) == 0 && of(fd).st_size == 32768, "KEEP_SIZE");
	ok(falloc(fd, 0, 32768, 4096) == 0 && of(fd).st_size == 36864 && fill_is(fd, 32768, 4096, 0), "or longer");
	close(fd);
	unlink("f");
}

static void mapped(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	char *m, *p, c = 0;

	ftruncate(fd, 12288);
	m = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ok(m != MAP_FAILED && p != MAP_FAILED && m[5000] == 0, "a hole is mapped as zeroes");
	m[5000] = 'm';
	ok(p[5000] == 'm' && pread(fd, &c, 1, 5000) == 1 && c == 'm', "a store is seen by other mappings and read");
	p[5001] = 'p';
	ok(m[5001] == 0 && pwrite(fd, "w", 1, 5002) == 1 && m[5002] == 'w' && p[5002] != 'w', "a private copy is private, a write is seen");
	unlink("f");
	close(fd);
	ok(m[5000] == 'm', "a mapping keeps the file");
	munmap(m, 12288);
	munmap(p, 12288);
}

static int later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static void tick(void)
{
	struct timespec t = { 0, 20000000 };

	nanosleep(&t, NULL);
}

static void times(void)
{
	long set[4] = { 1000, 5, 2000, 7 };
	int fd = open("f", O_CREAT | O_RDWR, 0644);
	struct stat a = of(fd), b;

	tick();
	write(fd, "x", 1);
	b = of(fd);
	ok(later(b.st_mtim, a.st_mtim) && later(b.st_ctim, a.st_ctim) && !later(b.st_atim, a.st_atim), "write: mtime and ctime");
	a = b;
	tick();
	fchmod(fd, 0600);
	b = of(fd);
	ok(!later(b.st_mtim, a.st_mtim) && later(b.st_ctim, a.st_ctim), "chmod: ctime");
	ok(syscall(SYS_utimensat, HERE, "f", set, 0) == 0 && of(fd).st_atim.tv_sec == 1000 && of(fd).st_mtim.tv_sec == 2000 &&
	   later(of(fd).st_ctim, b.st_ctim) + !later(b.st_ctim, of(fd).st_ctim) > 0, "utimensat");
	set[1] = OMIT, set[3] = NOW;
	ok(syscall(SYS_utimensat, fd, NULL, set, 0) == 0 && of(fd).st_atim.tv_sec == 1000 && of(fd).st_mtim.tv_sec != 2000,
	   "UTIME_OMIT, UTIME_NOW, a descriptor");
	set[1] = 1000000000;
	ok(err(syscall(SYS_utimensat, HERE, "f", set, 0)) == EINVAL && err(syscall(SYS_utimensat, HERE, "none", set, 0)) == ENOENT,
	   "bad nanoseconds: EINVAL, but ENOENT first");
	set[1] = set[3] = OMIT;
	ok(syscall(SYS_utimensat, HERE, "none", set, 99) == 0, "both omitted: nothing is looked at");
	set[1] = set[3] = 0;
	ok(err(syscall(SYS_utimensat, HERE, "f", set, 1)) == EINVAL && err(syscall(SYS_utimensat, HERE, NULL, set, 0)) == EFAULT &&
	   err(syscall(SYS_utimensat, 99, NULL, set, 0)) == EBADF, "its other errors");
	stat(".", &a);
	tick();
	link("f", "g");
	stat(".", &b);
	ok(later(b.st_mtim, a.st_mtim) && later(b.st_ctim, a.st_ctim), "a new name: the directory's mtime and ctime");
	close(fd);
	unlink("f"), unlink("g");
}

struct usage {
	long type, bsize, blocks, bfree, bavail, files, ffree;
	int fsid[2];
	long namelen, frsize, flags, spare[4];
};

/* What a file of a mebibyte takes from the file system while it is there, and after it has gone. */
static void take_mebibyte(long *there, long *gone)
{
	static char page[65536];
	struct usage before, during, after;
	int fd = open("f", O_CREAT | O_RDWR, 0644);

	memset(page, 1, sizeof(page));
	syscall(SYS_statfs, ".", &before);
	for (int i = 0; i < 16; i++)
		write(fd, page, sizeof(page));
	fsync(fd);
	syscall(SYS_fstatfs, fd, &during);
	unlink("f");
	close(fd);
	syscall(SYS_sync);
	syscall(SYS_statfs, ".", &after);
	*there = (before.bfree - during.bfree) * before.bsize;
	*gone = (before.bfree - after.bfree) * before.bsize;
}

static void usage(void)
{
	struct usage u;
	long there = 0, gone = 0;

	ok(syscall(SYS_statfs, ".", &u) == 0 && u.namelen == 255 && u.blocks && u.bsize, "statfs");
	ok(err(syscall(SYS_statfs, "none", &u)) == ENOENT && err(syscall(SYS_fstatfs, 99, &u)) == EBADF &&
	   err(syscall(SYS_statfs, ".", 1)) == EFAULT, "its errors");
	/* On a machine with other users a try may be spoilt by them. */
	for (int i = 0; i < 20 && (there < 1 << 20 || gone >= 1 << 20); i++)
		take_mebibyte(&there, &gone);
	ok(there >= 1 << 20, "a mebibyte is missing");
	ok(gone < 1 << 20, "and comes back with the last close");
}

static void sync_calls(void)
{
	int fd = open("f", O_CREAT | O_RDWR, 0644), p[2];

	ok(fsync(fd) == 0 && syscall(SYS_fdatasync, fd) == 0 && syscall(SYS_syncfs, fd) == 0 && syscall(SYS_sync_file_range, fd, 0L, 0L, 7) == 0,
	   "fsync and kin");
	ok(err(fsync(99)) == EBADF && err(syscall(SYS_syncfs, 99)) == EBADF && err(syscall(SYS_sync_file_range, fd, 0L, 0L, 8)) == EINVAL,
	   "their errors");
	ok(pipe(p) == 0 && err(fsync(p[0])) == EINVAL && err(syscall(SYS_fallocate, p[1], 0, 0L, 1L)) == ESPIPE &&
	   err(ftruncate(p[1], 1)) == EINVAL, "of a pipe");
	close(p[0]), close(p[1]), close(fd);
	unlink("f");
}

int main(int argc, char **argv)
{
	const char *base = argc > 1 ? argv[1] : access("/tmp", W_OK) ? "." : "/tmp";
	char name[64];

	snprintf(name, sizeof(name), "%s/attrs-%d", base, getpid());
	if (mkdir(name, 0755) || chdir(name)) {
		ok(0, "a directory to work in: %s: %s", name, strerror(errno));
		return tap_done();
	}
	bytes();
	sizes();
	holes();
	mapped();
	times();
	usage();
	sync_calls();
	ok(chdir("..") == 0 && rmdir(strrchr(name, '/') + 1) == 0, "the directory is empty in the end");
	return tap_done();
}
