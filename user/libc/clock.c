/* SPDX-License-Identifier: MIT */
/* newlib's system calls on time, as Linux's: the structures agree. */
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	return (int)call2(clock_gettime, clock, ts);
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	return (int)call2(gettimeofday, tv, zone);
}

int nanosleep(const struct timespec *want, struct timespec *left)
{
	return (int)call2(nanosleep, want, left);
}

int usleep(useconds_t us)
{
	struct timespec want = { us / 1000000, us % 1000000 * 1000 };

	return nanosleep(&want, NULL);
}

unsigned sleep(unsigned seconds)
{
	struct timespec left = { seconds, 0 };

	return nanosleep(&left, &left) ? (unsigned)left.tv_sec + 1 : 0;
}

clock_t times(struct tms *buf)
{
	return (clock_t)call1(times, buf);
}
