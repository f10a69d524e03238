/* SPDX-License-Identifier: MIT */
/*
 * Futexes where threads meet: mutexes that nobody may be left waiting for, wakes that are counted, waiters that give up while they are being
 * moved. A wakeup that is lost ends as a deadlock, which the machine reports: nobody has a timeout where that would hide it. Plain accesses are
 * no points at which others get their turn, so what they alone break (the waiter used after it was let go) is not found here.
 */
#include "kernel/futex.h"
#include "kernel/sched.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "mm/mm.h"
#include "tests/host/port.h"

#define BASE 0x10000000ul
#define WORKERS 4
#define ROUNDS 60
#define FIRST 10 /* of the words that stay 0 */
#define WORDS 3

static struct mm *mm;
static uint64_t seed;
static unsigned inside, entered; /* by the mutex under test */
static _Atomic unsigned woken, returned, running;

static void enter(void)
{
	current->mm = mm;
	thread_set_space(current, &mm->arch);
}

static void leave(void)
{
	thread_set_space(current, NULL);
	current->mm = NULL;
}

static struct futex word(unsigned i)
{
	uintptr_t at = BASE + i * 64;

	return (struct futex){ .user = at, .key = { 1, at } };
}

static uint32_t exchange(const struct futex *f, uint32_t to)
{
	uint32_t seen, old;

	check(!user_load32(f->user, &seen));
	do {
		old = seen;
		check(!user_cmpxchg32(f->user, old, to, &seen));
	} while (seen != old);
	return old;
}

/* ---- a mutex: 0 free, 1 taken, 2 taken and somebody may wait ---- */

static void lock(const struct futex *f)
{
	uint32_t seen;

	check(!user_cmpxchg32(f->user, 0, 1, &seen));
	if (!seen)
		return;
	while (exchange(f, 2)) {
		int err = futex_wait(f, 2, FUTEX_BITS_ALL, TIME_NEVER);

		check(!err || err == -EAGAIN);
	}
}

static void unlock(const struct futex *f)
{
	if (exchange(f, 0) == 2)
		check(futex_wake(f, 1, FUTEX_BITS_ALL) >= 0);
}

static void mutex_worker(unsigned i)
{
	struct futex f = word(0);

	enter();
	for (unsigned n = 0; n < ROUNDS; n++) {
		lock(&f);
		check(inside++ == 0);
		entered++;
		if ((n + i) % 3 == 0)
			thread_yield();
		inside--;
		unlock(&f);
	}
	leave();
}

static void mutexes(void)
{
	entered = 0;
	port_parallel(WORKERS, mutex_worker);
	ok(entered == WORKERS * ROUNDS, "a mutex: one inside at a time, nobody is left waiting");
}

/* ---- a condition that is broadcast by moving its waiters to the mutex ---- */

static unsigned generation, arrived;

static void barrier_wait(const struct futex *mutex, const struct futex *condition)
{
	struct futex_move m = { .from = *condition, .to = *mutex, .wake = 1, .move = UINT32_MAX >> 1 };
	unsigned mine;
	uint32_t seen;

	lock(mutex);
	mine = generation;
	if (++arrived == WORKERS) {
		arrived = 0;
		generation++;
		check(!user_load32(condition->user, &seen));
		exchange(condition, seen + 1);
		check(futex_requeue(&m) >= 0);
	}
	while (generation == mine) {
		check(!user_load32(condition->user, &seen));
		unlock(mutex);
		futex_wait(condition, seen, FUTEX_BITS_ALL, TIME_NEVER);
		while (exchange(mutex, 2)) /* others may have been moved to it */
			futex_wait(mutex, 2, FUTEX_BITS_ALL, TIME_NEVER);
	}
	unlock(mutex);
}

static void barrier_worker(unsigned i)
{
	struct futex mutex = word(0), condition = word(1);

	(void)i;
	enter();
	for (unsigned n = 0; n < ROUNDS; n++) {
		barrier_wait(&mutex, &condition);
		atomic_fetch_add(&returned, 1);
		check(atomic_load(&returned) > n * WORKERS && atomic_load(&returned) <= (n + 2) * WORKERS);
	}
	leave();
}

static void barriers(void)
{
	atomic_store(&returned, 0);
	port_parallel(WORKERS, barrier_worker);
	ok(atomic_load(&returned) == ROUNDS * WORKERS, "a barrier whose waiters are moved to its mutex");
}

/* ---- every wake is somebody's: timeouts, moves and wakes at once ---- */

static void giving_up(struct prng *r)
{
	for (unsigned n = 0; n < ROUNDS; n++) {
		struct futex f = word(FIRST + prng_below(r, WORDS));
		int err = futex_wait(&f, 0, 1u << prng_below(r, 3), clock_ns() + prng_below(r, 30000));

		check(!err || err == -ETIMEDOUT);
		atomic_fetch_add(&returned, err == 0);
	}
}

