/* SPDX-License-Identifier: MIT */
/* Threads: tokens, deadlines, signals, what a sleeper says, birth and death; then many of them at once. */
#include "tests/host/port.h"
#include "kernel/frame.h"
#include "kernel/restart.h"
#include "kernel/sched.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include <string.h>

#define RING 12
#define LAPS 150
#define CHURN 200
#define FLIES 8
#define SOME 64 /* frames: stacks stay mapped for the next thread, and how many there were at a time is not always the same */
#define SOON (100 * NSEC_PER_USEC)

static const struct wait_why why = { .what = "test" };
static uint64_t seed;

static int park(enum wait_mode mode, uint64_t deadline)
{
	return thread_park(&why, mode, deadline);
}

static void tokens(void)
{
	thread_unpark(current);
	thread_unpark(current);
	ok(park(WAIT_FOREVER, TIME_NEVER) == 0, "a token ends a park");
	ok(park(WAIT_FOREVER, clock_ns() + SOON) == -ETIMEDOUT, "two unparks leave one token");
	ok(park(WAIT_FOREVER, clock_ns()) == -ETIMEDOUT, "a deadline that has passed");
	thread_unpark(current);
	ok(park(WAIT_FOREVER, 0) == 0, "a token beats the deadline");
}

static void deadlines(void)
{
	uint64_t when = clock_ns() + SOON;

	ok(thread_sleep_until(when, WAIT_FOREVER) == 0 && clock_ns() >= when, "sleeping until a time");
	ok(thread_sleep_until(when, WAIT_FOREVER) == 0, "until one that has passed");
}

/* ---- signals ---- */

static _Atomic int outcome;
static _Atomic bool ended;

static void sleeper(void *arg)
{
	enum wait_mode mode = (enum wait_mode)(uintptr_t)arg;
	uint64_t deadline = clock_ns() + 20 * SOON;
	int err;

	do
		err = park(mode, deadline);
	while (!err);
	atomic_store(&outcome, err);
	atomic_store(&ended, true);
}

static struct thread *sleeper_start(enum wait_mode mode)
{
	struct thread *t = thread_create("sleeper", sleeper, (void *)(uintptr_t)mode);

	check(t);
	atomic_store(&ended, false);
	thread_start(t);
	return t;
}

/* What a sleeper in this mode returns if it gets that signal. */
static int signalled(enum wait_mode mode, bool fatal)
{
	struct thread *t;

	rcu_read_lock(); /* keeps t's memory */
	t = sleeper_start(mode);
	thread_signal(t, fatal);
	rcu_read_unlock();
	while (!atomic_load(&ended))
		thread_yield();
	return atomic_load(&outcome);
}

static void signals(void)
{
	ok(signalled(WAIT_FOREVER, true) == -ETIMEDOUT, "a fatal signal does not end WAIT_FOREVER");
	ok(signalled(WAIT_KILLABLE, true) == -EINTR, "it ends WAIT_KILLABLE");
	ok(signalled(WAIT_KILLABLE, false) == -ETIMEDOUT, "another one does not");
	ok(signalled(WAIT_SIGNAL, false) == -ERESTARTSYS, "it ends WAIT_SIGNAL");
	ok(signalled(WAIT_SIGNAL, true) == -EINTR, "and so does a fatal one");
}

/* ---- what a sleeper says ---- */

static void find_test(struct thread *t, void *arg)
{
	struct wait_why is;
	uint64_t since;

	if (thread_why(t, &is, &since) && is.what == why.what && since <= clock_ns())
		*(unsigned *)arg += 1;
}

static void whys(void)
{
	unsigned found = 0;

	sleeper_start(WAIT_FOREVER);
	while (!found && !atomic_load(&ended)) {
		thread_yield();
		thread_for_each(find_test, &found);
	}
	ok(found == 1, "a sleeper says what it waits for");
	while (!atomic_load(&ended))
		thread_yield();
	found = 0;
	thread_for_each(find_test, &found);
	ok(found == 0, "and no longer when it has ended");
}

/* ---- many: a token goes round a ring of threads, several at once ---- */

static struct thread *_Atomic ring[RING];
static _Atomic unsigned passes[RING];

/* Until it has got n tokens. */
static void ring_wait_for(unsigned i, unsigned n)
{
	while (atomic_load(&passes[i]) < n)
		check(park(WAIT_FOREVER, clock_ns() + NSEC_PER_SEC) == 0);
}

/* Members 0, 4, 8 begin with a token: there are three of them. All wait for their last one, so that nobody wakes a thread that is gone. */
static void ring_member(unsigned i)
{
	unsigned next = (i + 1) % RING;
	struct prng r;

	prng_seed(&r, seed + i);
	atomic_store(&ring[i], current);
	while (!atomic_load(&ring[next]))
		thread_yield();
	for (unsigned lap = 0; lap < LAPS; lap++) {
		ring_wait_for(i, lap + (i % 4 != 0));
		if (prng_below(&r, 8) == 0)
			thread_sleep_until(clock_ns() + prng_below(&r, 5000), WAIT_FOREVER);
		rcu_read_lock(); /* once it has the token the next one may end */
		atomic_fetch_add(&passes[next], 1);
		thread_unpark(atomic_load(&ring[next]));
		rcu_read_unlock();
	}
	ring_wait_for(i, LAPS);
}

static void ring_run(void)
{
	port_parallel(RING, ring_member);
	for (unsigned i = 0; i < RING; i++)
		check(atomic_load(&passes[i]) == LAPS);
	ok(true, "%u threads pass tokens round %u times: none is lost", RING, LAPS);
}

/* ---- birth and death ---- */

static _Atomic unsigned flies;

static void mayfly(void *arg)
{
	if ((uintptr_t)arg % 3 == 0)
		thread_yield();
	atomic_fetch_sub(&flies, 1);
}

static void churn_one(unsigned i)
{
	for (unsigned n = 0; n < CHURN; n++) {
		struct thread *t = thread_create("mayfly", mayfly, (void *)(uintptr_t)(n + i));

		check(t);
		if (n % 5) {
			atomic_fetch_add(&flies, 1);
			thread_start(t);
		} else {
			thread_discard(t);
		}
		while (atomic_load(&flies) > FLIES)
			thread_sleep_until(clock_ns() + 1000, WAIT_FOREVER);
	}
}

static void count(struct thread *t, void *arg)
{
	(void)t;
	*(unsigned *)arg += 1;
}

static void churn(void)
{
	unsigned before = 0, after = 0;
	uint64_t frames;

	port_parallel(4, churn_one);
	port_settle();
	frames = frame_available();
	thread_for_each(count, &before);
	port_parallel(4, churn_one);
	thread_sleep_until(clock_ns() + SOON, WAIT_FOREVER);
	port_settle();
	thread_for_each(count, &after);
	ok(before == after, "threads that end leave the list");
	ok(frame_available() + SOME >= frames, "and give their memory back (%lld frames less)",
	   (long long)(frames - frame_available()));
}

static void test(void)
{
	tokens();
	deadlines();
	signals();
	whys();
	ring_run();
	churn();
}

int main(int argc, char **argv)
{
	struct host_config machine = { .cpus = 4, .ram = 64 << 20 };

	seed = machine.seed = tap_seed(argc, argv, 1);
	port_run(&machine, test);
}
