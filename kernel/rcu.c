/* SPDX-License-Identifier: MIT */
/*
 * RCU: grace periods, and the thread that calls back after them.
 *
 * A read section is a stretch of code without preemption. A CPU is quiescent at a moment at which no section is open on it: at every
 * context switch, at an interrupt that hit user mode or preemptible code, and all the while it is idle or not yet started.
 * cpu->rcu_quiet is the number of the last grace period the CPU has been quiescent in, or RCU_IDLE.
 *
 * Grace period g: (1) rcu_started = g, release, then a full fence; (2) wait until every CPU's rcu_quiet is g, more, or RCU_IDLE, read
 * with acquire. Let U be something unlinked before 1, and S a read section on CPU c.
 *
 * a. c was quiescent in g: it loaded g from rcu_started (acquire, pairs with 1) and then stored it in rcu_quiet (release, pairs with
 *    2). If S came before, it is over when 2 sees the store. If S came after, it sees U.
 * b. c was idle when 2 looked. Sections before idle are over, by the release store of RCU_IDLE. Leaving idle stores rcu_quiet, then
 *    has a full fence, then comes S; we have U, a full fence, then the load that saw RCU_IDLE still. So our fence stands
 *    before theirs, and S sees U. On arm64 neither a release store nor an acquire load would do for this: both fences are `dmb ish`.
 * c. c had not started: its rcu_quiet begins as RCU_IDLE, and its first act is to leave idle. It is case b, and CPUs need not be counted.
 * d. an interrupt ends idle before it does anything (trap_irq): sections in handlers are like any other.
 *
 * rcu_synchronize needs no grace period where all other CPUs are idle: case b for each of them, with its own fence; and on our own CPU
 * there is no section, since we may sleep and preempted threads are in none.
 *
 * Callbacks: rcu_call pushes on a stack of its CPU by compare-exchange, from any context; the thread takes whole stacks by exchange,
 * so there is no ABA. Who pushes on an empty stack sees to it that the collecting timer is armed, one for all CPUs; so a burst shares a
 * grace period and wakes the thread once. `collecting` says that it is armed: the pusher pushes, then exchanges it to true; the
 * thread exchanges it to false, then takes the stacks. A pusher that finds true comes before the thread's exchange and hands it the push.
 * A busy CPU that is not quiescent by itself gets an interrupt: after IPI_AFTER polls, or at once if somebody waits.
 */
#include "kernel/rcu_cpu.h"
#include "kernel/wait.h"

#define COLLECT_NS (1 * NSEC_PER_MSEC) /* how long callbacks are gathered */
#define POLL_NS (1 * NSEC_PER_MSEC)
#define POLL_URGENT_NS (50 * NSEC_PER_USEC)
#define IPI_AFTER 2

_Atomic uint64_t rcu_started; /* written by the RCU thread */

/* A CPU's callbacks, newest first. */
static struct pending {
	_Atomic(struct rcu_head *) newest;
} __attribute__((aligned(64))) pending[MAX_CPUS];

static _Atomic bool collecting = true; /* until the thread runs for the first time, nobody arms */
static struct timer collect;
static struct thread *rcu_thread;
static _Atomic uint64_t wanted;		 /* requests of rcu_synchronize and rcu_barrier so far */
static _Atomic uint64_t passed, drained; /* all requests up to here: grace period over, callbacks called */
static struct waitq done = WAITQ_INIT(done);

bool rcu_read_held(void)
{
	return current->preempt > 0 || !arch_irq_enabled();
}

/* ---- asking ---- */

static void collect_now(struct timer *timer)
{
	(void)timer;
	thread_unpark(rcu_thread);
}

/* Without preemption: those who push on ours meanwhile rely on us to arm the timer soon. */
void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	struct rcu_head *old;
	struct pending *p;

	preempt_disable();
	p = &pending[this_cpu()->id];
	old = atomic_load_explicit(&p->newest, memory_order_relaxed);
	head->fn = fn;
	do
		head->next = old;
	/* release: pairs with batch_take; head, and what was unlinked before */
	while (!atomic_compare_exchange_weak_explicit(&p->newest, &old, head, memory_order_release,
						      memory_order_relaxed));
	/* acq_rel: release for the push, acquire for the timer as rcu_init made it; pairs with rcu_run */
	if (!old && !atomic_exchange_explicit(&collecting, true, memory_order_acq_rel))
		timer_set(&collect, clock_ns() + COLLECT_NS);
	preempt_enable();
}

/* All other CPUs are idle: cases b and c. */
static bool others_idle(void)
{
	struct cpu *self;
	bool idle = true;

	preempt_disable();
	self = this_cpu();
	atomic_thread_fence(memory_order_seq_cst); /* pairs with rcu_idle_exit */
	for (struct cpu *c = cpus; c < cpus + MAX_CPUS && idle; c++)
		/* acquire: pairs with rcu_idle_enter */
		idle = c == self || atomic_load_explicit(&c->rcu_quiet, memory_order_acquire) == RCU_IDLE;
	preempt_enable();
	return idle;
}

