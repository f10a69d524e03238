/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs through PSCI (DEN 0022), and stopping them through an interrupt. */
#include "arch/upcall.h"
#include "bootinfo.h"
#include "cpu.h"
#include "lib/errno.h"
#include "map.h"

#define PSCI_CPU_ON 0xc4000003u

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
	sysreg_write(ttbr0_el1, image_phys(empty_root));
	__asm__ volatile("isb; tlbi vmalle1; dsb nsh; isb" : : : "memory");
	sysreg_write(tpidr_el1, (uintptr_t)c->idle);
	cpu_init_self();
	gic_init_self();
	cpu_main((unsigned)(c - cpu_locals));
}
