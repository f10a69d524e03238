/* SPDX-License-Identifier: MIT */
/*
 * The thread that writes dirty pages, and those who wait for it because there are too many of them.
 *
 * It sleeps while nothing is dirty. A mapping's first dirty page makes it look, some seconds later (policy writeback_centisecs); somebody who needs
 * memory, or has made more dirty than dirty_background_percent, makes it look at once. It takes page locks only if they are free, and whatever
 * write_pages takes. A file's pages go in order, up to 64 in one call; files in the order in which they became dirty.
 *
 * Nobody waits for it without a time limit, because they may hold what it needs: they look again, and those who found no memory give up in the end.
 */
#include "kernel/stats.h"
#include "kernel/time.h"
#include "lib/errno.h"
#include "mm/dirty.h"
#include "mm/lru.h"
#include "mm/policy.h"
#include "mm/writeback.h"

static _Atomic(struct thread *) flusher; /* NULL: nobody has started it */
static struct waitq progress = WAITQ_INIT(progress); /* of those who wait for pages to be written */
static _Atomic bool kicked;
static _Atomic unsigned waiting; /* on `progress` */

#define CENTISECOND_NS (10 * NSEC_PER_MSEC)

/* Starts writing each mapping that is on the list now, or nearly each: others may move it meanwhile. */
static void flush_all(void)
{
	struct mapping *m;

	for (unsigned n = dirty_list_length(); n && (m = dirty_list_next()); n--) {
		mapping_flush(m);
		dirty_list_leave(m);
		m->ops->put(m);
	}
}

void writeback_all(void)
{
	static struct mutex one = { .q = WAITQ_INIT(one.q), .class = LOCK_SYNC };
	struct mapping *m;

	mutex_lock(&one);
	dirty_list_mark();
	while ((m = dirty_list_marked())) {
		mapping_sync_mode(m, 0, UINT64_MAX, WAIT_FOREVER);
		dirty_list_leave(m);
		m->ops->put(m);
	}
	mutex_unlock(&one);
}

/* A share of the pages that could be dirty: what is free, and those of files. */
static int64_t share(const _Atomic uint32_t *percent)
{
	uint64_t pages = frame_free_now() + lru_length(LRU_INACTIVE) + lru_length(LRU_ACTIVE);

	return (int64_t)(pages * policy_get(percent) / 100);
}

static int64_t dirty_limit(void)
{
	return share(&policy.dirty_percent);
}

/* Never so late that nobody is woken before all wait. */
static int64_t background_limit(void)
{
	int64_t limit = dirty_limit(), background = share(&policy.dirty_background_percent);

	return background < limit ? background : limit / 2;
}

static struct thread *flusher_thread(void)
{
	/* acquire: the thread is whole; pairs with writeback_start */
	return atomic_load_explicit(&flusher, memory_order_acquire);
}

static bool too_much(void)
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

bool writeback_look(void)
{
	if (dirty_pages() > background_limit() && flusher_thread())
		flusher_kick();
	if (too_much())
		return true;
	current->dirtied = 0;
	return false;
}

int writeback_throttle(void)
{
	static const struct wait_why why = { .what = "dirty pages to be written" };
	int err = 0;

	while (err != -EINTR && current != flusher_thread() && writeback_look()) {
		stat_inc(STAT_throttled);
		err = wait_progress(&why, WAIT_KILLABLE, dirty_limit(), 100 * NSEC_PER_MSEC);
	}
	current->dirtied = 0;
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
	static const struct wait_why why = { .what = "something to write", .lasting = true };
	uint64_t due = TIME_NEVER;
	int err = 0;

	while (err != -ETIMEDOUT && !atomic_exchange_explicit(&kicked, false, memory_order_relaxed)) {
		if (due == TIME_NEVER && dirty_list_length())
			due = clock_ns() + policy_get(&policy.writeback_centisecs) * CENTISECOND_NS;
		err = thread_park(&why, WAIT_FOREVER, due);
	}
}

static void flusher_main(void *arg)
{
	(void)arg;
	current->reserve = true;
	for (;;) {
		sleep_until_due();
		flush_all();
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
