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
 *    and thieves leave it alone. The release store that clears on_cpu after the switch pairs with the acquire loads in place
 *    and steal_from (runq.c): whoever sees it clear may load the registers. Nobody ever waits for on_cpu, so two CPUs cannot wait for each other.
 * 3. No run-queue lock is held across arch_switch: interrupts are off from the choice until sched_finish, and point 2 keeps others away.
 * 4. The address space is activated before the switch, so when on_cpu of a thread is clear no CPU has its space active on its account.
 * 5. A dead thread's stack is given back by the next thread on its CPU, its memory by RCU: wakers may still hold its address.
 *
 * A context switch is a quiescent state of RCU.
 */
#include "kernel/sched_impl.h"

#include "kernel/rcu_cpu.h"
#include "kernel/stats.h"
#include "kernel/trace.h"
#include "kernel/watchdog.h"

static const struct trace_point trace_switch = { "sched.switch", " from=%u to=%u" };

struct cpu cpus[MAX_CPUS] = {
	[0 ... MAX_CPUS - 1] = { .lock = SPINLOCK_INIT(LOCK_RUNQUEUE), .rcu_quiet = RCU_IDLE },
};

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
	atomic_thread_fence(memory_order_seq_cst); /* between e and f of runq.c: pairs with runq.c */
	if (cpu_queued(c))
		runq_kick_idle();
	slice_check(c);
}

static void count_up(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static void account(struct cpu *c, struct thread *prev, struct thread *next)
{
	uint64_t now = clock_ns(), since = atomic_load_explicit(&c->since, memory_order_relaxed);

	atomic_store_explicit(&c->since, now, memory_order_relaxed);
	/* release: pairs with thread_ran_ns; who sees the sum sees the new `since`, and counts nothing twice */
	atomic_store_explicit(&prev->ran_ns, atomic_load_explicit(&prev->ran_ns, memory_order_relaxed) + now - since,
			      memory_order_release);
	count_up(&next->switches, 1);
	slice_begin(c, next, now);
	tick_check(c, next, now);
	stat_inc(STAT_switches);
	trace(&trace_switch, prev->tid, next->tid, 0);
}

static void sched_switch(struct cpu *c, struct thread *prev, struct thread *next)
{
	account(c, prev, next);
	atomic_store_explicit(&next->cpu, c->id, memory_order_relaxed);
	atomic_store_explicit(&next->on_cpu, true, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst); /* before next looks at its work; pairs with thread_signal */
	if (next->switch_work)
		atomic_fetch_or_explicit(&next->arch.work, next->switch_work, memory_order_relaxed);
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
		atomic_fetch_and_explicit(&prev->arch.work, ~(uint32_t)(WORK_RESCHED | WORK_WATCH), memory_order_relaxed);
	rcu_quiescent(c);
	next = runq_next(c, prev, block);
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
	uint64_t allowed = thread_affinity(t);

	/* acquire: pairs with sched_finish. Set: point 2. */
	if (atomic_load_explicit(&t->on_cpu, memory_order_acquire))
		return last;
	idle = runq_claim_idle(cpu_bit(last) & allowed);
	if (!idle)
		idle = runq_claim_idle(allowed);
	if (!idle)
		idle = allowed & cpu_bit(last) ? last : &cpus[__builtin_ctzll(allowed)];
	return idle;
}

void sched_wake(struct thread *t)
{
	irqflags_t flags = arch_irq_save();
	struct cpu *c = place(t), *self = this_cpu();
	struct runq_was was;

	atomic_store_explicit(&t->state, THREAD_RUNNABLE, memory_order_relaxed);
	was = runq_put(c, t);
	if (c == self)
		slice_check(c);
	else if (was.idle || was.empty) /* it must look, or arm its slice */
		arch_ipi_send(c->id, ARCH_IRQ_RESCHED);
	if (!was.idle)
		runq_kick_idle();
	if (unlikely(atomic_load_explicit(&watchdog_rests, memory_order_relaxed)))
		watchdog_wake();
	arch_irq_restore(flags);
}

/* Nobody but a waker puts a thread on another CPU's queue: so it sleeps for a moment. Its own CPU wakes it, with on_cpu clear. */
#define MIGRATE_NS (10 * NSEC_PER_USEC)

void thread_migrate(void)
{
	while (thread_misplaced())
		thread_sleep_until(clock_ns() + MIGRATE_NS, WAIT_FOREVER);
}

void thread_set_affinity(struct thread *t, uint64_t allowed)
{
	atomic_store_explicit(&t->allowed, allowed, memory_order_relaxed);
	if (t == current)
		return;
	atomic_fetch_or_explicit(&t->arch.work, WORK_MIGRATE, memory_order_relaxed);
	/* as in thread_signal: either we see that t is on a CPU, or t sees its work before it is in user mode */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&t->on_cpu, memory_order_relaxed))
		arch_ipi_send(atomic_load_explicit(&t->cpu, memory_order_relaxed), ARCH_IRQ_RESCHED);
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
	atomic_store_explicit(&c->since, clock_ns(), memory_order_relaxed);
	slice_init(c);
	tick_init(c);
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
