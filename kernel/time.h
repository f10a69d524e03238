/* SPDX-License-Identifier: MIT */
/* One clock, and high-resolution one-shot timers on it. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include "arch/arch.h"
#include "lib/list.h"

#define NSEC_PER_USEC 1000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC 1000000000ull
#define TIME_NEVER UINT64_MAX

static inline uint64_t clock_ns(void) /* since power-on, any context */
{
	return arch_clock_ns();
}

struct timer {
	uint64_t when;			 /* its CPU's timer lock */
	void (*fn)(struct timer *timer); /* runs in the timer interrupt, interrupts off */
	void *arg;
	unsigned cpu;			 /* on whose queue; timer lock of that CPU */
	bool armed;			 /* timer lock */
	_Atomic bool running;		 /* fn is being called */
	struct list link;		 /* or heap position; timer lock */
};

void timer_init(struct timer *t, void (*fn)(struct timer *), void *arg);
void timer_set(struct timer *t, uint64_t when); /* any context; moves it if armed; on this CPU */
bool timer_cancel(struct timer *t);		/* true: it was armed and will not run. Waits while fn runs on another CPU */

#endif
