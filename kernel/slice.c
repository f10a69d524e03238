/* SPDX-License-Identifier: MIT */
/*
 * Time slices. Each thread gets slice_end when it is switched to, but a timer is armed only while somebody waits on its CPU's
 * queue (or sched_slice_always): who runs alone is never disturbed. One timer a CPU, left armed over switches; if it finds that the
 * thread running now has some of its slice left, it arms itself for the rest.
 *
 * The timer is there when it must be: the queue gets its first waiter either here (slice_check follows), or from another CPU, which
 * then sends ARCH_IRQ_RESCHED (slice_check follows); and every switch ends in slice_check.
 */
#include "kernel/sched_impl.h"

uint64_t sched_slice_ns = 4 * NSEC_PER_MSEC;
uint64_t sched_jitter_ns;
uint64_t sched_seed = 1;
bool sched_slice_always;

static uint64_t slice_length(struct cpu *c)
{
	if (!sched_jitter_ns)
		return sched_slice_ns;
	return sched_slice_ns - sched_jitter_ns + prng_below(&c->jitter, (uint32_t)(2 * sched_jitter_ns + 1));
}

void slice_begin(struct cpu *c, struct thread *next, uint64_t now)
{
	if (next != c->idle)
		next->slice_end = now + slice_length(c);
}

void slice_check(struct cpu *c)
{
	struct thread *t = current;

	if (c->slice_armed || t == c->idle || !(sched_slice_always || cpu_queued(c)))
		return;
	c->slice_armed = true;
	timer_set(&c->slice, t->slice_end);
}

/* In the timer interrupt, on top of the thread whose slice it is. */
static void slice_over(struct timer *timer)
{
	struct cpu *c = timer->arg;
	struct thread *t = current;
	uint64_t now = clock_ns();

	c->slice_armed = false;
	if (t != c->idle && now >= t->slice_end) {
		if (cpu_queued(c))
			atomic_fetch_or_explicit(&t->arch.work, WORK_RESCHED, memory_order_relaxed);
		slice_begin(c, t, now);
	}
	slice_check(c);
}

static void seed(struct cpu *c)
{
	prng_seed(&c->jitter, prng_mix(sched_seed + c->id));
}

void slice_init(struct cpu *c)
{
	timer_init(&c->slice, slice_over, c);
	seed(c);
}

void sched_slice_force(uint64_t ns, uint64_t from)
{
	sched_slice_ns = ns;
	sched_jitter_ns = ns / 2;
	sched_seed = from;
	sched_slice_always = true;
	seed(this_cpu());
}
