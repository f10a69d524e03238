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

/* The values in force. Read anywhere, written by policy_set only; a reader may see a change at any moment. */
struct policy {
	_Atomic uint32_t around;	  /* enum around_policy */
	_Atomic uint32_t around_pages;	  /* window of map-around, 1..PTES_PER_TABLE, a power of two */
	_Atomic uint32_t readahead_pages; /* largest read-ahead window; 0: none */
	_Atomic uint32_t stable;	  /* enum stable_policy: a page under write-back is not changed */
	_Atomic uint32_t dirty_percent;	  /* of memory may be dirty before writers wait; the flusher starts at half of it */
	_Atomic uint32_t complete;	  /* enum stable_policy { STABLE_WAIT, STABLE_OFF };
enum complete_policy: who completes a request of the RAM block device */
	_Atomic uint32_t latency_us;	  /* of each request of the RAM block device */
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
