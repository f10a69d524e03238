/* SPDX-License-Identifier: MIT */
/*
 * The watchdog.
 *
 * A timer comes LOOKS times in watchdog_hung_us. Each time it
 * - asks every CPU whether it has passed a schedule point since the last time (soft lockup), and
 * - wakes the watchdog's thread, which looks at all threads (hung task).
 *
 * Hung: a thread was seen at LOOKS looks in a row in the same wait, which should have an end (wait_why.lasting is not set), or
 * in the same operation, which it has begun again HANG_RETRIES times. It is a number of looks and not only a time, so that a machine that was
 * stopped for a minute has nobody hung. A lost wakeup must be seen twice: at one look its waker may be about to come. Killable sleepers count.
 * Each wait is told once; of a cycle, its first member.
 *
 * Soft lockup: WORK_WATCH is set together with WORK_RESCHED on whatever runs, and goes with it at the next schedule point. If it is
 * still there the next time, the CPU has had none: preemption was off for as long. An endless loop with preemption on is no lockup: others run.
 * A CPU that takes no interrupts at all is not seen, unless it is another than the timer's: then the others at least are watched.
 *
 * The watchdog itself takes no sleeping lock and waits for nobody. If at a look everybody else sleeps as long as he likes it rests: no
 * timer, so that an idle machine is idle. Who is woken first wakes it (sched_wake). It says that it rests before that look,
 * so who is woken later than that sees it; a waker on another CPU whose load is ahead of its own stores may miss that moment, and the next does not.
 */
#include "kernel/watchdog.h"

#include "kernel/hang_impl.h"
#include "kernel/ksyms.h"
#include "kernel/log.h"
#include "kernel/sched.h"
#include "kernel/stats.h"

#define LOOKS 4
#define TOLD_AT_ONCE 8 /* threads told of in full at one look; the others are counted */
#define JUDGED_AT_ONCE 256 /* each takes looks at all threads, with preemption off; the others have their turn when these have been told */

_Atomic uint32_t watchdog_hung_us = 10000000;
_Atomic bool watchdog_rests;

_Static_assert((int)STAT_hung_unknown - STAT_hung_cycle == (int)HANG_unknown - HANG_cycle, "a counter a kind");

static struct thread *self; /* constant once started */
static struct timer tick;

static uint64_t hung_ns(void)
{
	return atomic_load_explicit(&watchdog_hung_us, memory_order_relaxed) * NSEC_PER_USEC;
}

static void tick_set(void)
{
	uint64_t ns = hung_ns() ? hung_ns() / LOOKS : NSEC_PER_SEC;

	timer_set(&tick, clock_ns() + (ns > NSEC_PER_MSEC ? ns : NSEC_PER_MSEC));
}

/* ---- soft lockups; irq off, on the CPU in question ---- */

static void soft_report(const struct cpu *c, struct thread *t)
{
	uint32_t offset = 0;
	const char *name = ksym_find(arch_regs_pc(c->regs), &offset);

	stat_inc(STAT_soft_lockups);
	log_line("hung: kind=soft_lockup cpu=%u tid=%u name=\"%s\" for_us=%lu preempt=%u at=%s+0x%x", c->id, t->tid, t->name,
		 (unsigned long)((clock_ns() - c->stuck_since) / NSEC_PER_USEC), t->preempt, name ? name : "?", offset);
	ksym_log_backtrace(arch_regs_fp(c->regs));
	for (unsigned i = 0; i < t->nheld && i < HELD_LOCKS; i++) {
		log_line("  holds %s at %p, taken at", lock_class_name((enum lock_class)t->held[i].class), t->held[i].what);
		site_log(&t->held[i].site);
	}
}

