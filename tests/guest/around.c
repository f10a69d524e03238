/* SPDX-License-Identifier: MIT */
/* Law 3 and its price: how many faults a scan of a cached file takes with and without map-around. Figures are Faultline's own. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "tap.h"

#define SIZE (4ul << 20)

static long stat_read(const char *name)
{
	static char text[8192];
	int fd = open("/proc/fault/stats", O_RDONLY);
	long n = read(fd, text, sizeof(text) - 1), value = -1;
	size_t len = strlen(name);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	for (char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (!strncmp(line, name, len) && line[len] == ' ')
			value = strtol(line + len, NULL, 10);
	return value;
}

static int policy(const char *name, const char *value)
{
	char path[100];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/sys/fault/%s", name);
	fd = open(path, O_WRONLY);
	n = write(fd, value, strlen(value));
	close(fd);
	return n == (int)strlen(value);
}

/* Faults that a scan takes, one byte of each page. */
static long scan(void)
{
	int fd = open("/data/big", O_RDONLY);
	volatile unsigned char *p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	long before = stat_read("faults");
	unsigned sum = 0;

	for (size_t i = 0; i < SIZE; i += PAGE)
		sum += p[i];
	before = stat_read("faults") - before;
	munmap((void *)p, SIZE);
	close(fd);
	return sum ? before : -1;
}

static void expect(const char *around, const char *pages, long want)
{
	long got;

	policy("around", around);
	policy("around_pages", pages);
	scan();
	got = scan();
	/* the counter's own reading may fault a stack or data page */
	ok(got >= want && got <= want + 4, "around=%s around_pages=%s: %ld faults for 1,024 pages", around, pages, want);
}

int main(void)
{
	if (access("/proc/fault/stats", 0)) {
		tap_skip("faults of a scan", "this is not Faultline");
		return tap_done();
	}
	scan();
	expect("lockless", "16", 64);
	expect("lockless", "1", 1024);
	expect("lockless", "512", 3); /* the mapping need not begin where a page table does */
	expect("trylock", "16", 64);
	expect("off", "16", 1024);
	ok(!policy("around", "sideways") && !policy("around_pages", "17") && !policy("around_pages", "1024"), "bad values are refused");
	policy("around", "lockless");
	policy("around_pages", "16");
	ok(stat_read("fault_rounds") >= stat_read("faults"), "rounds count every attempt");
	return tap_done();
}
