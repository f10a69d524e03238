/* SPDX-License-Identifier: MIT */
/* The page lock, and waiting for a page's state. The statement and the decision table are in mm/page_lock.c. */
#ifndef MM_PAGE_LOCK_H
#define MM_PAGE_LOCK_H

#include "kernel/thread.h"
#include "mm/page.h"

bool page_trylock(struct page *page);
void page_lock(struct page *page);	   /* reference held; sleeps */
int page_lock_killable(struct page *page); /* 0 or -EINTR */
int page_lock_mode(struct page *page, enum wait_mode mode);
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
 * Waiting, without a reference, until a page that is READING or FROZEN is not, or one that is being written has been. A waiter belongs to the
 * page's queue from page_wait_begin (page_wait_begin_written) until page_wait_end, which sleeps.
 *
 * begin: false if `page` is not, or no longer, such a page at (m, index): look again, there is nothing to end. Any context that may
 * take spinlocks; m and page are only compared, so both may be gone already.
 * end: 0: look again; -EIO, -ENOMEM: that very read failed; -EINTR: killed, by mode. Thread context, no RCU read section.
 */
enum page_event {
	PAGE_SETTLED, /* it is unlocked, neither READING nor FROZEN */
	PAGE_LOCK,    /* the lock is ours */
	PAGE_WRITTEN, /* its write-back is over */
};

/* (Q) page queue lock, (C) constant, (A) atomic */
struct page_waiter {
	struct page_waiter *next, *prev; /* circular, oldest first		(Q) */
	struct page *page;	/*						(C) */
	struct thread *thread;	/*						(C) */
	enum page_event event;	/* that it waits for				(C) */
	_Atomic int outcome;	/* PAGE_WAITING until the waker has taken us off the queue; then how it ended	(A) */
};

#define PAGE_WAITING 1

bool page_wait_begin(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index);
bool page_wait_begin_written(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index);
int page_wait_end(struct page_waiter *w, enum wait_mode mode);

/* Write-back is over: clears PG_WRITEBACK and wakes who waited for that. The caller has a reference. Any context. */
void page_end_write(struct page *page);

#endif
