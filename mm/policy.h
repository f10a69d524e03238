/* SPDX-License-Identifier: MIT */
/*
 * Policies: what an experimenter may choose. Mechanism is code, policy is a row: each family below is one row of
 * mm/policy/table.c, holds one number, and is consulted in one place.
 */
#ifndef MM_POLICY_H
#define MM_POLICY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum around_policy { AROUND_LOCKLESS, AROUND_TRYLOCK, AROUND_OFF };
enum stable_policy { STABLE_WAIT, STABLE_OFF };
enum complete_policy { COMPLETE_TIMER, COMPLETE_INLINE };
enum grab_policy { GRAB_ONCE, GRAB_RELOCK };
enum waitbug_policy { WAITBUG_OFF, WAITBUG_LOST_WAKEUP, WAITBUG_CYCLE, WAITBUG_LIVELOCK };
enum faultlock_policy { FAULTLOCK_OFF, FAULTLOCK_ON };
enum pagelock_policy { PAGELOCK_UNFAIR, PAGELOCK_FAIR, PAGELOCK_BOUNDED, PAGELOCK_DEADLINE };

/* A word with a number, as in "bounded:5": the word in the low bits. */
#define POLICY_WORD 0xffu
#define POLICY_NUMBER 8 /* shift */

/* The values in force. Read anywhere, written by policy_set only; a reader may see a change at any moment. */
struct policy {
	_Atomic uint32_t around;	  /* enum around_policy */
	_Atomic uint32_t around_pages;	  /* window of map-around, 1..PTES_PER_TABLE, a power of two */
	_Atomic uint32_t readahead_pages; /* largest read-ahead window; 0: none */
	_Atomic uint32_t stable;	  /* enum stable_policy: a page under write-back is not changed */
	_Atomic uint32_t dirty_percent;	  /* of free and file pages may be dirty before writers wait */
	_Atomic uint32_t dirty_background_percent; /* and with so many the flusher starts */
	_Atomic uint32_t writeback_centisecs; /* a page may be dirty so long before it starts in any case */
	_Atomic uint32_t complete;	  /* enum complete_policy: who completes a request of the RAM block device */
	_Atomic uint32_t latency_us;	  /* of each request of the RAM block device */
	_Atomic uint32_t grab;		  /* enum grab_policy: how write(2) comes by its page */
	_Atomic uint32_t faultlock;	  /* enum faultlock_policy: a fault locks the page it found in the cache */
	_Atomic uint32_t journal_credits; /* blocks of metadata that may have been changed since the last commit */
	_Atomic uint32_t pagelock;	  /* enum pagelock_policy and its number: how a page lock goes to those who wait for it */
	_Atomic uint32_t pagelock_watch;  /* so often the first waiter, awake, looks at a held lock before it sleeps */
	_Atomic uint32_t waitbug;	  /* enum waitbug_policy: a defect, for the watchdog to find */
	_Atomic uint32_t slice_us;	  /* time slice; 0: the scheduler's own */
};

extern struct policy policy;

static inline uint32_t policy_get(const _Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

/* 0; -ENOENT: no such policy; -EINVAL: no such value. On an error `why` says what would be right (one line, no newline). */
int policy_set(const char *name, const char *value, char *why, size_t size);

/* The value in force as text. 0 or -ENOENT. */
int policy_show(const char *name, char *buf, size_t size);

/* The names, by number; NULL at the end. */
const char *policy_name(unsigned i);

#endif
