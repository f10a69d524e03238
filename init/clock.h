/* SPDX-License-Identifier: MIT */
/* Times as programs give and get them. There is one clock, since power-on; the calendar is that clock and an offset. */
#ifndef INIT_CLOCK_H
#define INIT_CLOCK_H

#include "init/linux.h"
#include "kernel/time.h"

static inline struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ (int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC) };
}

static inline struct timeval to_timeval(uint64_t ns)
{
	return (struct timeval){ (int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };
}

/* A negative clock is the CPU time of a process or task: ~id << 3, with bit 2 for a task's, and 2 in the low bits (1, 0: user, with system time).
 * Id 0 is the caller. */
#define CPU_CLOCK_TASK 4
#define CPU_CLOCK(id, task) (~(id) * 8 | (task) | 2)

/* 0, or -EINVAL. More than 584 years is for ever: TIME_NEVER. */
int from_timespec(const struct timespec *ts, uint64_t *ns);

/* From user memory: 0, -EFAULT, -EINVAL. */
int timespec_from_user(uintptr_t from, uint64_t *ns);

/* The calendar, less the clock since power-on. Any context. */
uint64_t realtime_offset(void);
void realtime_set(uint64_t now_ns);

/* The moment `ns` from now, on the clock since power-on. */
static inline uint64_t deadline_after(uint64_t ns)
{
	uint64_t now = clock_ns();

	return now + ns < now ? TIME_NEVER : now + ns;
}

/* The moment when the calendar (realtime) or the clock shows ns. */
static inline uint64_t deadline_at(uint64_t ns, bool realtime)
{
	uint64_t offset = realtime && ns != TIME_NEVER ? realtime_offset() : 0;

	return ns > offset ? ns - offset : 0;
}

#endif
