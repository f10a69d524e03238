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
 * Whoever meets the page FROZEN waits for its unlock and looks again. Dirty pages and pages without a device behind them are left alone. A store may
 * make the page dirty until it is out of the cache: the last look is under mapping->lock, under which PG_DIRTY changes.
 *
 * Pages of one mapping that follow each other on the list are frozen together, so that their entries cost one TLB flush for each address space
 * that maps them, not one for each page. The order is argued in mm/rmap.c. While the batch is being gathered its pages are locked, others are only
 * tried, and nothing is waited for.
 */
#include "mm/lru.h"

#include "kernel/stats.h"
#include "mm/pagecache.h"
#include "mm/rmap.h"
#include "mm/writeback.h"

#define RECLAIM_BATCH 32

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

/* Pages of one mapping, locked and FROZEN, each with a reference of ours. Their locks are the batch's, as if it were an I/O. */
struct batch {
	struct mapping *m;
	unsigned n;
	struct page *pages[RECLAIM_BATCH];
};

/* FROZEN, and its entries taken away if that could be done. true: out of the cache, its last reference is ours. */
static bool take_frozen(struct mapping *m, struct page *page)
{
	/* acquire: whoever has dropped a count since is done with the page */
	uint64_t word = atomic_load_explicit(&page->word, memory_order_acquire);

	if (word != (PAGE_FROZEN | 2 * PAGE_REF) || !cache_remove_clean(m, page)) {
		page_unfreeze(page);
		return false;
	}
	page_put(page); /* the cache's */
	return true;
}

static unsigned batch_finish(struct batch *b)
{
	unsigned got = 0;
	bool mapped = false;

	for (unsigned i = 0; i < b->n; i++)
		mapped |= page_maps(b->pages[i]) > 0;
	if (mapped)
		rmap_try_unmap(b->m, b->pages, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		got += take_frozen(b->m, b->pages[i]);
		page_unlock_io(b->pages[i], 0);
		page_put(b->pages[i]);
	}
	b->n = 0;
	return got;
}

/* Takes over the caller's reference. Returns how many pages this has freed. */
static unsigned batch_add(struct batch *b, struct page *page)
{
	struct mapping *m;
	unsigned got = 0;

	if (!page_trylock(page)) {
		page_put(page);
		return 0;
	}
	if (!worth_taking(page)) {
		page_unlock(page);
		page_put(page);
		return 0;
	}
	m = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	if (b->n && b->m != m)
		got = batch_finish(b);
	page_freeze(page);
	page_lock_give_to_io(page);
	b->m = m;
	b->pages[b->n++] = page;
	if (b->n == RECLAIM_BATCH)
		got += batch_finish(b);
	return got;
}

unsigned page_reclaim(unsigned want)
{
	size_t looks = 2 * lru_pages + 1; /* every page once, and once more without its second chance; a hint, so no lock */
	struct batch b = { .n = 0 };
	unsigned got = 0;

	while (got + b.n < want && looks--) {
		struct page *page = lru_oldest();

		if (page)
			got += batch_add(&b, page);
		if (got + b.n >= want)
			got += batch_finish(&b);
	}
	got += batch_finish(&b);
	stat_add(STAT_reclaimed, got);
	return got;
}

bool page_take_clean(struct page *page)
{
	struct mapping *m;
	bool taken = false;

	if (!page_trylock(page))
		return false;
	m = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	if (m && page_state(page) == PAGE_READY && !m->ops->volatile_pages && !page_flag(page, PG_DIRTY | PG_WRITEBACK)) {
		page_freeze(page);
		if (page_maps(page))
			rmap_unmap(m, page);
		taken = take_frozen(m, page);
	}
	page_unlock(page);
	return taken;
}

/*
 * A pass that takes nothing may only have met pages that others hold for a moment, or dirty ones. The flusher writes those: reclaim does not
 * enter a file system, whose locks its caller may hold, but waits for that thread a moment. So memory is out only after several passes.
 */
bool page_make_room(void)
{
	for (unsigned pass = 0; pass < 64; pass++) {
		if (page_reclaim(RECLAIM_BATCH))
			return true;
		if (!writeback_wait_progress())
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
