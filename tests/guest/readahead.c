/* SPDX-License-Identifier: MIT */
/* What is read before it is asked for: mincore tells what is there. Where the kernel counts its misses, reads in order miss next to never. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

#define PAGES 1024ul
#define SIZE (PAGES * PAGE)

enum { FADV_NORMAL, FADV_RANDOM, FADV_SEQUENTIAL, FADV_WILLNEED, FADV_DONTNEED };

static int file;
static unsigned char *map;
static char buf[16 * PAGE];
static volatile unsigned char sink;

static int advise(int fd, unsigned long start, unsigned long len, int advice)
{
	return (int)syscall(SYS_fadvise64, fd, start, len, advice);
}

static int is_there(size_t page)
{
	unsigned char there = 0;

	return !mincore(map + page * PAGE, PAGE, &there) && there & 1;
}

/* Reading may go on: waits for it a while. */
static int comes(size_t page)
{
	for (int i = 0; i < 1000 && !is_there(page); i++)
		pause_ms(1);
	return is_there(page);
}

static long misses(void)
{
	static char text[8192];
	int fd = open("/proc/fault/stats", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	char *line;

	if (n < 0)
		return -1;
	close(fd);
	text[n] = '\0';
	line = strstr(text, "\ncache_misses ");
	return line ? strtol(line + 14, NULL, 10) : -1;
}

static int all_gone(void)
{
	static unsigned char there[PAGES];

	return !mincore(map, SIZE, there) && !memchr(there, 1, PAGES);
}

/* Nothing of the file is cached, and it is opened and mapped anew. Pages that are still being read ahead are in use and stay, so that one
 * FADV_DONTNEED may not be enough. */
static void begin(void)
{
	if (map)
		munmap(map, SIZE);
	if (file)
		close(file);
	file = open("/ahead", O_RDWR);
	fsync(file);
	map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, file, 0);
	for (int i = 0; i < 1000; i++) {
		advise(file, 0, 0, FADV_DONTNEED);
		if (all_gone())
			return;
		pause_ms(1);
	}
}

static void make(void)
{
	int fd = open("/ahead", O_RDWR | O_CREAT | O_TRUNC, 0644);

	for (size_t i = 0; i < PAGES; i += 16) {
		for (size_t k = 0; k < 16; k++)
			memset(buf + k * PAGE, (int)(i + k), PAGE);
		write(fd, buf, sizeof(buf));
	}
	close(fd);
}

static int read_page(size_t page)
{
	return pread(file, buf, PAGE, (off_t)(page * PAGE)) == PAGE && (unsigned char)buf[100] == (unsigned char)page;
}

static int load_page(size_t page)
{
	return map[page * PAGE + 7] == (unsigned char)page;
}

static void in_order(const char *what, int (*use)(size_t page))
{
	long before, after;
	int good = 1;

	begin();
	before = misses();
	for (size_t i = 0; i < PAGES && good; i++)
		good = use(i);
	after = misses();
	ok(good && after - before <= 4, "%s in order: hardly anything is missed", what);
	if (after - before > 4)
		printf("# %ld misses\n", after - before);
}

/* From two places, in turn. */
static void two_places(void)
{
	long before, after;
	int good = 1;

	begin();
	before = misses();
	for (size_t i = 0; i < PAGES / 2 && good; i++)
		good = read_page(i) && read_page(PAGES / 2 + i);
	after = misses();
	ok(good && after - before <= 8, "two places in turn: the same");
}

static void ahead(const char *what, int (*use)(size_t page))
{
	begin();
	ok(use(0) && comes(1) && comes(3), "%s the first page: the next ones come", what);
	for (size_t i = 1; i < 40; i++)
		use(i);
	ok(comes(41) && comes(47), "and after some more, more");
}

static void random_advice(void)
{
	int good;

	begin();
	good = !advise(file, 0, 0, FADV_RANDOM) && read_page(100) && read_page(300) && read_page(301);
	ok(good && !is_there(101) && !is_there(99) && !is_there(302), "fadvise RANDOM: only what is read");
	begin();
	good = !madvise(map, SIZE, MADV_RANDOM) && load_page(100) && load_page(300);
	ok(good && !is_there(101) && !is_there(99) && !is_there(301), "madvise RANDOM: only what is loaded");
}

static void willneed(void)
{
	begin();
	ok(!advise(file, 200 * PAGE, 100 * PAGE, FADV_WILLNEED) && comes(200) && comes(299) && !is_there(400), "fadvise WILLNEED");
	begin();
	ok(!madvise(map + 500 * PAGE, 100 * PAGE, MADV_WILLNEED) && comes(500) && comes(599) && !is_there(700), "madvise WILLNEED");
	begin();
	ok(!syscall(SYS_readahead, file, 300 * PAGE, 50 * PAGE) && comes(300) && comes(349) && !is_there(500), "readahead");
}

static void sequential_advice(void)
{
	begin();
	ok(!advise(file, 0, 0, FADV_SEQUENTIAL) && read_page(0) && comes(1), "fadvise SEQUENTIAL: the next ones come");
	begin();
	ok(!madvise(map, SIZE, MADV_SEQUENTIAL) && load_page(0) && comes(1), "madvise SEQUENTIAL: the same");
}

static void all(void)
{
	in_order("read", read_page);
	in_order("loaded", load_page);
	two_places();
	ahead("reading", read_page);
	ahead("loading", load_page);
	random_advice();
	willneed();
	sequential_advice();
}

int main(void)
{
	make();
	begin();
	if (is_there(0) && is_there(PAGES - 1))
		tap_skip("read-ahead", "this file system is always in memory");
	else
		all();
	unlink("/ahead");
	return tap_done();
}
