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

/* ---- caches (Arm ARM, CTR_EL0 and B2.8) ---- */

#define CTR_DIC (1ul << 29) /* instruction caches need no invalidation */
#define CTR_IDC (1ul << 28) /* data caches need no cleaning */
#define CTR_PIPT 3	    /* in L1Ip: instruction caches are found by physical address, so any alias will do */

static void each_line(uintptr_t start, uintptr_t end, unsigned log_words, void (*op)(uintptr_t va))
{
	uintptr_t line = 4ul << log_words;

	for (uintptr_t p = start & -line; p < end; p += line)
		op(p);
}

static void clean_line(uintptr_t va)
{
	__asm__ volatile("dc cvau, %0" : : "r"(va) : "memory");
}

static void drop_line(uintptr_t va)
{
	__asm__ volatile("ic ivau, %0" : : "r"(va) : "memory");
}

/* First the code leaves the data caches, then the old leaves the instruction caches of all CPUs; each DSB waits for what is above
 * it. A CPU that runs the code came to it by an exception return, which is its ISB. */
void arch_icache_sync(void *kernel_va, size_t n)
{
	uint64_t ctr = sysreg_read(ctr_el0);
	uintptr_t start = (uintptr_t)kernel_va, end = start + n;

	if (!(ctr & CTR_IDC))
		each_line(start, end, ctr >> 16 & 0xf, clean_line);
	__asm__ volatile("dsb ish" : : : "memory");
	if (ctr & CTR_DIC)
		return;
	if ((ctr >> 14 & 3) == CTR_PIPT)
		each_line(start, end, ctr & 0xf, drop_line);
	else
		__asm__ volatile("ic ialluis" : : : "memory");
	__asm__ volatile("dsb ish; isb" : : : "memory");
}
