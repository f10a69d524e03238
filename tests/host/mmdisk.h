/* SPDX-License-Identifier: MIT */
/* A file that can be written, on a disk of 1 KiB blocks in memory: reads and writes end later, in a timer interrupt. It checks what mm promises. */
#ifndef TESTS_HOST_MMDISK_H
#define TESTS_HOST_MMDISK_H

#include "lib/prng.h"
#include "mm/pagecache.h"

#define DISK_BLOCK 1024
#define DISK_BLOCKS_PER_PAGE (PAGE_SIZE / DISK_BLOCK)

struct disk_file {
	struct mapping mapping;
	struct mutex lock;     /* mapping.write_lock */
	_Atomic unsigned refs;
	pgoff_t pages;	       /* room for so many */
	char *data;
	_Atomic bool *have;    /* by block: it has been given to the file */
	_Atomic unsigned blocks_left;
	_Atomic bool full;     /* the next reservations fail: -ENOSPC */
	_Atomic bool broken;   /* writes fail: -EIO */
	_Atomic unsigned long written;
	struct prng delays;
	struct spinlock delays_lock;
};

struct disk_file *disk_file_new(pgoff_t pages, uint64_t size, uint64_t seed);
void disk_file_put(struct disk_file *f);

/* lock held: the blocks of [start, end) bytes, whole ones only, are nobody's any more. */
void disk_file_free_blocks(struct disk_file *f, uint64_t start, uint64_t end);

/* Nothing is being written: does the disk hold zeroes behind the end, in the last block? */
bool disk_file_tail_zero(struct disk_file *f);

#endif
