/* SPDX-License-Identifier: MIT */
/*
 * File pages by age: which stay when memory runs out.
 *
 * A page comes in at the young end of the inactive list, and goes out of the cache at its old end. What one big scan reads passes through that
 * list once. The active list keeps what is used again and again: it gives pages up only when the inactive list has become the shorter one, so
 * half of the file pages can be a working set, which no scan moves.
 *
 *	use		no bit		REFERENCED	WORKING
 *	noted		REFERENCED	WORKING		-
 *
 *	at the old end of the inactive list		of the active list
 *	WORKING		to the active one, bits clear	used (a bit, or an entry's accessed bit): to its young end, bits clear
 *	an entry used	noted, as a use; to the		not used: to the inactive one
 *			young end, or to the active one
 *	else		goes
 *
 * 1. A use is: read(2) or write(2) that comes to this page from another; or an entry whose accessed bit reclaim finds set and clears (mm/rmap.c),
 *    once for each entry, twice if it may be executed. An entry that is taken away by munmap or exit leaves its use behind.
 * 2. So a page that is read once goes when it comes to the old end. One that is mapped is used by the fault that made its entry, which says nothing;
 *    so it gets a second round, and goes then, unless its entry has been used again.
 * 3. Pages that were read ahead come in without a bit, like all others: they have one round in which to be used.
 * 4. When the inactive list is much shorter than the active one, the oldest active pages move to it, used or not: but used ones are REFERENCED there,
 *    and the next use brings them back.
 *
 * Pages without a device behind them are on no list: nothing could take them back.
 */
#include "mm/lru.h"

static struct spinlock lru_lock = SPINLOCK_INIT(LOCK_LRU);
static struct list lists[LRU_LISTS] = { LIST_INIT(lists[LRU_INACTIVE]), LIST_INIT(lists[LRU_ACTIVE]) }; /* lru_lock */
static _Atomic size_t lengths[LRU_LISTS]; /* lru_lock to write */

static void length_add(enum lru_list list, int n)
{
	size_t now = atomic_load_explicit(&lengths[list], memory_order_relaxed);

	atomic_store_explicit(&lengths[list], now + (size_t)n, memory_order_relaxed);
}

size_t lru_length(enum lru_list list)
{
	return atomic_load_explicit(&lengths[list], memory_order_relaxed);
}

static enum lru_list list_of(const struct page *page)
{
	return page_flag(page, PG_ACTIVE) ? LRU_ACTIVE : LRU_INACTIVE;
}

void lru_add(struct page *page)
{
	irqflags_t flags = spin_lock_irq(&lru_lock);

	assert(!page_flag(page, PG_LRU | PG_ACTIVE));
	list_append(&lists[LRU_INACTIVE], &page->lru);
	length_add(LRU_INACTIVE, 1);
	page_flag_set(page, PG_LRU);
	spin_unlock_irq(&lru_lock, flags);
}

void lru_remove(struct page *page)
{
	irqflags_t flags = spin_lock_irq(&lru_lock);

	if (page_flag(page, PG_LRU)) {
		list_remove(&page->lru);
		length_add(list_of(page), -1);
		page_flag_clear(page, PG_LRU | PG_ACTIVE);
	}
	spin_unlock_irq(&lru_lock, flags);
}

unsigned lru_oldest(enum lru_list list, struct page **pages, unsigned most)
{
	irqflags_t flags = spin_lock_irq(&lru_lock);
	size_t left = lru_length(list);
	unsigned n = 0;

	for (; left && n < most; left--) {
		struct page *page = list_first(&lists[list], struct page, lru);

		list_remove(&page->lru);
		list_append(&lists[list], &page->lru);
		/* It is on the list, so it has not been freed, and its frame is nobody else's yet. */
		if (page_tryget(page))
			pages[n++] = page;
	}
	spin_unlock_irq(&lru_lock, flags);
	return n;
}

void lru_move(struct page **pages, unsigned n, enum lru_list to)
{
	irqflags_t flags = spin_lock_irq(&lru_lock);

	for (unsigned i = 0; i < n; i++) {
		if (!page_flag(pages[i], PG_LRU))
			continue;
		list_remove(&pages[i]->lru);
		length_add(list_of(pages[i]), -1);
		list_append(&lists[to], &pages[i]->lru);
		length_add(to, 1);
		(to == LRU_ACTIVE ? page_flag_set : page_flag_clear)(pages[i], PG_ACTIVE);
	}
	spin_unlock_irq(&lru_lock, flags);
}
