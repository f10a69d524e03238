/* SPDX-License-Identifier: MIT */
/*
 * Threads as pthreads: real time, real races. See cpu.h.
 *
 * A thread of the kernel is a pthread that waits for its *baton*: the CPU to run on. arch_switch puts the CPU into the next thread's baton and
 * waits for its own. So each CPU is held by one pthread at a time, passes from one to the next through a mutex, and what belongs to
 * the CPU itself needs no other protection. The thread that was switched out may get its next CPU before it has begun to wait: a baton keeps it.
 */
#define _GNU_SOURCE
#include "cpu.h"
#include "lib/errno.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

const bool host_real_time = true;
struct host_cpu host_cpus[MAX_CPUS];
unsigned host_nr_cpus;
__thread struct host_cpu *host_cpu = host_cpus;

/* (L) lock, (C) constant */
struct baton {
	pthread_mutex_t lock;
	pthread_cond_t given;
	struct host_cpu *cpu; /* to run on						(L) */
	bool over;	      /* the thread never runs again				(L) */
	pthread_t pthread;    /*							(C) */
};

static struct engine {
	pthread_mutex_t lock; /* sleeping and kicking					*/
	pthread_cond_t kicked;
	pthread_mutex_t tlb;
} engines[MAX_CPUS];

/* ---- time ---- */

uint64_t host_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t host_clock(void)
{
	return host_time();
}

/* ---- points: nothing is woven here, but a CPU that spins lets others run. After a panic they do so until the process ends ---- */

void host_point(enum host_where where)
{
	if (where == HOST_AT_RELAX)
		sched_yield();
}

/* ---- idle CPUs ---- */

static struct engine *engine_of(const struct host_cpu *c)
{
	return &engines[c->id];
}

void host_kick(struct host_cpu *c)
{
	struct engine *e = engine_of(c);

	pthread_mutex_lock(&e->lock);
	pthread_cond_signal(&e->kicked);
	pthread_mutex_unlock(&e->lock);
}

void host_wait_irq(void)
{
	struct engine *e = engine_of(host_cpu);

	pthread_mutex_lock(&e->lock);
	while (!host_irq_due(host_cpu)) {
		uint64_t until = atomic_load_explicit(&host_cpu->deadline, memory_order_relaxed);
		struct timespec ts = { (time_t)(until / 1000000000u), (long)(until % 1000000000u) };

		if (until == UINT64_MAX)
			pthread_cond_wait(&e->kicked, &e->lock);
		else
			pthread_cond_timedwait(&e->kicked, &e->lock, &ts);
	}
	pthread_mutex_unlock(&e->lock);
}

void host_tlb_lock(struct host_cpu *c)
{
	pthread_mutex_lock(&engine_of(c)->tlb);
}

void host_tlb_unlock(struct host_cpu *c)
{
	pthread_mutex_unlock(&engine_of(c)->tlb);
}

/* ---- batons ---- */

static struct baton *baton_new(struct arch_thread *t)
{
	struct baton *b = calloc(1, sizeof(*b));

	if (!b)
		trap_fatal(NULL, "no memory for a thread");
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->given, NULL);
	t->pthread = b;
	return b;
}

static void baton_give(struct baton *b, struct host_cpu *cpu)
{
	pthread_mutex_lock(&b->lock);
	b->cpu = cpu;
	pthread_cond_signal(&b->given);
	pthread_mutex_unlock(&b->lock);
}

/* Returns with a CPU; not at all if there will be none. */
static void baton_take(struct baton *b)
{
	struct host_cpu *cpu;
	bool over;

	pthread_mutex_lock(&b->lock);
	while (!b->cpu && !b->over)
		pthread_cond_wait(&b->given, &b->lock);
	cpu = b->cpu;
	over = b->over;
	b->cpu = NULL;
	pthread_mutex_unlock(&b->lock);
	if (over)
		pthread_exit(NULL);
	host_cpu = cpu;
}

/* ---- threads ---- */

static void *thread_begin(void *arg)
{
	struct arch_thread *t = arg;

	baton_take(t->pthread);
	host_stack_note(t);
	t->entry(t->arg);
	trap_fatal(NULL, "a thread's entry returned");
}

void arch_thread_init(struct arch_thread *t, void *stack_top, void (*entry)(void *), void *arg)
{
	struct baton *b;

	(void)stack_top; /* stays unused: a pthread brings its own */
	*t = (struct arch_thread){ .entry = entry, .arg = arg };
	b = baton_new(t);
	if (pthread_create(&b->pthread, NULL, thread_begin, t))
		trap_fatal(NULL, "no pthread for a thread");
}

void arch_switch(struct thread *prev, struct thread *next)
{
	struct host_cpu *c = host_cpu;

	c->thread = next;
	baton_give(thread_arch(next)->pthread, c);
	baton_take(thread_arch(prev)->pthread);
}

/* Nobody can look into another pthread's registers: no frames. */
uintptr_t arch_thread_fp(const struct arch_thread *sleeping)
{
	(void)sleeping;
	return 0;
}

void arch_thread_destroy(struct arch_thread *t)
{
	struct baton *b = t->pthread;

	pthread_mutex_lock(&b->lock);
	b->over = true;
	pthread_cond_signal(&b->given);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->pthread, NULL);
	pthread_cond_destroy(&b->given);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* ---- start ---- */

void host_engine_init(const struct host_config *config)
{
	pthread_condattr_t monotonic;

	(void)config;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	for (struct engine *e = engines; e < engines + MAX_CPUS; e++) {
		pthread_mutex_init(&e->lock, NULL);
		pthread_mutex_init(&e->tlb, NULL);
		pthread_cond_init(&e->kicked, &monotonic);
	}
	host_cpu->started = true;
}

void arch_cpu_adopt(struct thread *idle)
{
	struct arch_thread *t = thread_arch(idle);

	baton_new(t)->pthread = pthread_self();
	host_stack_note(t);
	host_cpu->thread = idle;
}

static void cpu_begin(void *arg)
{
	cpu_main(((struct host_cpu *)arg)->id);
}

int arch_cpu_start(unsigned cpu, struct thread *idle)
{
	struct host_cpu *c = &host_cpus[cpu];

	if (cpu >= host_nr_cpus)
		return -EIO;
	arch_thread_destroy(thread_arch(idle)); /* it was made to run something else */
	arch_thread_init(thread_arch(idle), NULL, cpu_begin, c);
	c->thread = idle;
	c->started = true;
	baton_give(thread_arch(idle)->pthread, c);
	return 0;
}
