/* SPDX-License-Identifier: MIT */
/* All that is cached and clean goes, used lately or not: for those who want to see what the device says. */
#include "mm/lru.h"
#include "mm/reclaim.h"

#define BATCH 32

static void drop_list(enum lru_list list)
{
	struct page *pages[BATCH];
	unsigned n = BATCH;

	/* each is looked at once: those that stay go to the young end */
	for (size_t left = lru_length(list); left && n; left -= n) {
		n = lru_oldest(list, pages, left < BATCH ? (unsigned)left : BATCH);
		for (unsigned i = 0; i < n; i++) {
			page_take_clean(pages[i]);
			page_put(pages[i]);
		}
	}
}

void page_drop_clean(void)
{
	drop_list(LRU_INACTIVE);
	drop_list(LRU_ACTIVE);
}
