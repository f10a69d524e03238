/* SPDX-License-Identifier: MIT */
/*
 * Fibers: which CPU has its turn, and what time it is. See cpu.h.
 *
 * A CPU that does not have its turn is a saved stack pointer: that of the thread that is current there, in the middle of host_point,
 * host_wait_irq or its very beginning. Only this file switches between CPUs, only arch_switch between threads of one CPU.
 */
#include "cpu.h"
#include "fiber.h"
#include "lib/errno.h"
#include "lib/prng.h"

#define POINT_NS 20 /* what the code between two points takes */

const bool host_real_time = false;
struct host_cpu host_cpus[MAX_CPUS];
unsigned host_nr_cpus;
__thread struct host_cpu *host_cpu = host_cpus;

static uint64_t now;
static struct prng turns;
static uint32_t turn_one_in;

/* ---- time ---- */

uint64_t host_time(void)
{
	return now;
}

uint64_t host_clock(void)
{
	return ++now;
}

/* Every CPU idles: the next thing that happens is a timer. */
static void jump(void)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < host_nr_cpus; i++)
		if (host_cpus[i].started && host_cpus[i].deadline < next)
			next = host_cpus[i].deadline;
	if (next == UINT64_MAX)
		trap_fatal(NULL, "deadlock: every CPU is idle, no timer is armed and no interrupt pending");
	if (next > now)
		now = next;
}

/* ---- turns ---- */

static bool can_run(const struct host_cpu *c)
{
	return c->started && (!c->idle || host_irq_due(c));
}

/* One of those that can run, other than `not`; NULL: none. The only place where chance decides. */
static struct host_cpu *host_choose(const struct host_cpu *not)
{
	struct host_cpu *able[MAX_CPUS];
	uint32_t n = 0;

	for (struct host_cpu *c = host_cpus; c < host_cpus + host_nr_cpus; c++)
		if (c != not && can_run(c))
			able[n++] = c;
	return n ? able[prng_below(&turns, n)] : NULL;
}

static void give_turn(struct host_cpu *to)
{
	struct host_cpu *self = host_cpu;
	struct arch_thread *from = thread_arch(self->thread);

	if (to == self)
		return;
	host_cpu = to;
	fiber_switch(&self->sp, from, to->sp, thread_arch(to->thread));
}

void host_point(enum host_where where)
{
	struct host_cpu *to;

	now += POINT_NS;
	if (host_nr_cpus == 1 || atomic_load_explicit(&host_stopped, memory_order_relaxed))
		return;
	if (where != HOST_AT_RELAX && prng_below(&turns, turn_one_in))
		return;
	to = host_choose(host_cpu);
	if (to)
		give_turn(to);
}

void host_wait_irq(void)
{
	host_cpu->idle = true;
	while (!host_irq_due(host_cpu)) {
		struct host_cpu *to = host_choose(host_cpu);

		if (to)
			give_turn(to);
		else
			jump();
	}
	host_cpu->idle = false;
}

void host_kick(struct host_cpu *c)
{
	(void)c; /* can_run sees what is pending */
}

void host_tlb_lock(struct host_cpu *c)
{
	(void)c;
}

void host_tlb_unlock(struct host_cpu *c)
{
	(void)c;
}

/* ---- start ---- */

void host_engine_init(const struct host_config *config)
{
	host_cpu = &host_cpus[0];
	host_cpu->started = true;
	prng_seed(&turns, prng_mix(config->seed));
	turn_one_in = config->turn_one_in ? config->turn_one_in : 4;
}

void arch_cpu_adopt(struct thread *idle)
{
	host_stack_note(thread_arch(idle));
	host_cpu->thread = idle;
}

static void cpu_begin(void *arg)
{
	cpu_main(((struct host_cpu *)arg)->id);
}

int arch_cpu_start(unsigned cpu, struct thread *idle)
{
	struct host_cpu *c = &host_cpus[cpu];
	struct arch_thread *t = thread_arch(idle);

	if (cpu >= host_nr_cpus)
		return -EIO;
	arch_thread_init(t, t->stack + t->stack_size, cpu_begin, c);
	c->thread = idle;
	c->sp = t->sp;
	c->started = true;
	return 0;
}
