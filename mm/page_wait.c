/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a page's state, without a reference (law 5).
 *
 *	page_wait_begin		queues if the page is READING or FROZEN, and locked; woken at the unlock
 *	..._begin_written	queues if PG_WRITEBACK is set, locked or not; woken by page_end_write
 *
 * 1. No wakeup is lost. The bit that is waited for and PG_WAITERS share a word. A waiter holds the queue lock and sets WAITERS by a
 *    read-modify-write: if that finds the bit clear it does not sleep; else whoever clears the bit does so later in the order of that word, sees
 *    WAITERS, takes the queue lock and finds the waiter queued.
 * 2. The page cannot be freed under a waiter. It was LOCKED when WAITERS was set, READING and FROZEN end before the unlock that ends that hold,
 *    and this unlock empties the queue of such waiters. PG_WRITEBACK was set when WAITERS was, the page stays where it is as long, and
 *    page_end_write empties the queue of such waiters before the last reference goes.
 * 3. A frame that was reused before shows another (mapping, index), and the waiter does not queue.
 * 4. A killed waiter takes itself off under the queue lock; if it was woken meanwhile, that is what happened.
 */
#include "kernel/stats.h"
#include "mm/page_lock.h"

/* Is the page, with these flags, on the way to the event? Queue lock held. */
static bool awaited(const struct page *page, uint32_t flags, enum page_event event)
{
	if (event == PAGE_WRITTEN)
		return flags & PG_WRITEBACK;
	return (flags & PG_LOCKED) && ((flags & PG_STATE) == PAGE_READING || page_frozen(page));
}

static bool wait_begin(struct page_waiter *w, struct mapping *m, pgoff_t index)
{
	struct page *page = w->page;
	irqflags_t flags = spin_lock_irq(page_queue_lock(page));
	/* acquire: mapping and index as cache_add stored them before READING */
	uint32_t old = atomic_fetch_or_explicit(&page->flags, PG_WAITERS, memory_order_acquire);
	bool same = awaited(page, old, w->event) &&
		    atomic_load_explicit(&page->mapping, memory_order_relaxed) == m &&
		    atomic_load_explicit(&page->index, memory_order_relaxed) == index;

	if (same)
		page_queue_append(w);
	else
		page_queue_settle(page);
	spin_unlock_irq(page_queue_lock(page), flags);
	return same;
}

bool page_wait_begin(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index)
{
	page_waiter_init(w, page, PAGE_SETTLED);
	return wait_begin(w, m, index);
}

bool page_wait_begin_written(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index)
{
	page_waiter_init(w, page, PAGE_WRITTEN);
	return wait_begin(w, m, index);
}

/* Off the queue, unless it was woken: how it ended. */
static int wait_abandon(struct page_waiter *w, int err)
{
	irqflags_t flags = spin_lock_irq(page_queue_lock(w->page));
	int outcome = atomic_load_explicit(&w->outcome, memory_order_relaxed); /* stored under this lock */

	if (outcome == PAGE_WAITING) {
		page_queue_remove(w);
		page_queue_settle(w->page);
		outcome = err;
	}
	spin_unlock_irq(page_queue_lock(w->page), flags);
	return outcome;
}

int page_wait_end_until(struct page_waiter *w, enum wait_mode mode, uint64_t until)
{
	int outcome, err = 0;

	stat_inc(STAT_page_waits);
	while ((outcome = page_waiter_sleep(w, mode, until, &err)) == PAGE_WAITING && !err)
		;
	return outcome == PAGE_WAITING ? wait_abandon(w, err) : outcome;
}

int page_wait_end(struct page_waiter *w, enum wait_mode mode)
{
	return page_wait_end_until(w, mode, TIME_NEVER);
}

void page_end_write(struct page *page)
{
	irqflags_t flags;
	/* release: the I/O is done with the contents; pairs with whoever sees the bit clear before changing them */
	uint32_t old = atomic_fetch_and_explicit(&page->flags, ~(uint32_t)PG_WRITEBACK, memory_order_release);

	assert(old & PG_WRITEBACK);
	if (!(old & PG_WAITERS))
		return;
	flags = spin_lock_irq(page_queue_lock(page));
	page_queue_wake_all(page, PAGE_WRITTEN, 0);
	page_queue_settle(page);
	spin_unlock_irq(page_queue_lock(page), flags);
}
