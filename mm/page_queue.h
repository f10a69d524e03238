/* SPDX-License-Identifier: MIT */
/*
 * Who waits for a page: a queue for each event, hung on the page by one pointer. page->waiters is one of the waiters, any: the *anchor*, whose
 * `first` are the heads of the queues. When it leaves, another waiter becomes the anchor. So struct page has room for one pointer, each
 * operation costs the same however many wait, and waiters of other pages are never seen.
 *
 * A waiter lies on the stack of the thread that waits. It belongs to the queue's lock while it is queued; the waker takes it off and stores
 * `outcome` last. The thread that is then unparked may be gone already, but struct thread is freed by RCU, and a spinlock is a read section.
 */
#ifndef MM_PAGE_QUEUE_H
#define MM_PAGE_QUEUE_H

#include "kernel/thread.h"
#include "kernel/time.h"
#include "mm/page.h"

enum page_event {
	PAGE_SETTLED, /* it is unlocked, neither READING nor FROZEN */
	PAGE_LOCK,    /* the lock is ours */
	PAGE_WRITTEN, /* its write-back is over */
	PAGE_EVENTS
};

#define PAGE_WAITING 1 /* an outcome: none yet */

/* (Q) page queue lock, (C) constant, (A) atomic, (S) the waiter itself */
struct page_waiter {
	struct page_waiter *next, *prev; /* of the same event: circular, oldest first	(Q) */
	struct page_waiter *first[PAGE_EVENTS]; /* in the anchor: the page's queues	(Q) */
	struct page *page;	/*							(C) */
	struct thread *thread;	/*							(C) */
	struct wait_why why;	/*							(C) */
	enum page_event event;	/* that it waits for					(C) */
	_Atomic int outcome;	/* PAGE_WAITING until the waker has taken us off the queue; then how it ended: 0 or -errno	(A) */

	/* who waits for the lock: mm/page_lock.c */
	bool unpinned;		/* holds no reference					(C) */
	bool called;		/* awake to try for the lock, and has not tried since	(Q) */
	bool hurry;		/* woken, it is the next one on its CPU: others wait behind it	(Q) */
	_Atomic uint32_t looks;	/* so many at a held lock before it sleeps. Written under the queue lock	(A) */
	uint32_t may_lose;	/* so many races; 0: the next unlock gives it the lock	(Q) */
	uint64_t due;		/* from when on unlocks give it the lock; TIME_NEVER	(Q) */
	bool slept;		/* before						(S) */

	/* what is measured: mm/page_waits.c */
	uint32_t ticket;	/* counts those who queued one behind the other		(Q) */
	uint32_t position;	/* when it queued; 1: the head				(Q) */
	uint64_t asked;		/* when that was					(Q) */
	uint64_t blocked;	/* when it found the lock held; 0: let go since		(Q) */
	uint64_t woken;		/* when it was called, or handed the lock		(Q) */
};

struct spinlock *page_queue_lock(const struct page *page);

/* ---- queue lock held ---- */

static inline struct page_waiter *page_queue_head(const struct page *page, enum page_event event)
{
	return page->waiters ? page->waiters->first[event] : NULL;
}

void page_queue_append(struct page_waiter *w);
void page_queue_remove(struct page_waiter *w);

/* Off the queue, with this outcome, and awake. w may be gone when this returns. */
void page_queue_wake(struct page_waiter *w, int outcome);
void page_queue_wake_all(struct page *page, enum page_event event, int outcome);

static inline void page_waiter_unpark(struct thread *thread, bool hurry)
{
	(hurry ? thread_unpark_first : thread_unpark)(thread);
}

/* PG_WAITERS goes if nobody is left. */
void page_queue_settle(struct page *page);

/* ---- the waiter ---- */

void page_waiter_init(struct page_waiter *w, struct page *page, enum page_event event);

/* Sleeps until there is news: the outcome, if it has come; else PAGE_WAITING, and *err is 0 (look) or why the wait has to end. */
int page_waiter_sleep(struct page_waiter *w, enum wait_mode mode, uint64_t until, int *err);

#endif
