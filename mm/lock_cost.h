/* SPDX-License-Identifier: MIT */
/* What the page lock costs, measured where it is: see lock_cost.c. */
#ifndef MM_LOCK_COST_H
#define MM_LOCK_COST_H

#include <stdint.h>

#define LOCK_COST_WAITERS 20000u /* and so many at most */
#define LOCK_COST_PAGES 512u

/* All in ns: under -icount instructions. Written by who measures, whose it is. */
struct lock_cost {
	unsigned waiters, pages;  /* as asked */
	uint64_t pairs, pairs_ns; /* lock and unlock of a free page */
	uint64_t handoffs_ns;	  /* from the first unlock until the last waiter had its lock, switches included */
	uint64_t unlocks_ns;	  /* of that, in the waiters' unlocks */
	uint64_t unlock_worst_ns; /* the longest of them */
};

/* Measures with so many threads asleep on so many pages that share a queue lock, who get their locks under the
 * policy in force. Sleeps; -EBUSY, -EINVAL, -ENOMEM. Nothing else should run. */
int lock_cost_measure(struct lock_cost *cost, unsigned waiters, unsigned pages);

#endif
