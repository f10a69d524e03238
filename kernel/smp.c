/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs. One after the other, by a thread, because the machine may have to wait for each; whoever
 * boots does not. A CPU is offered work from the moment it first goes idle, and counts for RCU from cpu_main on.
 */
#include "arch/upcall.h"
#include "kernel/sched_impl.h"
#include "kernel/trace.h"

_Noreturn void cpu_main(unsigned cpu)
{
	sched_start_cpu(&cpus[cpu]);
	sched_idle();
}

static bool start_one(unsigned cpu)
{
	struct thread *idle = thread_create_idle(cpu);

	if (!idle)
		return false;
	cpus[cpu].idle = cpus[cpu].running = idle;
	if (trace_start_cpu(cpu))
		log_line("CPU %u is not traced: no memory", cpu);
	return arch_cpu_start(cpu, idle) == 0;
}

static void start_all(void *arg)
{
	unsigned n = (unsigned)(uintptr_t)arg;

	for (unsigned cpu = 1; cpu < n; cpu++)
		if (!start_one(cpu))
			log_line("CPU %u does not start; going on without it", cpu);
}

void smp_start(unsigned n)
{
	struct thread *t;

	if (n < 2)
		return;
	t = thread_create("smp", start_all, (void *)(uintptr_t)(n < MAX_CPUS ? n : MAX_CPUS));
	if (!t)
		panic("too little memory: no room for the thread that starts the CPUs");
	thread_start(t);
}

unsigned smp_online(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MAX_CPUS; i++)
		n += atomic_load_explicit(&cpus[i].online, memory_order_relaxed);
	return n;
}
