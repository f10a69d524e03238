/* SPDX-License-Identifier: MIT */
/* PSCI (Arm DEN 0022): the firmware, or QEMU, turns CPUs on and the machine off. */
#include "cpu.h"

#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_NOT_SUPPORTED -1

static enum psci how;

void psci_init(enum psci call)
{
	how = call;
}

/* x4 to x17 may come back changed (SMC Calling Convention 1.0, Arm DEN 0028). */
#define CALL_CLOBBERS "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"

long psci_call(uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	if (how == PSCI_NONE)
		return PSCI_NOT_SUPPORTED;
	if (how == PSCI_SMC)
		__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CALL_CLOBBERS);
	else
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CALL_CLOBBERS);
	return (long)(int32_t)x0;
}

static _Noreturn void halt(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #0xf; wfi");
}

/* What went wrong reaches the host as a run without a status. */
_Noreturn void arch_poweroff(bool ok)
{
	(void)ok;
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	halt();
}

_Noreturn void arch_reset(void)
{
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	halt();
}
