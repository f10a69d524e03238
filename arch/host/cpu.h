/* SPDX-License-Identifier: MIT */
/*
 * The host machine: a CPU in C.
 *
 * Memory. An anonymous mapping at DIRECT_MAP plays the RAM. Page tables are real tables in it, and every access to user memory walks
 * them (user.c), through a TLB that each CPU has and that forgets only when it is told to (tlb.c): so a missing flush shows.
 *
 * Interrupts are taken where interrupts are switched on and where a CPU spins: the kernel passes such a place at every unlock. Nothing
 * comes in between, so code without a point runs undisturbed; what may disturb it there is the scheduling below.
 *
 * Time and turns are the engine's, of which there are two:
 *   fibers (smp.c, thread.c): everything in one OS thread. A thread is a stack; a CPU is whatever its current thread does. At
 *	a point (host_point) the CPU may have to give its turn to another, by a seeded generator: a run repeats with its seed. The clock
 *	moves a little at each point, and jumps to the next timer when every CPU idles. If there is none, that is a deadlock and
 *	reported. host_choose is the one place that decides who goes on, which is where a controlled scheduler attaches.
 *   pthreads (pthread.c): a thread is a pthread, and as many of them run at a time as there are CPUs. Real time, real races: for
 *	ThreadSanitizer.
 */
#ifndef ARCH_HOST_CPU_H
#define ARCH_HOST_CPU_H

#include "arch/upcall.h"

#define TLB_ENTRIES 256

struct tlb_entry {
	uint64_t asid; /* 0: empty */
	uintptr_t va;
	pte_t pte;
};

/* (S) the CPU itself; (A) atomic; (E) the engine; (T) its tlb lock */
struct host_cpu {
	unsigned id;		  /*							(C) */
	struct thread *thread;	  /* current							(S) */
	bool irq_on;		  /*							(S) */
	_Atomic uint32_t pending; /* BIT(enum arch_irq)					(A) */
	_Atomic uint64_t deadline;/* of its timer					(A) */
	struct arch_mm *space;	  /* active address space				(S) */
	struct tlb_entry tlb[TLB_ENTRIES]; /*						(T) */
	bool started;		  /*							(E) */
	bool idle;		  /* fibers: in arch_cpu_idle				(E) */
	void *sp;		  /* fibers: where it goes on when it gets its turn	(E) */
	void *engine;		  /* pthreads: locks and the like			(E) */
};

extern struct host_cpu host_cpus[MAX_CPUS];
extern unsigned host_nr_cpus;

static inline struct arch_thread *thread_arch(struct thread *t)
{
	return (struct arch_thread *)t; /* its first member */
}

/* ---- for whoever builds a machine (tests) ---- */

struct host_config {
	unsigned cpus;
	size_t ram;	/* bytes */
	size_t disk;	/* bytes behind the RAM, in the direct map too: not in boot_info's RAM */
	uint64_t seed;	/* of turns */
	unsigned turn_one_in; /* at a point the CPU keeps its turn but once in so many; 0: 4 */
};

/* Builds it and enters kernel_main with interrupts off. The command line is the test's business. */
_Noreturn void host_boot(const struct host_config *config);

#define HOST_RAM_START 0x100000ul /* physical; below is nothing */

static inline phys_t host_disk_start(const struct host_config *config)
{
	return HOST_RAM_START + config->ram;
}

/* What a user program would do at va: n bytes, not across a page boundary, through the TLB of this CPU and FAULT_USER faults.
 * false: it has trapped for good (regs->trapped). */
bool host_user_read(struct arch_regs *regs, uintptr_t va, void *to, size_t n);
bool host_user_write(struct arch_regs *regs, uintptr_t va, const void *from, size_t n);

extern bool host_access_flag; /* does the machine set the accessed bit itself (x86), or fault for it (older arm64)? */

/* ---- irq.c ---- */

bool host_irq_due(const struct host_cpu *c);
void host_irq_deliver(void); /* this CPU: all that is due, if interrupts are on */

/* ---- the engine: smp.c and thread.c, or pthread.c ---- */

extern const bool host_real_time; /* pthreads */

enum host_where {
	HOST_AT_IRQ,   /* interrupts have just been switched on */
	HOST_AT_RELAX, /* this CPU spins, and cannot go on until another has done something */
	HOST_AT_ACCESS,/* a machine instruction that others can see */
};

void host_point(enum host_where where); /* others may have their turn here */
void host_wait_irq(void);		/* arch_cpu_idle: until host_irq_due */
void host_kick(struct host_cpu *c);	/* something is pending there */
uint64_t host_time(void);		/* what host_clock last said, or later; moves nothing */
void host_engine_init(const struct host_config *config);
void host_stack_note(struct arch_thread *t); /* t runs on the stack that the calling pthread has */

/* What another CPU's TLB flush must wait for: lookup and use of an entry. A no-op where nothing runs at the same time. */
void host_tlb_lock(struct host_cpu *c);
void host_tlb_unlock(struct host_cpu *c);

extern _Atomic bool host_stopped; /* all CPUs but one stand still for good */

#endif
