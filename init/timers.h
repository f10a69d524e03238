/* SPDX-License-Identifier: MIT */
/* A process's timers: alarm, setitimer, timer_create. Statement at the head of init/timers.c. */
#ifndef INIT_TIMERS_H
#define INIT_TIMERS_H

#include "init/process.h"

/* Process lock held: a signal of this timer has been taken; info is completed, and the timer goes on if it repeats. */
void posix_timer_taken(struct posix_timer *t, struct siginfo *info);
void itimer_alarm_taken(struct process *p);

#endif
