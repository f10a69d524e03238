/* SPDX-License-Identifier: MIT */
/* Files written by every way, seen by every way. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"


static const char *path = "writes-file";

static int fresh(void)
{
	unlink(path);
	return open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
}

static void *map(int fd, long pages, int flags)
{
	return mmap(NULL, (size_t)(pages * PAGE), PROT_READ | PROT_WRITE, flags, fd, 0);
}

static bool is_zero(const volatile char *at, long n)
{
	while (n--)
		if (*at++)
			return false;
	return true;
}

static void store(void *at)
{
	*(volatile char *)at = 1;
}

/* The signal that a store to `at` brings, or 0. */
static int store_signal(volatile char *at)
{
	int status = in_child(store, (void *)at);

	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_coherence(void)
{
	int fd = fresh();
	char buf[16] = "";
	volatile char *at;

	ok(write(fd, "hello, world", 12) == 12, "write");
	at = map(fd, 2, MAP_SHARED);
	ok(!memcmp((const char *)at, "hello, world", 12), "a mapping sees what was written");
	ok(is_zero(at + 12, PAGE - 12), "and zeroes behind the end");
	at[0] = 'H';
	ok(pread(fd, buf, 12, 0) == 12 && !memcmp(buf, "Hello, world", 12), "read sees a store");
	ok(pwrite(fd, "W", 1, 7) == 1 && at[7] == 'W', "a mapping sees a later write");
	at[100] = 'x';
	if (pwrite(fd, "end", 3, 200) == 3 && old_linux())
		tap_skip("a store behind the end is zero when the file grows over it", "Linux before 6.12 leaves it");
	else
		ok(is_zero(at + 12, 188), "a store behind the end is zero when the file grows over it");
	ok(store_signal(at + PAGE) == SIGBUS, "a store to a page behind the end is SIGBUS");
	ok(!ftruncate(fd, 2 * PAGE) && !store_signal(at + PAGE), "and none when the file has grown");
	ok(!syscall(SYS_msync, at, 2 * PAGE, 4), "msync (MS_SYNC)");
	ok(!fsync(fd), "fsync");
	munmap((void *)at, 2 * PAGE);
	close(fd);
}

static void test_truncate(void)
{
	int fd = fresh();
	char page[PAGE];
	volatile char *shared, *copy;
	struct stat st;

	memset(page, 'a', sizeof(page));
	for (int i = 0; i < 4; i++)
		ok(write(fd, page, PAGE) == PAGE, "page %d", i);
	shared = map(fd, 4, MAP_SHARED);
	copy = map(fd, 4, MAP_PRIVATE);
	copy[3 * PAGE] = 'c';
	copy[PAGE] = 'c';
	ok(shared[3 * PAGE] == 'a', "a private store stays private");
	ok(!ftruncate(fd, PAGE + 100), "truncated");
	ok(store_signal(shared + 3 * PAGE) == SIGBUS, "a shared page behind the end is SIGBUS");
	ok(store_signal(copy + 3 * PAGE) == SIGBUS, "a private copy too");
	ok(copy[PAGE] == 'c' && shared[PAGE] == 'a', "what is left is left");
	ok(is_zero(shared + PAGE + 100, PAGE - 100), "the rest of the last page is zero");
	ok(!ftruncate(fd, 4 * PAGE) && is_zero(shared + PAGE + 100, 3 * PAGE - 100), "growing again brings zeroes");
	ok(copy[3 * PAGE] == 0, "for the private mapping too");
	ok(!fstat(fd, &st) && st.st_size == 4 * PAGE, "the size");
	munmap((void *)shared, 4 * PAGE);
	munmap((void *)copy, 4 * PAGE);
	close(fd);
}

static void test_from_mapping(void)
{
	int fd = fresh();
	char *at, want[PAGE];
	bool same = true;

	ok(!ftruncate(fd, 4 * PAGE), "a hole of four pages");
	at = map(fd, 4, MAP_SHARED);
	for (unsigned i = 0; i < PAGE; i++)
		at[i] = want[i] = (char)(i * 7 + 1);
	ok(pwrite(fd, at, PAGE, PAGE) == PAGE && !memcmp(at + PAGE, want, PAGE), "write from a mapping of the file");
	ok(pwrite(fd, at, 100, 2000) == 100 && !memcmp(at + 2000, want, 100), "and of the very page");
	madvise(at, 4 * PAGE, MADV_DONTNEED);
	ok(pwrite(fd, at + 10, 3 * PAGE, PAGE + 5) == 3 * PAGE, "three pages, none of them mapped");
	for (int i = 0; i < 100; i++)
		same &= at[PAGE + 5 + i] == want[10 + i];
	ok(same, "what they hold");
	munmap(at, 4 * PAGE);
	errno = 0;
	ok(pwrite(fd, at, 10, 0) == -1 && errno == EFAULT, "from nothing: EFAULT");
	at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(at + PAGE, PAGE);
	memset(at, 'z', PAGE);
	ok(pwrite(fd, at + PAGE - 10, 20, 0) == 10, "half of it there: half of it is written");
	close(fd);
}

static void test_holes(void)
{
	int fd = fresh();
	char buf[PAGE];
	volatile char *at;

	ok(pwrite(fd, "x", 1, 5 * PAGE) == 1, "a byte behind a hole");
	at = map(fd, 6, MAP_SHARED);
	ok(is_zero(at, 5 * PAGE), "the hole is zero");
	at[2 * PAGE + 17] = 'y';
	ok(pread(fd, buf, PAGE, 2 * PAGE) == PAGE && buf[17] == 'y', "a store into it is seen by read");
	fsync(fd);
	ok(at[2 * PAGE + 17] == 'y' && is_zero(at + 3 * PAGE, 2 * PAGE), "and after it has been written back");
	at[2 * PAGE + 18] = 'z';
	ok(pread(fd, buf, PAGE, 2 * PAGE) == PAGE && buf[18] == 'z', "a store to the page that has become clean is seen as well");
	munmap((void *)at, 6 * PAGE);
	close(fd);
}

int main(void)
{
	test_coherence();
	test_truncate();
	test_from_mapping();
	test_holes();
	unlink(path);
	return tap_done();
}
