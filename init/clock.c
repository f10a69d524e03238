/* SPDX-License-Identifier: MIT */
#include "init/clock.h"

#include "init/cmdline.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

static _Atomic int64_t moved; /* by clock_settime, since power-on */

int from_timespec(const struct timespec *ts, uint64_t *ns)
{
	if (ts->sec < 0 || ts->nsec < 0 || ts->nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	if ((uint64_t)ts->sec >= UINT64_MAX / NSEC_PER_SEC)
		*ns = TIME_NEVER;
	else
		*ns = (uint64_t)ts->sec * NSEC_PER_SEC + (uint64_t)ts->nsec;
	return 0;
}

int timespec_from_user(uintptr_t from, uint64_t *ns)
{
	struct timespec ts;

	if (copy_from_user(&ts, from, sizeof(ts)))
		return -EFAULT;
	return from_timespec(&ts, ns);
}

uint64_t realtime_offset(void)
{
	return cmdline.time * NSEC_PER_SEC + (uint64_t)atomic_load_explicit(&moved, memory_order_relaxed);
}

void realtime_set(uint64_t now_ns)
{
	int64_t by = (int64_t)(now_ns - clock_ns() - cmdline.time * NSEC_PER_SEC);

	atomic_store_explicit(&moved, by, memory_order_relaxed);
	atomic_store_explicit(&clock_wall_start, now_ns - clock_ns(), memory_order_relaxed);
}
