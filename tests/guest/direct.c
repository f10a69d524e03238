/* SPDX-License-Identifier: MIT */
/* O_DIRECT: what may be opened so, what must be aligned, and that the cache, mappings and the device agree; posix_fadvise and readahead. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

#define SIZE (16 * PAGE)
#define SECTOR 512ul

static unsigned char buffer[SIZE] __attribute__((aligned(4096))), other[SIZE] __attribute__((aligned(4096)));
static int plain, direct;

static void fill(unsigned char *at, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		at[i] = (unsigned char)(seed + i * 31 + (i >> 8));
}

static int holds(const unsigned char *at, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		if (at[i] != (unsigned char)(seed + i * 31 + (i >> 8)))
			return 0;
	return 1;
}

static int fails(long got, int err)
{
	return got == -1 && errno == err;
}

static void test_open(void)
{
	int fd, flags;

	ok(fails(open("/dev/null", O_RDONLY | O_DIRECT), EINVAL), "a device that is no disk: EINVAL");
	ok(fails(open("/", O_RDONLY | O_DIRECT), EINVAL), "a directory: EINVAL");
	ok(fcntl(direct, F_GETFL) & O_DIRECT, "F_GETFL tells");
	fd = open("direct", O_RDWR);
	flags = fcntl(fd, F_GETFL);
	ok(!(flags & O_DIRECT) && !fcntl(fd, F_SETFL, flags | O_DIRECT) && fcntl(fd, F_GETFL) & O_DIRECT, "F_SETFL sets it");
	ok(fails(pread(fd, buffer, SECTOR, 1), EINVAL), "and it counts");
	ok(!fcntl(fd, F_SETFL, flags) && pread(fd, buffer, SECTOR, 1) == (ssize_t)SECTOR, "and clears it");
	close(fd);
}

static void test_alignment(void)
{
	fill(buffer, SIZE, 1);
	ok(pwrite(direct, buffer, SIZE, 0) == (ssize_t)SIZE, "what is aligned is written, behind the end");
	ok(fails(pread(direct, buffer, SECTOR, 1), EINVAL), "a place that is not: EINVAL");
	ok(fails(pread(direct, buffer, 100, 0), EINVAL), "a length");
	ok(fails(pwrite(direct, buffer, SECTOR, 1), EINVAL), "the same for writes: a place");
	ok(pread(direct, buffer, 0, 1) == 0, "nothing is nothing");
	ok(pread(direct, buffer, SECTOR, SIZE) == 0, "behind the end is nothing");
	ok(fails(pread(direct, (void *)8192, SECTOR, 0), EFAULT), "memory that is not there: EFAULT");
}

static void test_agree(void)
{
	unsigned char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, plain, 0);

	ok(map != MAP_FAILED && holds(map, SIZE, 1), "a mapping shows what was written");
	fill(buffer, 3 * SECTOR, 7);
	ok(pwrite(direct, buffer, 3 * SECTOR, PAGE + SECTOR) == 3 * (ssize_t)SECTOR && holds(map + PAGE + SECTOR, 3 * SECTOR, 7),
	   "and what is written while it has the page");
	ok(map[PAGE] == (unsigned char)(1 + PAGE * 31 + (PAGE >> 8)), "and beside it what was there");
	fill(map + 4 * PAGE, PAGE, 9);
	ok(pread(direct, other, PAGE, 4 * PAGE) == (ssize_t)PAGE && holds(other, PAGE, 9), "a read sees a store");
	map[6 * PAGE + 5] = 42;
	fill(buffer, SECTOR, 3);
	ok(pwrite(direct, buffer, SECTOR, 6 * PAGE + SECTOR) == (ssize_t)SECTOR && map[6 * PAGE + 5] == 42,
	   "a store beside what is written stays");
	fill(buffer, PAGE, 11);
	ok(pwrite(plain, buffer, PAGE, 8 * PAGE) == (ssize_t)PAGE && pread(direct, other, PAGE, 8 * PAGE) == (ssize_t)PAGE &&
	   holds(other, PAGE, 11), "a read sees a write through the cache");
	fill(map, PAGE, 12);
	ok(pwrite(direct, map, PAGE, PAGE) == (ssize_t)PAGE && holds(map + PAGE, PAGE, 12), "from a mapping of the same file");
	ok(pread(direct, map + 2 * PAGE, PAGE, PAGE) == (ssize_t)PAGE && holds(map + 2 * PAGE, PAGE, 12), "to a mapping of the same file");
	fill(map + 3 * PAGE, PAGE, 13);
	ok(pwrite(direct, map + 3 * PAGE, PAGE, 3 * PAGE) == (ssize_t)PAGE && holds(map + 3 * PAGE, PAGE, 13), "a page to itself");
	munmap(map, SIZE);
}

static void test_end(void)
{
	ok(!ftruncate(plain, 5 * PAGE + 100) && pread(direct, other, SIZE, 5 * PAGE) == 100, "a read ends where the file does");
	ok(!ftruncate(plain, 9 * PAGE) && pread(direct, other, PAGE, 7 * PAGE) == (ssize_t)PAGE && !other[0] && !memcmp(other, other + 1, PAGE - 1),
	   "a hole reads as zeroes");
	fill(buffer, 2 * PAGE, 17);
	ok(pwrite(direct, buffer, 2 * PAGE, 6 * PAGE) == 2 * (ssize_t)PAGE && pread(plain, other, 2 * PAGE, 6 * PAGE) == 2 * (ssize_t)PAGE &&
	   holds(other, 2 * PAGE, 17), "a hole is written");
}

static void test_advice(void)
{
	for (int advice = 0; advice < 6; advice++)
		ok(!syscall(SYS_fadvise64, plain, 0, 0, advice), "posix_fadvise %d", advice);
	ok(fails(syscall(SYS_fadvise64, plain, 0, 0, 6), EINVAL), "there is no 6");
	ok(!syscall(SYS_readahead, plain, 0, 4 * PAGE), "readahead");
	ok(pread(plain, other, 2 * PAGE, 6 * PAGE) == 2 * (ssize_t)PAGE && holds(other, 2 * PAGE, 17), "and the bytes are what they were");
}

#define APPENDED (6 * SIZE)
#define APPENDS 6

/* Appends of more than goes to the device at a time: each lies in one piece. */
static void append(char letter)
{
	static char block[APPENDED] __attribute__((aligned(4096)));
	int fd = open("appended", O_WRONLY | O_APPEND | O_DIRECT);

	memset(block, letter, sizeof(block));
	for (unsigned i = 0; i < APPENDS; i++)
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			_exit(1);
	_exit(0);
}

