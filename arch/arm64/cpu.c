/* SPDX-License-Identifier: MIT */
/* This CPU's registers, and its idle state. */
#include "arch/upcall.h"
#include "cpu.h"
#include "map.h"

extern char vectors[], boot_stack_top[];

struct cpu_local cpu_locals[MAX_CPUS];
unsigned cpu_count;

#define ID_FIELD(reg, shift) (sysreg_read(reg) >> (shift) & 0xf)

const char *features_missing(void)
{
	if (!ID_FIELD(id_aa64isar0_el1, 20))
		return "this CPU lacks the atomic instructions of ARMv8.1 (LSE): use QEMU's -cpu max or a newer core";
	if (!ID_FIELD(id_aa64mmfr1_el1, 20))
		return "this CPU lacks PAN (ARMv8.1): use QEMU's -cpu max or a newer core";
	if (ID_FIELD(id_aa64mmfr0_el1, 28) == 0xf)
		return "this CPU has no 4 KiB pages";
	return NULL;
}

void cpu_init_self(void)
{
	sysreg_write(vbar_el1, (uintptr_t)vectors);
	sysreg_write(tpidr_el0, 0);
	sysreg_write(tpidrro_el0, 0);
	__asm__ volatile("msr pan, #1; isb" : : : "memory");
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
