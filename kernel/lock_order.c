/* SPDX-License-Identifier: MIT */
/*
 * The lock validator of debug builds. It reads two things from what threads do, whether or not they ever collide:
 *
 * 1. Order. A lock may be taken only if its class stands after the class of every lock the thread holds (lock_order.h). An interrupt
 *    handler counts as the thread it interrupts: if it spins for a lock, that thread's locks wait with it. If everybody
 *    keeps one order, the locks of a deadlock's cycle would each have to stand after the next: there is no cycle.
 * 2. Interrupts. A spinlock class that is ever taken in an interrupt handler must never be taken with interrupts on, or the
 *    handler could spin for a lock that the thread below it holds.
 *
 * A trylock does not wait, so it may stand anywhere; once held it counts like any other.
 *
 * What a thread holds is written by itself with interrupts off; the two sets of point 2 are atomic and only grow.
 */
#include "kernel/lock_order.h"

#include "kernel/thread.h"

struct lock_info {
	const char *name;
	bool sleeps;
};

static const struct lock_info infos[LOCK_CLASSES] = {
#define X(name, sleeps, guards) { #name, sleeps },
	LOCK_ORDER(X)
#undef X
};

static _Atomic uint64_t taken_in_irq; /* bit n: class n has been taken in an interrupt handler */
static _Atomic uint64_t taken_irq_on; /* bit n: class n has been taken with interrupts on */
static _Atomic bool stopped;

const char *lock_class_name(enum lock_class class)
{
	return infos[class].name;
}

void lock_check_stop(void)
{
	atomic_store_explicit(&stopped, true, memory_order_relaxed);
}

static bool checking(void)
{
	return !atomic_load_explicit(&stopped, memory_order_relaxed);
}

/* The address alone does not do: a lock may begin with another one. */
static bool is(const struct held_lock *held, enum lock_class class, const void *what)
{
	return held->what == what && held->class == class;
}

/* ---- order ---- */

static void check_order(const struct thread *t, enum lock_class class, const void *what)
{
	for (unsigned i = 0; i < t->nheld; i++) {
		const struct held_lock *held = &t->held[i];

		if (is(held, class, what))
			panic("lock %s at %p is taken again by its holder", infos[class].name, what);
		if (held->class >= class && class != LOCK_NONE)
			panic("lock order: %s at %p is taken while %s at %p is held", infos[class].name, what,
			      infos[held->class].name, held->what);
	}
}

/* ---- interrupts ---- */

static void check_irq(const struct thread *t, enum lock_class class)
{
	uint64_t bit = 1ull << class, other;

	if (class == LOCK_NONE || infos[class].sleeps)
		return;
	if (t->nirq) {
		atomic_fetch_or_explicit(&taken_in_irq, bit, memory_order_relaxed);
		other = atomic_load_explicit(&taken_irq_on, memory_order_relaxed);
	} else if (arch_irq_enabled()) {
		atomic_fetch_or_explicit(&taken_irq_on, bit, memory_order_relaxed);
		other = atomic_load_explicit(&taken_in_irq, memory_order_relaxed);
	} else {
		return;
	}
	if (other & bit)
		panic("locks of class %s are taken both in interrupt handlers and with interrupts on", infos[class].name);
}

/* ---- what is held ---- */

void lock_check_want(enum lock_class class, const void *what)
{
	if (checking())
		check_order(current, class, what);
}

void lock_check_acquire(enum lock_class class, const void *what, bool trylock)
{
	struct thread *t = current;
	irqflags_t flags;

	if (!checking())
		return;
	if (!trylock)
		check_order(t, class, what);
	check_irq(t, class);
	if (t->nheld == HELD_LOCKS)
		panic("lock %s at %p would be the %uth that one thread holds", infos[class].name, what, HELD_LOCKS + 1);
	flags = arch_irq_save();
	t->held[t->nheld++] = (struct held_lock){ .what = what, .class = (uint8_t)class };
	arch_irq_restore(flags);
}

void lock_check_release(enum lock_class class, const void *what)
{
	struct thread *t = current;
	irqflags_t flags;
	unsigned i;

	if (!checking())
		return;
	flags = arch_irq_save();
	for (i = t->nheld; i > 0 && !is(&t->held[i - 1], class, what); i--)
		;
	if (i == 0)
		panic("lock %s at %p is released by somebody who does not hold it", infos[class].name, what);
	for (t->nheld--; i <= t->nheld; i++)
		t->held[i - 1] = t->held[i];
	arch_irq_restore(flags);
}

/* ---- assertions ---- */

void lock_check_none(enum lock_class from, enum lock_class to, const char *doing)
{
	const struct thread *t = current;

	for (unsigned i = 0; checking() && i < t->nheld; i++)
		if (t->held[i].class >= from && t->held[i].class <= to)
			panic("%s while holding %s at %p", doing, infos[t->held[i].class].name, t->held[i].what);
}

void lock_check_may_sleep(void)
{
	const struct thread *t = current;

	if (!checking())
		return;
	for (unsigned i = 0; i < t->nheld; i++)
		if (!infos[t->held[i].class].sleeps)
			panic("might sleep while holding spinlock %s at %p", infos[t->held[i].class].name,
			      t->held[i].what);
	if (t->preempt)
		panic("might sleep with preemption off (%u)", t->preempt);
	if (!arch_irq_enabled())
		panic("might sleep with interrupts off");
}
