/* SPDX-License-Identifier: MIT */
/*
 * Timers: a heap a CPU, ordered by time, and the machine's one-shot timer armed for the first of them.
 *
 * The heap is a pairing heap (Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap", Algorithmica 1986): its links are in the
 * timers, so setting one needs no memory and cannot fail. A node's children are a list; child->prev is the parent for the first
 * of them, else the one before.
 *
 * Whose lock guards a timer: that of the CPU in timer->cpu, whose value only changes under that lock; so whoever has the lock and
 * still reads the same CPU has the right one. While it moves to another CPU it is MOVING and nobody's.
 *
 * A timer may be set from one CPU while its fn runs on another. It then stays on that one's heap: so `running` of one CPU tells whether
 * fn runs, and that CPU looks at its heap again when fn has returned, and arms what is needed. After the call of fn nothing
 * touches the timer any more, so fn may free it.
 *
 * A cancelled timer leaves the machine's armed: one interrupt finds nothing to do, which costs less than arming at each cancel.
 */
#include "kernel/time.h"

#include "kernel/sched.h"

#define MOVING UINT32_MAX

_Atomic uint64_t clock_wall_start;

/* (L) lock */
static struct timers {
	struct spinlock lock;
	struct timer *first;   /* root of the heap	(L) */
	struct timer *running; /* whose fn is being called	(L) */
	uint64_t machine;      /* what arch_timer_arm was told	(L) */
} __attribute__((aligned(64))) timers[MAX_CPUS] = {
	[0 ... MAX_CPUS - 1] = { .lock = SPINLOCK_INIT(LOCK_TIMER), .machine = TIME_NEVER },
};

/* ---- the heap ---- */

static struct timer *heap_meld(struct timer *a, struct timer *b)
{
	struct timer *low = a, *high = b;

	if (!a || !b)
		return a ? a : b;
	if (b->when < a->when) {
		low = b;
		high = a;
	}
	high->prev = low;
	high->next = low->child;
	if (low->child)
		low->child->prev = high;
	low->child = high;
	return low;
}

/* One heap of a list of siblings: in pairs from the left, then all from the right. */
static struct timer *heap_meld_list(struct timer *list)
{
	struct timer *pairs = NULL, *all = NULL;

	while (list) {
		struct timer *a = list, *b = a->next;

		list = b ? b->next : NULL;
		a->next = NULL;
		a = heap_meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *a = pairs;

		pairs = a->next;
		a->next = NULL;
		all = heap_meld(all, a);
	}
	return all;
}

static void heap_insert(struct timer **first, struct timer *t)
{
	t->child = t->next = t->prev = NULL;
	*first = heap_meld(*first, t);
}

static void heap_remove(struct timer **first, struct timer *t)
{
	struct timer *below = heap_meld_list(t->child);

	if (t == *first) {
		*first = below;
		return;
	}
	if (t->prev->child == t)
		t->prev->child = t->next;
	else
		t->prev->next = t->next;
	if (t->next)
		t->next->prev = t->prev;
	*first = heap_meld(*first, below);
}

/* ---- whose it is ---- */

static struct timers *timer_lock(struct timer *t, irqflags_t *flags)
{
	for (;;) {
		unsigned cpu = atomic_load_explicit(&t->cpu, memory_order_relaxed);

		if (cpu != MOVING) {
			*flags = spin_lock_irq(&timers[cpu].lock);
			if (atomic_load_explicit(&t->cpu, memory_order_relaxed) == cpu)
				return &timers[cpu];
			spin_unlock_irq(&timers[cpu].lock, *flags);
		}
		arch_cpu_relax();
	}
}

/* From `from`, which is locked, to this CPU's, which is returned locked. Irq off; t is not armed and does not run. */
static struct timers *timer_move(struct timer *t, struct timers *from)
{
	unsigned cpu = this_cpu()->id;

	if (from == &timers[cpu])
		return from;
	atomic_store_explicit(&t->cpu, MOVING, memory_order_relaxed);
	spin_unlock(&from->lock);
	spin_lock(&timers[cpu].lock);
	atomic_store_explicit(&t->cpu, cpu, memory_order_relaxed);
	return &timers[cpu];
}

static bool timer_disarm(struct timers *on, struct timer *t)
{
	bool was = t->armed;

	if (was)
		heap_remove(&on->first, t);
	t->armed = false;
	return was;
}

/* The machine's timer, if the first one is due earlier than that. This CPU's, locked. */
static void timers_arm(struct timers *on)
{
	uint64_t when = on->first ? on->first->when : TIME_NEVER;

	if (when >= on->machine)
		return;
	on->machine = when;
	arch_timer_arm(when);
}

/* ---- interface ---- */

void timer_init(struct timer *t, void (*fn)(struct timer *), void *arg)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .cpu = atomic_load_explicit(&current->cpu, memory_order_relaxed) };
}

void timer_set(struct timer *t, uint64_t when)
{
	irqflags_t flags;
	struct timers *on = timer_lock(t, &flags);

	timer_disarm(on, t);
	if (on->running != t)
		on = timer_move(t, on);
	t->when = when;
	t->armed = true;
	heap_insert(&on->first, t);
	if (!on->running) /* else timer_interrupt arms */
		timers_arm(on);
	spin_unlock_irq(&on->lock, flags);
}

bool timer_cancel(struct timer *t)
{
	bool was = false, wait;

	do {
		irqflags_t flags;
		struct timers *on = timer_lock(t, &flags);

		was |= timer_disarm(on, t);
		wait = on->running == t && on != &timers[this_cpu()->id];
		spin_unlock_irq(&on->lock, flags);
		arch_cpu_relax();
	} while (wait);
	return was;
}

static void timer_call(struct timers *on, struct timer *t)
{
	void (*fn)(struct timer *) = t->fn;

	timer_disarm(on, t);
	on->running = t;
	spin_unlock(&on->lock);
	fn(t);
	spin_lock(&on->lock);
	on->running = NULL;
}

void timer_interrupt(void)
{
	struct timers *on = &timers[this_cpu()->id];

	spin_lock(&on->lock);
	on->machine = TIME_NEVER; /* one shot */
	while (on->first && on->first->when <= clock_ns())
		timer_call(on, on->first);
	timers_arm(on);
	spin_unlock(&on->lock);
}
