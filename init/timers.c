/* SPDX-License-Identifier: MIT */
/*
 * Timers that send signals.
 *
 * 1. What a timer is to do is under the lock of its process; its function, in the timer interrupt, takes that lock and looks whether it is time. So
 *    turning one off or moving it away is to change `when`: an interrupt that comes nevertheless finds nothing to do. Nobody waits for
 *    a timer's function with that lock held; only the end of a timer does, without.
 * 2. One that repeats does not run while its signal waits: it is set again when the signal is taken, for the next of its times that is
 *    still to come. So the shortest interval costs no more than the program that takes the signals. Of timer_create's, the times passed over
 *    are counted (overrun).
 * 3. CPU time: `cpu` looks at what the process has used whenever that could first be enough, were all its tasks running. It never comes
 *    late by more than the last such step.
 * 4. A POSIX timer's place in a queue is its own. It is linked at most once, under the process's lock, and unlinked before the timer is freed.
 */
#include "init/timers.h"

#include "init/signal_impl.h"
#include "kernel/slab.h"

#define STEP_LEAST (50 * NSEC_PER_USEC)

static uint64_t later(uint64_t a, uint64_t b)
{
	return a + b < a ? TIME_NEVER : a + b;
}

/* The first moment after now, of those an interval apart from when. Returns how many it passed over. */
static uint64_t forward(uint64_t *when, uint64_t interval, uint64_t now)
{
	uint64_t passed = *when <= now ? (now - *when) / interval : 0;

	*when = later(*when, (passed + 1) * interval);
	return passed;
}

/* ---- setitimer; process lock held ---- */

static uint64_t usage_locked(struct process *p)
{
	uint64_t sum = p->dead_tasks.ran_ns;
	struct task *t;

	list_for_each(t, &p->tasks, link)
		sum += thread_ran_ns(t->thread);
	return sum;
}

static void itimer_send(struct process *p, unsigned which)
{
	static const unsigned signals[ITIMERS] = { SIGALRM, SIGVTALRM, SIGPROF };
	struct siginfo info = siginfo_kernel(signals[which]);

	signal_send_locked(p, NULL, &info, NULL);
}

/* Real time repeats when its signal is taken. */
static void real_due(struct timer *timer)
{
	struct timers *t = timer->arg;
	struct process *p = t->process;
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct itimer *i = &t->itimers[ITIMER_REAL];

	if (i->when <= clock_ns()) {
		if (!i->interval)
			i->when = TIME_NEVER;
		itimer_send(p, ITIMER_REAL);
	}
	spin_unlock_irq(&p->lock, flags);
}

void itimer_alarm_taken(struct process *p)
{
	struct timers *t = atomic_load_explicit(&p->timers, memory_order_acquire);
	struct itimer *i = t ? &t->itimers[ITIMER_REAL] : NULL;

	if (!t || i->when == TIME_NEVER || !i->interval || i->when > clock_ns())
		return;
	forward(&i->when, i->interval, clock_ns());
	timer_set(&t->real, i->when);
}

/* What is left until the first of the two, after sending what is due. */
static uint64_t cpu_left(struct timers *t, uint64_t used)
{
	uint64_t left = TIME_NEVER;

	for (unsigned which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
		struct itimer *i = &t->itimers[which];

		if (i->when <= used) {
			itimer_send(t->process, which);
			if (i->interval)
				forward(&i->when, i->interval, used);
			else
				i->when = TIME_NEVER;
		}
		if (i->when != TIME_NEVER && i->when - used < left)
			left = i->when - used;
	}
	return left;
}

static void cpu_look(struct timers *t)
{
	struct process *p = t->process;
	uint64_t left = cpu_left(t, usage_locked(p));

	if (left == TIME_NEVER || p->exiting || !p->nr_tasks)
		return;
	left /= p->nr_tasks;
	timer_set(&t->cpu, later(clock_ns(), left < STEP_LEAST ? STEP_LEAST : left));
}

static void cpu_due(struct timer *timer)
{
	struct timers *t = timer->arg;
	irqflags_t flags = spin_lock_irq(&t->process->lock);

	cpu_look(t);
	spin_unlock_irq(&t->process->lock, flags);
}

static uint64_t left_of(uint64_t when, uint64_t now)
{
	if (when == TIME_NEVER)
		return 0;
	return when > now ? when - now : 1;
}

void itimer_change(struct timers *t, unsigned which, const struct itimer *to, struct itimer *was)
{
	struct process *p = t->process;
	irqflags_t flags = spin_lock_irq(&p->lock);
	uint64_t now = which == ITIMER_REAL ? clock_ns() : usage_locked(p);
	struct itimer *i = &t->itimers[which];

	*was = (struct itimer){ left_of(i->when, now), i->interval };
	if (to) {
		i->when = to->when ? later(now, to->when) : TIME_NEVER;
		i->interval = to->interval;
		if (which != ITIMER_REAL)
			cpu_look(t);
		else if (i->when != TIME_NEVER)
			timer_set(&t->real, i->when);
	}
	spin_unlock_irq(&p->lock, flags);
}

/* ---- timer_create's ---- */

/* Process lock held. */
static struct task *target_find(struct posix_timer *t)
{
	struct task *task;

	list_for_each(task, &t->process->tasks, link)
		if (task->thread->tid == t->tid)
			return task;
	return NULL;
}