static void wait_for(_Atomic uint64_t *upto)
{
	static const struct wait_why why = { .what = "RCU grace period" };
	/* release: pairs with the acquire of `wanted` in rcu_run; what was unlinked, or pushed, before */
	uint64_t ticket = atomic_fetch_add_explicit(&wanted, 1, memory_order_release) + 1;

	thread_unpark(rcu_thread);
	/* acquire: pairs with rcu_announce */
	wait_until(&done, &why, WAIT_FOREVER, TIME_NEVER,
		   atomic_load_explicit(upto, memory_order_acquire) >= ticket);
}

void rcu_synchronize(void)
{
	might_sleep();
	if (!others_idle())
		wait_for(&passed);
}

void rcu_barrier(void)
{
	might_sleep();
	wait_for(&drained);
}

/* ---- a grace period; all in the RCU thread ---- */

static uint64_t gp_start(void)
{
	uint64_t gp = atomic_load_explicit(&rcu_started, memory_order_relaxed) + 1;

	/* release: pairs with rcu_quiescent */
	atomic_store_explicit(&rcu_started, gp, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with rcu_idle_exit */
	return gp;
}

/* The CPU is quiescent, or is told to be. */
static bool gp_passed(struct cpu *c, uint64_t gp, bool tell)
{
	/* acquire: pairs with rcu_quiescent and rcu_idle_enter */
	if (atomic_load_explicit(&c->rcu_quiet, memory_order_acquire) >= gp)
		return true;
	if (tell)
		arch_ipi_send(c->id, ARCH_IRQ_RESCHED);
	return false;
}

/* We may sleep, so this CPU is quiescent. */
static void gp_pass_here(void)
{
	irqflags_t flags = arch_irq_save();

	rcu_quiescent(this_cpu());
	arch_irq_restore(flags);
}

static bool somebody_waits(void)
{
	return atomic_load_explicit(&wanted, memory_order_relaxed) !=
	       atomic_load_explicit(&drained, memory_order_relaxed);
}

static void gp_wait(uint64_t gp)
{
	static const struct wait_why why = { .what = "CPUs to be quiescent" };

	for (unsigned polls = 0;; polls++) {
		bool all = true, urgent = somebody_waits();

		gp_pass_here();
		for (struct cpu *c = cpus; c < cpus + MAX_CPUS; c++)
			all &= gp_passed(c, gp, urgent || polls >= IPI_AFTER);
		if (all)
			return;
		thread_park(&why, WAIT_FOREVER, clock_ns() + (urgent ? POLL_URGENT_NS : POLL_NS));
	}
}

/* ---- calling back ---- */

/* Everything pushed so far; of each CPU oldest first. */
static struct rcu_head *batch_take(void)
{
	struct rcu_head *batch = NULL;

	for (unsigned i = 0; i < MAX_CPUS; i++) {
		/* acquire: pairs with rcu_call */
		struct rcu_head *h = atomic_exchange_explicit(&pending[i].newest, NULL, memory_order_acquire);

		while (h) {
			struct rcu_head *older = h->next;

			h->next = batch;
			batch = h;
			h = older;
		}
	}
	return batch;
}

static void batch_call(struct rcu_head *batch)
{
	while (batch) {
		struct rcu_head *next = batch->next;

		batch->fn(batch);
		batch = next;
	}
}

static void rcu_announce(_Atomic uint64_t *upto, uint64_t request)
{
	if (atomic_load_explicit(upto, memory_order_relaxed) == request)
		return;
	/* release: pairs with wait_for */
	atomic_store_explicit(upto, request, memory_order_release);
	waitq_wake_all(&done);
}

/* A request is read before the callbacks are taken: those pushed before it are among them, or were called already. */
static void rcu_run(void *arg)
{
	static const struct wait_why why = { .what = "RCU callbacks", .lasting = true };

	(void)arg;
	for (;;) {
		/* acquire: pairs with wait_for */
		uint64_t request = atomic_load_explicit(&wanted, memory_order_acquire);
		struct rcu_head *batch;

		atomic_exchange_explicit(&collecting, false, memory_order_acq_rel); /* pairs with rcu_call */
		batch = batch_take();
		if (batch || request != atomic_load_explicit(&drained, memory_order_relaxed)) {
			gp_wait(gp_start());
			rcu_announce(&passed, request);
			batch_call(batch);
			rcu_announce(&drained, request);
		} else {
			thread_park(&why, WAIT_FOREVER, TIME_NEVER);
		}
	}
}

void rcu_init(void)
{
	rcu_thread = thread_create("rcu", rcu_run, NULL);
	if (!rcu_thread)
		panic("too little memory: no room for the RCU thread");
	rcu_thread->urgent = true; /* memory that is given back waits for no time slices */
	timer_init(&collect, collect_now, NULL);
	thread_start(rcu_thread);
}
