/* SPDX-License-Identifier: MIT */
/*
 * The world of the page lock's tests: one page. Its life is checked (a freed one is not touched), who has its lock (one at a time, each sees
 * what the one before did), who gets it (no policy is broken), and that in the end nobody waits and all references are where they belong.
 */
#ifndef TESTS_EXPLORE_PAGEWORLD_H
#define TESTS_EXPLORE_PAGEWORLD_H

#include "lib/errno.h"
#include "mm/page_lock.h"
#include "mm/policy.h"
#include "tests/explore/explore.h"

#define INDEX 7 /* where it is in a_mapping */

extern struct page pages[1];
extern struct mapping *const a_mapping;
extern unsigned taken;	       /* how often the lock was had */
extern unsigned most_parks;    /* in the first lock of a thread: one, and one for each race it may lose */
extern _Atomic unsigned data;  /* what the lock guards: the same, as memory shows it to whoever has the lock */

#define UNFAIR PAGELOCK_UNFAIR
#define FAIR PAGELOCK_FAIR
#define BOUNDED (PAGELOCK_BOUNDED | 1u << POLICY_NUMBER)
#define DEADLINE (PAGELOCK_DEADLINE | 100u << POLICY_NUMBER)

void setup(uint32_t pagelock, uint32_t flags, unsigned refs);

/* pageghost.c. Setup: the policy that is kept to. A thread: it may end its waits without the lock; it has. */
#define GHOST_OFF UINT32_MAX
void ghost_begin(uint32_t pagelock);
void ghost_may_leave(void);
void ghost_left(void);

void enter(void); /* with the lock */
void leave(void); /* about to let go of it */
void use(void);	  /* all of that, and unlocks */
void lock_once(void);
void put(void);	  /* a reference */

/* At the end: in the cache, which has the one reference, or three more have; or freed. */
void end_cached(void);
void end_shared(void);
void end_freed(void);

#define TEST(id, what, n, first, last, ...)                                                        \
	static const struct explore_test id = {                                                    \
		.name = #id, .about = what, .threads = n, .setup = first, .run = { __VA_ARGS__ }, .end = last                \
	}

#endif
