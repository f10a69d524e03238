/* SPDX-License-Identifier: MIT */
/*
 * How long page locks are waited for: all waits since the last reset, whatever the page. Written when somebody has waited, never by who finds the
 * lock free.
 *
 * section and switch are what the bounds at the head of mm/page_lock.c are made of, as they have been at worst: from the head's finding the lock
 * held until the next unlock; from calling a waiter (but not before it is due), or handing it the lock, until it runs. place is the longest wait
 * divided by the waiter's position in the queue when it came: a bound of position x (...) holds for every wait if it holds for place.
 */
#ifndef MM_PAGE_WAITS_H
#define MM_PAGE_WAITS_H

#include "mm/page_queue.h"

enum page_worst { WORST_WAIT, WORST_PLACE, WORST_SECTION, WORST_SWITCH, WORST_POSITION, WORSTS };

/* ---- for mm/page_lock.c; queue lock held, but for `ended` ---- */

void page_waits_queued(struct page_waiter *w);
void page_waits_held(struct page_waiter *w);	 /* the head has found the lock held */
void page_waits_unlocked(struct page_waiter *w); /* w is the head */
void page_waits_called(struct page_waiter *w);	 /* or handed the lock */
void page_waits_runs(const struct page_waiter *w); /* after that */
void page_waits_ended(const struct page_waiter *w); /* it has the lock */

/* ---- for people ---- */

uint64_t page_waits_count(void);
uint64_t page_waits_worst(enum page_worst which);

/* So many of a thousand waits took at most that long, within a quarter of an octave. */
uint64_t page_waits_quantile(unsigned per_mille);

/* From the beginning. Waits that end at this moment may be lost in part. */
void page_waits_reset(void);

#endif
