/* SPDX-License-Identifier: MIT */
/*
 * What the page lock costs: PAIRS locks and unlocks of a free page; then many threads that sleep for the locks of a few pages, one queue
 * lock for all of them, and get them one after the other. Under -icount the figures are instructions, and the claim at the head of
 * mm/page_queue.h can be tested: that an unlock costs the same however many wait, here or for other pages.
 *
 * The pages belong to nobody, so the locks are held as I/O holds them: the validator follows no thread through hundreds of them.
 */
#include "mm/lock_cost.h"

#include "kernel/slab.h"
#include "kernel/stats.h"
#include "kernel/wait.h"
#include "lib/errno.h"
#include "mm/page_lock.h"

#define PAIRS 1000000u
#define POLL_NS NSEC_PER_MSEC

/* (B) busy, (A) atomic */
static struct measure {
	struct page *pages[LOCK_COST_PAGES]; /*						(B) */
	unsigned nr_pages;		     /*						(B) */
	_Atomic unsigned left;		     /* waiters that have not had their lock	(A) */
	_Atomic uint64_t unlocks_ns, worst_ns;	/*					(A) */
	_Atomic uint64_t end;		     /* when the last one had it		(A) */
	struct waitq done;		     /* no waiter is left			(A) */
} measure;
static _Atomic bool busy;

/* ---- pages that share a queue lock ---- */

/* Others are kept in a chain through their first words until there are enough. */
static int pages_alloc(struct measure *m, unsigned n)
{
	struct page *page, *others = NULL, *next;

	m->nr_pages = 0;
	while (m->nr_pages < n && (page = page_alloc(FRAME_NORMAL))) {
		if (!m->nr_pages || page_queue_lock(page) == page_queue_lock(m->pages[0])) {
			m->pages[m->nr_pages++] = page;
			continue;
		}
		*(struct page **)page_address(page) = others;
		others = page;
	}
	for (; others; others = next) {
		next = *(struct page **)page_address(others);
		page_put(others);
	}
	return m->nr_pages == n ? 0 : -ENOMEM;
}

static void pages_free(struct measure *m)
{
	while (m->nr_pages)
		page_put(m->pages[--m->nr_pages]);
}

/* ---- a free page ---- */

static void measure_pairs(struct measure *m, struct lock_cost *cost)
{
	uint64_t start = clock_ns();

	for (unsigned i = 0; i < PAIRS; i++) {
		page_lock(m->pages[0]);
		page_unlock(m->pages[0]);
	}
	cost->pairs = PAIRS;
	cost->pairs_ns = clock_ns() - start;
}

/* ---- waiters ---- */

static void waiter(void *arg)
{
	struct measure *m = &measure;
	uint64_t start, took;

	page_lock(arg);
	start = clock_ns();
	page_unlock(arg);
	took = clock_ns() - start;
	atomic_fetch_add_explicit(&m->unlocks_ns, took, memory_order_relaxed);
	if (took > atomic_load_explicit(&m->worst_ns, memory_order_relaxed))
		atomic_store_explicit(&m->worst_ns, took, memory_order_relaxed);
	/* acq_rel: the last one is behind all others, and who waits behind it */
	if (atomic_fetch_sub_explicit(&m->left, 1, memory_order_acq_rel) > 1)
		return;
	atomic_store_explicit(&m->end, start, memory_order_relaxed);
	waitq_wake_all(&m->done);
}

static void locks_take(struct measure *m)
{
	for (unsigned i = 0; i < m->nr_pages; i++) {
		bool taken = page_trylock(m->pages[i]);

		assert(taken);
		(void)taken;
		page_lock_give_to_io(m->pages[i]);
	}
}

/* Starts as many as it can, and returns when they sleep. */
static unsigned waiters_start(struct measure *m, unsigned n)
{
	uint64_t before = stat_read(STAT_page_lock_waits);
	unsigned started = 0;

	for (; started < n; started++) {
		struct thread *t = thread_create("lock cost", waiter, m->pages[started % m->nr_pages]);

		if (!t)
			break;
		atomic_fetch_add_explicit(&m->left, 1, memory_order_relaxed);
		thread_start(t);
	}
	while (stat_read(STAT_page_lock_waits) < before + started)
		thread_sleep_until(clock_ns() + POLL_NS, WAIT_FOREVER);
	return started;
}

static int measure_handoffs(struct measure *m, struct lock_cost *cost)
{
	static const struct wait_why why = { .what = "waiters of the lock's measurement" };
	unsigned started;
	uint64_t start;

	waitq_init(&m->done);
	atomic_store_explicit(&m->unlocks_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&m->worst_ns, 0, memory_order_relaxed);
	locks_take(m);
	started = waiters_start(m, cost->waiters);
	start = clock_ns();
	for (unsigned i = 0; i < m->nr_pages; i++)
		page_unlock_io(m->pages[i], 0);
	/* acquire: pairs with waiter */
	wait_until(&m->done, &why, WAIT_FOREVER, TIME_NEVER, !atomic_load_explicit(&m->left, memory_order_acquire));
	cost->handoffs_ns = atomic_load_explicit(&m->end, memory_order_relaxed) - start;
	cost->unlocks_ns = atomic_load_explicit(&m->unlocks_ns, memory_order_relaxed);
	cost->unlock_worst_ns = atomic_load_explicit(&m->worst_ns, memory_order_relaxed);
	return started == cost->waiters ? 0 : -ENOMEM;
}

static int measure_all(struct measure *m, struct lock_cost *cost)
{
	int err = pages_alloc(m, cost->pages);

	if (!err) {
		measure_pairs(m, cost);
		err = measure_handoffs(m, cost);
	}
	pages_free(m);
	return err;
}

int lock_cost_measure(struct lock_cost *cost, unsigned waiters, unsigned pages)
{
	int err;

	if (!waiters || waiters > LOCK_COST_WAITERS || !pages || pages > LOCK_COST_PAGES)
		return -EINVAL;
	/* acquire and release below: who measures after us sees nothing half done */
	if (atomic_exchange_explicit(&busy, true, memory_order_acquire))
		return -EBUSY;
	cost->waiters = waiters;
	cost->pages = pages;
	err = measure_all(&measure, cost);
	atomic_store_explicit(&busy, false, memory_order_release);
	return err;
}
