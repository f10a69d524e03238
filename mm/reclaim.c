/* SPDX-License-Identifier: MIT */
/*
 * Taking back file pages; which, is mm/lru.c's affair. With the page lock (tried, never waited for):
 *
 * 1. freeze the word; 2. take away every entry (mm/rmap.c); 3. compare the counts with the two references that are explained, the
 * cache's and ours: anything more is somebody in the middle of something, so unfreeze and leave it; 4. take it out of the cache.
 *
 * Whoever meets the page FROZEN waits for its unlock and looks again. Dirty pages are left alone. A store may make the page dirty until it is out of
 * the cache: the last look is under mapping->lock, under which PG_DIRTY changes.
 *
 * A batch of the oldest pages is locked, and those of one mapping are frozen together, so that their entries cost one TLB flush for each address
 * space that maps them, not one for each page. The order is argued in mm/rmap.c.
 *
 * Why nobody deadlocks. Whoever reclaims may hold any sleeping lock, perhaps one that the owner of a page wants, or that write-back wants. So
 *
 * a. page locks are tried here. What is locked in a batch is let go after one walk over those who map it. That waits for mappers_lock and for the
 *    answer of other CPUs to a TLB flush. Whoever holds mappers_lock walks too, or changes the list: he takes spinlocks and wants neither
 *    memory nor a page.
 * b. No file system is entered: dirty pages are written by the flusher, which takes only locks that nobody holds who makes room (mm/writeback.c), and
 *    which needs memory itself. It may use the last frames; and what it cannot get at all it waits for with its requests submitted, so
 *    that their end brings back what they hold (fs/bdev.c).
 * c. Every wait has a time limit: for the flusher's progress, and for a victim's end. A victim may be waiting for a lock that we hold: then we give
 *    up, our caller fails with -ENOMEM and lets go of it. Nothing here waits for fork or exec, nor they for us: they reclaim as others do.
 */
#include "mm/reclaim.h"

#include "kernel/stats.h"
#include "mm/lru.h"
#include "mm/pagecache.h"
#include "mm/rmap.h"
#include "mm/writeback.h"

#define RECLAIM_BATCH 32

/* Pages with a reference of ours, locked, their locks the batch's, as if it were an I/O. The reclaiming thread's own. */
struct batch {
	unsigned n;
	struct page *pages[RECLAIM_BATCH];
};

/* ---- a batch ---- */

static struct mapping *mapping_of(struct page *page)
{
	return atomic_load_explicit(&page->mapping, memory_order_relaxed);
}

/* Page locked. Is it one of those that come and go? */
static bool cached(struct page *page)
{
	return page_state(page) == PAGE_READY && mapping_of(page);
}

/* The pages, referenced, of a list: those that can be locked and are cached. */
static void batch_lock(struct batch *b, enum lru_list list, unsigned most)
{
	unsigned n = lru_oldest(list, b->pages, most);

	b->n = 0;
	for (unsigned i = 0; i < n; i++) {
		struct page *page = b->pages[i];

		if (page_trylock(page)) {
			if (cached(page)) {
				page_lock_give_to_io(page);
				b->pages[b->n++] = page;
				continue;
			}
			page_unlock(page);
		}
		page_put(page);
	}
	stat_add(STAT_reclaim_looks, n);
}

static void batch_unlock(struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		page_unlock_io(b->pages[i], 0);
		page_put(b->pages[i]);
	}
	b->n = 0;
}

/* Moves those of the first one's mapping to `to`. */
static struct mapping *batch_split(struct batch *b, struct batch *to)
{
	struct mapping *m = mapping_of(b->pages[0]);
	unsigned n = 0;

	to->n = 0;
	for (unsigned i = 0; i < b->n; i++) {
		if (mapping_of(b->pages[i]) == m)
			to->pages[to->n++] = b->pages[i];
		else
			b->pages[n++] = b->pages[i];
	}
	b->n = n;
	return m;
}

static bool any_mapped(const struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++)
		if (page_maps(b->pages[i]))
			return true;
	return false;
}

/* ---- the active list ---- */

/* Was it used? It is not from now on. */
static bool forget_use(struct page *page, bool used)
{
	if (!page_flag(page, PG_REFERENCED | PG_WORKING))
		return used;
	page_flag_clear(page, PG_REFERENCED | PG_WORKING);
	return true;
}

