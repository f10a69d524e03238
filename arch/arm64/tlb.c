/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes are broadcast by the hardware to all CPUs of the inner-shareable domain (Arm ARM D8.13). The DSB before makes the changed entries
 * visible to every walker, the one after waits until all CPUs have forgotten the old ones and finished what used them.
 */
#include "cpu.h"

#define ONE_BY_ONE 64 /* more pages than this: forget the whole address space */

void arch_tlb_flush_mm(struct arch_mm *am)
{
	__asm__ volatile("dsb ishst; tlbi aside1is, %0; dsb ish; isb" : : "r"(am->asid << 48) : "memory");
}

void arch_tlb_flush_range(struct arch_mm *am, uintptr_t start, uintptr_t end, bool last_level)
{
	start &= -PAGE_SIZE;
	if ((end - start) / PAGE_SIZE > ONE_BY_ONE) {
		arch_tlb_flush_mm(am);
		return;
	}
	__asm__ volatile("dsb ishst" : : : "memory");
	for (uintptr_t va = start; va < end; va += PAGE_SIZE) {
		if (last_level)
			__asm__ volatile("tlbi vale1is, %0" : : "r"(tlbi_operand(am, va)) : "memory");
		else
			__asm__ volatile("tlbi vae1is, %0" : : "r"(tlbi_operand(am, va)) : "memory");
	}
	__asm__ volatile("dsb ish; isb" : : : "memory");
}
