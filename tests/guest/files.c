/* SPDX-License-Identifier: MIT */
/* Reading files: names, links, directories, positions, sizes, refusals. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

static unsigned char expect(unsigned seed, size_t i)
{
	return (unsigned char)(i * 7 + i / PAGE * 13 + seed);
}

static int read_all(const char *path, unsigned seed, size_t size, size_t chunk)
{
	static unsigned char buf[70000];
	int fd = open(path, O_RDONLY);
	size_t at = 0;
	ssize_t n;

	while ((n = read(fd, buf, chunk)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != expect(seed, at + (size_t)i))
				return 0;
		at += (size_t)n;
	}
	close(fd);
	return n == 0 && at == size;
}

static void test_reading(void)
{
	ok(read_all("/data/big", 5, 4 << 20, 65536), "4 MiB in pieces of 64 KiB");
	ok(read_all("/data/odd", 6, (1 << 20) + 12345, 777), "an odd size in odd pieces");
	ok(read_all("/data/page-1", 2, PAGE - 1, 1), "a byte at a time");
	ok(read_all("/data/empty", 0, 0, 10), "nothing");
	ok(read_all("/data/link", 5, 4 << 20, 65536), "through a symbolic link");
	ok(read_all("/data/absolute", 3, PAGE, 4096), "through an absolute link with ..");
	ok(read_all("//data///./many/../big", 5, 4 << 20, 65536), "through a crooked path");
}

static int fails_with(const char *path, int flags, int error)
{
	int fd = open(path, flags);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return errno == error;
}

static void test_names(void)
{
	static char name[5000];

	ok(fails_with("/data/none", O_RDONLY, ENOENT), "ENOENT");
	ok(fails_with("/data/one/x", O_RDONLY, ENOTDIR), "a path through a file: ENOTDIR");
	ok(fails_with("/data/one/", O_RDONLY, ENOTDIR), "a slash behind a file: ENOTDIR");
	ok(fails_with("/data/loop", O_RDONLY, ELOOP), "a link to itself: ELOOP");
	ok(fails_with("/data/slow", O_RDONLY, ENOENT), "a link to nowhere: ENOENT");
	ok(fails_with("", O_RDONLY, ENOENT), "an empty path: ENOENT");
	ok(fails_with("/data/one", O_RDONLY | O_DIRECTORY, ENOTDIR), "O_DIRECTORY on a file: ENOTDIR");
	ok(fails_with("/data/link", O_RDONLY | O_NOFOLLOW, ELOOP), "O_NOFOLLOW on a link: ELOOP");
	ok(fails_with("/data", O_WRONLY, EISDIR), "writing a directory: EISDIR");
	memset(name, 'n', sizeof(name) - 1);
	name[0] = '/';
	ok(fails_with(name, O_RDONLY, ENAMETOOLONG), "5,000 bytes of path: ENAMETOOLONG");
	name[300] = 0;
	ok(fails_with(name, O_RDONLY, ENAMETOOLONG), "300 bytes of name: ENAMETOOLONG");
}

static void test_positions(void)
{
	int fd = open("/data/big", O_RDONLY), two;
	unsigned char b[4];

	ok(lseek(fd, 1000, SEEK_SET) == 1000 && read(fd, b, 1) == 1 && b[0] == expect(5, 1000), "SEEK_SET");
	ok(lseek(fd, 9, SEEK_CUR) == 1010 && read(fd, b, 1) == 1 && b[0] == expect(5, 1010), "SEEK_CUR");
	ok(lseek(fd, -1, SEEK_END) == (4 << 20) - 1 && read(fd, b, 4) == 1 && b[0] == expect(5, (4 << 20) - 1), "SEEK_END");
	ok(read(fd, b, 4) == 0, "end of file");
	ok(lseek(fd, -1, SEEK_SET) == -1 && errno == EINVAL, "before the beginning: EINVAL");
	ok(lseek(fd, 1l << 40, SEEK_SET) == 1l << 40 && read(fd, b, 1) == 0, "far beyond the end is allowed, and empty");
	ok(pread(fd, b, 4, 5000) == 4 && b[3] == expect(5, 5003) && lseek(fd, 0, SEEK_CUR) == 1l << 40, "pread leaves the position");
	two = dup2(fd, 20);
	lseek(fd, 77, SEEK_SET);
	ok(two == 20 && lseek(two, 0, SEEK_CUR) == 77, "a duplicate shares the position");
	close(fd);
	ok(read(two, b, 1) == 1 && b[0] == expect(5, 77), "and outlives the original");
	close(two);
	ok(read(two, b, 1) == -1 && errno == EBADF, "closed: EBADF");
}

static void test_stat(void)
{
	struct stat st;

	ok(stat("/data/odd", &st) == 0 && S_ISREG(st.st_mode) && st.st_size == (1 << 20) + 12345, "size of a file");
	ok(stat("/data/sparse", &st) == 0 && st.st_size == 300001l * 4096 + 100 && st.st_blocks < 1000, "size and blocks of a sparse file");
	ok(stat("/data/one", &st) == 0 && (st.st_mode & 07777) == 0640, "permissions");
	ok(stat("/data/dirlink", &st) == 0 && S_ISDIR(st.st_mode), "stat follows a link");
	ok(lstat("/data/dirlink", &st) == 0 && S_ISLNK(st.st_mode) && st.st_size == 4, "lstat does not");
	ok(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode), "a device");
}

/* How many names of a directory begin with `prefix`; -1: it cannot be listed. */
static int list(const char *path, const char *prefix, int *dots)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int count = 0;

	*dots = 0;
	if (!dir)
		return -1;
	while ((d = readdir(dir))) {
		count += !strncmp(d->d_name, prefix, strlen(prefix));
		*dots += !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..");
	}
	closedir(dir);
	return count;
}

