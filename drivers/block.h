/* SPDX-License-Identifier: MIT */
/* Block devices, and requests to them. */
#ifndef DRIVERS_BLOCK_H
#define DRIVERS_BLOCK_H

#include "kernel/spinlock.h"
#include "lib/list.h"
#include "mm/writeback.h"

#define SECTOR_SHIFT 9
#define SECTOR_SIZE (1u << SECTOR_SHIFT)
#define REQUEST_SEGMENTS 64

struct blkdev;

struct segment {
	void *data;   /* in the direct map */
	uint32_t len; /* bytes, a multiple of a sector */
};

/*
 * Consecutive sectors, from or to several pieces of memory. It is the owner's, but for the time from block_submit until done is called,
 * when it is the device's. (O) the owner's to write, (D) the device's.
 */
struct request {
	struct blkdev *dev;			    /*						(O) */
	uint64_t sector;			    /*						(O) */
	bool write;				    /*						(O) */
	unsigned nr_segments;			    /*						(O) */
	void (*done)(struct request *r, int error); /* 0 or -EIO; any context; r is the owner's again	(O) */
	void *private;				    /*						(O) */
	int error;				    /* how it will end				(D) */
	uint64_t bad;				    /* bit by segment: no data moves. Not 0 if error is not	(D) */
	bool released;				    /* it was held back once, and is not any more	(D) */
	struct list link;			    /* place in the device's queue		(D) */
	uint64_t submitted;			    /* clock_ns					(D) */
	uint64_t due;				    /* when it shall complete			(D) */
	struct segment segments[REQUEST_SEGMENTS];  /*						(O) */
};

struct blkdev_ops {
	/* Thread context; may sleep. Later, in its own time, the device calls request_done: for a request with an error as well. */
	void (*submit)(struct blkdev *dev, struct request *r);
};

/* (C) constant once registered */
struct blkdev {
	const char *name;	      /*						(C) */
	const struct blkdev_ops *ops; /*						(C) */
	uint64_t sectors;	      /*						(C) */
	unsigned number;	      /* in order of registration: 0 is the root's	(C) */
	struct list all;	      /* every device					(C) */
	struct flusher flusher;	      /* what is dirty and belongs here			(mm/writeback.h) */
};

/* NULL: no memory. The owner sets done and private. request_free from any context. */
struct request *request_new(struct blkdev *dev, uint64_t sector, bool write);
void request_free(struct request *r);
bool request_add(struct request *r, void *data, uint32_t len); /* false: it is full */
uint32_t request_bytes(const struct request *r);

/* How segment i has ended, of a request that has ended with `error`. */
static inline int request_segment_error(const struct request *r, unsigned i, int error)
{
	return r->bad >> i & 1 ? error : 0;
}

/* Thread context. Counts, and hands it to the device. What does not lie on the device ends in -EIO, when others would end. */
void block_submit(struct request *r);

/* For a device: the request is over, as r->error says. Any context. */
void request_done(struct request *r);

void block_register(struct blkdev *dev);
struct blkdev *block_device(unsigned number); /* NULL: there is none */

#endif
