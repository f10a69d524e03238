/* SPDX-License-Identifier: MIT */
/* newlib's, and the calls it declares only for some systems. */
#ifndef _FL_TIME_H
#define _FL_TIME_H

#include_next <time.h>

#undef CLOCK_REALTIME
#undef CLOCK_MONOTONIC
#define CLOCK_REALTIME ((clockid_t)0)
#define CLOCK_MONOTONIC ((clockid_t)1)

int clock_gettime(clockid_t clock, struct timespec *ts);
int nanosleep(const struct timespec *want, struct timespec *left);

#endif