/* Process lock held, it is time. */
static void posix_fire(struct posix_timer *t)
{
	struct task *target = t->tid ? target_find(t) : NULL;

	if (!list_empty(&t->place.link)) {
		t->missed++;
		t->goes_on = t->interval;
	} else if (!t->silent && (!t->tid || target)) {
		signal_send_locked(t->process, target, &t->info, &t->place);
		t->goes_on = t->interval && !list_empty(&t->place.link);
	}
	if (!t->interval)
		t->when = TIME_NEVER;
	else if (!t->goes_on) /* nobody will take it: ignored, say */
		forward(&t->when, t->interval > NSEC_PER_MSEC ? t->interval : NSEC_PER_MSEC, clock_ns());
}

static void posix_due(struct timer *timer)
{
	struct posix_timer *t = timer->arg;
	irqflags_t flags = spin_lock_irq(&t->process->lock);

	if (t->when <= clock_ns() && !t->goes_on) {
		posix_fire(t);
		if (t->when != TIME_NEVER && !t->goes_on)
			timer_set(&t->timer, t->when);
	}
	spin_unlock_irq(&t->process->lock, flags);
}

void posix_timer_taken(struct posix_timer *t, struct siginfo *info)
{
	t->overrun = t->missed;
	t->missed = 0;
	if (t->goes_on) {
		t->goes_on = false;
		t->overrun += (unsigned)forward(&t->when, t->interval, clock_ns());
		timer_set(&t->timer, t->when);
	}
	info->overrun = (int32_t)t->overrun;
}

void posix_timer_set(struct posix_timer *t, uint64_t when, uint64_t interval)
{
	irqflags_t flags = spin_lock_irq(&t->process->lock);

	t->when = when;
	t->interval = interval;
	t->goes_on = false;
	t->missed = 0;
	if (when != TIME_NEVER)
		timer_set(&t->timer, when);
	spin_unlock_irq(&t->process->lock, flags);
}

void posix_timer_read(struct posix_timer *t, struct itimer *is)
{
	irqflags_t flags = spin_lock_irq(&t->process->lock);
	uint64_t now = clock_ns(), when = t->when;

	if (when != TIME_NEVER && when <= now && t->interval)
		forward(&when, t->interval, now);
	*is = (struct itimer){ left_of(when, now), t->interval };
	spin_unlock_irq(&t->process->lock, flags);
}

void posix_timer_init(struct posix_timer *t, struct process *p)
{
	t->process = p;
	t->when = TIME_NEVER;
	t->place.timer = t;
	list_init(&t->place.link);
	timer_init(&t->timer, posix_due, t);
}

/* Process lock held. The signal goes too, unless somebody else sent another. */
static void place_leave(struct posix_timer *t)
{
	struct pending *q = &t->process->pending;
	struct task *target = t->tid ? target_find(t) : NULL;
	struct queued_signal *e;
	bool others = false;

	if (list_empty(&t->place.link))
		return;
	list_remove(&t->place.link);
	if (target)
		q = &target->pending;
	list_for_each(e, &q->queue, link)
		others |= e->info.signo == t->info.signo;
	if (!others)
		q->set &= ~signal_bit((unsigned)t->info.signo);
}

void posix_timer_free(struct posix_timer *t)
{
	irqflags_t flags = spin_lock_irq(&t->process->lock);

	t->when = TIME_NEVER;
	t->goes_on = false;
	place_leave(t);
	spin_unlock_irq(&t->process->lock, flags);
	timer_cancel(&t->timer);
	kfree(t);
}

/* ---- all of a process ---- */

static struct timers *timers_new(struct process *p)
{
	struct timers *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	mutex_init(&t->lock, LOCK_PROCESS_TIMERS);
	t->process = p;
	timer_init(&t->real, real_due, t);
	timer_init(&t->cpu, cpu_due, t);
	for (unsigned i = 0; i < ITIMERS; i++)
		t->itimers[i].when = TIME_NEVER;
	return t;
}

struct timers *timers_get(void)
{
	struct process *p = process_current();
	struct timers *is = atomic_load_explicit(&p->timers, memory_order_acquire), *made;

	if (is)
		return is;
	made = timers_new(p);
	/* release: pairs with the acquire loads; acquire: another task's are found whole */
	if (!made || atomic_compare_exchange_strong_explicit(&p->timers, &is, made, memory_order_acq_rel, memory_order_acquire))
		return made;
	kfree(made);
	return is;
}

void timers_exec(struct process *p)
{
	struct timers *t = atomic_load_explicit(&p->timers, memory_order_acquire);

	for (unsigned i = 0; t && i < POSIX_TIMERS; i++) {
		if (t->posix[i])
			posix_timer_free(t->posix[i]);
		t->posix[i] = NULL;
	}
}

void timers_end(struct process *p)
{
	struct timers *t = atomic_load_explicit(&p->timers, memory_order_acquire);
	irqflags_t flags;

	if (!t)
		return;
	timers_exec(p);
	flags = spin_lock_irq(&p->lock);
	for (unsigned i = 0; i < ITIMERS; i++)
		t->itimers[i].when = TIME_NEVER;
	atomic_store_explicit(&p->timers, NULL, memory_order_relaxed);
	spin_unlock_irq(&p->lock, flags);
	timer_cancel(&t->real);
	timer_cancel(&t->cpu);
	kfree(t);
}
