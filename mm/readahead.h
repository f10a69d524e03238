/* SPDX-License-Identifier: MIT */
/* How much to read when a page is missing, and when the next pages are begun before anybody misses them. */
#ifndef MM_READAHEAD_H
#define MM_READAHEAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mapping;

#define READAHEAD_MAX 64 /* pages in one window; bound of policy readahead_pages */
#define READAHEAD_START 4
#define READAHEAD_AROUND 16u /* of a fault that is not in order */

enum readahead_mode { READAHEAD_NORMAL, READAHEAD_SEQUENTIAL, READAHEAD_RANDOM }; /* as advised */

/*
 * What an open file remembers of its reads; a mapping has one for those who come without an open file. All zero: nothing yet. Readers at the same
 * time may mix it up: that costs a wrong window, nothing else. (A) atomic
 */
struct readahead {
	_Atomic uint64_t next;	 /* index behind the last window		(A) */
	_Atomic uint64_t after;	 /* index behind the page last used; 0: none	(A) */
	_Atomic uint32_t size;	 /* pages in the last window			(A) */
	_Atomic uint32_t misses; /* faults in a row that were not in order	(A) */
	_Atomic uint32_t mode;	 /* enum readahead_mode				(A) */
};

/* Who asks. An asker's own. */
struct ra_ask {
	uint64_t index; /* is missing */
	uint64_t want;	/* pages from there on that will be used now, as far as is known; >= 1 */
	bool fault;
	enum readahead_mode mode;
};

/* An answer, the asker's own: [start, start + pages), within the file. Whoever meets the page start + mark shall begin the next window;
 * mark >= pages: nobody. */
struct ra_window {
	uint64_t start;
	unsigned pages, mark;
};

static inline enum readahead_mode readahead_mode(const struct readahead *ra)
{
	return (enum readahead_mode)atomic_load_explicit(&ra->mode, memory_order_relaxed);
}

/* Advice. Any context. */
void readahead_set_mode(struct readahead *ra, enum readahead_mode mode);

/* A miss: the window has a->index in it, and pages >= 1. Remembers it. Any context. */
struct ra_window readahead_miss(struct readahead *ra, struct mapping *m, const struct ra_ask *a);

/* The marked page at a->index has been met: what to begin now; pages 0: nothing. Any context. */
struct ra_window readahead_marked(struct readahead *ra, struct mapping *m, const struct ra_ask *a);

/* This page is used now. true: it is another than the last time. */
static inline bool readahead_used(struct readahead *ra, uint64_t index)
{
	if (atomic_load_explicit(&ra->after, memory_order_relaxed) == index + 1)
		return false;
	atomic_store_explicit(&ra->after, index + 1, memory_order_relaxed);
	return true;
}

#endif
