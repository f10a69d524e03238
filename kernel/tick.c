/* SPDX-License-Identifier: MIT */
/*
 * User time and system time, by samples: a look every TICK_NS at what a CPU that is not idle was doing when the interrupt came. Entering
 * and leaving the kernel costs nothing for it.
 *
 * A sample says how the time from now on counts, until the next one that hits the thread: as likely as the time before it, and neither
 * sum ever goes back. Both are exact together, because they share ran_ns.
 *
 *	t->time_split = system time so far << 1		while it counts as user time
 *	t->time_split = user time so far << 1 | 1	while it counts as system time
 *
 * so one load, and ran_ns, give both at any moment. Only the thread's own CPU changes it. The timer is armed by the first switch to a
 * thread, and left alone over switches; an idle CPU lets it run out.
 */
#include "kernel/sched_impl.h"

#define IN_KERNEL 1u

void tick_check(struct cpu *c, const struct thread *next, uint64_t now)
{
	if (c->tick_armed || next == c->idle)
		return;
	c->tick_armed = true;
	timer_set(&c->tick, now + TICK_NS);
}

/* In the timer interrupt: trap_irq knows what it came on top of. */
static void tick_came(struct timer *timer)
{
	struct cpu *c = timer->arg;

	c->tick_armed = false;
	c->tick_came = true;
}

void tick_sample(struct cpu *c, bool user)
{
	struct thread *t = current;
	uint64_t ran = thread_ran_ns(t), system = thread_system_ns(t, ran);

	c->tick_came = false;
	/* relaxed: whoever reads may see either, which tell the same of this moment */
	atomic_store_explicit(&t->time_split, user ? system << 1 : (ran - system) << 1 | IN_KERNEL, memory_order_relaxed);
	tick_check(c, t, clock_ns());
}

uint64_t thread_system_ns(const struct thread *t, uint64_t ran)
{
	uint64_t split = atomic_load_explicit(&t->time_split, memory_order_relaxed), part = split >> 1;

	part = part < ran ? part : ran; /* ran was loaded before a sample */
	return split & IN_KERNEL ? ran - part : part;
}

void tick_init(struct cpu *c)
{
	timer_init(&c->tick, tick_came, c);
}
