/* SPDX-License-Identifier: MIT */
/* Between the two halves of the frame allocator: frame_init.c finds the memory, frame.c hands it out. */
#ifndef KERNEL_FRAME_ZONE_H
#define KERNEL_FRAME_ZONE_H

#include "kernel/frame.h"

#define FRAME_RANGES (2 * BOOT_RANGES)

/* Constant after frame_init. */
struct frame_zone {
	pfn_t first, end;	     /* of the whole span */
	_Atomic uint8_t *state;	     /* of each frame in [first, end) */
	uint64_t total;		     /* frames managed */
	uint64_t reserve;	     /* the last so many are for FRAME_RESERVE */
	uint64_t low, high;	     /* with fewer free frames than `low` somebody is to find more, until there are `high` */
	unsigned nr_ranges;
	struct phys_range range[FRAME_RANGES]; /* managed memory, ascending, in bytes */
};

extern struct frame_zone zone;

/* Makes [start, end) free, in the largest blocks that fit. frame_init only. */
void zone_give(pfn_t start, pfn_t end);

#endif