void watchdog_interrupt(void)
{
	struct cpu *c = this_cpu();
	struct thread *t = current;
	uint32_t both = WORK_WATCH | WORK_RESCHED;

	if (t == c->idle || !(atomic_load_explicit(&t->arch.work, memory_order_relaxed) & WORK_WATCH)) {
		c->stuck = 0;
		c->stuck_since = clock_ns();
	} else if (c->stuck++ == LOOKS && hung_ns()) {
		soft_report(c, t);
	}
	if (t != c->idle)
		atomic_fetch_or_explicit(&t->arch.work, both, memory_order_relaxed);
}

static void tick_came(struct timer *timer)
{
	(void)timer;
	watchdog_interrupt();
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (&cpus[i] != this_cpu() && atomic_load_explicit(&cpus[i].online, memory_order_relaxed))
			arch_ipi_send(i, ARCH_IRQ_CALL);
	thread_unpark(self);
	tick_set();
}

/* ---- hung tasks; all in the watchdog's thread ---- */

/* What one look at all threads has come to. */
struct round {
	unsigned busy; /* threads that run, or wait for what should come	*/
	unsigned judged, told, more;
};

static void line_log(void *arg, const char *line)
{
	(void)arg;
	log_line("%s", line);
}

static const struct hang_sink to_log = { line_log, NULL };

static void tell(struct round *r, struct thread *t, enum hang kind, const struct hang_chain *chain)
{
	stat_inc(STAT_hung_reports);
	stat_inc((enum stat)(STAT_hung_cycle + kind - HANG_cycle));
	for (unsigned i = chain->loop; kind == HANG_cycle && i < chain->n; i++)
		chain->link[i]->hang.told = true;
	t->hang.told = true;
	if (r->told++ < TOLD_AT_ONCE)
		hang_show(t, kind, chain, &to_log);
	else
		r->more++;
}

/* It has been seen often enough. */
static void judge(struct round *r, struct thread *t, const struct hang_look *look)
{
	struct hang_chain chain;
	enum hang kind = hang_follow(t, &chain);
	bool was_free = t->hang.free;

	t->hang.free = kind == HANG_lost_wakeup;
	if (clock_ns() - look->since < hung_ns() || (t->hang.free && !was_free))
		return;
	tell(r, t, kind, &chain);
}

static void note_begin(struct thread *t, const struct hang_look *look)
{
	t->hang = (struct hang_note){ .since = look->since };
	if (look->sleeps && look->why.takes)
		t->hang.takes = look->why.takes(look->why.object);
}

static void watch(struct thread *t, void *arg)
{
	struct round *r = arg;
	struct hang_look look;

	if (t == self)
		return;
	if (!hang_look(t, &look)) {
		r->busy++;
		return;
	}
	if (!hang_should_end(&look))
		return;
	r->busy++;
	if (t->hang.since != look.since)
		note_begin(t, &look);
	else if (t->hang.seen < LOOKS)
		t->hang.seen++;
	else if (!t->hang.told && hung_ns() && r->judged++ < JUDGED_AT_ONCE)
		judge(r, t, &look);
}

/* Does anybody else do anything, or wait for what should come? */
static bool look_at_all(void)
{
	struct round r = { 0 };

	thread_for_each(watch, &r);
	if (r.more)
		log_line("hung: and %u more", r.more);
	return r.busy;
}

static void watchdog_main(void *arg)
{
	static const struct wait_why why = { .what = "the next look", .lasting = true };

	(void)arg;
	tick_set();
	for (;;) {
		thread_park(&why, WAIT_FOREVER, TIME_NEVER);
		timer_cancel(&tick);
		atomic_store_explicit(&watchdog_rests, true, memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst); /* before the look: see above */
		if (look_at_all())
			watchdog_wake();
	}
}

void watchdog_wake(void)
{
	if (atomic_exchange_explicit(&watchdog_rests, false, memory_order_relaxed))
		tick_set();
}

void watchdog_start(void)
{
	timer_init(&tick, tick_came, NULL);
	self = thread_create("watchdog", watchdog_main, NULL);
	if (!self)
		panic("too little memory: no room for the watchdog");
	self->urgent = true;
	thread_start(self);
}
