/* SPDX-License-Identifier: MIT */
/* Mutex, semaphore, wait queue and validator: what the tables at their heads promise, then many threads at once. */
#include "tests/host/port.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/lock_seen.h"
#include "kernel/stats.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "mm/page_lock.h"

#define QUEUE 5
#define CROWD 8
#define ROUNDS 300

static uint64_t seed;
static struct mutex mutex;
static struct rwsem sem;

/* ---- order of arrival ---- */

static _Atomic unsigned arrived, order_n;
static _Atomic unsigned order[QUEUE];
static _Atomic unsigned finished;

static void waits(struct thread *t, void *arg)
{
	struct wait_why why;
	uint64_t since;

	if (thread_why(t, &why, &since) && why.object == arg)
		atomic_fetch_add(&arrived, 1);
}

/* Until n threads sleep for the lock. */
static void wait_for_sleepers(const void *lock, unsigned n)
{
	do {
		thread_yield();
		atomic_store(&arrived, 0);
		thread_for_each(waits, (void *)lock);
	} while (atomic_load(&arrived) < n);
}

static void note_turn(unsigned i)
{
	atomic_store(&order[atomic_fetch_add(&order_n, 1)], i);
}

static void start(void (*fn)(void *), uintptr_t arg)
{
	struct thread *t = thread_create("waiter", fn, (void *)arg);

	check(t);
	thread_start(t);
}

static void finish_all(unsigned n)
{
	while (atomic_load(&finished) < n)
		thread_yield();
	atomic_store(&finished, 0);
	atomic_store(&order_n, 0);
}

static void mutex_waiter(void *arg)
{
	mutex_lock(&mutex);
	note_turn((unsigned)(uintptr_t)arg);
	mutex_unlock(&mutex);
	atomic_fetch_add(&finished, 1);
}

static void mutex_order(void)
{
	bool good = true;

	mutex_lock(&mutex);
	for (unsigned i = 0; i < QUEUE; i++) {
		start(mutex_waiter, i);
		wait_for_sleepers(&mutex, i + 1);
	}
	mutex_unlock(&mutex);
	ok(!mutex_trylock(&mutex), "nobody passes those who wait");
	finish_all(QUEUE);
	for (unsigned i = 0; i < QUEUE; i++)
		good &= atomic_load(&order[i]) == i;
	ok(good, "a mutex is handed over in order of arrival");
}

/* Semaphore: reader 0 and 1 queue behind writer 2, who waits for us reading. */
static void sem_reader(void *arg)
{
	rwsem_read_lock(&sem);
	note_turn((unsigned)(uintptr_t)arg);
	rwsem_read_unlock(&sem);
	atomic_fetch_add(&finished, 1);
}

static void sem_writer(void *arg)
{
	int err = rwsem_write_lock_killable(&sem);

	if (!err) {
		note_turn((unsigned)(uintptr_t)arg);
		rwsem_write_unlock(&sem);
	}
	atomic_fetch_add(&finished, 1);
}

static void sem_order(void)
{
	rwsem_read_lock(&sem);
	start(sem_writer, 2);
	wait_for_sleepers(&sem, 1);
	ok(!rwsem_read_trylock(&sem), "a waiting writer stops new readers");
	start(sem_reader, 0);
	start(sem_reader, 1);
	wait_for_sleepers(&sem, 3);
	rwsem_read_unlock(&sem);
	finish_all(3);
	ok(atomic_load(&order[0]) == 2, "and goes before those that came after it");
}

/* ---- killed while waiting ---- */

static void kill_sleeper(struct thread *t, void *arg)
{
	struct wait_why why;
	uint64_t since;

	if (thread_why(t, &why, &since) && why.object == arg)
		thread_kill(t);
}

static _Atomic int killed_err;

static void mutex_victim(void *arg)
{
	(void)arg;
	atomic_store(&killed_err, mutex_lock_killable(&mutex));
	atomic_fetch_add(&finished, 1);
}

