/* SPDX-License-Identifier: MIT */
/*
 * The lock validator of debug builds. It reads three things from what threads do, whether or not they ever collide:
 *
 * 1. Order. A lock may be taken only if its class stands after the class of every lock the thread holds (lock_order.h). An interrupt
 *    handler counts as the thread it interrupts: if it spins for a lock, that thread's locks wait with it. If everybody
 *    keeps one order, the locks of a deadlock's cycle would each have to stand after the next: there is no cycle.
 * 2. Interrupts. A spinlock class that is ever taken in an interrupt handler must never be taken with interrupts on, or the
 *    handler could spin for a lock that the thread below it holds.
 * 3. Sleep. Who sleeps holds only locks whose holders may sleep.
 *
 * A trylock does not wait, so it may stand anywhere; once held it counts like any other.
 *
 * Each lock held remembers the place where it was taken, and each order of two classes, when it is first seen, the places of both
 * (kernel/lock_seen.c). So a report shows both sides: where the one that is held was taken, where the other is being taken, and
 * who takes them the other way round.
 *
 * What a thread holds is written by itself with interrupts off; the sets of point 2 are atomic and only grow.
 */
#include "kernel/lock_order.h"

#include "kernel/lock_seen.h"
#include "kernel/log.h"
#include "kernel/stats.h"
#include "kernel/thread.h"
#include "lib/format.h"

struct lock_info {
	const char *name;
	bool sleeps;
};

static const struct lock_info infos[LOCK_CLASSES] = {
#define X(name, sleeps, guards) { #name, sleeps },
	LOCK_ORDER(X)
#undef X
};

_Static_assert(LOCK_CLASSES <= 64, "a set of classes is one word");

_Atomic uint32_t lock_check_mode;

static _Atomic uint64_t taken_in_irq; /* bit n: class n has been taken in an interrupt handler */
static _Atomic uint64_t taken_irq_on; /* bit n: class n has been taken with interrupts on */
static struct site irq_sites[LOCK_CLASSES][2]; /* where each of the two was first seen; by who set the bit */
static _Atomic uint64_t reported[LOCK_CLASSES]; /* bit n: of classes held and taken; the diagonal is for the other reports */
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
	return DEBUG && !atomic_load_explicit(&stopped, memory_order_relaxed);
}

/* The address alone does not do: a lock may begin with another one. */
static bool is(const struct held_lock *held, enum lock_class class, const void *what)
{
	return held->what == what && held->class == class;
}

/* ---- reports ---- */

/* Is this pair to be reported? Only once. */
static bool report_begin(enum lock_class held, enum lock_class taken)
{
	uint64_t bit = 1ull << taken;

	if (atomic_fetch_or_explicit(&reported[held], bit, memory_order_relaxed) & bit)
		return false;
	stat_inc(STAT_lock_reports);
	return true;
}

