/* SPDX-License-Identifier: MIT */
/* What the scheduler's files, and those that make threads and CPUs, share and nobody else needs. All but sched_wake: irq off. */
#ifndef KERNEL_SCHED_IMPL_H
#define KERNEL_SCHED_IMPL_H

#include "kernel/sched.h"

/* ---- sched.c ---- */

void sched_block(void);			/* current is PARK_ASLEEP or dead: off the CPU */
void sched_wake(struct thread *t);	/* makes runnable a thread whose waker we alone are. Any context */
void sched_began(void);			/* first thing a new thread does */
void sched_resched_interrupt(void);	/* ARCH_IRQ_RESCHED */
void sched_start_cpu(struct cpu *c);	/* a CPU that has just begun, current = its idle thread */

/* ---- runq.c ---- */

/* Who runs next on c, our own CPU, where prev runs now. block: prev is asleep or dead; else it goes to the back of the queue. */
struct thread *runq_next(struct cpu *c, struct thread *prev, bool block);

/* t to the back of c's queue, or to the front if it is urgent. What the CPU was doing. */
struct runq_was {
	bool idle;  /* it ran its idle thread */
	bool empty; /* nobody waited */
} runq_put(struct cpu *c, struct thread *t);

/* An idle CPU out of the set `among`, claimed so that the next caller gets another; NULL: none. */
struct cpu *runq_claim_idle(uint64_t among);

/* Something waits on a queue: interrupts an idle CPU, if there is one. */
void runq_kick_idle(void);

static inline uint64_t cpu_bit(const struct cpu *c)
{
	return 1ull << c->id;
}

static inline unsigned cpu_queued(const struct cpu *c)
{
	return atomic_load_explicit(&c->queued, memory_order_relaxed);
}

/* ---- slice.c ---- */

void slice_init(struct cpu *c);
void slice_begin(struct cpu *c, struct thread *next, uint64_t now); /* next is about to run */
void slice_check(struct cpu *c);				    /* is a timer needed? our own CPU, no lock held */

/* ---- tick.c ---- */

#define TICK_NS (4 * NSEC_PER_MSEC)

void tick_init(struct cpu *c);
void tick_check(struct cpu *c, const struct thread *next, uint64_t now); /* next is about to run: is the timer armed? */
void tick_sample(struct cpu *c, bool user); /* in the interrupt; user: it came on top of user mode */

/* ---- thread.c ---- */

void thread_reap(struct thread *t);		 /* t is dead and off its stack */
struct thread *thread_create_idle(unsigned cpu); /* NULL: no memory */
void thread_adopt_boot(struct thread *t);	 /* fills in the thread we boot on */

#endif
