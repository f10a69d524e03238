/* SPDX-License-Identifier: MIT */
/*
 * One file, much larger than the memory: written and read in order and at random, by calls and through mappings, by one process and by two at a
 * time. Every page says which it is and how many times it has been written. bigfile MIB: that size; else what suits the machine.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

#define CHUNK 16 /* pages in one call */
#define WORDS (PAGE / sizeof(uint64_t))

static int big;
static size_t pages;
static unsigned char *times; /* by page: written so many times. Shared by the processes, each page one's own */
static uint64_t chunk[CHUNK * WORDS];
static uint64_t random_state = 88172645463325252ull;

static size_t random_page(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % pages;
}

static uint64_t word(size_t page, unsigned written, size_t i)
{
	return (page << 20) + ((uint64_t)written << 10) + i + 1;
}

/* A few words, the first and the last among them. */
static void fill(uint64_t *at, size_t page)
{
	for (size_t i = 0; i < WORDS; i += 73)
		at[i] = word(page, times[page], i);
	at[WORDS - 1] = word(page, times[page], WORDS - 1);
}

static int right(const uint64_t *at, size_t page)
{
	for (size_t i = 0; i < WORDS; i += 73)
		if (at[i] != word(page, times[page], i))
			return 0;
	return at[WORDS - 1] == word(page, times[page], WORDS - 1);
}

/* ---- by calls ---- */

static int write_in_order(void)
{
	int good = lseek(big, 0, SEEK_SET) == 0;

	for (size_t page = 0; good && page < pages; page += CHUNK) {
		for (size_t i = 0; i < CHUNK; i++) {
			times[page + i]++;
			fill(chunk + i * WORDS, page + i);
		}
		good = write(big, chunk, sizeof(chunk)) == (ssize_t)sizeof(chunk);
	}
	return good;
}

static int read_in_order(void)
{
	int good = lseek(big, 0, SEEK_SET) == 0;

	for (size_t page = 0; good && page < pages; page += CHUNK) {
		good = read(big, chunk, sizeof(chunk)) == (ssize_t)sizeof(chunk);
		for (size_t i = 0; good && i < CHUNK; i++)
			good = right(chunk + i * WORDS, page + i);
	}
	return good && read(big, chunk, 1) == 0;
}

static int read_one(size_t page)
{
	return pread(big, chunk, PAGE, (off_t)(page * PAGE)) == PAGE && right(chunk, page);
}

static int write_one(size_t page)
{
	times[page]++;
	fill(chunk, page);
	return pwrite(big, chunk, PAGE, (off_t)(page * PAGE)) == PAGE;
}

/* ---- through a mapping ---- */

static unsigned char *map;

static uint64_t *at(size_t page)
{
	return (uint64_t *)(map + page * PAGE);
}

static int map_file(void)
{
	map = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, big, 0);
	return map != MAP_FAILED;
}

static int load_one(size_t page)
{
	return right(at(page), page);
}

static int store_one(size_t page)
{
	times[page]++;
	fill(at(page), page);
	return 1;
}

/* ---- together ---- */

static int at_random(int (*one)(size_t page), size_t n)
{
	int good = 1;

	while (good && n--)
		good = one(random_page());
	return good;
}

static int each(int (*one)(size_t page))
{
	int good = 1;

	for (size_t page = 0; good && page < pages; page++)
		good = one(page);
	return good;
}

/* This one's pages, written and looked at in either way. */
static int mix(unsigned who, size_t n)
{
	static int (*const ways[])(size_t page) = { read_one, load_one, write_one, store_one };
	int good = 1;

	random_state += who * 77777;
	for (size_t i = 0; good && i < n; i++)
		good = ways[random_state >> 20 & 3](random_page() / 2 * 2 + who);
	return good;
}

static int two_processes(size_t n)
{
	int good, status = 1;
	pid_t pid = fork();

	if (!pid)
		_exit(!mix(1, n));
	good = mix(0, n);
	return good && waitpid(pid, &status, 0) == pid && !status;
}

enum { TOTALRAM = 4 }; /* of struct sysinfo, in words */

static size_t size_wanted(int argc, char **argv)
{
	uint64_t info[32];

	if (argc > 1)
		return strtoul(argv[1], NULL, 10);
	return !syscall(SYS_sysinfo, info) && info[TOTALRAM] < (100ul << 20) ? 56 : 8;
}

int main(int argc, char **argv)
{
	size_t few;

	pages = size_wanted(argc, argv) * (1048576 / PAGE);
	few = pages / 8;
	times = mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	big = open("/big", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (big < 0 || times == MAP_FAILED)
		return 2;
	ok(write_in_order(), "written in order");
	ok(read_in_order(), "read in order");
	ok(at_random(read_one, few), "read at random");
	ok(at_random(write_one, few), "written at random");
	ok(map_file() && each(load_one), "loaded in order");
	ok(at_random(load_one, few), "loaded at random");
	ok(at_random(store_one, few), "stored at random");
	ok(each(store_one), "stored in order");
	ok(two_processes(few), "two processes, all of it mixed");
	ok(!msync(map, pages * PAGE, MS_SYNC) && !munmap(map, pages * PAGE), "msync");
	ok(read_in_order(), "and every page is as it was left");
	ok(!close(big) && !unlink("/big"), "gone");
	return tap_done();
}