/* The places are told; then it is the end, or, if the policy says so, goes on as if nothing were. */
static void report_end(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void report_end(const char *format, ...)
{
	char line[160];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (atomic_load_explicit(&lock_check_mode, memory_order_relaxed) == LOCKCHECK_PANIC)
		panic("%s", line);
	log_line("lockcheck: %s", line);
}

static void log_held(const struct held_lock *held)
{
	log_line("%s at %p was taken at", infos[held->class].name, held->what);
	site_log(&held->site);
}

static void log_here(const char *what, enum lock_class class)
{
	struct site here;

	site_note(&here, arch_fp());
	log_line("%s%s at", infos[class].name, what);
	site_log(&here);
}

static void report_order(const struct held_lock *held, enum lock_class class, const void *what)
{
	if (!report_begin((enum lock_class)held->class, class))
		return;
	log_held(held);
	log_here(" is being taken", class);
	lock_seen_log(class, (enum lock_class)held->class);
	if (held->what == what && held->class == class)
		report_end("lock %s at %p is taken again by its holder", infos[class].name, what);
	else
		report_end("lock order: %s at %p is taken while %s at %p is held", infos[class].name, what,
			   infos[held->class].name, held->what);
}

/* ---- order ---- */

static void check_order(const struct thread *t, enum lock_class class, const void *what)
{
	for (unsigned i = 0; i < t->nheld; i++) {
		const struct held_lock *held = &t->held[i];

		if (is(held, class, what) || (held->class >= class && class != LOCK_NONE))
			report_order(held, class, what);
	}
}

/* ---- interrupts ---- */

static void report_irq(enum lock_class class)
{
	if (!report_begin(class, class))
		return;
	log_line("%s was taken in an interrupt handler at", infos[class].name);
	site_log(&irq_sites[class][0]);
	log_line("and with interrupts on at");
	site_log(&irq_sites[class][1]);
	report_end("locks of class %s are taken both in interrupt handlers and with interrupts on", infos[class].name);
}

static void check_irq(const struct thread *t, enum lock_class class, const struct site *site)
{
	bool on = !t->nirq;
	_Atomic uint64_t *set = on ? &taken_irq_on : &taken_in_irq, *other = on ? &taken_in_irq : &taken_irq_on;
	uint64_t bit = 1ull << class;

	if (class == LOCK_NONE || infos[class].sleeps || (on && !arch_irq_enabled()))
		return;
	if (!(atomic_load_explicit(set, memory_order_relaxed) & bit)) {
		irq_sites[class][on] = *site;
		atomic_fetch_or_explicit(set, bit, memory_order_relaxed);
	}
	if (unlikely(atomic_load_explicit(other, memory_order_relaxed) & bit))
		report_irq(class);
}

/* ---- what is held ---- */

void lock_check_want(enum lock_class class, const void *what)
{
	if (checking())
		check_order(current, class, what);
}

static void hold(struct thread *t, enum lock_class class, const void *what, const struct site *site)
{
	irqflags_t flags = arch_irq_save();

	t->held[t->nheld] = (struct held_lock){ .what = what, .site = *site, .class = (uint8_t)class };
	t->nheld++;
	arch_irq_restore(flags);
}

void lock_check_acquire(enum lock_class class, const void *what, bool trylock)
{
	struct thread *t = current;
	struct site site;

	if (!checking())
		return;
	if (!trylock)
		check_order(t, class, what);
	site_note(&site, arch_fp());
	check_irq(t, class, &site);
	if (t->nheld >= HELD_LOCKS)
		panic("lock %s at %p would be the %uth that one thread holds", infos[class].name, what, HELD_LOCKS + 1);
	for (unsigned i = 0; i < t->nheld; i++)
		lock_seen_note(&t->held[i], class, &site, trylock);
	hold(t, class, what, &site);
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

const struct site *lock_held_site(const void *what)
{
	const struct thread *t = current;

	for (unsigned i = t->nheld; i > 0; i--)
		if (t->held[i - 1].what == what)
			return &t->held[i - 1].site;
	return NULL;
}

/* What t says itself, read while it may be changing it. */
bool lock_holds(const struct thread *t, const void *what, struct site *site)
{
	unsigned n = *(const volatile unsigned *)&t->nheld;

	for (unsigned i = 0; DEBUG && i < n && i < HELD_LOCKS; i++) {
		const volatile struct held_lock *held = &t->held[i];

		if (held->what != what || held->class >= LOCK_CLASSES || !infos[held->class].sleeps)
			continue;
		*site = held->site;
		return true;
	}
	return false;
}

/* ---- assertions ---- */

void lock_check_none(enum lock_class from, enum lock_class to, const char *doing)
{
	const struct thread *t = current;

	for (unsigned i = 0; checking() && i < t->nheld; i++) {
		if (t->held[i].class < from || t->held[i].class > to)
			continue;
		log_held(&t->held[i]);
		panic("%s while holding %s at %p", doing, infos[t->held[i].class].name, t->held[i].what);
	}
}

static void report_sleep(const struct held_lock *held)
{
	if (!report_begin((enum lock_class)held->class, LOCK_NONE))
		return;
	log_held(held);
	log_here("'s holder might sleep", (enum lock_class)held->class);
	report_end("might sleep while holding spinlock %s at %p", infos[held->class].name, held->what);
}

void lock_check_may_sleep(void)
{
	const struct thread *t = current;

	if (!checking())
		return;
	for (unsigned i = 0; i < t->nheld; i++)
		if (!infos[t->held[i].class].sleeps)
			report_sleep(&t->held[i]);
	if (t->preempt)
		panic("might sleep with preemption off (%u)", t->preempt);
	if (!arch_irq_enabled())
		panic("might sleep with interrupts off");
}
