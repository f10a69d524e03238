/* SPDX-License-Identifier: MIT */
/*
 * Which thread runs where.
 *
 * A thread is in exactly one place: running (cpu->running), on one run queue, or on none (new, asleep, dead).
 *
 *	running --sched_block--> none --sched_wake--> queue --dequeue--> running
 *	running --schedule, others wait--> the back of this CPU's queue
 *	queue --steal--> running, on the CPU that had nothing to do
 *
 * 1. Putting on a queue: sched_block has made `park` ASLEEP with interrupts off on the way here, and one waker at most turns ASLEEP
 *    into TOKEN (park.c). So nobody queues a thread twice, and no preemption queues one that is on its way to sleep.
 * 2. A thread may be woken while the CPU it ran on still saves its registers: `on_cpu` says so. While it is set the thread is only ever
 *    put on the queue of that very CPU, which either picks it again without a switch or has finished the switch before it picks;
 *    and thieves leave it alone. The release store that clears on_cpu after the switch pairs with the acquire loads in sched_wake
 *    and steal: whoever sees it clear may load the registers. Nobody ever waits for on_cpu, so two CPUs cannot wait for each other.
 * 3. No run-queue lock is held across arch_switch: interrupts are off from the choice until sched_finish, and point 2 keeps others away.
 * 4. No thread waits while a CPU idles. Going idle: (a) the bit in idle_cpus, fence, (b) a look at all queues. Queueing on a busy CPU:
 *    (c) the thread, fence, (d) a look at idle_cpus and an interrupt for one of them. Either b sees c or d sees a. If b passed
 *    the thread over because on_cpu was still set: the CPU that clears it (e), fence, (f) looks at its queue, and if there is
 *    anything does d. Either f sees c; or e comes before d and every b that d causes or misses.
 * 5. An idle CPU misses no work of its own queue: it looks under the queue's lock with interrupts off, and whoever queues after that
 *    finds running == idle and interrupts it, which ends arch_cpu_idle.
 * 6. The address space is activated before the switch, so when on_cpu of a thread is clear no CPU has its space active on its account.
 * 7. A dead thread's stack is given back by the next thread on its CPU, its memory by RCU: wakers may still hold its address.
 *
 * A context switch is a quiescent state of RCU.
 */
#include "kernel/sched.h"

#include "kernel/rcu_cpu.h"
#include "kernel/stats.h"
#include "kernel/trace.h"

static const struct trace_point trace_switch = { "sched.switch", " from=%u to=%u" };

struct cpu cpus[MAX_CPUS] = {
	[0 ... MAX_CPUS - 1] = { .lock = SPINLOCK_INIT(LOCK_RUNQUEUE), .rcu_quiet = RCU_IDLE },
};

static _Atomic uint64_t idle_cpus; /* bit n: CPU n runs its idle thread and nobody has claimed it since; a hint but for point 4 */

static uint64_t bit(const struct cpu *c)
{
	return 1ull << c->id;
}

static unsigned queued(const struct cpu *c)
{
	return atomic_load_explicit(&c->queued, memory_order_relaxed);
}

/* ---- queues; the queue's lock held ---- */

static void queue_append(struct cpu *c, struct thread *t)
{
	atomic_store_explicit(&t->cpu, c->id, memory_order_relaxed);
	list_append(&c->queue, &t->run);
	atomic_store_explicit(&c->queued, queued(c) + 1, memory_order_relaxed);
}

static void queue_remove(struct cpu *c, struct thread *t)
{
	list_remove(&t->run);
	atomic_store_explicit(&c->queued, queued(c) - 1, memory_order_relaxed);
}

static struct thread *queue_take(struct cpu *c)
{
	struct thread *t;

	if (list_empty(&c->queue))
		return NULL;
	t = list_first(&c->queue, struct thread, run);
	queue_remove(c, t);
	return t;
}

/* ---- choosing ---- */

static struct thread *steal_from(struct cpu *victim)
{
	struct thread *t, *found = NULL;

	spin_lock(&victim->lock);
	list_for_each(t, &victim->queue, run) {
		/* acquire: pairs with sched_finish */
		if (!atomic_load_explicit(&t->on_cpu, memory_order_acquire)) {
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

		if (queued(victim))
			t = steal_from(victim);
	}
	return t;
}

/* The next thread of our own queue, or prev if it may go on; NULL: there is none. */
static struct thread *pick_own(struct cpu *c, struct thread *prev, bool block)
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
static struct thread *pick_other(struct cpu *c)
{
	struct thread *next;

	atomic_fetch_or_explicit(&idle_cpus, bit(c), memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst); /* point 4; pairs with idle_cpus_kick */
	next = steal(c);
	spin_lock(&c->lock);
	if (!next)
		next = queue_take(c);
	c->running = next ? next : c->idle;
	spin_unlock(&c->lock);
	return next ? next : c->idle;
}

static struct thread *pick(struct cpu *c, struct thread *prev, bool block)
{
	struct thread *next = pick_own(c, prev, block);

	if (!next)
		next = pick_other(c);
	if (next != c->idle && atomic_load_explicit(&idle_cpus, memory_order_relaxed) & bit(c))
		atomic_fetch_and_explicit(&idle_cpus, ~bit(c), memory_order_relaxed);
	return next;
}

/* ---- idle CPUs ---- */

/* An idle CPU out of `among`, claimed so that the next waker takes another; NULL: none. */
static struct cpu *idle_claim(uint64_t among)
{
	uint64_t idle;

