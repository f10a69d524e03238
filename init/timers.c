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
 * 3. CPU time: who waits for it looks at what has been used whenever that could first be enough, were all tasks running. It never comes
 *    late by more than the last such step. RLIMIT_CPU is looked after like an itimer.
 * 4. A POSIX timer's place in a queue is its own. It is linked at most once, under the process's lock, and unlinked before the timer is freed.
 */
#include "init/timers.h"

#include "init/process_impl.h"
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

/* What is left of one, after sending what is due. */
static uint64_t itimer_left(struct timers *t, unsigned which, uint64_t used)
{
	struct itimer *i = &t->itimers[which];

	if (i->when <= used) {
		itimer_send(t->process, which);
		if (i->interval)
			forward(&i->when, i->interval, used);
		else
			i->when = TIME_NEVER;
	}
	return i->when == TIME_NEVER ? TIME_NEVER : i->when - used;
}

/* RLIMIT_CPU: SIGXCPU each second from the soft limit on, which goes up by that, SIGKILL at the hard one. */
static uint64_t limit_left(struct process *p, uint64_t used)
{
	struct limit *l = &p->limits[RLIMIT_CPU];
	uint64_t soft = atomic_load_explicit(&l->cur, memory_order_relaxed), hard = atomic_load_explicit(&l->max, memory_order_relaxed);
	uint64_t seconds = used / NSEC_PER_SEC;
	struct siginfo info;

	if (soft == RLIM_INFINITY)
		return TIME_NEVER;
	if (seconds >= soft) {
		info = siginfo_kernel(seconds >= hard ? SIGKILL : SIGXCPU);
		signal_send_locked(p, NULL, &info, NULL);
		soft = seconds + 1;
		atomic_store_explicit(&l->cur, soft < hard ? soft : hard, memory_order_relaxed);
	}
	return soft < UINT64_MAX / NSEC_PER_SEC ? soft * NSEC_PER_SEC - used : TIME_NEVER;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What is left until the first of all. */
static uint64_t cpu_left(struct timers *t, const struct usage *used)
{
	uint64_t left = itimer_left(t, ITIMER_VIRTUAL, used->ran_ns - used->system_ns);

	left = least(left, itimer_left(t, ITIMER_PROF, used->ran_ns));
	return least(left, limit_left(t->process, used->ran_ns));
}

/* When to look again, if so much CPU time is left and all tasks run. */
static uint64_t next_look(const struct process *p, uint64_t left)
{
	left /= p->nr_tasks;
	return later(clock_ns(), left < STEP_LEAST ? STEP_LEAST : left);
}

static void cpu_look(struct timers *t)
{
	struct process *p = t->process;
	struct usage used = process_usage_locked(p);
	uint64_t left = cpu_left(t, &used);

	if (left != TIME_NEVER && !p->exiting && p->nr_tasks)
		timer_set(&t->cpu, next_look(p, left));
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
	struct usage used = process_usage_locked(p);
	uint64_t now = which == ITIMER_REAL ? clock_ns() : which == ITIMER_PROF ? used.ran_ns : used.ran_ns - used.system_ns;
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

/* Process lock held. The time that it goes by; of a task that has ended, none ever comes. */
static uint64_t now_locked(struct posix_timer *t)
{
	struct task *task;

	switch (t->clock) {
	case BY_PROCESS_TIME:
		return process_usage_locked(t->process).ran_ns;
	case BY_TASK_TIME:
		task = process_task(t->process, t->whose);
		return task ? thread_ran_ns(task->thread) : 0;
	default:
		return clock_ns();
	}
}

uint64_t posix_timer_now(struct posix_timer *t)
{
	irqflags_t flags = spin_lock_irq(&t->process->lock);
	uint64_t now = now_locked(t);

	spin_unlock_irq(&t->process->lock, flags);
	return now;
}

/* Process lock held; it is on. */
static void posix_arm(struct posix_timer *t)
{
	uint64_t now = t->clock == BY_CLOCK ? 0 : now_locked(t);

	if (t->clock == BY_CLOCK)
		timer_set(&t->timer, t->when);
	else if (!t->process->exiting && t->process->nr_tasks && (t->clock == BY_PROCESS_TIME || process_task(t->process, t->whose)))
		timer_set(&t->timer, next_look(t->process, t->when > now ? t->when - now : 0));
}

/* Process lock held, it is time. */
static void posix_fire(struct posix_timer *t)
{
	struct task *target = t->tid ? process_task(t->process, t->tid) : NULL;

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
		forward(&t->when, t->interval > NSEC_PER_MSEC ? t->interval : NSEC_PER_MSEC, now_locked(t));
}

static void posix_due(struct timer *timer)
{
	struct posix_timer *t = timer->arg;
	irqflags_t flags = spin_lock_irq(&t->process->lock);

	if (t->when <= now_locked(t) && !t->goes_on)
		posix_fire(t);
	if (t->when != TIME_NEVER && !t->goes_on)
		posix_arm(t);
	spin_unlock_irq(&t->process->lock, flags);
}

void posix_timer_taken(struct posix_timer *t, struct siginfo *info)
{
	uint64_t overrun = t->missed;

	t->missed = 0;
	if (t->goes_on) {
		t->goes_on = false;
		overrun += forward(&t->when, t->interval, now_locked(t));
		posix_arm(t);
	}
	t->overrun = overrun < INT32_MAX ? (unsigned)overrun : INT32_MAX;
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
		posix_arm(t);
	spin_unlock_irq(&t->process->lock, flags);
}

void posix_timer_read(struct posix_timer *t, struct itimer *is)
{
	irqflags_t flags = spin_lock_irq(&t->process->lock);
	uint64_t now = now_locked(t), when = t->when;

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
	struct task *target = t->tid ? process_task(t->process, t->tid) : NULL;
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

void timers_limit(void)
{
	struct timers *t = limit_get(RLIMIT_CPU) == RLIM_INFINITY ? NULL : timers_get();
	irqflags_t flags;

	if (!t)
		return;
	flags = spin_lock_irq(&t->process->lock);
	cpu_look(t);
	spin_unlock_irq(&t->process->lock, flags);
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
