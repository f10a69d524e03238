/* SPDX-License-Identifier: MIT */
/* One clock, and high-resolution one-shot timers on it. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include "arch/arch.h"

#define NSEC_PER_USEC 1000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC 1000000000ull
#define TIME_NEVER UINT64_MAX

static inline uint64_t clock_ns(void) /* since power-on, any context */
{
	return arch_clock_ns();
}

/* The wall clock's time at power-on, in ns since 1970: set at boot, and when the calendar is. */
extern _Atomic uint64_t clock_wall_start;

static inline uint64_t clock_wall_ns(void) /* any context */
{
	return clock_ns() + atomic_load_explicit(&clock_wall_start, memory_order_relaxed);
}

#define CLOCK_TICK (4 * NSEC_PER_MSEC)

/* The same at the last tick, as Linux has file times: a file that is written again and again gets new ones, to be stored, once a tick. */
static inline uint64_t clock_wall_coarse_ns(void) /* any context */
{
	uint64_t now = clock_wall_ns();

	return now - now % CLOCK_TICK;
}

/* (T) timer lock of its CPU */
struct timer {
	uint64_t when;			     /*							(T) */
	void (*fn)(struct timer *timer);     /* runs in the timer interrupt, interrupts off	(C) */
	void *arg;			     /* fn's						(C) */
	_Atomic unsigned cpu;		     /* on whose heap: see timer.c			(T) to write */
	bool armed;			     /*							(T) */
	struct timer *child, *next, *prev;   /* place in the heap				(T) */
};

void timer_init(struct timer *t, void (*fn)(struct timer *), void *arg);

/* fn will be called at or soon after `when`, on this CPU. Moves it if it was armed. fn may do this with its own timer, and may
 * free it. Any context. */
void timer_set(struct timer *t, uint64_t when);

/* It will not run any more unless set again. True: it was armed. Waits while fn runs on another CPU, so the caller holds no
 * lock that fn takes. Any context. */
bool timer_cancel(struct timer *t);

/* ARCH_IRQ_TIMER: calls what is due. Irq off. */
void timer_interrupt(void);

#endif