	while ((idle = atomic_load_explicit(&idle_cpus, memory_order_relaxed) & among)) {
		struct cpu *c = &cpus[__builtin_ctzll(idle)];

		if (atomic_fetch_and_explicit(&idle_cpus, ~bit(c), memory_order_relaxed) & bit(c))
			return c;
	}
	return NULL;
}

/* Work was queued where it has to wait. */
static void idle_cpus_kick(void)
{
	struct cpu *c;

	atomic_thread_fence(memory_order_seq_cst); /* point 4; pairs with pick_other */
	c = idle_claim(UINT64_MAX);
	if (c)
		arch_ipi_send(c->id, ARCH_IRQ_RESCHED);
}

/* ---- switching ---- */

/* On the stack of the thread that runs now; irq off. */
static void sched_finish(void)
{
	struct cpu *c = this_cpu();
	struct thread *prev = c->prev;
	bool dead = atomic_load_explicit(&prev->state, memory_order_relaxed) == THREAD_DEAD;

	/* release: pairs with sched_wake and steal_from. Unless it is dead, prev is not ours from here on. */
	atomic_store_explicit(&prev->on_cpu, false, memory_order_release);
	if (dead)
		thread_reap(prev);
	atomic_thread_fence(memory_order_seq_cst); /* point 4, between e and f; pairs with idle_cpus_kick and pick_other */
	if (queued(c))
		idle_cpus_kick();
	slice_check(c);
}

static void account(struct cpu *c, struct thread *prev, struct thread *next)
{
	uint64_t now = clock_ns();

	prev->ran_ns += now - c->since;
	c->since = now;
	slice_begin(c, next, now);
	atomic_store_explicit(&next->switches, atomic_load_explicit(&next->switches, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	stat_inc(STAT_switches);
	trace(&trace_switch, prev->tid, next->tid, 0);
}

static void sched_switch(struct cpu *c, struct thread *prev, struct thread *next)
{
	account(c, prev, next);
	atomic_store_explicit(&next->cpu, c->id, memory_order_relaxed);
	atomic_store_explicit(&next->on_cpu, true, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst); /* before next looks at its work; pairs with thread_signal */
	if (next->space != prev->space)
		arch_pt_activate(next->space);
	c->prev = prev;
	arch_switch(prev, next);
	sched_finish();
}

/* Irq off. block: prev is asleep or dead, else it goes to the back of the queue. */
static void reschedule(bool block)
{
	struct thread *prev = current, *next;
	struct cpu *c = this_cpu();

	if (atomic_load_explicit(&prev->arch.work, memory_order_relaxed) & WORK_RESCHED)
		atomic_fetch_and_explicit(&prev->arch.work, ~(uint32_t)WORK_RESCHED, memory_order_relaxed);
	rcu_quiescent(c);
	next = pick(c, prev, block);
	if (next != prev) {
		sched_switch(c, prev, next);
	} else {
		slice_begin(c, next, clock_ns());
		slice_check(c);
	}
}

void schedule(void)
{
	irqflags_t flags = arch_irq_save();

	assert(current->preempt == 0 && current->nirq == 0);
	reschedule(false);
	arch_irq_restore(flags);
}

void sched_block(void)
{
	assert(!arch_irq_enabled());
	reschedule(true);
}

void sched_began(void)
{
	sched_finish();
}

void thread_yield(void)
{
	might_sleep();
	schedule();
}

void preempt_enable_slow(void)
{
	if (arch_irq_enabled())
		schedule();
}

/* ---- waking ---- */

static struct cpu *place(const struct thread *t)
{
	struct cpu *last = &cpus[atomic_load_explicit(&t->cpu, memory_order_relaxed)], *idle;

	/* acquire: pairs with sched_finish. Set: point 2. */
	if (atomic_load_explicit(&t->on_cpu, memory_order_acquire))
		return last;
	idle = idle_claim(bit(last));
	if (!idle)
		idle = idle_claim(UINT64_MAX);
	return idle ? idle : last;
}

void sched_wake(struct thread *t)
{
	irqflags_t flags = arch_irq_save();
	struct cpu *c = place(t), *self = this_cpu();
	bool idle, first;

	spin_lock(&c->lock);
	atomic_store_explicit(&t->state, THREAD_RUNNABLE, memory_order_relaxed);
	queue_append(c, t);
	first = queued(c) == 1;
	idle = c->running == c->idle;
	spin_unlock(&c->lock);
	if (c != self && (idle || first)) /* it must look, or arm its slice */
		arch_ipi_send(c->id, ARCH_IRQ_RESCHED);
	else if (c == self)
		slice_check(c);
	if (!idle)
		idle_cpus_kick();
	arch_irq_restore(flags);
}

void sched_resched_interrupt(void)
{
	struct cpu *c = this_cpu();

	slice_check(c);
	/* in a read section: its end is to call schedule, which is what the grace period waits for */
	if (current->preempt && rcu_wanted(c))
		atomic_fetch_or_explicit(&current->arch.work, WORK_RESCHED, memory_order_relaxed);
}

/* ---- CPUs ---- */

void sched_start_cpu(struct cpu *c)
{
	c->since = clock_ns();
	slice_init(c);
	rcu_idle_exit(c);
	atomic_store_explicit(&c->online, true, memory_order_relaxed);
}

void sched_init_cpu(unsigned cpu)
{
	static struct thread boot_thread;

	for (unsigned i = 0; i < MAX_CPUS; i++) {
		cpus[i].id = i;
		list_init(&cpus[i].queue);
	}
	thread_adopt_boot(&boot_thread);
	cpus[cpu].idle = cpus[cpu].running = &boot_thread;
	arch_cpu_adopt(&boot_thread);
	sched_start_cpu(&cpus[cpu]);
}

_Noreturn void sched_idle(void)
{
	struct cpu *c = this_cpu();

	arch_irq_disable();
	for (;;) {
		reschedule(false);
		rcu_idle_enter(c);
		arch_cpu_idle();
		if (rcu_is_idle(c))
			rcu_idle_exit(c);
	}
}
