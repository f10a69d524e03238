/* SPDX-License-Identifier: MIT */
/*
 * File pages by age, and reclaim.
 *
 * The list has the cached pages, oldest first. Reclaim takes the oldest; one that was used since it last looked (PG_REFERENCED, or an
 * accessed bit found while unmapping) goes to the young end for a second chance. Otherwise, with the page lock (tried, never waited for):
 *
 * 1. freeze the word; 2. take away every entry (mm/rmap.c); 3. compare the counts with the two references that are explained, the
 * cache's and ours: anything more is somebody in the middle of something, so unfreeze and leave it; 4. take it out of the cache.
 *
 * Whoever meets the page FROZEN waits for its unlock and looks again. Dirty pages and pages without a device behind them are left alone.
 */
#include "mm/lru.h"

#include "kernel/stats.h"
#include "mm/pagecache.h"
#include "mm/rmap.h"

static struct spinlock lru_lock = SPINLOCK_INIT(LOCK_LRU);
static struct list lru = LIST_INIT(lru);
static size_t lru_pages; /* lru_lock */

void lru_add(struct page *page)
{
	irqflags_t flags = spin_lock_irq(&lru_lock);

	assert(!page_flag(page, PG_LRU));
	list_append(&lru, &page->lru);
	lru_pages++;
	page_flag_set(page, PG_LRU);
	spin_unlock_irq(&lru_lock, flags);
}

void lru_remove(struct page *page)
{
	irqflags_t flags = spin_lock_irq(&lru_lock);

	if (page_flag(page, PG_LRU)) {
		list_remove(&page->lru);
		lru_pages--;
		page_flag_clear(page, PG_LRU);
	}
	spin_unlock_irq(&lru_lock, flags);
}

/* The oldest page, referenced, and moved to the young end. NULL: none that can be had. */
static struct page *lru_oldest(void)
{
	irqflags_t flags = spin_lock_irq(&lru_lock);
	struct page *page = NULL;

	if (!list_empty(&lru)) {
		page = list_first(&lru, struct page, lru);
		list_remove(&page->lru);
		list_append(&lru, &page->lru);
		/* It is on the list, so it has not been freed, and its frame is nobody else's yet. */
		if (!page_tryget(page))
			page = NULL;
	}
	spin_unlock_irq(&lru_lock, flags);
	return page;
}

static bool worth_taking(struct page *page)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);

	if (page_state(page) != PAGE_READY || !m || m->ops->volatile_pages)
		return false;
	if (page_flag(page, PG_DIRTY | PG_WRITEBACK))
		return false;
	if (page_flag(page, PG_REFERENCED)) {
		page_flag_clear(page, PG_REFERENCED);
		return false;
	}
	return true;
}

/* Page locked, our reference held. true: out of the cache, its last reference is ours. */
static bool take_page(struct page *page)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	uint64_t word = page_freeze(page);

	if (word >> 31 & PAGE_REF_MASK) {
		if (!rmap_unmap_file(page))
			goto back;
		word = atomic_load_explicit(&page->word, memory_order_acquire);
	}
	/* Written to and unmapped again since worth_taking looked? The writer's count was dropped by a release, which `word` has seen. */
	if (word != (PAGE_FROZEN | 2 * PAGE_REF) || page_flag(page, PG_DIRTY))
		goto back;
	cache_remove(m, page);
	page_put(page); /* the cache's */
	return true;
back:
	page_unfreeze(page);
	return false;
}

static bool try_take(struct page *page)
{
	bool taken;

	if (!page_trylock(page))
		return false;
	taken = worth_taking(page) && take_page(page);
	page_unlock(page);
	return taken;
}

unsigned page_reclaim(unsigned want)
{
	size_t looks = 2 * lru_pages + 1; /* every page once, and once more without its second chance; a hint, so no lock */
	unsigned got = 0;

	while (got < want && looks--) {
		struct page *page = lru_oldest();

		if (!page)
			continue;
		got += try_take(page);
		page_put(page);
	}
	stat_add(STAT_reclaimed, got);
	return got;
}

/* A pass that takes nothing may only have met pages that others hold for a moment; so memory is out only after several. */
bool page_make_room(void)
{
	for (unsigned pass = 0; pass < 64; pass++) {
		if (page_reclaim(32))
			return true;
		thread_yield();
	}
	return false;
}

struct page *page_alloc_reclaim(void)
{
	struct page *page;

	do {
		page = page_alloc(FRAME_NORMAL);
	} while (!page && page_make_room());
	return page;
}
