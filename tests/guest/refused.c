/* SPDX-License-Identifier: MIT */
/* A full disk with small blocks: what a write that was refused leaves, and blocks that are just being given back. For Faultline's disk only. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "disk.h"
#include "tap.h"

#define BLOCK 1024

static char block[64 * BLOCK];

/* As much as is wanted of struct statfs. */
struct usage {
	long type, block_size, blocks, free, rest[12];
};

static long blocks_free(void)
{
	struct usage u;

	return syscall(SYS_statfs, ".", &u) ? -1 : u.free;
}

static void sync_all(void)
{
	syscall(SYS_sync);
}

/* As much of that byte as there is room for, to the last block. */
static long fill_disk(const char *name, int byte)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	long n, size = 0;

	memset(block, byte, sizeof(block));
	while ((n = write(fd, block, BLOCK)) > 0)
		size += n;
	close(fd);
	return size;
}

/* All but so many blocks. */
static void fill_but(long left)
{
	long size = fill_disk("fill", 'F');

	if (truncate("fill", size - left * BLOCK))
		exit(2);
	sync_all();
}

/* Of a page of the hole: is it zeroes? */
static int is_zero(int fd)
{
	char page[PAGE];
	int zero = pread(fd, page, PAGE, 2 * PAGE) == (ssize_t)PAGE;

	for (unsigned i = 0; i < PAGE; i++)
		zero &= !page[i];
	return zero;
}

/* A file with a hole, and two free blocks for the four that a page of it takes. */
static int hole_make(void)
{
	int fd;

	fill_disk("old", 0xaa);
	sync_all();
	fd = open("hole", O_RDWR | O_CREAT | O_TRUNC, 0600);
	unlink("old");
	sync_all();
	fill_but(2);
	/* what was there at the last sync is zeroed anyhow: this hole is younger */
	if (ftruncate(fd, 16 * PAGE) || ftruncate(fd, 0) || ftruncate(fd, 16 * PAGE))
		exit(2);
	return fd;
}

static void store(void *map)
{
	((volatile char *)map)[2 * PAGE] = 1;
}

static void test_hole(int by_store)
{
	int fd = hole_make();
	char *map = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ok(blocks_free() == 2, "two blocks are free");
	memset(block, 'B', sizeof(block));
	if (by_store)
		ok(killed_by(in_child(store, map), SIGBUS), "a store that needs four: SIGBUS");
	else
		ok(pwrite(fd, block, PAGE, 2 * PAGE) == -1 && errno == ENOSPC, "a write that needs four: ENOSPC");
	ok(is_zero(fd), "the hole reads as zeroes");
	munmap(map, 16 * PAGE);
	put("/proc/sys/vm/drop_caches", "3");
	ok(is_zero(fd), "from the disk too: nobody sees what other files have left there");
	close(fd);
	unlink("hole");
	unlink("fill");
	sync_all();
}

static void *syncer(void *arg)
{
	sync_all();
	return arg;
}

static void *write_one(void *arg)
{
	int fd = open("late", O_RDWR | O_CREAT, 0600);

	*(long *)arg = pwrite(fd, block, BLOCK, 0);
	close(fd);
	return NULL;
}

/* The blocks of a removed file are being given back: their names are on their way off the disk. */
static void test_on_the_way(void)
{
	pthread_t a, b;
	long wrote = 0;
	int fd = open("late", O_RDWR | O_CREAT, 0600);

	close(fd);
	fill_but(100);
	fill_disk("part", 'P');
	sync_all();
	put(DISK "hold", "0-999999999,w");
	unlink("part");
	if (pthread_create(&a, NULL, syncer, NULL))
		exit(2);
	while (held() < 1)
		pause_ms(1);
	if (pthread_create(&b, NULL, write_one, &wrote))
		exit(2);
	pause_ms(50);
	put(DISK "hold", "none");
	pthread_join(b, NULL);
	pthread_join(a, NULL);
	ok(wrote == BLOCK, "a write waits for blocks that are just being given back");
	unlink("late");
	unlink("fill");
}

int main(void)
{
	struct usage u;

	if (access(DISK "hold", F_OK) || syscall(SYS_statfs, ".", &u) || u.block_size != BLOCK) {
		tap_skip("a full disk", "needs a small one of Faultline's");
		return tap_done();
	}
	test_hole(0);
	test_hole(1);
	test_on_the_way();
	return tap_done();
}
