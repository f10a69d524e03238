/* SPDX-License-Identifier: MIT */
/*
 * The thread that keeps some memory free, and decides that there is none left.
 *
 * Below zone.low free frames it is woken, and reclaims until there are zone.high. Those who find nothing at all reclaim themselves (mm/reclaim.c);
 * when that brings nothing, dirty pages included, they ask here and wait. The thread holds nothing, so it may do what they may not: have
 * the floors above give back what they keep for later, and have one process killed. After that it waits for the victim's memory before it has another
 * killed.
 *
 * Those who ask wait for a bounded time: they may hold what the victim needs in order to end.
 */
#include "kernel/log.h"
#include "kernel/stats.h"
#include "kernel/time.h"
#include "mm/reclaim.h"
#include "mm/writeback.h"

#define BATCH 32
#define TRIES 8			      /* without success, before the thread leaves it for now */
#define ASK_NS (3 * NSEC_PER_SEC)
#define LOOK_NS (2 * NSEC_PER_MSEC) /* at whether a victim has gone */

static _Atomic(struct thread *) reclaimer; /* NULL: nobody has started it */
static struct waitq room = WAITQ_INIT(room); /* of those who ask */
static _Atomic unsigned asking;
static _Atomic unsigned given_up; /* how many times there was nobody to kill */
static struct shrinker *shrinkers; /* boot */
static bool (*killer)(void);	   /* boot */

void reclaim_add_shrinker(struct shrinker *s)
{
	s->next = shrinkers;
	shrinkers = s;
}

void reclaim_set_killer(bool (*kill)(void))
{
	killer = kill;
}

static struct thread *reclaimer_thread(void)
{
	/* acquire: the thread is whole; pairs with reclaim_start */
	return atomic_load_explicit(&reclaimer, memory_order_acquire);
}

/* ---- those who ask ---- */

static bool enough(void)
{
	return frame_free_now() > frame_reserve() + BATCH;
}

static unsigned times_given_up(void)
{
	return atomic_load_explicit(&given_up, memory_order_relaxed);
}

bool reclaim_wait_killed(void)
{
	static const struct wait_why why = { .what = "memory of a process that is killed" };
	struct thread *t = reclaimer_thread();
	unsigned before = times_given_up();
	int err;

	if (!t || t == current || current->reserve || thread_killed())
		return false;
	atomic_fetch_add_explicit(&asking, 1, memory_order_relaxed);
	thread_unpark(t);
	err = wait_until(&room, &why, WAIT_KILLABLE, clock_ns() + ASK_NS, enough() || times_given_up() != before);
	atomic_fetch_sub_explicit(&asking, 1, memory_order_relaxed);
	return !err && times_given_up() == before;
}

/* ---- the thread ---- */

static unsigned shrink_others(void)
{
	unsigned n = 0;

	for (struct shrinker *s = shrinkers; s; s = s->next)
		n += s->shrink(BATCH);
	return n;
}

/* One try: did it help? */
static bool reclaim_some(void)
{
	unsigned got = page_reclaim(BATCH);

	stat_add(STAT_reclaimed_ahead, got);
	return got || shrink_others() || writeback_wait_progress();
}

static void balance(void)
{
	for (unsigned tries = TRIES; frame_free_now() < frame_high() && tries;)
		tries = reclaim_some() ? TRIES : tries - 1;
}

/* Until there is some, or nobody asks any more, or nobody can be killed. */
static void find_some(void)
{
	while (atomic_load_explicit(&asking, memory_order_relaxed) && !enough()) {
		if (page_reclaim(BATCH))
			continue;
		if (!killer || !killer()) {
			atomic_fetch_add_explicit(&given_up, 1, memory_order_relaxed);
			break;
		}
		thread_sleep_until(clock_ns() + LOOK_NS, WAIT_FOREVER);
	}
	waitq_wake_all(&room);
	if (atomic_load_explicit(&asking, memory_order_relaxed)) /* they have to run before they have stopped asking */
		thread_sleep_until(clock_ns() + LOOK_NS, WAIT_FOREVER);
}

static void reclaimer_main(void *arg)
{
	static const struct wait_why why = { .what = "memory to become short", .lasting = true };

	(void)arg;
	current->reserve = true;
	for (;;) {
		while (!frame_low_seen() && !atomic_load_explicit(&asking, memory_order_relaxed))
			thread_park(&why, WAIT_FOREVER, UINT64_MAX);
		balance();
		find_some();
	}
}

void reclaim_start(void)
{
	struct thread *t = thread_create("reclaim", reclaimer_main, NULL);

	if (!t)
		panic("too little memory: no thread to find more");
	/* release: pairs with reclaimer_thread */
	atomic_store_explicit(&reclaimer, t, memory_order_release);
	thread_start(t);
	frame_tell_low(t);
}
