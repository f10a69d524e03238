/* SPDX-License-Identifier: MIT */
/* Memory taken back: file pages by those who need some, and ahead of need by a thread, which also decides that memory is out. */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "mm/page.h"

/*
 * Takes back up to `want` clean file pages: unmaps them everywhere, removes them from the cache, frees them. Returns how many. Thread
 * context, no spinlock, no page lock; only tries page locks, and waits for none but mappers_lock, so it may be called with any sleeping lock held.
 */
unsigned page_reclaim(unsigned want);

/* A referenced page goes from the cache, used lately or not, if it is clean and nobody is in the middle of something with it. Sleeps. */
bool page_take_clean(struct page *page);

/*
 * Makes room for those who found none: reclaims, waits for dirty pages to be written, and at last for some process to be killed; each for a
 * bounded time, since the caller may hold what others need. true: try again. false: nothing can be had, or the caller has been killed.
 * Context as page_reclaim.
 * try: the same, and nobody is killed for it.
 */
bool page_make_room(void);
bool page_try_make_room(void);

/* Every file page goes that page_take_clean takes. Sleeps, no lock held. */
void page_drop_clean(void);

/* page_alloc, making room as long as that helps. NULL: nothing left. Context as page_reclaim. */
struct page *page_alloc_reclaim(void);

/* ---- the thread: mm/reclaimer.c ---- */

/* Starts it. Once, when threads may be created. */
void reclaim_start(void);

/*
 * Memory of the floors above that can be had back. shrink: up to n objects go; how many. Called by the thread, which holds nothing. Boot only,
 * and they stay.
 */
struct shrinker {
	unsigned (*shrink)(unsigned n); /* constant */
	struct shrinker *next;		/* constant after boot */
};
void reclaim_add_shrinker(struct shrinker *s);

/* Who can end a process: kills one, reporting it, and says so; false: there is none. Called by the thread, which holds nothing. Boot only. */
void reclaim_set_killer(bool (*kill)(void));

/* Asks the thread to find memory or to kill, and waits: as page_make_room. */
bool reclaim_wait_killed(void);

#endif
