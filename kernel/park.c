/* SPDX-License-Identifier: MIT */
/*
 * Sleeping and waking: one word, thread->park.
 *
 *	thread itself:	TOKEN -> NONE	takes the token, returns from thread_park			(acquire)
 *			NONE -> ASLEEP	compare-exchange, interrupts off; then leaves the CPU		(release)
 *	anybody else:	any -> TOKEN	exchange; who gets ASLEEP out of it must queue the thread	(acq_rel)
 *	its deadline:	ASLEEP -> NONE	compare-exchange; must queue the thread. Not asleep: leaves a token	(acquire)
 *
 * 1. No wakeup is lost. All changes are read-modify-writes of one word, so they stand in one order. An unpark before the
 *    compare-exchange makes that fail, and the token is found; an unpark after it gets ASLEEP and wakes. There is no moment in
 *    between, and no fence that could be forgotten.
 * 2. One wake for one sleep: only one read-modify-write gets ASLEEP out. sched_wake relies on that.
 * 3. What the waker did before is seen by the woken: the exchange releases, taking the token acquires. Further exchanges in
 *    between are read-modify-writes, so they do not break that chain.
 * 4. Nobody sleeps through a kill. thread_signal stores `killed` (or `signalled`), then leaves a token like any unpark. Say the
 *    sleeper read `killed` too early and saw nothing. Then its NONE -> ASLEEP either comes before that exchange, which wakes it; or
 *    after, and fails, since nobody but the sleeper takes a token. Either way it takes that token, by point 3 sees the flag when it
 *    calls thread_park again, and gives up. So a token beats the signal, but only once.
 * 5. Between ASLEEP and the switch interrupts are off, so a preemption never queues a thread that is on its way to sleep.
 *
 * `why` is on the sleeper's stack (or static), where it may be overwritten once the wait is over. Stacks stay mapped, so
 * thread_why may copy it at any time, and keeps the copy only if why and since are the same before and after: two
 * waits of one thread do not begin in the same nanosecond, and a wait that goes on (thread_park_on) has the same `why`.
 */
#include "kernel/restart.h"
#include "kernel/sched_impl.h"
#include "lib/errno.h"

static bool token_take(struct thread *t)
{
	unsigned token = PARK_TOKEN;

	/* acquire: points 3 and 4 */
	if (atomic_load_explicit(&t->park, memory_order_relaxed) != PARK_TOKEN ||
	    !atomic_compare_exchange_strong_explicit(&t->park, &token, PARK_NONE, memory_order_acquire, memory_order_relaxed))
		return false;
	atomic_store_explicit(&t->first, false, memory_order_relaxed); /* of no use to a thread that was awake */
	return true;
}

/* Off the CPU until somebody leaves a token. */
static void sleep(struct thread *t)
{
	irqflags_t flags = arch_irq_save();
	unsigned none = PARK_NONE;

	atomic_store_explicit(&t->state, THREAD_PARKED, memory_order_relaxed);
	/* release: who wakes us may look at what we have published */
	if (atomic_compare_exchange_strong_explicit(&t->park, &none, PARK_ASLEEP, memory_order_release,
						    memory_order_relaxed))
		sched_block();
	else
		atomic_store_explicit(&t->state, THREAD_RUNNABLE, memory_order_relaxed);
	arch_irq_restore(flags);
}

static int refused(const struct thread *t, enum wait_mode mode, uint64_t deadline)
{
	if (mode != WAIT_FOREVER && atomic_load_explicit(&t->killed, memory_order_relaxed))
		return -EINTR;
	if (mode == WAIT_SIGNAL && atomic_load_explicit(&t->signalled, memory_order_relaxed))
		return -ERESTARTSYS;
	if (deadline != TIME_NEVER && clock_ns() >= deadline)
		return -ETIMEDOUT;
	return 0;
}

/* A wake without a token, so that thread_park can tell: it looks at the clock again. */
static void deadline_passed(struct timer *timer)
{
	struct thread *t = timer->arg;
	unsigned asleep = PARK_ASLEEP;

	/* acquire: as in thread_unpark */
	if (atomic_compare_exchange_strong_explicit(&t->park, &asleep, PARK_NONE, memory_order_acquire,
						    memory_order_relaxed))
		sched_wake(t);
	else
		thread_unpark(t); /* on its way to sleep, or woken already */
}

