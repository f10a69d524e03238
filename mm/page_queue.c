/* SPDX-License-Identifier: MIT */
/* The queues of a page, and their locks: one of QUEUES, chosen by the page. The statement is in mm/page_queue.h. */
#include "mm/page_queue.h"

#include "mm/page_owner.h"

#define QUEUES 64

static struct spinlock queue_locks[QUEUES] = { [0 ... QUEUES - 1] = SPINLOCK_INIT(LOCK_PAGE_QUEUE) };

struct spinlock *page_queue_lock(const struct page *page)
{
	return &queue_locks[page_to_pfn(page) % QUEUES];
}

/* ---- the queues ---- */

void page_queue_append(struct page_waiter *w)
{
	struct page_waiter **queue, *first;

	if (!w->page->waiters)
		w->page->waiters = w; /* its first[] are NULL */
	queue = &w->page->waiters->first[w->event];
	first = *queue;
	if (!first) {
		w->next = w->prev = w;
		*queue = w;
		return;
	}
	w->next = first;
	w->prev = first->prev;
	first->prev->next = w;
	first->prev = w;
}

/* Another anchor for those who are left. */
static void anchor_leaves(struct page *page)
{
	struct page_waiter *old = page->waiters, *next = NULL;

	for (unsigned i = 0; i < PAGE_EVENTS && !next; i++)
		next = old->first[i];
	for (unsigned i = 0; i < PAGE_EVENTS && next; i++)
		next->first[i] = old->first[i];
	page->waiters = next;
}

void page_queue_remove(struct page_waiter *w)
{
	struct page *page = w->page;
	struct page_waiter **queue = &page->waiters->first[w->event];

	if (w->next == w)
		*queue = NULL;
	else if (*queue == w)
		*queue = w->next;
	w->prev->next = w->next;
	w->next->prev = w->prev;
	if (page->waiters == w)
		anchor_leaves(page);
}

void page_queue_wake(struct page_waiter *w, int outcome)
{
	struct thread *thread = w->thread;
	bool hurry = w->hurry;

	page_queue_remove(w);
	/* release: what the page became is seen with the outcome; pairs with page_waiter_sleep. w is gone after this. */
	atomic_store_explicit(&w->outcome, outcome, memory_order_release);
	page_waiter_unpark(thread, hurry);
}

void page_queue_wake_all(struct page *page, enum page_event event, int outcome)
{
	struct page_waiter *w;

	while ((w = page_queue_head(page, event)))
		page_queue_wake(w, outcome);
}

void page_queue_settle(struct page *page)
{
	if (!page->waiters)
		page_flag_clear(page, PG_WAITERS);
}

/* ---- the waiter ---- */

void page_waiter_init(struct page_waiter *w, struct page *page, enum page_event event)
{
	static const char *const what[] = { "page state", "page lock", "page write-back" };
	static enum wait_on (*const on[])(const void *) = { page_wait_on_state, page_wait_on_lock, page_wait_on_write };

	*w = (struct page_waiter){ .page = page, .thread = current, .event = event, .outcome = PAGE_WAITING, .due = TIME_NEVER,
				   .why = { .what = what[event], .object = page, .on = on[event], .takes = page_takes,
					    .describe = page_describe, .site = page_io_site } };
}

int page_waiter_sleep(struct page_waiter *w, enum wait_mode mode, uint64_t until, int *err)
{
	/* acquire, both: pairs with page_queue_wake. Between queueing and here the caller may have waited for something else, which took
	 * the token that came with the outcome: so it looks first */
	int outcome = atomic_load_explicit(&w->outcome, memory_order_acquire);

	*err = 0;
	if (outcome != PAGE_WAITING)
		return outcome;
	*err = (w->slept ? thread_park_on : thread_park)(&w->why, mode, until);
	w->slept = true;
	return atomic_load_explicit(&w->outcome, memory_order_acquire);
}
