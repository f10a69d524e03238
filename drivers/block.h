/* SPDX-License-Identifier: MIT */
/* Block devices, and requests to them. */
#ifndef DRIVERS_BLOCK_H
#define DRIVERS_BLOCK_H

#include "kernel/spinlock.h"
#include "lib/list.h"

#define SECTOR_SHIFT 9
#define SECTOR_SIZE (1u << SECTOR_SHIFT)
#define REQUEST_SEGMENTS 64

struct blkdev;

struct segment {
	void *data; /* in the direct map */
	uint32_t len; /* bytes, a multiple of a sector */
};

/* Consecutive sectors, from or to several pieces of memory. Belongs to the device from block_submit until done has been called. */
struct request {
	struct blkdev *dev;
	uint64_t sector;
	bool write;
	unsigned nr_segments;
	void (*done)(struct request *r, int error); /* 0 or -EIO; any context; r is the owner's again */
	void *private;				    /* the owner's */
	struct list link;			    /* the device's */
	uint64_t submitted;			    /* clock_ns */
	uint64_t due;				    /* the device's: when it completes */
	struct segment segments[REQUEST_SEGMENTS];
};

struct blkdev_ops {
	void (*submit)(struct blkdev *dev, struct request *r); /* thread context; may sleep */
};

struct blkdev {
	const char *name;
	const struct blkdev_ops *ops;
	uint64_t sectors;
	unsigned number; /* in order of registration: 0 is the root's */
	struct list all;
};

/* NULL: no memory. request_free from any context. */
struct request *request_new(struct blkdev *dev, uint64_t sector, bool write);
void request_free(struct request *r);
bool request_add(struct request *r, void *data, uint32_t len); /* false: it is full */
uint32_t request_bytes(const struct request *r);

/* Thread context. Checks the range, counts, hands it to the device. */
void block_submit(struct request *r);

/* For a device: the request is over. Any context. */
void request_done(struct request *r, int error);

void block_register(struct blkdev *dev);
struct blkdev *block_device(unsigned number); /* NULL: there is none */

#endif
