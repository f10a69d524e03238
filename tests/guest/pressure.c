/* SPDX-License-Identifier: MIT */
/* More file data than memory (96 MiB on a machine with 64): every byte right all the same, what is only in memory stays there. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "tap.h"

#define SIZE (96ul << 20)
#define KEPT 2048 /* pages of anonymous memory */

static int huge;

static unsigned char expect(size_t i)
{
	return (unsigned char)(i * 7 + i / PAGE * 13 + 9);
}

static int page_right(const unsigned char *p, size_t first)
{
	for (size_t i = 0; i < PAGE; i += 61)
		if (p[i] != expect(first + i))
			return 0;
	return p[PAGE - 1] == expect(first + PAGE - 1);
}

/* Through a mapping, from one end to the other. */
static int scan(int backwards)
{
	unsigned char *p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, huge, 0);
	int good = p != MAP_FAILED;

	for (size_t at = 0; at < SIZE && good; at += PAGE) {
		size_t place = backwards ? SIZE - PAGE - at : at;

		good = page_right(p + place, place);
	}
	munmap(p, SIZE);
	return good;
}

static int scan_by_read(void)
{
	static unsigned char buf[16 * 4096];
	size_t at = 0;
	ssize_t n;

	lseek(huge, 0, SEEK_SET);
	while ((n = read(huge, buf, sizeof(buf))) > 0)
		for (size_t i = 0; i < (size_t)n; i += PAGE, at += PAGE)
			if (!page_right(buf + i, at))
				return 0;
	return n == 0 && at == SIZE;
}

static int kept_right(const unsigned char *p)
{
	for (size_t i = 0; i < KEPT; i++)
		if (p[i * PAGE] != (unsigned char)i || p[i * PAGE + PAGE - 1] != (unsigned char)(i >> 8))
			return 0;
	return 1;
}

static void test_private_copies(void)
{
	size_t n = 1024;
	unsigned char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, huge, 0);
	int good = 1;

	for (size_t i = 0; i < n; i += 2)
		p[i * PAGE] = (unsigned char)~expect(i * PAGE);
	good &= scan(0);
	for (size_t i = 0; i < n; i++)
		good &= p[i * PAGE] == (unsigned char)(i % 2 ? expect(i * PAGE) : ~expect(i * PAGE)) && p[i * PAGE + 1] == expect(i * PAGE + 1);
	ok(good, "private copies stay, the pages between them come back from the file");
	munmap(p, n * PAGE);
}

static void test_together(void)
{
	int good = 1, status;

	for (int i = 0; i < 3; i++)
		if (fork() == 0)
			_exit(!(i == 2 ? scan_by_read() : scan(i)));
	while (wait(&status) > 0)
		good &= status == 0;
	ok(good, "forwards, backwards and by read at the same time");
}

int main(void)
{
	unsigned char *kept = mmap(NULL, KEPT * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	huge = open("/huge", O_RDONLY);
	if (huge < 0 || kept == MAP_FAILED)
		return 2;
	for (size_t i = 0; i < KEPT; i++) {
		kept[i * PAGE] = (unsigned char)i;
		kept[i * PAGE + PAGE - 1] = (unsigned char)(i >> 8);
	}
	ok(scan(0), "96 MiB through a mapping");
	ok(scan(1), "and backwards");
	ok(scan_by_read(), "and by read");
	ok(kept_right(kept), "8 MiB of anonymous memory are as they were");
	test_private_copies();
	test_together();
	ok(kept_right(kept), "and still are");
	return tap_done();
}
