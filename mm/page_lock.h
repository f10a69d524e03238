/* SPDX-License-Identifier: MIT */
/*
 * The page lock, and waiting for a page's state. Statement and decision table: mm/page_lock.c, mm/page_wait.c; queues: mm/page_queue.h.
 *
 * Who locks holds a reference, or finds the page where nobody can take it away; who waits for a state holds none. A page that is free is locked
 * and unlocked by one atomic operation each, inline.
 */
#ifndef MM_PAGE_LOCK_H
#define MM_PAGE_LOCK_H

#include "kernel/thread.h"
#include "mm/page.h"
#include "mm/page_owner.h"
#include "mm/page_queue.h"

/* ---- the slow ways: page_lock.c ---- */

int page_lock_slow(struct page *page, enum wait_mode mode, uint64_t until);
void page_unlock_slow(struct page *page, int outcome);

/* ---- the lock ---- */

static inline bool page_locked(const struct page *page)
{
	return page_flag(page, PG_LOCKED);
}

static inline bool page_lock_take(struct page *page)
{
	/* acquire: pairs with the release of the unlock before us */
	return !(atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_acquire) & PG_LOCKED);
}

static inline bool page_trylock(struct page *page)
{
	bool taken = page_lock_take(page);

	if (taken)
		page_note_acquire(page, true);
	return taken;
}

/* 0; -EINTR by mode; -ETIMEDOUT: it is `until` (clock_ns scale). Sleeps. */
static inline int page_lock_until(struct page *page, enum wait_mode mode, uint64_t until)
{
	int err = 0;

	might_sleep();
	lock_note_want(LOCK_PAGE, page);
	if (unlikely(!page_lock_take(page)))
		err = page_lock_slow(page, mode, until);
	if (!err)
		page_note_acquire(page, false);
	return err;
}

static inline int page_lock_mode(struct page *page, enum wait_mode mode)
{
	return page_lock_until(page, mode, TIME_NEVER);
}

static inline void page_lock(struct page *page)
{
	page_lock_until(page, WAIT_FOREVER, TIME_NEVER);
}

static inline int page_lock_killable(struct page *page)
{
	return page_lock_until(page, WAIT_KILLABLE, TIME_NEVER);
}

/*
 * Locks the page at (m, index), of which the caller gives up his reference if he has to sleep (law 5). 0: locked, referenced, and still there;
 * else not locked and no reference left: -EAGAIN, it is not there any more, look again; -EINTR by mode.
 */
int page_lock_unpinned(struct page *page, struct mapping *m, pgoff_t index, enum wait_mode mode);

static inline void page_unlock_outcome(struct page *page, int outcome)
{
	uint32_t old = atomic_load_explicit(&page->flags, memory_order_relaxed);

	assert(old & PG_LOCKED);
	do {
		if (unlikely(old & PG_WAITERS)) {
			page_unlock_slow(page, outcome);
			return;
		}
		/* release: what we did under the lock is seen by the next owner; pairs with page_lock_take */
	} while (unlikely(!atomic_compare_exchange_weak_explicit(&page->flags, &old, old & ~(uint32_t)PG_LOCKED, memory_order_release,
								 memory_order_relaxed)));
}

/* Any context. */
static inline void page_unlock(struct page *page)
{
	page_note_release(page);
	page_unlock_outcome(page, 0);
}

/* The caller holds the lock; from now on the I/O's completion is its owner and will unlock. */
static inline void page_lock_give_to_io(struct page *page)
{
	assert(page_locked(page));
	page_note_give_to_io(page);
}

/* The I/O that was given the lock is over: unlocks, and tells whoever waits for the read how it ended (0, -EIO, -ENOMEM). Any context. */
static inline void page_unlock_io(struct page *page, int error)
{
	page_note_release_io(page);
	page_unlock_outcome(page, error);
}

/*
 * Waiting, without a reference, until a page that is READING or FROZEN is not, or one that is being written has been. A waiter belongs to the
 * page's queue from page_wait_begin (page_wait_begin_written) until page_wait_end, which sleeps.
 *
 * begin: false if `page` is not, or no longer, such a page at (m, index): look again, there is nothing to end. Any context that may
 * take spinlocks; m and page are only compared, so both may be gone already.
 * end: 0: look again; -EIO, -ENOMEM: that very read failed; -EINTR: killed, by mode; -ETIMEDOUT. Thread context, no RCU read section.
 */
bool page_wait_begin(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index);
bool page_wait_begin_written(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index);
int page_wait_end(struct page_waiter *w, enum wait_mode mode);
int page_wait_end_until(struct page_waiter *w, enum wait_mode mode, uint64_t until);

/* Write-back is over: clears PG_WRITEBACK and wakes who waited for that. The caller has a reference. Any context. */
void page_end_write(struct page *page);

#endif
