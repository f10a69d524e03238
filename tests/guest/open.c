/* SPDX-License-Identifier: MIT */
/* What open, lseek and pread refuse, and with which error; positions of directories; numbers of inodes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

#define LONGEST 4096 /* Linux's PATH_MAX */
#define LINUX_O_PATH 010000000
#ifdef __aarch64__
#define LINUX_O_NOFOLLOW 0100000
#else
#define LINUX_O_NOFOLLOW 0400000
#endif

/* With Linux's own flags, of which newlib does not know all. */
static int open_raw(const char *path, long flags)
{
	return (int)syscall(SYS_openat, -100l, path, flags, 0l);
}

static int refused(const char *path, int flags, int error)
{
	int fd = open(path, flags, 0644);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno != error)
		printf("# %s: %s\n", path, strerror(errno));
	return errno == error;
}

static void test_create(void)
{
	const int create = O_WRONLY | O_CREAT;

	ok(refused("/data/none/new", create, ENOENT), "no such directory: ENOENT");
	ok(refused("/data/one/new", create, ENOTDIR), "in a file: ENOTDIR");
	ok(refused("/data/new/", create, EISDIR), "a slash behind the new name: EISDIR");
	ok(refused("/data", create, EISDIR), "over a directory: EISDIR");
	ok(refused("/data/one", create | O_EXCL, EEXIST), "O_EXCL over a file: EEXIST");
	ok(refused("/data/loop", create | O_EXCL, EEXIST), "O_EXCL over a link that leads nowhere: EEXIST");
	ok(refused("/data/loop", create, ELOOP), "through a link to itself: ELOOP");
	ok(refused("/data/slow", create, ENOENT), "through a link into no directory: ENOENT");
	ok(refused("", create, ENOENT), "nothing: ENOENT");
}

static void test_read_only(void)
{
	if (access("/data", W_OK) == 0 || errno != EROFS) {
		tap_skip("writing", "the file system can be written");
		return;
	}
	ok(refused("/data/new", O_WRONLY | O_CREAT, EROFS), "a new file: EROFS");
	ok(refused("/data/one", O_RDWR, EROFS) && refused("/data/one", O_RDONLY | O_TRUNC, EROFS), "writing, truncating: EROFS");
	ok(access("/data/one", R_OK) == 0 && access("/dev/null", W_OK) == 0, "reading, and writing devices, is allowed");
}

static void test_flags(void)
{
	struct stat st;
	char byte;
	int fd;

	ok(refused("/data/dirlink", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, ENOTDIR), "O_DIRECTORY, O_NOFOLLOW of a link to one: ENOTDIR");
	ok(!refused("/data/dirlink/", O_RDONLY | O_NOFOLLOW, 0), "a slash behind a link follows it all the same");
	ok(refused("/data", O_RDONLY | O_TRUNC, EISDIR), "O_TRUNC of a directory: EISDIR");
	fd = open_raw("/data/dirlink", LINUX_O_PATH | LINUX_O_NOFOLLOW);
	ok(fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode), "O_PATH opens a link itself");
	ok(read(fd, &byte, 1) == -1 && errno == EBADF, "and cannot be read: EBADF");
	close(fd);
	fd = open_raw("/data/one", O_WRONLY | LINUX_O_PATH);
	ok(fd >= 0 && write(fd, "x", 1) == -1 && errno == EBADF, "O_PATH allows no writing, whatever else is asked");
	close(fd);
}

static void test_long_path(void)
{
	static char path[LONGEST + 100];

	strcpy(path, "/data/");
	while (strlen(path) < LONGEST - 20)
		strcat(path, "./");
	strcat(path, "dirlink/");
	ok(!refused(path, O_RDONLY, 0), "a link at the end of a very long path");
	strcat(path, "././././././././");
	ok(refused(path, O_RDONLY, ENAMETOOLONG), "4,096 bytes: ENAMETOOLONG");
}