static void killed(void)
{
	mutex_lock(&mutex);
	start(mutex_victim, 0);
	wait_for_sleepers(&mutex, 1);
	thread_for_each(kill_sleeper, &mutex);
	finish_all(1);
	ok(atomic_load(&killed_err) == -EINTR, "a killed waiter gives up");
	mutex_unlock(&mutex);
	ok(mutex_trylock(&mutex), "and leaves nothing behind");
	mutex_unlock(&mutex);

	rwsem_read_lock(&sem);
	start(sem_writer, 2);
	wait_for_sleepers(&sem, 1);
	start(sem_reader, 0);
	wait_for_sleepers(&sem, 2);
	thread_for_each(kill_sleeper, &sem); /* ends the writer only: the reader waits for ever */
	finish_all(2);
	ok(true, "readers behind a killed writer get in");
	rwsem_read_unlock(&sem);
	ok(rwsem_read_trylock(&sem), "and the semaphore is usable");
	rwsem_read_unlock(&sem);
}

/* ---- crowds ---- */

static uint64_t counter; /* mutex */
static uint64_t shared;	 /* sem */
static _Atomic unsigned readers;

static void pause_some(struct prng *r)
{
	switch (prng_below(r, 6)) {
	case 0:
		thread_sleep_until(clock_ns() + prng_below(r, 3000), WAIT_FOREVER);
		break;
	case 1:
		thread_yield();
		break;
	default:
		break;
	}
}

static void mutex_round(struct prng *r)
{
	uint64_t seen;

	if (prng_below(r, 4) == 0) {
		if (!mutex_trylock(&mutex))
			return;
	} else {
		mutex_lock(&mutex);
	}
	check(mutex_held(&mutex));
	seen = counter;
	pause_some(r);
	check(counter == seen);
	counter = seen + 1;
	mutex_unlock(&mutex);
}

static void sem_round(struct prng *r)
{
	uint64_t seen;

	if (prng_below(r, 3)) {
		rwsem_read_lock(&sem);
		atomic_fetch_add(&readers, 1);
		seen = shared;
		pause_some(r);
		check(shared == seen);
		atomic_fetch_sub(&readers, 1);
		rwsem_read_unlock(&sem);
	} else {
		rwsem_write_lock(&sem);
		seen = ++shared;
		pause_some(r);
		check(shared == seen && atomic_load(&readers) == 0 && rwsem_write_held(&sem));
		rwsem_write_unlock(&sem);
	}
}

static void crowd_member(unsigned i)
{
	struct prng r;

	prng_seed(&r, seed + i);
	for (unsigned n = 0; n < ROUNDS; n++) {
		mutex_round(&r);
		sem_round(&r);
	}
}

static void crowd(void)
{
	port_parallel(CROWD, crowd_member);
	ok(counter > 0 && shared > 0, "%u threads: nobody is inside with another", CROWD);
}

/* ---- wait queue ---- */

static struct waitq queue;
static _Atomic unsigned goods;

static bool good_take(void)
{
	unsigned n = atomic_load(&goods);

	while (n)
		if (atomic_compare_exchange_weak(&goods, &n, n - 1))
			return true;
	return false;
}

static void trade(unsigned i)
{
	static const struct wait_why why = { .what = "goods" };
	struct prng r;

	prng_seed(&r, seed + i);
	for (unsigned n = 0; n < ROUNDS; n++) {
		if (i % 2) {
			check(!wait_until(&queue, &why, WAIT_FOREVER, clock_ns() + NSEC_PER_SEC, good_take()));
			continue;
		}
		atomic_fetch_add(&goods, 1);
		waitq_wake_all(&queue);
		pause_some(&r);
	}
}

static void trading(void)
{
	waitq_init(&queue);
	port_parallel(6, trade);
	ok(atomic_load(&goods) == 0, "a wait queue loses no wakeup");
}

/* ---- the validator ---- */

static struct spinlock inner = SPINLOCK_INIT(LOCK_CACHE), outer = SPINLOCK_INIT(LOCK_PT);

static void wrong_order(void)
{
	spin_lock(&inner);
	spin_lock(&outer);
}

