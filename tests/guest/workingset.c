/* SPDX-License-Identifier: MIT */
/*
 * A file that is used again and again, while a larger one than fits into memory is read once: the first stays in memory. mincore tells
 * how much of it is there, each time before it is used.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "tap.h"

#define SET (10ul << 20)
#define PAGES (SET / PAGE)
#define HUGE (60ul << 20)
#define PART (6ul << 20) /* of the huge one, between two uses of the set */
#define PER_CENT 10	 /* so much may be missing */

static int set, huge;
static unsigned char *set_map, *huge_map;
static unsigned char buf[64 << 10];
static volatile unsigned char sink;

static void use_by_read(void)
{
	for (size_t at = 0; at < SET; at += sizeof(buf))
		pread(set, buf, sizeof(buf), (off_t)at);
}

static void use_by_load(void)
{
	for (size_t at = 0; at < SET; at += PAGE)
		sink = set_map[at];
}

static void scan_by_read(size_t from)
{
	for (size_t at = from; at < from + PART; at += sizeof(buf))
		pread(huge, buf, sizeof(buf), (off_t)at);
}

/* A little at a time: a page is read by many calls in turn, and that is one use. */
static void scan_by_small_reads(size_t from)
{
	for (size_t at = from; at < from + PART; at += 1000)
		pread(huge, buf, 1000, (off_t)at);
}

static void scan_by_load(size_t from)
{
	for (size_t at = from; at < from + PART; at += PAGE)
		sink = huge_map[at];
}

static size_t missing(void)
{
	static unsigned char there[PAGES];
	size_t n = 0;

	if (mincore(set_map, SET, there))
		return PAGES;
	for (size_t i = 0; i < PAGES; i++)
		n += !(there[i] & 1);
	return n;
}

static void run(const char *what, void (*use)(void), void (*scan)(size_t from))
{
	size_t lost = 0, rounds = 0;

	for (int i = 0; i < 3; i++)
		use();
	for (size_t from = 0; from < HUGE; from += PART, rounds++) {
		scan(from);
		lost += missing();
		use();
	}
	ok(lost * 100 <= rounds * PAGES * PER_CENT, "%s", what);
	if (lost * 100 > rounds * PAGES * PER_CENT)
		printf("# %zu of %zu pages were missing, in %zu rounds\n", lost, rounds * PAGES, rounds);
}

static int make_set(void)
{
	set = open("/set", O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (size_t at = 0; at < SET; at += sizeof(buf))
		if (write(set, buf, sizeof(buf)) != (ssize_t)sizeof(buf))
			return 0;
	return !fsync(set);
}

int main(void)
{
	huge = open("/huge", O_RDONLY);
	if (huge < 0 || !make_set())
		return 2;
	set_map = mmap(NULL, SET, PROT_READ, MAP_SHARED, set, 0);
	huge_map = mmap(NULL, HUGE, PROT_READ, MAP_SHARED, huge, 0);
	if (set_map == MAP_FAILED || huge_map == MAP_FAILED)
		return 2;
	run("read, while one reads", use_by_read, scan_by_read);
	run("read, while one reads a little at a time", use_by_read, scan_by_small_reads);
	run("read, while one loads", use_by_read, scan_by_load);
	run("loaded, while one reads", use_by_load, scan_by_read);
	run("loaded, while one loads", use_by_load, scan_by_load);
	close(set);
	unlink("/set");
	return tap_done();
}
