/* SPDX-License-Identifier: MIT */
/* What the files of the RAM block device share. */
#ifndef DRIVERS_RAMBLK_IMPL_H
#define DRIVERS_RAMBLK_IMPL_H

#include "drivers/block.h"
#include "drivers/ramblk.h"
#include "drivers/throttle.h"
#include "kernel/time.h"
#include "kernel/wait.h"
#include "lib/prng.h"

enum latency_kind {
	LATENCY_POLICY,	 /* what policy latency_us says */
	LATENCY_FIXED,	 /* a */
	LATENCY_UNIFORM, /* between a and b */
	LATENCY_EXP,	 /* exponential, mean a */
	LATENCY_SECTOR,	 /* a, and b more for each MiB that the sector is away from the start */
	LATENCY_SEEK,	 /* a, and b more for each MiB from where the request before it ended */
};

struct latency {
	enum latency_kind kind;
	uint64_t a, b; /* microseconds */
};

enum { TOUCH_READS = 1, TOUCH_WRITES = 2 };
enum rule_when { WHEN_ALWAYS, WHEN_ONCE, WHEN_CHANCE, WHEN_NTH };

/* Requests that touch [first, last] fail, as far as their segments do, or are held back. */
struct sector_rule {
	uint64_t first, last;
	unsigned touch;	     /* TOUCH_*; 0: the rule is not in use, or not any more */
	enum rule_when when; /* of hold rules: ALWAYS or NTH */
	uint32_t number;     /* CHANCE: in a million; NTH: how many are still to come, that one included */
};

#define RULES 16
#define BUCKETS 40 /* of the latency histogram: the k-th counts 2^k to 2^(k+1) ns */

/* (C) constant, (D) lock */
struct ramblk {
	struct blkdev dev;	/*						(C) */
	char name[16];		/*						(C) */
	char *memory;		/*						(C) */
	struct spinlock lock;
	struct list queue;	/* in service, by due time			(D) */
	struct list waiting;	/* not yet: the device is busy; oldest first	(D) */
	struct list held;	/* due, and held back				(D) */
	unsigned busy;		/* on queue and held				(D) */
	struct timer timer;	/* for the head of queue			(D) */

	struct latency latency; /*						(D) */
	uint64_t depth;		/* requests in service at most; 0: no bound	(D) */
	uint64_t seed;		/* what `random` was started with		(D) */
	struct prng random;	/*						(D) */
	uint64_t last_sector;	/* behind the last request			(D) */
	struct throttle iops, bandwidth; /*					(D) */
	unsigned throttles;	/* how often these two have been set		(D) */
	struct waitq throttled;	/* submitters who have asked for too much */
	struct sector_rule errors[RULES], holds[RULES]; /*			(D) */

	uint64_t reads, writes, failed; /* completed				(D) */
	uint64_t sectors_read, sectors_written; /*				(D) */
	unsigned deepest;	/* most that were there at a time		(D) */
	uint64_t histogram[BUCKETS]; /* from submit to completion		(D) */
};

#define RAMBLK_MAX 8
extern struct ramblk *ramblk_disks[RAMBLK_MAX]; /* written at boot */
extern unsigned ramblk_count;

static inline uint64_t request_end(const struct request *r)
{
	return r->sector + (request_bytes(r) >> SECTOR_SHIFT);
}

/* ---- drivers/ramblk_model.c; all with the lock held ---- */

uint64_t model_latency_ns(struct ramblk *disk, const struct request *r);
uint64_t model_fails(struct ramblk *disk, const struct request *r); /* bit by segment */
bool model_holds(struct ramblk *disk, const struct request *r);	    /* when it is due */
bool model_still_holds(const struct ramblk *disk, const struct request *r); /* when the rules have changed */

/* Charges the request; until when its submitter must sleep (clock_ns scale; not later than now: it need not). */
uint64_t model_throttle(struct ramblk *disk, const struct request *r, uint64_t now);

/* ---- drivers/ramblk.c ---- */

/* The hold rules have changed: requests that no rule holds any more complete. Lock held. */
void ramblk_release_held(struct ramblk *disk);

/* More may be in service now. Lock held. */
void ramblk_fill(struct ramblk *disk);

#endif
