/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: a FIFO run queue a CPU, time slices, idle CPUs take work from busy ones. struct cpu is what a CPU knows
 * about itself; this_cpu() is stable while preemption is off. How threads move is at the head of sched.c.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "kernel/thread.h"
#include "kernel/time.h"
#include "lib/prng.h"

/* (C) constant once online, (A) atomic, (L) lock, (O) this CPU only, interrupts off */
struct cpu {
	unsigned id;			 /*							(C) */
	_Atomic bool online;		 /*							(A) */
	struct thread *idle;		 /*							(C) */
	struct spinlock lock;		 /* run queue						    */
	struct list queue;		 /* runnable threads, not the running one		(L) */
	_Atomic unsigned queued;	 /* how many						(L) to write */
	unsigned jumps;			 /* put at the front since another thread was taken	(L) */
	struct thread *running;		 /*							(L) */
	struct thread *prev;		 /* whom we switched away from				(O) */
	_Atomic uint64_t since;		 /* when `running` was switched to			(O) to write */
	struct timer slice;		 /*							(O) */
	bool slice_armed;		 /*							(O) */
	struct timer tick;		 /* kernel/tick.c					(O) */
	bool tick_armed, tick_came;	 /*							(O) */
	struct prng jitter;		 /*							(O) */
	const struct arch_regs *regs;	 /* in an interrupt: what it interrupted		(O) */
	uint64_t stuck_since;		 /* watchdog: since when no schedule point is known	(O) */
	unsigned stuck;			 /* watchdog: ticks without one				(O) */
	_Atomic uint64_t rcu_quiet;	 /* last grace period this CPU has passed, or RCU_IDLE: rcu.c	(O) to write */
} __attribute__((aligned(64)));

extern struct cpu cpus[MAX_CPUS];

static inline struct cpu *this_cpu(void)
{
	return &cpus[atomic_load_explicit(&current->cpu, memory_order_relaxed)];
}

/*
 * How long a thread may run while others wait: sched_slice_ns, plus or minus a random part of up to sched_jitter_ns, from
 * sched_seed (jitter is at most the slice). sched_slice_always: the timer comes even if nobody waits, which is what makes virtual
 * CPUs under -icount take turns (DESIGN.md, "slice=N"). Set before the first thread starts.
 */
extern uint64_t sched_slice_ns, sched_jitter_ns, sched_seed;
extern bool sched_slice_always;

/* All of them: slices of ns, give or take half of it. While the first CPU is the only one. */
void sched_slice_force(uint64_t ns, uint64_t from);

/* Gives the CPU away; returns when the thread runs again. Interrupts as before. Thread context, preemption on. */
void schedule(void);

/* Before anything else: makes the boot context CPU 0's idle thread, which may not sleep. Interrupts off. */
void sched_init_cpu(unsigned cpu);

/* The idle loop: what a CPU does with nothing to do. */
_Noreturn void sched_idle(void);

/* Starts the other CPUs from a thread of its own, so that user space does not wait for them. */
void smp_start(unsigned cpus);
unsigned smp_online(void);

#endif