static void waking(struct prng *r)
{
	while (atomic_load(&running)) {
		struct futex_move m = {.from = word(FIRST + prng_below(r, WORDS)),
				       .to = word(FIRST + prng_below(r, WORDS)),
				       .wake = prng_below(r, 2),
				       .move = 2};
		uint32_t zero = 0;
		int n;

		m.value = &zero;
		if (prng_below(r, 2))
			n = futex_wake(&m.from, 1 + prng_below(r, 2), 1u << prng_below(r, 3));
		else
			n = futex_requeue(&m);
		check(n >= 0);
		if (n && prng_below(r, 3) == 0)
			thread_sleep_until(clock_ns() + prng_below(r, 20000), WAIT_FOREVER);
	}
}

static void count_worker(unsigned i)
{
	struct prng r;

	prng_seed(&r, seed * 100 + i);
	enter();
	if (i < WORKERS) {
		giving_up(&r);
		atomic_fetch_sub(&running, 1);
	} else {
		waking(&r);
	}
	leave();
}

/* Wakes only, so that their sum can be compared. */
static void wake_worker(unsigned i)
{
	struct prng r;

	prng_seed(&r, seed * 100 + i);
	enter();
	if (i < WORKERS) {
		giving_up(&r);
		atomic_fetch_sub(&running, 1);
	}
	while (i >= WORKERS && atomic_load(&running)) {
		struct futex f = word(FIRST + prng_below(&r, WORDS));

		atomic_fetch_add(&woken, (unsigned)futex_wake(&f, 1 + prng_below(&r, 2), 1u << prng_below(&r, 3)));
		thread_sleep_until(clock_ns() + prng_below(&r, 9000), WAIT_FOREVER);
	}
	leave();
}

static void counts(void)
{
	atomic_store(&returned, 0);
	atomic_store(&running, WORKERS);
	port_parallel(WORKERS + 2, wake_worker);
	ok(atomic_load(&woken) == atomic_load(&returned), "as many return woken as were woken: %u", atomic_load(&woken));
	atomic_store(&running, WORKERS);
	port_parallel(WORKERS + 2, count_worker);
	for (unsigned i = 0; i < WORDS; i++) {
		struct futex f = word(FIRST + i);

		check(futex_wake(&f, 9, FUTEX_BITS_ALL) == 0);
	}
	ok(true, "waiters that give up while they are being moved leave nothing behind");
}

/* ---- the word itself ---- */

static uint32_t add(uint32_t old, uint32_t arg)
{
	return old + arg;
}

static bool never(uint32_t old, uint32_t arg)
{
	return old == arg;
}

static void words(void)
{
	struct futex here = word(5), gone = { .user = BASE + 8 * PAGE_SIZE, .key = { 1, 0 } };
	struct futex_move m = { .from = here, .to = here, .wake = 1, .move = 1 };
	struct futex_change c = { add, never, 7, 99 };
	_Atomic uint64_t id = 0, other = 0;
	uint32_t seen;

	ok(futex_wait(&here, 3, 1, TIME_NEVER) == -EAGAIN && futex_wait(&here, 0, 1, 1) == -ETIMEDOUT, "another value; a moment that has passed");
	ok(futex_wait(&gone, 0, 1, TIME_NEVER) == -EFAULT_AGAIN, "a word that is not there is not faulted in");
	ok(futex_wake_change(&m, &c) == 0 && !user_load32(here.user, &seen) && seen == 7, "an operation on the word");
	m.to.user = gone.user;
	ok(futex_wake_change(&m, &c) == -EFAULT_AGAIN, "which must be there");
	ok(futex_object_id(&id) == futex_object_id(&id) && futex_object_id(&id) != futex_object_id(&other), "objects have numbers of their own");
}

static void test(void)
{
	struct map_request r = { .addr = BASE, .len = PAGE_SIZE, .flags = VMA_READ | VMA_WRITE | VMA_MAYWRITE, .fixed = true };

	futex_init();
	mm = mm_create();
	check(mm && mm_map(mm, &r) == BASE && !mm_populate(mm, BASE, PAGE_SIZE));
	enter();
	words();
	leave();
	mutexes();
	barriers();
	counts();
	mm_put(mm);
}

int main(int argc, char **argv)
{
	static struct host_config config = { .cpus = 4, .ram = 64 << 20 };

	seed = config.seed = tap_seed(argc, argv, 1);
	config.turn_one_in = port_turns(seed);
	sched_slice_ns = 6000;
	sched_jitter_ns = 5900;
	port_run(&config, test);
}
