/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: a FIFO run queue a CPU, time slices, idle CPUs take work from busy ones. struct cpu is what a CPU knows
 * about itself; cpus[current->cpu] is stable while preemption is off.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "kernel/thread.h"
#include "kernel/time.h"

struct cpu {
	unsigned id;			 /* (C) */
	_Atomic bool online;		 /* (A) */
	struct thread *idle;		 /* (C) */
	struct spinlock lock;		 /* run queue */
	struct list queue;		 /* runnable threads, not the running one	(lock) */
	_Atomic unsigned queued;	 /* how many	(lock to write) */
	struct thread *running;		 /* (lock) */
	struct thread *prev;		 /* whom we switched away from; only this CPU */
	struct timer slice;		 /* only this CPU */
	_Atomic uint64_t rcu_quiet;	 /* last grace period this CPU has passed (rcu.c) */
};

extern struct cpu cpus[MAX_CPUS];

/* Gives the CPU away; returns when the thread runs again. Interrupts as before. Thread or idle context. */
void schedule(void);

/* Before anything else: makes the boot context a thread (this CPU's idle one). */
void sched_init_cpu(unsigned cpu);

/* The idle loop: what a CPU does with nothing to do. */
_Noreturn void sched_idle(void);

/* Starts the other CPUs from a thread of its own, so that user space does not wait for them. */
void smp_start(unsigned cpus);
unsigned smp_online(void);

#endif