/* Pages of m: those that were not used, or all if `force`, become inactive. */
static void deactivate(struct mapping *m, struct batch *b, bool force)
{
	uint64_t mask = any_mapped(b) ? rmap_age(m, b->pages, b->n) : 0;
	struct page *down[RECLAIM_BATCH];
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		bool used = forget_use(b->pages[i], mask >> i & 1);

		if (used && !force)
			continue;
		if (used)
			page_flag_set(b->pages[i], PG_REFERENCED);
		down[n++] = b->pages[i];
	}
	lru_move(down, n, LRU_INACTIVE);
	stat_add(STAT_deactivated, n);
}

/* Keeps the inactive list at least as long as the active one. 4 in mm/lru.c. */
static void shrink_active(void)
{
	bool force = lru_length(LRU_INACTIVE) < lru_length(LRU_ACTIVE) / 4;
	struct batch b, same;

	if (lru_length(LRU_ACTIVE) <= lru_length(LRU_INACTIVE))
		return;
	for (batch_lock(&b, LRU_ACTIVE, RECLAIM_BATCH); b.n; batch_unlock(&same))
		deactivate(batch_split(&b, &same), &same, force);
}

/* ---- the inactive list ---- */

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

/* Those that are used again become active. */
static void activate(const struct batch *b)
{
	struct page *up[RECLAIM_BATCH];
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		if (!page_flag(b->pages[i], PG_WORKING))
			continue;
		page_flag_clear(b->pages[i], PG_REFERENCED | PG_WORKING);
		up[n++] = b->pages[i];
	}
	if (n)
		lru_move(up, n, LRU_ACTIVE);
	stat_add(STAT_activated, n);
}

/* Locked pages of m, none used again and all clean a moment ago: how many could be taken. */
static unsigned evict(struct mapping *m, struct batch *b)
{
	unsigned got = 0;

	for (unsigned i = 0; i < b->n; i++)
		page_freeze(b->pages[i]);
	if (any_mapped(b) && rmap_unmap_unused(m, b->pages, b->n))
		activate(b);
	for (unsigned i = 0; i < b->n; i++)
		got += take_frozen(m, b->pages[i]);
	return got;
}

/* Takes out of the batch those that are used again, or dirty. */
static void keep_those_needed(struct batch *b)
{
	struct batch keep = { .n = 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++) {
		if (page_flag(b->pages[i], PG_WORKING | PG_DIRTY | PG_WRITEBACK))
			keep.pages[keep.n++] = b->pages[i];
		else
			b->pages[n++] = b->pages[i];
	}
	b->n = n;
	activate(&keep);
	batch_unlock(&keep);
}

static unsigned shrink_inactive(unsigned looks)
{
	struct batch b, same;
	unsigned got = 0;

	batch_lock(&b, LRU_INACTIVE, looks);
	keep_those_needed(&b);
	while (b.n) {
		struct mapping *m = batch_split(&b, &same);

		got += evict(m, &same);
		batch_unlock(&same);
	}
	return got;
}

/* ---- the interface ---- */

/* Every page has its rounds on both lists before this gives up. */
unsigned page_reclaim(unsigned want)
{
	size_t looks = 4 * (lru_length(LRU_INACTIVE) + lru_length(LRU_ACTIVE));
	unsigned got = 0;

	while (got < want && looks) {
		size_t part = want - got < RECLAIM_BATCH ? want - got : RECLAIM_BATCH;

		part = part < looks ? part : looks;
		looks -= part;
		shrink_active();
		got += shrink_inactive((unsigned)part);
	}
	stat_add(STAT_reclaimed, got);
	return got;
}

bool page_take_clean(struct page *page)
{
	struct mapping *m;
	bool taken = false;

	if (!page_trylock(page))
		return false;
	m = mapping_of(page);
	if (cached(page) && !m->ops->volatile_pages && !page_flag(page, PG_DIRTY | PG_WRITEBACK)) {
		page_freeze(page);
		if (page_maps(page))
			rmap_unmap(m, page);
		taken = take_frozen(m, page);
	}
	page_unlock(page);
	return taken;
}

#define PASSES 16

/* A pass that takes nothing may only have met pages that others hold for a moment, or dirty ones. */
bool page_try_make_room(void)
{
	for (unsigned pass = 0; pass < PASSES; pass++) {
		unsigned got = page_reclaim(RECLAIM_BATCH);

		if (got) {
			stat_add(STAT_reclaimed_direct, got);
			return true;
		}
		if (!writeback_wait_progress())
			thread_yield();
	}
	return false;
}

bool page_make_room(void)
{
	return page_try_make_room() || reclaim_wait_killed();
}

struct page *page_alloc_reclaim(void)
{
	struct page *page;

	do {
		page = page_alloc(current->reserve ? FRAME_RESERVE : FRAME_NORMAL);
	} while (!page && page_make_room());
	return page;
}
