/* SPDX-License-Identifier: MIT */
/* A full tmpfs: writes end in ENOSPC, loads and stores in SIGBUS, and all is given back. What fallocate keeps behind the end is there. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

#define TMPFS_MAGIC 0x01021994
#define MOST (1l << 18) /* pages that we are ready to fill */
#define KEEP_SIZE 1
#define SPARE 8l	/* pages left free */
#define PAGES 64l	/* of the sparse file */

struct usage {
	long magic, block_size;
	unsigned long blocks, free, available, rest[14];
};

static const char folder[] = "/tmp", ballast[] = "/tmp/ballast", sparse[] = "/tmp/sparse";

static long pages_free(void)
{
	struct usage u = { 0 };

	if (syscall(SYS_statfs, folder, &u) || u.magic != TMPFS_MAGIC)
		return -1;
	return (long)u.free;
}

static long allocate(int fd, int mode, long start, long len)
{
	return syscall(SYS_fallocate, fd, (long)mode, start, len);
}

static volatile unsigned char *pages;

static void store_all(void *arg)
{
	for (long i = 0; i < PAGES; i++)
		pages[i * PAGE] = 1;
}

static void load_all(void *arg)
{
	for (long i = 0; i < PAGES; i++)
		(void)pages[i * PAGE];
}

static void test_full(void)
{
	long before = pages_free();
	int full = open(ballast, O_RDWR | O_CREAT, 0600), fd = open(sparse, O_RDWR | O_CREAT, 0600);
	char byte = 0;

	ok(allocate(full, 0, 0, (before - SPARE) * (long)PAGE) == 0 && pages_free() <= SPARE, "all but a few pages are taken");
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok(ftruncate(fd, PAGES * PAGE) == 0 && pages != MAP_FAILED, "a sparse file has any size");
	ok(killed_by(in_child(store_all, NULL), SIGBUS), "stores to it end in SIGBUS");
	ok(killed_by(in_child(load_all, NULL), SIGBUS), "and so do loads of what is not there");
	ok(lseek(fd, (PAGES - 1) * PAGE, SEEK_SET) > 0 && write(fd, &byte, 1) == -1 && errno == ENOSPC, "a write is ENOSPC");
	ok(read(fd, &byte, 1) == 1 && byte == 0, "a read needs no page");
	ok(allocate(fd, 0, 0, PAGES * PAGE) == -1 && errno == ENOSPC, "fallocate is ENOSPC");
	ok(ftruncate(full, 0) == 0 && in_child(store_all, NULL) == 0, "when there is room again the stores go through");
	munmap((void *)pages, PAGES * PAGE);
	close(fd);
	close(full);
	unlink(ballast);
	unlink(sparse);
	ok(pages_free() >= before, "all is given back");
}

static void test_keep(void)
{
	long before = pages_free();
	int fd = open(sparse, O_RDWR | O_CREAT, 0600);
	struct stat st;
	char byte = 1;

	ok(allocate(fd, KEEP_SIZE, 0, PAGES * PAGE) == 0 && fstat(fd, &st) == 0 && st.st_size == 0, "fallocate keeps pages behind the end");
	ok(st.st_blocks == (long)(PAGES * PAGE / 512) && pages_free() == before - PAGES, "they are taken");
	ok(read(fd, &byte, 1) == 0 && write(fd, "xyz", 3) == 3 && pages_free() == before - PAGES, "a write takes no more");
	ok(ftruncate(fd, 2 * PAGE) == 0 && lseek(fd, PAGE, SEEK_SET) > 0 && read(fd, &byte, 1) == 1 && byte == 0, "they are zero");
	ok(ftruncate(fd, PAGE) == 0 && pages_free() == before - 1, "a smaller size gives them back");
	close(fd);
	unlink(sparse);
	ok(pages_free() >= before, "and so does the end of the file");
}

int main(void)
{
	long there = pages_free();

	if (there < 4 * PAGES || there > MOST) {
		tap_skip("a full tmpfs", "/tmp is none, or too large");
		return tap_done();
	}
	test_full();
	test_keep();
	return tap_done();
}