static int in_one_piece(int fd)
{
	char first = 0;

	for (off_t at = 0; at < (off_t)(2 * APPENDS * APPENDED); at += SECTOR) {
		if (pread(fd, buffer, SECTOR, at) != (ssize_t)SECTOR)
			return 0;
		first = at % (off_t)APPENDED ? first : (char)buffer[0];
		if ((char)buffer[0] != first || memcmp(buffer, buffer + 1, SECTOR - 1))
			return 0;
	}
	return 1;
}

static void test_appends(void)
{
	int status, right = 0, fd = open("appended", O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (char letter = 'a'; letter <= 'b'; letter++)
		if (!fork())
			append(letter);
	while (wait(&status) > 0)
		right += !status;
	ok(right == 2 && lseek(fd, 0, SEEK_END) == (off_t)(2 * APPENDS * APPENDED), "two processes append, large pieces");
	ok(in_one_piece(fd), "which do not mix");
	close(fd);
	unlink("appended");
}

int main(void)
{
	plain = open("direct", O_RDWR | O_CREAT | O_TRUNC, 0600);
	direct = open("direct", O_RDWR | O_DIRECT);
	ok(plain >= 0 && direct >= 0, "a file is opened both ways");
	ok(pwrite(plain, other, PAGE, 0) == (ssize_t)PAGE, "and has a page");
	test_open();
	test_alignment();
	test_agree();
	test_end();
	test_appends();
	test_advice();
	unlink("direct");
	return tap_done();
}
