/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs through PSCI (Arm DEN 0022), and stopping them through an interrupt. */
#include "arch/upcall.h"
#include "bootinfo.h"
#include "cpu.h"
#include "lib/errno.h"
#include "map.h"

#define PSCI_CPU_ON 0xc4000003u
#define STOP_NS 100000000ull /* a host may have other things to do than to run that CPU */

extern char secondary_entry[], boot_identity_l0[];

/* What secondary_entry reads, with its MMU off. */
struct start {
	uint64_t identity_root, kernel_root, stack, local;
} __attribute__((aligned(64)));

static struct start starts[MAX_CPUS];

/* The new CPU reads it past the caches: it must be in memory (Arm ARM B2.8). */
static void clean_to_memory(const void *p)
{
	__asm__ volatile("dc cvac, %0; dsb sy" : : "r"(p) : "memory");
}

int arch_cpu_start(unsigned cpu, struct thread *idle)
{
	struct start *s = &starts[cpu];

	cpu_locals[cpu].idle = idle;
	*s = (struct start){
		.identity_root = image_phys(boot_identity_l0),
		.kernel_root = image_phys(kernel_root),
		.stack = thread_arch(idle)->stack_top,
		.local = (uintptr_t)&cpu_locals[cpu],
	};
	clean_to_memory(s);
	if (psci_call(PSCI_CPU_ON, cpu_locals[cpu].affinity, image_phys(secondary_entry), image_phys(s)))
		return -EIO;
	return 0;
}

_Noreturn void smp_begin(struct cpu_local *c)
{
	identity_leave();
	sysreg_write(tpidr_el1, (uintptr_t)c->idle);
	cpu_init_self((unsigned)(c - cpu_locals));
	gic_init_self();
	cpu_main((unsigned)(c - cpu_locals));
}

/* ---- stopping ---- */

_Noreturn void smp_stop_here(void)
{
	/* release: pairs with all_stopped, so that what we stored is seen by the CPU that reports */
	atomic_store_explicit(&cpu_locals[cpu_number()].stopped, true, memory_order_release);
	for (;;)
		__asm__ volatile("msr daifset, #0xf; wfi");
}

static bool runs(unsigned cpu)
{
	return cpu == 0 || cpu_locals[cpu].idle;
}

static bool all_stopped(unsigned but)
{
	for (unsigned i = 0; i < cpu_count; i++)
		if (i != but && runs(i) && !atomic_load_explicit(&cpu_locals[i].stopped, memory_order_acquire))
			return false;
	return true;
}

/* Those with interrupts off stop when they turn them on: there is no interrupt here that nothing masks. */
void arch_cpu_stop_others(void)
{
	irqflags_t flags = arch_irq_save();
	uint64_t until = arch_clock_ns() + STOP_NS;
	unsigned self = cpu_number();

	for (unsigned i = 0; i < cpu_count; i++)
		if (i != self && runs(i))
			gic_send_stop(i);
	while (!all_stopped(self) && arch_clock_ns() < until)
		arch_cpu_relax();
	arch_irq_restore(flags);
}
