/* SPDX-License-Identifier: MIT */
/* What a file keeps: what was written before it had a name, the time of a store through a mapping, where its holes are. */
#define _GNU_SOURCE
#include "outcome.h"
#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define HERE (-100)
#define EMPTY 0x1000l /* AT_EMPTY_PATH */
#define FOLLOW 0x400
#ifdef __aarch64__
#define L_TMPFILE (020000000 | 040000)
#else
#define L_TMPFILE (020000000 | 0200000)
#endif
#define L_DATA 3
#define L_HOLE 4
#define OTHERS 1500 /* more than the kernel keeps unused in memory */

/* ---- a name that comes late ---- */

static int link_fd(int fd, const char *name)
{
	char path[40];

	sprintf(path, "/proc/self/fd/%d", fd);
	if (access("/proc/self/fd", F_OK)) /* Linux in a root of its own */
		return err(syscall(SYS_linkat, fd, "", HERE, name, EMPTY));
	return err(syscall(SYS_linkat, HERE, path, HERE, name, FOLLOW));
}

static void others(void (*fn)(const char *name))
{
	char name[32];

	for (unsigned i = 0; i < OTHERS; i++) {
		sprintf(name, "other%u", i);
		fn(name);
	}
}

static void make_other(const char *name)
{
	close(open(name, O_CREAT | O_RDWR, 0600));
}

static void remove_other(const char *name)
{
	unlink(name);
}

static void late_name(const char *where)
{
	static char buf[3 * PAGE], got[3 * PAGE];
	int fd = (int)syscall(SYS_openat, HERE, ".", L_TMPFILE | O_RDWR, 0600), back;

	if (fd < 0 && errno == EOPNOTSUPP) {
		tap_skip("a file without a name", "this file system has none");
		return;
	}
	memset(buf, 'x', sizeof(buf));
	ok(fd >= 0 && write(fd, buf, sizeof(buf)) == (ssize_t)sizeof(buf) && of(fd).st_nlink == 0, "%s: a file without a name", where);
	ok(link_fd(fd, "late") == 0 && of(fd).st_nlink == 1, "%s: it gets one", where);
	close(fd);
	others(make_other);
	back = open("late", O_RDWR);
	ok(back >= 0 && read(back, got, sizeof(got)) == (ssize_t)sizeof(got) && !memcmp(buf, got, sizeof(buf)),
	   "%s: what was written before is there when many other files have been open", where);
	others(remove_other);
	ok(unlink("late") == 0 && of(back).st_nlink == 0 && link_fd(back, "late") == ENOENT, "%s: without its name again, it gets no other", where);
	close(back);
}

/* ---- times ---- */

static int after(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static void stores(const char *where)
{
	struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };
	int fd = open("mapped", O_CREAT | O_RDWR, 0600);
	struct stat was, now;
	char *p;

	ftruncate(fd, 2 * PAGE);
	was = of(fd);
	pause_ms(30);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p[0] = 1;
	now = of(fd);
	ok(after(now.st_mtim, was.st_mtim) && after(now.st_ctim, was.st_ctim), "%s: a store through a mapping is a change", where);
	was = of(fd);
	ok(!after(was.st_mtim, now.st_mtim), "%s: once", where);
	pause_ms(30);
	p[PAGE] = 1;
	syscall(SYS_utimensat, fd, NULL, old, 0);
	now = of(fd);
	ok(now.st_mtim.tv_sec == 2000 && after(now.st_ctim, was.st_ctim), "%s: a time that is set later stays", where);
	munmap(p, 2 * PAGE);
	close(fd);
	pause_ms(30);
	fd = open("mapped", O_RDWR);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	p[0] = 2;
	munmap(p, 2 * PAGE);
	fd = open("mapped", O_RDWR);
	ok(after(of(fd).st_mtim, now.st_ctim), "%s: a store after the close counts too", where);
	close(fd);
	unlink("mapped");
}

/* ---- holes ---- */

static long seek_to(int fd, long from, int whence)
{
	long at = syscall(SYS_lseek, fd, from, whence);

	return at < 0 ? -errno : at;
}

static void holes(void)
{
	int fd = open("holes", O_CREAT | O_RDWR, 0600);

	pwrite(fd, "x", 1, 5 * PAGE + 10);
	pwrite(fd, "x", 1, 6 * PAGE);
	ftruncate(fd, (5l << 30) + 5);
	ok(seek_to(fd, 0, L_DATA) == 5 * (long)PAGE && seek_to(fd, 5 * PAGE + 20, L_DATA) == 5 * (long)PAGE + 20, "where data is");
	ok(seek_to(fd, 0, L_HOLE) == 0 && seek_to(fd, 5 * PAGE + 20, L_HOLE) == 7 * (long)PAGE && seek_to(fd, 8 * PAGE, L_HOLE) == 8 * (long)PAGE,
	   "where a hole is");
	ok(seek_to(fd, 8 * PAGE, L_DATA) == -ENXIO && seek_to(fd, (5l << 30) + 5, L_HOLE) == -ENXIO && seek_to(fd, -1, L_DATA) == -ENXIO,
	   "none behind: ENXIO");
	pwrite(fd, "x", 1, (5l << 30) + 4);
	ok(seek_to(fd, 8 * PAGE, L_DATA) == 5l << 30 && seek_to(fd, 5l << 30, L_HOLE) == (5l << 30) + 5, "the end is a hole");
	ok(seek_to(fd, 0, 1) == (5l << 30) + 5, "the position moves");
	close(fd);
	unlink("holes");
}

static void in(const char *base, const char *where, int memory)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "%s/lasting-%d", base, getpid());
	if (mkdir(dir, 0755) || chdir(dir)) {
		ok(0, "%s: a directory to work in: %s", dir, strerror(errno));
		return;
	}
	late_name(where);
	stores(where);
	if (memory)
		holes();
	ok(chdir("/") == 0 && rmdir(dir) == 0, "%s: nothing is left", where);
}

int main(int argc, char **argv)
{
	in("/tmp", "memory", 1);
	in(argc > 1 ? argv[1] : "", "disk", 0);
	return tap_done();
}