static void sleep_until(struct thread *t, uint64_t deadline)
{
	struct timer timer;

	timer_init(&timer, deadline_passed, t);
	timer_set(&timer, deadline);
	sleep(t);
	timer_cancel(&timer);
}

/* t is about to sleep: for the first time in this wait, or once more. */
static void note_park(struct thread *t)
{
	uint32_t parks = atomic_load_explicit(&t->parks, memory_order_relaxed);

	if (!parks)
		/* release: who reads it reads the *why that goes with it; pairs with thread_why */
		atomic_store_explicit(&t->since, clock_ns(), memory_order_release);
	atomic_store_explicit(&t->parks, parks + 1, memory_order_relaxed);
}

int thread_park_on(const struct wait_why *why, enum wait_mode mode, uint64_t deadline)
{
	struct thread *t = current;
	int err;

	might_sleep();
	while (!token_take(t)) {
		err = refused(t, mode, deadline);
		if (err)
			return err;
		note_park(t);
		/* release: pairs with thread_why; *why and since are there */
		atomic_store_explicit(&t->why, why, memory_order_release);
		if (deadline == TIME_NEVER)
			sleep(t);
		else
			sleep_until(t, deadline);
		atomic_store_explicit(&t->why, NULL, memory_order_relaxed);
		atomic_thread_fence(memory_order_release); /* before *why is overwritten: pairs with thread_why's fence */
	}
	return 0;
}

int thread_park(const struct wait_why *why, enum wait_mode mode, uint64_t deadline)
{
	atomic_store_explicit(&current->parks, 0, memory_order_relaxed);
	return thread_park_on(why, mode, deadline);
}

void thread_unpark(struct thread *t)
{
	/* acq_rel: release for point 3; acquire: with ASLEEP comes what the sleeper published */
	if (atomic_exchange_explicit(&t->park, PARK_TOKEN, memory_order_acq_rel) == PARK_ASLEEP)
		sched_wake(t);
}

void thread_unpark_first(struct thread *t)
{
	atomic_store_explicit(&t->first, true, memory_order_relaxed);
	thread_unpark(t);
}

void thread_signal(struct thread *t, bool fatal)
{
	atomic_store_explicit(fatal ? &t->killed : &t->signalled, true, memory_order_relaxed);
	atomic_fetch_or_explicit(&t->arch.work, WORK_SIGNAL, memory_order_relaxed);
	thread_unpark(t);
	/* pairs with sched_switch: either we see that t is on a CPU, or t sees its work before it is in user mode */
	atomic_thread_fence(memory_order_seq_cst);
	if (t != current && atomic_load_explicit(&t->on_cpu, memory_order_relaxed))
		arch_ipi_send(atomic_load_explicit(&t->cpu, memory_order_relaxed), ARCH_IRQ_RESCHED);
}

void thread_kill(struct thread *t)
{
	thread_signal(t, true);
}

int thread_sleep_until(uint64_t when, enum wait_mode mode)
{
	static const struct wait_why why = { .what = "time", .lasting = true };
	int err;

	do
		err = thread_park(&why, mode, when);
	while (!err);
	return err == -ETIMEDOUT ? 0 : err;
}

enum wait_on wait_on_device(const void *object)
{
	(void)object;
	return WAIT_ON_DEVICE;
}

bool thread_why(struct thread *t, struct wait_why *out, uint64_t *since)
{
	/* acquire: pairs with thread_park_on */
	const struct wait_why *why = atomic_load_explicit(&t->why, memory_order_acquire);

	if (!why)
		return false;
	/* acquire: pairs with note_park; the copy is of this wait or a later one */
	*since = atomic_load_explicit(&t->since, memory_order_acquire);
	*out = *why;
	/* acquire: the copy comes before the second look; pairs with thread_park_on's fence, if it saw what was stored there later */
	atomic_thread_fence(memory_order_acquire);
	/* acquire: of a later wait at the same address, `since` is seen too; pairs with thread_park_on */
	return atomic_load_explicit(&t->why, memory_order_acquire) == why &&
	       atomic_load_explicit(&t->since, memory_order_relaxed) == *since;
}
