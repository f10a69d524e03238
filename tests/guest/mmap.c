/* SPDX-License-Identifier: MIT */
/* Mappings show what they should: files, copies, zeroes, ends of files, holes; and end in the right signal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tap.h"

static unsigned char expect(unsigned seed, size_t i)
{
	return (unsigned char)(i * 7 + i / PAGE * 13 + seed);
}

static int matches(const unsigned char *p, unsigned seed, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != expect(seed, from + i))
			return 0;
	return 1;
}

static unsigned char *map_file(const char *path, size_t len, int prot, int flags, off_t offset)
{
	int fd = open(path, O_RDONLY);
	unsigned char *p = mmap(NULL, len, prot, flags, fd, offset);

	close(fd);
	return p;
}

static void touch_read(void *p)
{
	(void)*(volatile char *)p;
}

static void touch_write(void *p)
{
	*(volatile char *)p = 1;
}

static void call(void *p)
{
	((void (*)(void))p)();
}

static void test_reading(void)
{
	static const struct {
		const char *path;
		unsigned seed;
		size_t size;
	} files[] = { { "/data/one", 1, 1 }, { "/data/page-1", 2, PAGE - 1 }, { "/data/page", 3, PAGE }, { "/data/page+1", 4, PAGE + 1 },
		      { "/data/big", 5, 4 << 20 }, { "/data/odd", 6, (1 << 20) + 12345 } };

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t size = files[i].size, end = (size + PAGE - 1) & ~(PAGE - 1), rest = 0;
		unsigned char *p = map_file(files[i].path, size, PROT_READ, MAP_PRIVATE, 0);

		ok(matches(p, files[i].seed, 0, size), "%s: every byte", files[i].path);
		for (size_t at = size; at < end; at++)
			rest |= p[at];
		ok(!rest, "%s: zeroes behind its end", files[i].path);
		ok(munmap(p, size) == 0, "%s: unmapped", files[i].path);
	}
}

static void test_bus(void)
{
	unsigned char *p = map_file("/data/page+1", 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);

	ok(p[PAGE] == expect(4, PAGE), "the last byte of the file is there");
	ok(killed_by(in_child(touch_read, p + 2 * PAGE), SIGBUS), "reading beyond the end is SIGBUS");
	ok(killed_by(in_child(touch_write, p + 3 * PAGE), SIGBUS), "writing beyond the end is SIGBUS");
	munmap(p, 4 * PAGE);
	p = map_file("/data/empty", PAGE, PROT_READ, MAP_SHARED, 0);
	ok(p != MAP_FAILED && killed_by(in_child(touch_read, p), SIGBUS), "an empty file has no page");
	munmap(p, PAGE);
}

static void test_private_writes(void)
{
	unsigned char *p = map_file("/data/big", 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, PAGE);
	unsigned char *q = map_file("/data/big", 64 * PAGE, PROT_READ, MAP_SHARED, PAGE);
	int same = 1;

	for (unsigned i = 0; i < 64; i += 3)
		p[i * PAGE + i] = (unsigned char)~p[i * PAGE + i];
	ok(matches(q, 5, PAGE, 64 * PAGE), "writes to a private mapping stay private");
	for (unsigned i = 0; i < 64; i++) {
		unsigned char want = expect(5, PAGE + i * PAGE + i);

		same &= p[i * PAGE + i] == (i % 3 ? want : (unsigned char)~want);
		same &= p[i * PAGE + i + 1] == expect(5, PAGE + i * PAGE + i + 1);
	}
	ok(same, "and the copy has everything else of the page");
	munmap(p, 64 * PAGE);
	munmap(q, 64 * PAGE);
}

static void test_anonymous(void)
{
	size_t n = 600; /* more than one page table */
	unsigned char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum |= p[i * PAGE] | p[i * PAGE + PAGE - 1];
	ok(!sum, "anonymous memory begins as zeroes");
	for (size_t i = 0; i < n; i++)
		p[i * PAGE + i] = (unsigned char)(i + 1);
	for (size_t i = 0; i < n; i++)
		sum |= p[i * PAGE + i] != (unsigned char)(i + 1) || p[i * PAGE + i + 1];
	ok(!sum, "and keeps what is written, page by page");
	ok(madvise(p, n * PAGE, MADV_DONTNEED) == 0 && !p[5 * PAGE + 5], "MADV_DONTNEED gives zeroes again");
	ok(munmap(p, n * PAGE) == 0, "unmapped");
	ok(killed_by(in_child(touch_read, p + 17 * PAGE), SIGSEGV), "and gone");
}

