/* SPDX-License-Identifier: MIT */
#include "init/timers.h"

void posix_timer_taken(struct posix_timer *t, struct siginfo *info)
{
}

void itimer_alarm_taken(struct process *p)
{
}