static void test_positions(void)
{
	int fd = open("/data/odd", O_RDONLY);
	char buf[10];

	ok(syscall(SYS_pread64, fd, buf, 10l, LONG_MAX - 5) == -1 && errno == EINVAL, "pread over the end of all positions: EINVAL");
	ok(pread(fd, buf, 10, 1l << 41) == 0, "pread far behind the end: nothing");
	ok(syscall(SYS_pread64, fd, buf, 10l, -1l) == -1 && errno == EINVAL, "pread at -1: EINVAL");
	ok(lseek(fd, 5, SEEK_SET) == 5 && lseek(fd, LONG_MAX, SEEK_CUR) == -1 && errno == EINVAL, "a position that overflows: EINVAL");
	ok(lseek(fd, 0, SEEK_CUR) == 5, "leaves the old one");
	ok(lseek(fd, 100, 3) == 100 && lseek(fd, (1 << 20) + 12345, 3) == -1 && errno == ENXIO, "SEEK_DATA");
	ok(lseek(fd, 100, 4) == (1 << 20) + 12345, "SEEK_HOLE");
	ok(syscall(SYS_lseek, fd, 0l, 99l) == -1 && errno == EINVAL, "no such whence: EINVAL");
	close(fd);
}

struct linux_dirent {
	unsigned long ino;
	long next;
	unsigned short len;
	unsigned char type;
	char name[];
};

/* The number that stat gives for the name. */
static unsigned long number_of(const char *dir, const char *name)
{
	char path[LONGEST];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return lstat(path, &st) ? 0 : (unsigned long)st.st_ino;
}

static int is_mounted_on(const char *dir, const char *name)
{
	char path[LONGEST];
	struct stat here, there;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !stat(dir, &here) && !lstat(path, &there) && here.st_dev != there.st_dev;
}

/* Every entry has the number that stat gives, and its position leads to the next. */
static int entries_good(const char *path)
{
	char buf[4096], again[4096];
	int fd = open(path, O_RDONLY | O_DIRECTORY), good = fd >= 0, count = 0;
	long n;

	while (good && (n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			struct linux_dirent *d = (void *)(buf + at), *e = (void *)again;

			/* where something is mounted, the entry means what is below it */
			good &= d->ino == number_of(path, d->name) || !strcmp(d->name, "..") || is_mounted_on(path, d->name);
			at += d->len;
			if (at >= n)
				break;
			lseek(fd, d->next, SEEK_SET);
			good &= syscall(SYS_getdents64, fd, again, sizeof(again)) > 0 && !strcmp(e->name, ((struct linux_dirent *)(buf + at))->name);
			count++;
			if (!good)
				printf("# %s/%s\n", path, d->name);
		}
		lseek(fd, ((struct linux_dirent *)buf)->next, SEEK_SET);
		for (long at = 0; at < n; at += ((struct linux_dirent *)(buf + at))->len)
			lseek(fd, ((struct linux_dirent *)(buf + at))->next, SEEK_SET);
	}
	close(fd);
	return good && count > 2;
}

static void test_entries(void)
{
	ok(entries_good("/data"), "numbers and positions of entries: a directory");
	ok(entries_good("/data/many"), "a larger one");
	ok(entries_good("/dev"), "/dev");
}

static void test_links(void)
{
	struct stat a, b;
	char path[10];

	ok(stat("/data/many/..", &a) == 0 && stat("/data/d0/../.", &b) == 0 && a.st_ino == b.st_ino, ".. and .");
	ok(stat("/..", &a) == 0 && stat("/", &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev, "the root's parent is the root");
	ok(stat("/dev/..", &a) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev, "from another file system back");
	ok(syscall(SYS_readlinkat, -100, "/data/link", path, 0l) == -1 && errno == EINVAL, "readlink into nothing: EINVAL");
}

int main(void)
{
	test_create();
	test_read_only();
	test_flags();
	test_long_path();
	test_positions();
	test_entries();
	test_links();
	return tap_done();
}
