/* SPDX-License-Identifier: MIT */
/* The page lock, and waiting for a page's state. The statement and the decision table are in mm/page_lock.c. */
#ifndef MM_PAGE_LOCK_H
#define MM_PAGE_LOCK_H

#include "kernel/thread.h"
#include "mm/page.h"

bool page_trylock(struct page *page);
void page_lock(struct page *page);	   /* reference held; sleeps */
int page_lock_killable(struct page *page); /* 0 or -EINTR */
void page_unlock(struct page *page);	   /* any context */

/* The I/O that was given the lock is over: unlocks, and tells whoever waits for the read how it ended (0, -EIO, -ENOMEM). Any context. */
void page_unlock_io(struct page *page, int error);

/* The caller holds the lock; from now on the I/O's completion is its owner and will unlock. */
void page_lock_give_to_io(struct page *page);

static inline bool page_locked(const struct page *page)
{
	return page_flag(page, PG_LOCKED);
}

/*
 * Waiting, without a reference, until a page that is READING or FROZEN is not. A waiter belongs to the page's queue from page_wait_begin
 * until page_wait_end, which sleeps.
 *
 * begin: false if `page` is not, or no longer, such a page at (m, index): look again, there is nothing to end. Any context that may
 * take spinlocks; m and page are only compared, so both may be gone already.
 * end: 0: look again; -EIO, -ENOMEM: that very read failed; -EINTR: killed, by mode. Thread context, no RCU read section.
 */
struct page_waiter {
	struct page_waiter *next, *prev; /* circular, oldest first; queue lock */
	struct page *page;
	struct thread *thread;
	bool wants_lock;	/* else: wants to see it unlocked */
	_Atomic int outcome;	/* PAGE_WAITING until the waker has taken us off the queue; then how it ended */
};

#define PAGE_WAITING 1

bool page_wait_begin(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index);
int page_wait_end(struct page_waiter *w, enum wait_mode mode);

#endif
