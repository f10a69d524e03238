/* SPDX-License-Identifier: MIT */
/* This CPU's registers, and its idle state. */
#include "arch/upcall.h"
#include "cpu.h"
#include "map.h"

extern char vectors[], boot_stack_top[];

struct cpu_local cpu_locals[MAX_CPUS];
unsigned cpu_count;

#define ID_FIELD(reg, shift) (sysreg_read(reg) >> (shift) & 0xf)
#define CNTKCTL_EL0VCTEN 2

const char *features_missing(void)
{
	if (!ID_FIELD(id_aa64isar0_el1, 20))
		return "this CPU lacks the atomic instructions of ARMv8.1 (LSE): use QEMU's -cpu max or a newer core";
	if (!ID_FIELD(id_aa64mmfr1_el1, 20))
		return "this CPU lacks PAN (ARMv8.1): use QEMU's -cpu max or a newer core";
	return NULL;
}

/* Nobody is current on the boot CPU until arch_cpu_adopt: a panic before that looks. */
void vectors_set(void)
{
	sysreg_write(tpidr_el1, 0);
	sysreg_write(contextidr_el1, 0);
	sysreg_write(vbar_el1, (uintptr_t)vectors);
	isb();
}

/* User programs read the virtual counter, as on Linux, but have no performance monitors. SErrors arrive from now on. */
void cpu_init_self(unsigned cpu)
{
	unsigned monitors = ID_FIELD(id_aa64dfr0_el1, 8);

	sysreg_write(contextidr_el1, cpu);
	sysreg_write(vbar_el1, (uintptr_t)vectors);
	sysreg_write(tpidr_el0, 0);
	sysreg_write(tpidrro_el0, 0);
	sysreg_write(cntkctl_el1, CNTKCTL_EL0VCTEN);
	if (monitors && monitors != 0xf)
		sysreg_write(pmuserenr_el0, 0);
	__asm__ volatile("msr pan, #1; isb; msr daifclr, #4" : : : "memory");
}

void arch_cpu_adopt(struct thread *idle)
{
	thread_arch(idle)->stack_top = (uintptr_t)boot_stack_top;
	sysreg_write(tpidr_el1, (uintptr_t)idle);
}

/* WFI ends at an interrupt even where it is masked (Arm ARM D1.7.2), so none is missed between the look and the wait. */
void arch_cpu_idle(void)
{
	__asm__ volatile("dsb sy; wfi; msr daifclr, #2; isb; msr daifset, #2" : : : "memory");
}
