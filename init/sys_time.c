/* SPDX-License-Identifier: MIT */
/* System calls about time. There is one clock, since power-on; the calendar is that clock and an offset from the command line. */
#include "init/process_impl.h"

#include "init/clock.h"
#include "init/cred.h"
#include "init/linux.h"
#include "init/syscalls.h"
#include "kernel/restart.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define TICKS_PER_SEC 100 /* of times(2): AT_CLKTCK */

static int task_time(struct process *p, unsigned tid, uint64_t *ns)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct task *t = process_task(p, tid);

	if (t)
		*ns = thread_ran_ns(t->thread);
	spin_unlock_irq(&p->lock, flags);
	return t ? 0 : -EINVAL;
}

static int cpu_clock_read(int clock, uint64_t *ns)
{
	unsigned id = (unsigned)~(clock >> 3);
	bool task = clock & CPU_CLOCK_TASK;
	struct process *p = (clock & 3) == 3 ? NULL : process_find(id ? id : task ? current->tid : process_current()->pid);
	int err = 0;

	if (!p)
		return -EINVAL;
	if (task && p == process_current())
		err = task_time(p, id ? id : current->tid, ns);
	else if (!task && (!id || id == p->pid))
		*ns = process_usage(p).ran_ns;
	else
		err = -EINVAL;
	process_put(p);
	return err;
}

/* 0, or -EINVAL: no such clock. */
static int clock_read(int clock, uint64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		*ns = clock_ns() + realtime_offset();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = clock_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_usage(process_current()).ran_ns;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = thread_ran_ns(current);
		return 0;
	default:
		return clock < 0 ? cpu_clock_read(clock, ns) : -EINVAL;
	}
}

long sys_clock_gettime(int clock, uintptr_t out)
{
	struct timespec ts;
	uint64_t ns;
	int err = clock_read(clock, &ns);

	if (err)
		return err;
	ts = to_timespec(ns);
	return copy_to_user(out, &ts, sizeof(ts));
}

long sys_clock_getres(int clock, uintptr_t out)
{
	bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
	struct timespec ts = { 0, coarse ? NSEC_PER_SEC / TICKS_PER_SEC : 1 };
	uint64_t ns;
	int err = clock_read(clock, &ns);

	if (err || !out)
		return err;
	return copy_to_user(out, &ts, sizeof(ts));
}

long sys_gettimeofday(uintptr_t tv, uintptr_t tz)
{
	uint64_t ns = clock_ns() + realtime_offset();
	struct timeval now = to_timeval(ns);
	int32_t utc[2] = { 0, 0 };

	if (tv && copy_to_user(tv, &now, sizeof(now)))
		return -EFAULT;
	return tz ? copy_to_user(tz, utc, sizeof(utc)) : 0;
}

long sys_time(uintptr_t out)
{
	int64_t now = (int64_t)((clock_ns() + realtime_offset()) / NSEC_PER_SEC);

	if (out && copy_to_user(out, &now, sizeof(now)))
		return -EFAULT;
	return now;
}

static void ticks_of(const struct usage *u, int64_t ticks[2])
{
	ticks[0] = (int64_t)((u->ran_ns - u->system_ns) / (NSEC_PER_SEC / TICKS_PER_SEC));
	ticks[1] = (int64_t)(u->system_ns / (NSEC_PER_SEC / TICKS_PER_SEC));
}

long sys_times(uintptr_t out)
{
	struct usage own = process_usage(process_current()), children;
	int64_t t[4]; /* user, system, and the same of children */

	mutex_lock(&process_tree);
	children = process_current()->dead_children;
	mutex_unlock(&process_tree);
	ticks_of(&own, t);
	ticks_of(&children, t + 2);
	if (out && copy_to_user(out, t, sizeof(t)))
		return -EFAULT;
	return (long)(clock_ns() / (NSEC_PER_SEC / TICKS_PER_SEC));
}

/* The last that may be set: thirty years more, and the clock ends. */
#define SETTABLE_MAX (INT64_MAX / (int64_t)NSEC_PER_SEC - 30 * 365 * 24 * 3600ll)

/* Only the calendar can be set. */
long sys_clock_settime(int clock, uintptr_t from)
{
	uint64_t ns;
	int err;

	if (clock != CLOCK_REALTIME && (clock >= 0 || clock_read(clock, &ns)))
		return -EINVAL;
	err = timespec_from_user(from, &ns);
	if (err)
		return err;
	if (ns / NSEC_PER_SEC >= SETTABLE_MAX)
		return -EINVAL;
	if (clock != CLOCK_REALTIME || !cred_capable(CAP_SYS_TIME))
		return -EPERM;
	realtime_set(ns);
	return 0;
}

