/* SPDX-License-Identifier: MIT */
/* System calls about timers that send signals. */
#include "init/timers.h"

#include "init/clock.h"
#include "init/linux.h"
#include "init/syscalls.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

/* ---- alarm, setitimer ---- */

struct itimerval {
	struct timeval interval, value;
};

static bool timeval_valid(const struct timeval *tv)
{
	return tv->sec >= 0 && tv->usec >= 0 && tv->usec < 1000000;
}

static uint64_t timeval_ns(const struct timeval *tv)
{
	if ((uint64_t)tv->sec >= UINT64_MAX / NSEC_PER_SEC / 2)
		return UINT64_MAX / 2;
	return (uint64_t)tv->sec * NSEC_PER_SEC + (uint64_t)tv->usec * NSEC_PER_USEC;
}

/* What is left, however little, is not shown as off. */
static int itimer_put(uintptr_t to, const struct itimer *i)
{
	uint64_t left = i->when && i->when < NSEC_PER_USEC ? NSEC_PER_USEC : i->when;
	struct itimerval v = { to_timeval(i->interval), to_timeval(left) };

	return copy_to_user(to, &v, sizeof(v));
}

long sys_getitimer(unsigned which, uintptr_t out)
{
	struct timers *t;
	struct itimer is;

	if (which >= ITIMERS)
		return -EINVAL;
	t = timers_get();
	if (!t)
		return -ENOMEM;
	itimer_change(t, which, NULL, &is);
	return itimer_put(out, &is);
}

long sys_setitimer(unsigned which, uintptr_t from, uintptr_t old)
{
	struct itimerval v = { { 0, 0 }, { 0, 0 } };
	struct itimer to, was;
	struct timers *t;

	if (from && copy_from_user(&v, from, sizeof(v)))
		return -EFAULT;
	if (which >= ITIMERS || !timeval_valid(&v.value) || !timeval_valid(&v.interval))
		return -EINVAL;
	t = timers_get();
	if (!t)
		return -ENOMEM;
	to = (struct itimer){ timeval_ns(&v.value), timeval_ns(&v.interval) };
	itimer_change(t, which, &to, &was);
	return old ? itimer_put(old, &was) : 0;
}

/* Rounded, but what is left is not 0. */
long sys_alarm(unsigned seconds)
{
	struct itimer to = { seconds * NSEC_PER_SEC, 0 }, was;
	struct timers *t = timers_get();
	uint64_t left;

	if (!t)
		return -ENOMEM;
	itimer_change(t, ITIMER_REAL, &to, &was);
	left = (was.when + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
	return was.when && !left ? 1 : (long)left;
}

/* ---- timer_create ---- */

enum { SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD, SIGEV_THREAD_ID = 4 };

struct sigevent {
	uint64_t value;
	int32_t signo, notify, tid;
	int32_t unused[11];
};

_Static_assert(sizeof(struct sigevent) == 64, "struct sigevent");

struct itimerspec {
	struct timespec interval, value;
};

/* Does the id mean the calling process, or one of its tasks? */
static bool is_own(unsigned id, bool task)
{
	struct process *p = process_find(id), *self = process_current();

	if (p)
		process_put(p);
	return p == self && (task || id == self->pid);
}

/* A CPU clock by number: init/sys_time.c. Of others' time no timer is made. */
static int cpu_clock_decode(int clock, struct posix_timer *t)
{
	bool task = clock & CPU_CLOCK_TASK;
	unsigned id = (unsigned)~(clock >> 3);

	if (!id)
		id = task ? current->tid : process_current()->pid;
	if ((clock & 3) == 3 || !is_own(id, task))
		return -EINVAL;
	t->clock = task ? BY_TASK_TIME : BY_PROCESS_TIME;
	t->whose = id;
	return 0;
}

/* What t is to go by. */
static int clock_decode(int clock, struct posix_timer *t)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		t->clock = BY_CLOCK;
		t->realtime = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		return cpu_clock_decode(CPU_CLOCK(0, 0), t);
	case CLOCK_THREAD_CPUTIME_ID:
		return cpu_clock_decode(CPU_CLOCK(0, CPU_CLOCK_TASK), t);
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
		return -EOPNOTSUPP; /* no timer goes by these, on Linux either */
	default:
		return clock < 0 ? cpu_clock_decode(clock, t) : -EINVAL;
	}
}

static int event_check(const struct sigevent *e)
{
	struct process *p;
	bool own;

	if (e->notify == SIGEV_NONE)
		return 0;
	if ((e->notify & ~SIGEV_THREAD_ID) || e->signo < 1 || e->signo > SIGNALS)
		return e->notify == SIGEV_THREAD && e->signo >= 1 && e->signo <= SIGNALS ? 0 : -EINVAL;
	if (e->notify != SIGEV_THREAD_ID)
		return 0;
	p = e->tid > 0 ? process_find((unsigned)e->tid) : NULL;
	own = p == process_current();
	if (p)
		process_put(p);
	return own ? 0 : -EINVAL;
}

