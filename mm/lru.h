/* SPDX-License-Identifier: MIT */
/* File pages by age: two lists, which mm/reclaim.c takes from. The statement is in mm/lru.c. */
#ifndef MM_LRU_H
#define MM_LRU_H

#include "mm/page.h"

enum lru_list {
	LRU_INACTIVE, /* where pages come in, and go out at the old end */
	LRU_ACTIVE,   /* used more than once lately */
	LRU_LISTS
};

void lru_add(struct page *page);    /* inactive, at the young end. The cache's reference keeps it; any context */
void lru_remove(struct page *page); /* any context; no-op if it is on none */

/* Up to `most` of the oldest, referenced; each is at the young end now. Any context. */
unsigned lru_oldest(enum lru_list list, struct page **pages, unsigned most);

/* Those of the pages that are on a list still go to the young end of `to`. The caller has them referenced. Any context. */
void lru_move(struct page **pages, unsigned n, enum lru_list to);

size_t lru_length(enum lru_list list); /* a moment ago */

/* It has been used: for the first time since reclaim last looked, or again. Any context; the caller keeps the page. */
static inline void page_note_use(struct page *page)
{
	uint32_t flags = atomic_load_explicit(&page->flags, memory_order_relaxed);

	if (!(flags & PG_WORKING))
		page_flag_set(page, flags & PG_REFERENCED ? PG_WORKING : PG_REFERENCED);
}

#endif
