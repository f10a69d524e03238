/* SPDX-License-Identifier: MIT */
/*
 * Run queues, and the CPUs that have nothing to do.
 *
 * 1. No thread waits while a CPU idles. Going idle: (a) the bit in idle_cpus, fence, (b) a look at all queues. Queueing on a busy CPU:
 *    (c) the thread, fence, (d) a look at idle_cpus and an interrupt for one of them. Either b sees c or d sees a.
 *    If b passed the thread over because its on_cpu was still set: the CPU that clears on_cpu (e), fence, (f) looks at its queue,
 *    and if there is anything does d. Either f sees c, and that d comes after e; or the fence after e comes before the one
 *    after c, and every look that c's own d causes sees on_cpu clear.
 * 2. An idle CPU misses no work on its own queue: it looks under the queue's lock with interrupts off; whoever queues after that
 *    finds running == idle and interrupts it, which ends arch_cpu_idle.
 *
 * A claimed CPU has lost its bit, so that two wakers choose two CPUs; it sets the bit again if it finds nothing.
 */
#include "kernel/sched_impl.h"

#define MAX_JUMPS 16 /* so many woken threads may pass one that waits for the CPU */

static _Atomic uint64_t idle_cpus; /* bit n: CPU n runs its idle thread, and nobody has claimed it since */

/* ---- queues; the queue's lock held ---- */

static void queued_add(struct cpu *c, int n)
{
	atomic_store_explicit(&c->queued, cpu_queued(c) + (unsigned)n, memory_order_relaxed);
}

static void queue_append(struct cpu *c, struct thread *t)
{
	t->jumped = false;
	list_append(&c->queue, &t->run);
	queued_add(c, 1);
}

static void queue_remove(struct cpu *c, struct thread *t)
{
	list_remove(&t->run);
	queued_add(c, -1);
}

static struct thread *queue_take(struct cpu *c)
{
	struct thread *t;

	if (list_empty(&c->queue))
		return NULL;
	t = list_first(&c->queue, struct thread, run);
	queue_remove(c, t);
	if (!t->jumped)
		c->jumps = 0;
	return t;
}

/* To the front, if it is urgent, or is to be first and not too many have been so since another thread was taken. */
static void queue_put(struct cpu *c, struct thread *t)
{
	bool first = atomic_exchange_explicit(&t->first, false, memory_order_relaxed);

	if (!t->urgent && (!first || c->jumps >= MAX_JUMPS)) {
		queue_append(c, t);
		return;
	}
	t->jumped = true;
	c->jumps++;
	list_push(&c->queue, &t->run);
	queued_add(c, 1);
}

struct runq_was runq_put(struct cpu *c, struct thread *t)
{
	struct runq_was was;

	spin_lock(&c->lock);
	was.idle = c->running == c->idle;
	was.empty = list_empty(&c->queue);
	atomic_store_explicit(&t->cpu, c->id, memory_order_relaxed);
	queue_put(c, t);
	spin_unlock(&c->lock);
	return was;
}

/* ---- choosing ---- */

static struct thread *steal_from(struct cpu *victim, uint64_t thief)
{
	struct thread *t, *found = NULL;

	spin_lock(&victim->lock);
	list_for_each(t, &victim->queue, run) {
		/* acquire: pairs with sched_finish */
		if (!atomic_load_explicit(&t->on_cpu, memory_order_acquire) && thread_affinity(t) & thief) {
			queue_remove(victim, t);
			found = t;
			break;
		}
	}
	spin_unlock(&victim->lock);
	return found;
}

static struct thread *steal(const struct cpu *self)
{
	struct thread *t = NULL;

	for (unsigned i = 1; i < MAX_CPUS && !t; i++) {
		struct cpu *victim = &cpus[(self->id + i) % MAX_CPUS];

		if (cpu_queued(victim))
			t = steal_from(victim, cpu_bit(self));
	}
	return t;
}

/* The next of our own queue, prev among them if it may go on; NULL: there is none. */
static struct thread *next_own(struct cpu *c, struct thread *prev, bool block)
{
	struct thread *next;

	spin_lock(&c->lock);
	if (!block && prev != c->idle)
		queue_append(c, prev);
	next = queue_take(c);
	if (next)
		c->running = next;
	spin_unlock(&c->lock);
	return next;
}

/* Work of others, or the idle thread. */
static struct thread *next_other(struct cpu *c)
{
	struct thread *next;

	atomic_fetch_or_explicit(&idle_cpus, cpu_bit(c), memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst); /* between a and b; pairs with runq_kick_idle */
	next = steal(c);
	spin_lock(&c->lock);
	if (!next)
		next = queue_take(c);
	if (!next)
		next = c->idle;
	c->running = next;
	spin_unlock(&c->lock);
	return next;
}

struct thread *runq_next(struct cpu *c, struct thread *prev, bool block)
{
	struct thread *next = next_own(c, prev, block);

	if (!next)
		next = next_other(c);
	if (next != c->idle && atomic_load_explicit(&idle_cpus, memory_order_relaxed) & cpu_bit(c))
		atomic_fetch_and_explicit(&idle_cpus, ~cpu_bit(c), memory_order_relaxed);
	return next;
}

/* ---- idle CPUs ---- */

struct cpu *runq_claim_idle(uint64_t among)
{
	uint64_t idle;

	while ((idle = atomic_load_explicit(&idle_cpus, memory_order_relaxed) & among)) {
		struct cpu *c = &cpus[__builtin_ctzll(idle)];

		if (atomic_fetch_and_explicit(&idle_cpus, ~cpu_bit(c), memory_order_relaxed) & cpu_bit(c))
			return c;
	}
	return NULL;
}

void runq_kick_idle(void)
{
	struct cpu *c;

	atomic_thread_fence(memory_order_seq_cst); /* between c and d; pairs with next_other */
	c = runq_claim_idle(UINT64_MAX);
	if (c)
		arch_ipi_send(c->id, ARCH_IRQ_RESCHED);
}