static void twice(void)
{
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}

static void sleeps_with_spinlock(void)
{
	spin_lock(&inner);
	mutex_lock(&mutex);
}

static void not_held(void)
{
	spin_unlock(&inner);
}

static void take_in_interrupt(struct timer *t)
{
	(void)t;
	spin_lock(&inner);
	spin_unlock(&inner);
}

static void interrupts_on(void)
{
	struct timer t;

	timer_init(&t, take_in_interrupt, NULL);
	timer_set(&t, clock_ns());
	thread_sleep_until(clock_ns() + 10000, WAIT_FOREVER);
	spin_lock(&inner);
}

/* The order that is right is seen first, so that the report has it. */
static void wrong_after_right(void)
{
	spin_lock(&outer);
	spin_lock(&inner);
	spin_unlock(&inner);
	spin_unlock(&outer);
	wrong_order();
}

static void page_after_buffer(void)
{
	struct page *page = page_alloc(0);

	check(page);
	mutex_init(&mutex, LOCK_BUFFER);
	mutex_lock(&mutex);
	page_lock(page);
}

static void learnt(void)
{
	const struct lock_seen *seen;
	bool found = false;

	spin_lock(&outer);
	spin_lock(&inner);
	spin_unlock(&inner);
	spin_unlock(&outer);
	for (unsigned i = 0; (seen = lock_seen_at(i)); i++)
		found |= seen->from == LOCK_PT && seen->to == LOCK_CACHE && seen->held.pc[0] && seen->taken.pc[0];
	ok(found, "an order is learnt, with both places");
}

/* Two pairs, one of them twice, a sleeper, twice: the panic's text is the count. */
static void reports(void)
{
	static struct spinlock zone = SPINLOCK_INIT(LOCK_ZONE);

	atomic_store(&lock_check_mode, LOCKCHECK_REPORT);
	for (unsigned i = 0; i < 2; i++) {
		spin_lock(&inner);
		spin_lock(&outer);
		spin_unlock(&outer);
		spin_unlock(&inner);
	}
	spin_lock(&zone);
	spin_lock(&inner);
	spin_unlock(&inner);
	lock_check_acquire(LOCK_CACHE, &inner, true);
	spin_unlock(&zone);
	lock_check_may_sleep();
	lock_check_may_sleep();
	panic("%lu reports", stat_read(STAT_lock_reports));
}

static void validator(void)
{
	learnt();
	ok(port_panics(wrong_order, "lock order: PT"), "the wrong order is told");
	ok(port_panics(wrong_order, "wrong_order+0x"), "... and where the one that is held was taken");
	ok(port_panics(wrong_order, "PT is being taken at"), "... and the other");
	ok(port_panics(wrong_after_right, "but CACHE was taken while PT is held, first"), "... and who does it the other way round");
	ok(port_panics(page_after_buffer, "lock order: PAGE"), "a page lock has its place in the order");
	ok(port_panics(sleeps_with_spinlock, "CACHE's holder might sleep at"), "where somebody sleeps with a spinlock is told");
	ok(port_panics(reports, "panic: 3 reports"), "lockcheck=report tells each pair once, and goes on");
	ok(port_panics(twice, "taken again by its holder"), "a lock taken twice");
	ok(port_panics(sleeps_with_spinlock, "might sleep while holding spinlock CACHE"), "sleeping with a spinlock");
	ok(port_panics(not_held, "does not hold it"), "a release by somebody else");
	ok(port_panics(interrupts_on, "both in interrupt handlers and with interrupts on"), "a handler's lock with interrupts on");
}

static void test(void)
{
	mutex_init(&mutex, LOCK_FILES);
	rwsem_init(&sem, LOCK_INODE);
	mutex_order();
	sem_order();
	killed();
	crowd();
	trading();
	validator();
}

int main(int argc, char **argv)
{
	struct host_config machine = { .cpus = 4, .ram = 64 << 20 };

	seed = machine.seed = tap_seed(argc, argv, 1);
	port_run(&machine, test);
}
