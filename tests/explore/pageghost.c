/* SPDX-License-Identifier: MIT */
/*
 * Who may have the lock, kept apart from the lock's own books: mm/page_lock.c tells here, where the kernel measures its waits, what it does with
 * whom. So it is found out when the lock is handed to a head that is not owed it, when a head that is owed it goes without, when another than the
 * oldest is treated as the head, when a waiter is called that is not the next one on its CPU under a policy that says so.
 *
 * All of it is called with the queue lock held, but for runs and ended of a waiter that was handed the lock; no access is a point.
 */
#include "mm/page_waits.h"
#include "tests/explore/pageworld.h"

#define OUTSIDE __attribute__((no_sanitize("thread"), noinline))
#define NEVER UINT64_MAX
#define TRIES_MOST 20 /* more is a loop instead of a sleep */

static struct asker {
	unsigned ticket;     /* 0: does not wait */
	unsigned losses;     /* races, after a call */
	unsigned tries;	     /* in vain, called or not */
	uint64_t behind;     /* when it was not the head yet: it queued, or another was */
	uint64_t head_since; /* at the latest */
	bool unpinned, called, ran; /* ran: since it was called */
	bool came;	     /* and was awake: nobody woke it */
	bool unlocked;	     /* since it queued */
	bool must, may;	     /* the last unlock had to hand it the lock; might */
} askers[FIBERS];
static bool leavers[FIBERS]; /* may leave the queue without the lock */
static unsigned tickets;
static uint32_t is;

OUTSIDE void ghost_begin(uint32_t pagelock)
{
	is = pagelock;
}

OUTSIDE void ghost_may_leave(void)
{
	leavers[explore_self()] = true;
}

OUTSIDE void ghost_left(void)
{
	askers[explore_self()].ticket = 0;
}

OUTSIDE static bool later(uint64_t since)
{
	return since != NEVER && explore_now() >= since + (is >> POLICY_NUMBER) * 1000u;
}

OUTSIDE static bool owed(const struct asker *a, uint64_t since)
{
	switch (is & POLICY_WORD) {
	case PAGELOCK_FAIR:
		return true;
	case PAGELOCK_BOUNDED:
		return a->losses >= is >> POLICY_NUMBER;
	case PAGELOCK_DEADLINE:
		return later(since);
	default:
		return false;
	}
}

OUTSIDE void page_waits_queued(struct page_waiter *w)
{
	must(page_queue_head(w->page, PAGE_LOCK));
	askers[w->thread->tid] = (struct asker){ .ticket = ++tickets, .behind = explore_now(), .head_since = NEVER, .unpinned = w->unpinned };
}

/* Is somebody else queued for longer? */
OUTSIDE static bool is_oldest(const struct page *page, const struct asker *a)
{
	bool going = (page->flags & PG_STATE) == PAGE_DYING;

	for (unsigned i = 0; i < FIBERS; i++)
		if (askers[i].ticket && askers[i].ticket < a->ticket && !askers[i].must && !askers[i].may && !leavers[i] &&
		    !(askers[i].unpinned && going))
			return false;
	return true;
}

OUTSIDE static void head_seen(struct asker *a)
{
	for (unsigned i = 0; i < FIBERS; i++)
		if (&askers[i] != a && askers[i].ticket)
			askers[i].behind = explore_now();
	if (a->head_since == NEVER)
		a->head_since = explore_now();
}

OUTSIDE void page_waits_unlocked(struct page_waiter *w)
{
	struct asker *a = &askers[w->thread->tid];

	must(a->ticket && is_oldest(w->page, a));
	head_seen(a);
	a->unlocked = true;
	a->must = is != GHOST_OFF && owed(a, a->head_since);
}

OUTSIDE void page_waits_called(struct page_waiter *w)
{
	struct asker *a = &askers[w->thread->tid];

	must(a->ticket && is_oldest(w->page, a));
	must(is == GHOST_OFF || w->hurry == ((is & POLICY_WORD) == PAGELOCK_DEADLINE));
	head_seen(a);
	a->called = true;
	a->came = explore_self() == w->thread->tid;
	a->ran = false;
	a->may = is == GHOST_OFF || owed(a, a->behind);
}

OUTSIDE void page_waits_runs(const struct page_waiter *w)
{
	struct asker *a = &askers[w->thread->tid];

	must(a->called);
	a->ran = true;
	must(w->outcome == 0 || (!a->must && (is == GHOST_OFF || a->came || explore_hurried(w->thread->tid) == w->hurry)));
}

OUTSIDE void page_waits_held(struct page_waiter *w)
{
	struct asker *a = &askers[w->thread->tid];

	must(a->ticket && !a->must);
	must(++a->tries <= TRIES_MOST);
	head_seen(a);
	a->losses += a->called;
	a->called = false;
}

OUTSIDE void page_waits_ended(const struct page_waiter *w)
{
	struct asker *a = &askers[w->thread->tid];

	must(a->ticket);
	if (w->outcome == 0) /* handed */
		must(a->may && a->unlocked);
	else
		must(a->ran == a->called && is_oldest(w->page, a));
	*a = (struct asker){ 0 };
}