static void test_holes_in_mappings(void)
{
	unsigned char *p = mmap(NULL, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *q;

	memset(p, 0x5a, 10 * PAGE);
	ok(munmap(p + 3 * PAGE, 2 * PAGE) == 0, "munmap in the middle");
	ok(p[3 * PAGE - 1] == 0x5a && p[5 * PAGE] == 0x5a, "both sides stay");
	ok(killed_by(in_child(touch_read, p + 3 * PAGE), SIGSEGV) && killed_by(in_child(touch_write, p + 5 * PAGE - 1), SIGSEGV),
	   "the middle is gone");
	q = mmap(p + 3 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ok(q == p + 3 * PAGE && !q[0] && !q[2 * PAGE - 1], "MAP_FIXED fills it with zeroes");
	q = mmap(p + 2 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ok(q == p + 2 * PAGE && !q[0] && p[2 * PAGE - 1] == 0x5a && p[6 * PAGE] == 0x5a, "MAP_FIXED replaces what is there, and nothing else");
	q = mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ok(q == MAP_FAILED && errno == EEXIST && p[0] == 0x5a, "MAP_FIXED_NOREPLACE does not");
	ok(munmap(p, 10 * PAGE) == 0, "one munmap over all the pieces");
}

static void test_protection(void)
{
	unsigned char *p = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *f = map_file("/data/big", 2 * PAGE, PROT_READ, MAP_SHARED, 0);

	memset(p, 1, 6 * PAGE);
	ok(mprotect(p + PAGE, 2 * PAGE, PROT_READ) == 0, "mprotect in the middle");
	ok(p[PAGE] == 1 && killed_by(in_child(touch_write, p + PAGE), SIGSEGV), "read-only: readable, not writable");
	p[0] = p[3 * PAGE] = 2;
	ok(mprotect(p + PAGE, PAGE, PROT_NONE) == 0 && killed_by(in_child(touch_read, p + PAGE), SIGSEGV), "PROT_NONE: not even readable");
	ok(mprotect(p, 6 * PAGE, PROT_READ | PROT_WRITE) == 0, "and back");
	p[PAGE + 1] = 3;
	ok(p[PAGE] == 1 && p[PAGE + 1] == 3 && p[0] == 2, "what was there is there");
	ok(killed_by(in_child(call, p), SIGSEGV), "data cannot be executed");
	ok(mprotect(f, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES, "a shared mapping of a file opened for reading stays read-only");
	ok(mprotect(p + 6 * PAGE, 100 * PAGE, PROT_READ) == -1, "mprotect of a hole fails");
	munmap(p, 6 * PAGE);
	munmap(f, 2 * PAGE);
}

static void test_shared_anonymous(void)
{
	volatile unsigned *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	p[0] = 1;
	fflush(stdout);
	if (fork() == 0) {
		p[0] += 41;
		p[3000] = 7;
		_exit(0);
	}
	wait(&status);
	ok(p[0] == 42 && p[3000] == 7, "a child's writes to shared memory are seen");
	munmap((void *)p, 4 * PAGE);
}

static void test_refusals(void)
{
	int fd = open("/data/big", O_RDONLY);

	ok(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL, "no length: EINVAL");
	ok(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED && errno == EINVAL, "odd offset: EINVAL");
	ok(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED && errno == EBADF, "no such descriptor: EBADF");
	ok(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES, "shared and writable: EACCES");
	ok(mmap(NULL, PAGE, PROT_READ, 0, fd, 0) == MAP_FAILED && errno == EINVAL, "neither shared nor private: EINVAL");
	ok(mmap(NULL, 1ul << 60, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM, "too long: ENOMEM");
	ok(munmap((void *)100, PAGE) == -1 && errno == EINVAL, "munmap of an odd address: EINVAL");
	close(fd);
}

static void test_sparse(void)
{
	unsigned char *p = map_file("/data/sparse", 301 * PAGE, PROT_READ, MAP_PRIVATE, 0);
	unsigned char *far = map_file("/data/sparse", 2 * PAGE, PROT_READ, MAP_PRIVATE, 300000 * (off_t)PAGE);

	ok(!memcmp(p, "at 0", 4) && !memcmp(p + 12 * PAGE, "at 49152", 8) && !memcmp(p + 50 * 1024, "at 51200", 8), "data between holes");
	ok(!p[PAGE] && !p[100 * PAGE] && !memcmp(p + 300 * PAGE, "at 1228800", 10), "holes are zeroes");
	ok(!memcmp(far, "at 1228800000", 13) && !far[PAGE + 99], "a block behind a triple indirection");
	munmap(p, 301 * PAGE);
	munmap(far, 2 * PAGE);
}

static void test_many(void)
{
	static unsigned char *p[2000];
	int good = 1;

	for (unsigned i = 0; i < 2000; i++) {
		p[i] = mmap(NULL, PAGE, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		good &= p[i] != MAP_FAILED;
		if (!(i & 1))
			p[i][0] = (unsigned char)i;
	}
	for (unsigned i = 0; i < 2000; i++)
		good &= p[i][0] == (i & 1 ? 0 : (unsigned char)i);
	for (unsigned i = 0; i < 2000; i++)
		good &= munmap(p[(i * 7) % 2000], PAGE) == 0;
	ok(good, "2,000 mappings made, used and taken away in another order");
}

int main(void)
{
	test_reading();
	test_bus();
	test_private_writes();
	test_anonymous();
	test_holes_in_mappings();
	test_protection();
	test_shared_anonymous();
	test_refusals();
	test_sparse();
	test_many();
	return tap_done();
}
