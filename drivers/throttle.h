/* SPDX-License-Identifier: MIT */
/* So many units a second, and bursts of 10 ms' worth at once: of requests or bytes, for a device or a group of tasks. */
#ifndef DRIVERS_THROTTLE_H
#define DRIVERS_THROTTLE_H

#include "kernel/time.h"

#define THROTTLE_BURST_NS (10 * NSEC_PER_MSEC)

/* Guarded by its owner's lock. */
struct throttle {
	uint64_t per_second; /* 0: no bound	*/
	uint64_t next;	     /* clock_ns at which the next one is due if all goes evenly	*/
};

/* Until when (clock_ns scale) whoever takes these units must sleep; not later than now: he need not. */
static inline uint64_t throttle_charge(struct throttle *t, uint64_t units, uint64_t now)
{
	if (!t->per_second)
		return 0;
	if (t->next < now)
		t->next = now;
	/* a unit at a time may be less than a nanosecond; units are at most a request's bytes, so the product fits */
	t->next += units * NSEC_PER_SEC / t->per_second;
	return t->next > THROTTLE_BURST_NS ? t->next - THROTTLE_BURST_NS : 0;
}

#endif
