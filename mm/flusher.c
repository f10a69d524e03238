/* SPDX-License-Identifier: MIT */
/*
 * The thread that writes dirty pages, and those who wait for it because there are too many of them.
 *
 * It sleeps while nothing is dirty. A mapping's first dirty page makes it look, some seconds later; somebody who needs memory, or has made half as
 * much dirty as may be, makes it look at once. It takes page locks only if they are free, and whatever write_pages takes.
 *
 * Nobody waits for it without a time limit, because they may hold what it needs: they look again, and those who found no memory give up in the end.
 */
#include "kernel/stats.h"
#include "kernel/time.h"
#include "lib/errno.h"
#include "mm/dirty.h"
#include "mm/policy.h"
#include "mm/writeback.h"

static _Atomic(struct thread *) flusher; /* NULL: nobody has started it */
static struct waitq progress = WAITQ_INIT(progress); /* of those who wait for pages to be written */
static _Atomic bool kicked;
static _Atomic unsigned waiting; /* on `progress` */

#define PERIOD_NS (5 * NSEC_PER_SEC)

/* Visits each mapping that is on the list now. */
static void visit_all(bool wait)
{
	struct mapping *m;

	for (unsigned n = dirty_list_length(); n && (m = dirty_list_next()); n--) {
		if (wait)
			mapping_sync_mode(m, 0, UINT64_MAX, WAIT_FOREVER);
		else
			mapping_flush(m);
		dirty_list_leave(m);
		m->ops->put(m);
	}
}

/* Writing files makes metadata dirty, which is in a mapping of its own; writing that makes nothing dirty. */
void writeback_all(void)
{
	for (unsigned pass = 0; pass < 3 && dirty_list_length(); pass++)
		visit_all(true);
}

static int64_t dirty_limit(void)
{
	return (int64_t)(frame_total() * policy_get(&policy.dirty_percent) / 100);
}

static struct thread *flusher_thread(void)
{
	/* acquire: the thread is whole; pairs with writeback_start */
	return atomic_load_explicit(&flusher, memory_order_acquire);
}

bool writeback_too_much(void)
{
	return unlikely(dirty_pages() > dirty_limit()) && flusher_thread();
}

void flusher_notice(void)
{
	struct thread *f = flusher_thread();

	if (f)
		thread_unpark(f);
}

static void flusher_kick(void)
{
	if (!atomic_exchange_explicit(&kicked, true, memory_order_relaxed))
		flusher_notice();
}

void flusher_progress(void)
{
	/* A sleeper that we do not see yet has a time limit. */
	if (atomic_load_explicit(&waiting, memory_order_relaxed))
		waitq_wake_all(&progress);
}

/* Until fewer than `enough` pages are dirty, or for a while. */
static int wait_progress(const struct wait_why *why, enum wait_mode mode, int64_t enough, uint64_t limit)
{
	int err;

	atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
	flusher_kick();
	err = wait_until(&progress, why, mode, clock_ns() + limit, dirty_pages() < enough);
	atomic_fetch_sub_explicit(&waiting, 1, memory_order_relaxed);
	return err;
}

int writeback_throttle(void)
{
	static const struct wait_why why = { .what = "dirty pages to be written" };
	int64_t limit = dirty_limit();
	struct thread *f;
	int err = 0;

	if (likely(dirty_pages() <= limit / 2))
		return 0;
	f = flusher_thread();
	if (!f || f == current)
		return 0;
	flusher_kick();
	while (err != -EINTR && dirty_pages() > limit) {
		stat_inc(STAT_throttled);
		err = wait_progress(&why, WAIT_KILLABLE, limit, 100 * NSEC_PER_MSEC);
	}
	return err == -EINTR ? err : 0;
}

bool writeback_wait_progress(void)
{
	static const struct wait_why why = { .what = "memory of dirty pages" };
	struct thread *f = flusher_thread();
	int64_t before = dirty_pages();

	if (!f || current == f || before <= 0)
		return false;
	wait_progress(&why, WAIT_FOREVER, before, 20 * NSEC_PER_MSEC);
	return true;
}

/* Sleeps until there is something to write and it is time for it, or somebody asks. */
static void sleep_until_due(void)
{
	static const struct wait_why why = { .what = "something to write" };
	uint64_t due = TIME_NEVER;
	int err = 0;

	while (err != -ETIMEDOUT && !atomic_exchange_explicit(&kicked, false, memory_order_relaxed)) {
		if (due == TIME_NEVER && dirty_list_length())
			due = clock_ns() + PERIOD_NS;
		err = thread_park(&why, WAIT_FOREVER, due);
	}
}

static void flusher_main(void *arg)
{
	(void)arg;
	for (;;) {
		sleep_until_due();
		visit_all(false);
	}
}

void writeback_start(void)
{
	struct thread *t = thread_create("flusher", flusher_main, NULL);

	if (!t)
		panic("too little memory: no thread to write dirty pages");
	/* release: pairs with flusher_thread */
	atomic_store_explicit(&flusher, t, memory_order_release);
	thread_start(t);
}