long sys_settimeofday(uintptr_t tv, uintptr_t tz)
{
	struct timeval to;
	int32_t zone[2];

	if (tv && copy_from_user(&to, tv, sizeof(to)))
		return -EFAULT;
	if (tv && (to.usec < 0 || to.usec >= 1000000 || to.sec < 0))
		return -EINVAL;
	if (tz && copy_from_user(zone, tz, sizeof(zone)))
		return -EFAULT;
	if (tv && to.sec >= SETTABLE_MAX)
		return -EINVAL;
	if (!cred_capable(CAP_SYS_TIME))
		return -EPERM;
	if (tv)
		realtime_set((uint64_t)to.sec * NSEC_PER_SEC + (uint64_t)to.usec * NSEC_PER_USEC);
	return 0;
}

/* ---- sleeping ---- */

static long sleep_again(const struct resume *r)
{
	uint64_t when = r->deadline, now;
	int err = thread_sleep_until(when, WAIT_SIGNAL);
	struct timespec rest;

	if (err != -ERESTARTSYS)
		return err;
	now = clock_ns();
	rest = to_timespec(when > now ? when - now : 0);
	if (r->args[0] && copy_to_user(r->args[0], &rest, sizeof(rest)))
		return -EFAULT;
	return signal_resume(r);
}

/* Until a moment: a call that begins again asks for the same one. */
static long sleep_to_moment(uint64_t when)
{
	int err = thread_sleep_until(when, WAIT_SIGNAL);

	return err == -ERESTARTSYS ? -ERESTARTNOHAND : err;
}

static long sleep_for(uintptr_t request, uintptr_t remain)
{
	struct resume r = { .again = sleep_again, .args = { remain } };
	uint64_t ns;
	int err = timespec_from_user(request, &ns);

	r.deadline = deadline_after(ns);
	return err ? err : sleep_again(&r);
}

long sys_nanosleep(uintptr_t request, uintptr_t remain)
{
	return sleep_for(request, remain);
}

long sys_clock_nanosleep(int clock, int flags, uintptr_t request, uintptr_t remain)
{
	uint64_t ns;
	int err;

	if (clock < 0 && clock & CPU_CLOCK_TASK && (~(clock >> 3) == 0 || ~(clock >> 3) == (int)current->tid))
		return -EINVAL; /* a task's own: it would not run meanwhile */
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME && clock != CLOCK_TAI)
		return clock > CLOCK_TAI || clock_read(clock, &ns) ? -EINVAL : -EOPNOTSUPP;
	if (!(flags & TIMER_ABSTIME))
		return sleep_for(request, remain);
	err = timespec_from_user(request, &ns);
	return err ? err : sleep_to_moment(deadline_at(ns, clock == CLOCK_REALTIME || clock == CLOCK_TAI));
}

/* ---- adjtimex: nobody disciplines this clock, so it can be looked at only ---- */

enum { TIME_ERROR = 5, STA_UNSYNC = 0x40 };

struct timex {
	uint32_t modes, pad;
	int64_t offset, freq, maxerror, esterror;
	int32_t status, pad2;
	int64_t constant, precision, tolerance;
	struct timeval time;
	int64_t tick, ppsfreq, jitter;
	int32_t shift, pad3;
	int64_t stabil, jitcnt, calcnt, errcnt, stbcnt;
	int32_t tai, pad4[11];
};

_Static_assert(sizeof(struct timex) == 208, "struct timex");

long sys_adjtimex(uintptr_t at)
{
	struct timex t;

	if (copy_from_user(&t, at, sizeof(t)))
		return -EFAULT;
	if (t.modes)
		return -EPERM;
	t = (struct timex){
		.maxerror = 16000000,
		.esterror = 16000000,
		.status = STA_UNSYNC,
		.constant = 2,
		.precision = 1,
		.tolerance = 32768000,
		.time = to_timeval(clock_ns() + realtime_offset()),
		.tick = 10000,
	};
	return copy_to_user(at, &t, sizeof(t)) ? -EFAULT : TIME_ERROR;
}

long sys_clock_adjtime(int clock, uintptr_t at)
{
	uint64_t ns;

	if (clock == CLOCK_REALTIME)
		return sys_adjtimex(at);
	return clock_read(clock, &ns) ? -EINVAL : -EOPNOTSUPP;
}