static struct posix_timer *timer_make(const struct posix_timer *by, const struct sigevent *e)
{
	struct posix_timer *t = kzalloc(sizeof(*t));

	if (!t)
		return NULL;
	posix_timer_init(t, process_current());
	t->info = (struct siginfo){ .signo = e->signo, .code = SI_TIMER };
	t->info.timer_value = e->value;
	t->tid = e->notify == SIGEV_THREAD_ID ? (unsigned)e->tid : 0;
	t->silent = e->notify == SIGEV_NONE;
	t->realtime = by->realtime;
	t->clock = by->clock;
	t->whose = by->whose;
	return t;
}

/* Its id, or -EAGAIN. */
static int timer_enter(struct timers *all, struct posix_timer *t, bool by_id)
{
	int id = -EAGAIN;

	mutex_lock(&all->lock);
	for (int i = 0; i < POSIX_TIMERS && id < 0; i++)
		if (!all->posix[i])
			id = i;
	if (id >= 0) {
		t->info.timer = id;
		if (by_id)
			t->info.timer_value = (uint64_t)id;
		all->posix[id] = t;
	}
	mutex_unlock(&all->lock);
	return id;
}

long sys_timer_create(int clock, uintptr_t event, uintptr_t out)
{
	struct sigevent e = { .signo = SIGALRM };
	struct timers *all = timers_get();
	struct posix_timer *t, by = { 0 };
	int32_t id;
	int err = clock_decode(clock, &by);

	if (event && copy_from_user(&e, event, sizeof(e)))
		return -EFAULT;
	if (!err)
		err = event_check(&e);
	if (err)
		return err;
	t = all ? timer_make(&by, &e) : NULL;
	if (!t)
		return -EAGAIN;
	id = timer_enter(all, t, !event);
	if (id < 0)
		posix_timer_free(t);
	else if (copy_to_user(out, &id, sizeof(id)))
		goto no_answer;
	return id < 0 ? id : 0;
no_answer:
	sys_timer_delete(id);
	return -EFAULT;
}

/* With all->lock held if there is one of this id; NULL: there is none. */
static struct posix_timer *timer_hold(struct timers *all, int id)
{
	if (!all || id < 0 || id >= POSIX_TIMERS)
		return NULL;
	mutex_lock(&all->lock);
	if (all->posix[id])
		return all->posix[id];
	mutex_unlock(&all->lock);
	return NULL;
}

static int itimerspec_put(uintptr_t to, const struct itimer *i)
{
	struct itimerspec v = { to_timespec(i->interval), to_timespec(i->when) };

	return copy_to_user(to, &v, sizeof(v));
}

long sys_timer_gettime(int id, uintptr_t out)
{
	struct timers *all = process_current()->timers;
	struct posix_timer *t = timer_hold(all, id);
	struct itimer is;

	if (!t)
		return -EINVAL;
	posix_timer_read(t, &is);
	mutex_unlock(&all->lock);
	return itimerspec_put(out, &is);
}

/* On the scale of what it goes by. */
static uint64_t moment_of(struct posix_timer *t, uint64_t when, bool absolute)
{
	uint64_t now;

	if (t->clock == BY_CLOCK)
		return absolute ? deadline_at(when, t->realtime) : deadline_after(when);
	now = absolute ? 0 : posix_timer_now(t);
	return now + when < now ? TIME_NEVER : now + when;
}

long sys_timer_settime(int id, int flags, uintptr_t from, uintptr_t old)
{
	struct timers *all = process_current()->timers;
	struct posix_timer *t;
	struct itimerspec v;
	struct itimer was;
	uint64_t when, interval;

	if (!from)
		return -EINVAL;
	if (copy_from_user(&v, from, sizeof(v)))
		return -EFAULT;
	if (from_timespec(&v.value, &when) || from_timespec(&v.interval, &interval))
		return -EINVAL;
	t = timer_hold(all, id);
	if (!t)
		return -EINVAL;
	posix_timer_read(t, &was);
	posix_timer_set(t, when ? moment_of(t, when, flags & TIMER_ABSTIME) : TIME_NEVER, interval);
	mutex_unlock(&all->lock);
	return old ? itimerspec_put(old, &was) : 0;
}

long sys_timer_getoverrun(int id)
{
	struct timers *all = process_current()->timers;
	struct posix_timer *t = timer_hold(all, id);
	long overrun;

	if (!t)
		return -EINVAL;
	overrun = t->overrun;
	mutex_unlock(&all->lock);
	return overrun;
}

long sys_timer_delete(int id)
{
	struct timers *all = process_current()->timers;
	struct posix_timer *t = timer_hold(all, id);

	if (!t)
		return -EINVAL;
	all->posix[id] = NULL;
	posix_timer_free(t);
	mutex_unlock(&all->lock);
	return 0;
}
