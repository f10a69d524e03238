/* SPDX-License-Identifier: MIT */
/*
 * The threads that write dirty pages, one a device, and those who wait for them because there are too many such pages.
 *
 * Each sleeps while nothing is dirty. A mapping's first dirty page makes it look, some seconds later (policy writeback_centisecs); somebody who needs
 * memory, or has made more dirty than dirty_background_percent, makes it look at once. It takes page locks only if they are free, and whatever
 * write_pages takes. A file's pages go in order, up to 64 in one call; files in the order in which they became dirty.
 *
 * How much may be dirty is one number for all devices. Nobody waits without a time limit, because they may hold what a flusher needs: they look
 * again, and those who found no memory give up in the end.
 */
#include "kernel/stats.h"
#include "kernel/time.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mm/dirty.h"
#include "mm/lru.h"
#include "mm/policy.h"
#include "mm/writeback.h"

static _Atomic bool started; /* there is a flusher */
static struct waitq progress = WAITQ_INIT(progress); /* of those who wait for pages to be written */
static _Atomic unsigned waiting; /* on `progress` */

#define CENTISECOND_NS (10 * NSEC_PER_MSEC)

/* Starts writing each mapping that is on the list now, or nearly each: others may move it meanwhile. */
static void flush_all(struct flusher *f)
{
	struct mapping *m;

	for (unsigned n = dirty_list_length(f); n && (m = dirty_list_next(f)); n--) {
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

static void flusher_main(void *arg);

static bool am_flusher(void)
{
	return current->entry == flusher_main;
}

static bool have_flusher(void)
{
	return atomic_load_explicit(&started, memory_order_relaxed);
}

static bool too_much(void)
{
	return unlikely(dirty_pages() > dirty_limit()) && have_flusher();
}

void flusher_notice(struct flusher *f)
{
	/* acquire: the thread is whole; pairs with flusher_start */
	struct thread *t = atomic_load_explicit(&f->thread, memory_order_acquire);

	if (t)
		thread_unpark(t);
}

static void flushers_kick(void)
{
	struct flusher *f;

	list_for_each(f, &flushers, link)
		if (!atomic_exchange_explicit(&f->kicked, true, memory_order_relaxed))
			flusher_notice(f);
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
	flushers_kick();
	err = wait_until(&progress, why, mode, clock_ns() + limit, dirty_pages() < enough);
	atomic_fetch_sub_explicit(&waiting, 1, memory_order_relaxed);
	return err;
}

bool writeback_look(void)
{
	if (dirty_pages() > background_limit())
		flushers_kick();
	if (too_much())
		return true;
	current->dirtied = 0;
	return false;
}

int writeback_throttle(void)
{
	static const struct wait_why why = { .what = "dirty pages to be written" };
	int err = 0;

	while (err != -EINTR && !am_flusher() && writeback_look()) {
		stat_inc(STAT_throttled);
		err = wait_progress(&why, WAIT_KILLABLE, dirty_limit(), 100 * NSEC_PER_MSEC);
	}
	current->dirtied = 0;
	return err == -EINTR ? err : 0;
}

bool writeback_wait_progress(void)
{
	static const struct wait_why why = { .what = "memory of dirty pages" };
	int64_t before = dirty_pages();

	if (!have_flusher() || am_flusher() || before <= 0)
		return false;
	wait_progress(&why, WAIT_FOREVER, before, 20 * NSEC_PER_MSEC);
	return true;
}

/* Sleeps until there is something to write and it is time for it, or somebody asks. */
static void sleep_until_due(struct flusher *f)
{
	static const struct wait_why why = { .what = "something to write", .lasting = true };
	uint64_t due = TIME_NEVER;
	int err = 0;

	while (err != -ETIMEDOUT && !atomic_exchange_explicit(&f->kicked, false, memory_order_relaxed)) {
		if (due == TIME_NEVER && dirty_list_length(f))
			due = clock_ns() + policy_get(&policy.writeback_centisecs) * CENTISECOND_NS;
		err = thread_park(&why, WAIT_FOREVER, due);
	}
}

static void flusher_main(void *arg)
{
	struct flusher *f = arg;

	current->reserve = true;
	for (;;) {
		sleep_until_due(f);
		flush_all(f);
	}
}

void flusher_start(struct flusher *f)
{
	char name[THREAD_NAME];
	struct thread *t;

	snprintf(name, sizeof(name), "flusher/%s", f->name);
	t = thread_create(name, flusher_main, f);
	if (!t)
		panic("too little memory: no thread to write the dirty pages of %s", f->name);
	/* release: pairs with flusher_notice */
	atomic_store_explicit(&f->thread, t, memory_order_release);
	atomic_store_explicit(&started, true, memory_order_relaxed);
	thread_start(t);
}