static void test_directories(void)
{
	char buf[200];
	int dots, fd;

	ok(list("/data/many", "file-with-a-longer-name-", &dots) == 300 && dots == 2, "300 names, each once, and . and ..");
	ok(list("/data/dirlink", "file", &dots) == 300, "through a link");
	fd = open("/data/many", O_RDONLY);
	ok(read(fd, buf, 10) == -1 && errno == EISDIR, "read of a directory: EISDIR");
	ok(syscall(SYS_getdents64, fd, buf, 10) == -1 && errno == EINVAL, "a buffer too small for one entry: EINVAL");
	close(fd);
	fd = open("/data/one", O_RDONLY);
	ok(syscall(SYS_getdents64, fd, buf, sizeof(buf)) == -1 && errno == ENOTDIR, "getdents of a file: ENOTDIR");
	close(fd);
	ok(read_all("/data/d0/d1/d2/d3/d4/d5/d6/d7/d8/d9/d10/d11/../d11/../../../../../../../../../../../../page", 3, PAGE, 9999),
	   "twelve directories down and up again");
}

static void test_links(void)
{
	char buf[300];

	ok(readlink("/data/link", buf, sizeof(buf)) == 3 && !memcmp(buf, "big", 3), "a short link");
	ok(readlink("/data/slow", buf, sizeof(buf)) == 111 && buf[99] == 'x' && buf[100] == '/', "a long link");
	ok(readlink("/data/slow", buf, 5) == 5, "cut to the buffer");
	ok(readlink("/data/one", buf, sizeof(buf)) == -1 && errno == EINVAL, "no link: EINVAL");
}

static void test_directory_of_the_process(void)
{
	char buf[100];

	ok(chdir("/data/d0/d1") == 0 && getcwd(buf, sizeof(buf)) && !strcmp(buf, "/data/d0/d1"), "chdir, getcwd");
	ok(read_all("../../page", 3, PAGE, 4096), "a relative path");
	ok(chdir("/data/one") == -1 && errno == ENOTDIR, "chdir to a file: ENOTDIR");
	ok(chdir("/") == 0 && getcwd(buf, sizeof(buf)) && !strcmp(buf, "/"), "the root");
}

static void test_devices(void)
{
	char buf[5000];
	int zero = open("/dev/zero", O_RDWR), null = open("/dev/null", O_RDWR);

	memset(buf, 1, sizeof(buf));
	ok(lseek(null, 5, SEEK_SET) == 0 && lseek(zero, -7, SEEK_CUR) == 0 && lseek(zero, 1, SEEK_END) == 0, "no place in them: lseek gives 0");
	ok(lseek(null, 0, 5) == -1 && errno == EINVAL, "unless it is nonsense: EINVAL");
	ok(read(zero, buf, 4999) == 4999 && !buf[0] && !buf[4998] && buf[4999] == 1, "/dev/zero reads as zeroes");
	ok(read(null, buf, 10) == 0 && write(null, buf, 5000) == 5000 && write(zero, buf, 10) == 10, "/dev/null is empty and takes everything");
	close(zero);
	close(null);
}

int main(void)
{
	test_reading();
	test_names();
	test_positions();
	test_stat();
	test_directories();
	test_links();
	test_directory_of_the_process();
	test_devices();
	return tap_done();
}
