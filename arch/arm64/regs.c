/* SPDX-License-Identifier: MIT */
#include "arch/upcall.h"
#include "cpu.h"

void arch_regs_init_user(struct arch_regs *regs, uintptr_t entry, uintptr_t stack)
{
	*regs = (struct arch_regs){.pc = entry, .sp = stack, .pstate = PSR_EL0};
}

void arch_regs_log(const struct arch_regs *r)
{
	log_line("pc  %016lx  pstate %08lx  sp %016lx  lr %016lx", r->pc, r->pstate, r->sp, r->x[30]);
	for (unsigned i = 0; i < 28; i += 4)
		log_line("x%-2u %016lx  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx", i, r->x[i], i + 1, r->x[i + 1], i + 2,
			 r->x[i + 2], i + 3, r->x[i + 3]);
	log_line("x28 %016lx  x29 %016lx", r->x[28], r->x[29]);
	log_line("esr %016lx  far %016lx  ttbr0 %016lx", sysreg_read(esr_el1), sysreg_read(far_el1), sysreg_read(ttbr0_el1));
}

/* Data cache to the point of unification, then the instruction cache (Arm ARM B2.8.5); CTR_EL0 may say that either is not needed. */
void arch_icache_sync(void *kernel_va, size_t n)
{
	uint64_t ctr = sysreg_read(ctr_el0);
	uintptr_t line = 4ul << (ctr >> 16 & 0xf), start = (uintptr_t)kernel_va & -line, end = (uintptr_t)kernel_va + n;

	if (!(ctr >> 28 & 1))
		for (uintptr_t p = start; p < end; p += line)
			__asm__ volatile("dc cvau, %0" : : "r"(p) : "memory");
	__asm__ volatile("dsb ish" : : : "memory");
	if (!(ctr >> 29 & 1))
		__asm__ volatile("ic ialluis; dsb ish" : : : "memory");
	isb();
}
