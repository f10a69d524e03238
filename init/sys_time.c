/* SPDX-License-Identifier: MIT */
/* System calls about time. There is one clock, since power-on; the calendar is that clock and an offset from the command line. */
#include "init/process_impl.h"

#include "init/clock.h"
#include "init/linux.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define TICKS_PER_SEC 100 /* of times(2): AT_CLKTCK */

/* 0, or -EINVAL: no such clock. */
static int clock_read(int clock, uint64_t *ns)
{
	struct usage u;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ns = clock_ns() + realtime_offset();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = clock_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		u = process_usage(process_current());
		*ns = u.ran_ns;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = thread_ran_ns(current);
		return 0;
	default:
		return -EINVAL;
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
	struct timespec ts = { 0, 1 };
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

long sys_times(uintptr_t out)
{
	struct usage own = process_usage(process_current()), children;
	int64_t t[4] = { 0 }; /* user, system, and the same of children */

	mutex_lock(&process_tree);
	children = process_current()->dead_children;
	mutex_unlock(&process_tree);
	t[0] = (int64_t)(own.ran_ns / (NSEC_PER_SEC / TICKS_PER_SEC));
	t[2] = (int64_t)(children.ran_ns / (NSEC_PER_SEC / TICKS_PER_SEC));
	if (out && copy_to_user(out, t, sizeof(t)))
		return -EFAULT;
	return (long)(clock_ns() / (NSEC_PER_SEC / TICKS_PER_SEC));
}

/* Only the calendar can be set, and by everybody: everybody is root. */
long sys_clock_settime(int clock, uintptr_t from)
{
	uint64_t ns;
	int err;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	err = timespec_from_user(from, &ns);
	if (!err)
		realtime_set(ns);
	return err;
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
	if (tv)
		realtime_set((uint64_t)to.sec * NSEC_PER_SEC + (uint64_t)to.usec * NSEC_PER_USEC);
	return 0;
}

/* ---- sleeping ---- */

/* Until `when` on the clock since power-on; interrupted, the rest goes to *remain (0: nowhere). */
static long sleep_until(uint64_t when, uintptr_t remain)
{
	int err = thread_sleep_until(when, WAIT_SIGNAL);
	uint64_t now = clock_ns();
	struct timespec rest = to_timespec(when > now ? when - now : 0);

	if (err && remain && copy_to_user(remain, &rest, sizeof(rest)))
		return -EFAULT;
	return err ? -EINTR : 0;
}

long sys_nanosleep(uintptr_t request, uintptr_t remain)
{
	return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, request, remain);
}

long sys_clock_nanosleep(int clock, int flags, uintptr_t request, uintptr_t remain)
{
	struct timespec ts;
	uint64_t ns, offset = clock == CLOCK_REALTIME ? realtime_offset() : 0;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return clock < 0 || clock > CLOCK_BOOTTIME ? -EINVAL : -EOPNOTSUPP;
	if (copy_from_user(&ts, request, sizeof(ts)))
		return -EFAULT;
	if (from_timespec(&ts, &ns))
		return -EINVAL;
	if (flags & TIMER_ABSTIME)
		return sleep_until(ns > offset ? ns - offset : 0, 0);
	return sleep_until(deadline_after(ns), remain);
}
