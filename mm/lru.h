/* SPDX-License-Identifier: MIT */
/* File pages by age, oldest first, and taking them back when memory runs out. */
#ifndef MM_LRU_H
#define MM_LRU_H

#include "mm/page.h"

void lru_add(struct page *page);    /* the cache's reference keeps it; any context */
void lru_remove(struct page *page); /* any context; no-op if it is not on it */

/*
 * Takes back up to `want` clean file pages: unmaps them everywhere, removes them from the cache, frees them. Returns how many. Thread
 * context, no spinlock, no page lock; only tries page locks and reverse-map locks, so it may be called with any sleeping lock held.
 */
unsigned page_reclaim(unsigned want);

/* A referenced page goes from the cache, used lately or not, if it is clean and nobody is in the middle of something with it. Sleeps. */
bool page_take_clean(struct page *page);

/* Makes room for those who found none: reclaims, again if others were in the way. false: nothing left to take. Context as page_reclaim. */
bool page_make_room(void);

/* page_alloc, reclaiming as long as that brings something. NULL: nothing left. Context as page_reclaim. */
struct page *page_alloc_reclaim(void);

#endif
