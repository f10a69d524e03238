/* SPDX-License-Identifier: MIT */
/*
 * TLBs. An entry stays until it is flushed, replaced by another that falls into the same place, or faulted upon: the kernel may rely
 * on nothing less, and real machines keep no more. Address-space ids are never used again, so switching flushes nothing.
 */
#include "cpu.h"

void host_tlb_forget(uintptr_t va)
{
	struct host_cpu *c = host_cpu;

	host_tlb_lock(c);
	for (struct tlb_entry *e = c->tlb; c->space && e < c->tlb + TLB_ENTRIES; e++)
		if (e->asid == c->space->asid && e->va == (va & ~(PAGE_SIZE - 1)))
			e->asid = 0;
	host_tlb_unlock(c);
}

static void flush_cpu(struct host_cpu *c, const struct arch_mm *am, uintptr_t start, uintptr_t end)
{
	host_tlb_lock(c);
	for (struct tlb_entry *e = c->tlb; e < c->tlb + TLB_ENTRIES; e++)
		if (e->asid == am->asid && e->va >= start && e->va < end)
			e->asid = 0;
	host_tlb_unlock(c);
}

void arch_tlb_flush_range(struct arch_mm *am, uintptr_t start, uintptr_t end, bool last_level)
{
	(void)last_level; /* walks are not cached */
	host_point(HOST_AT_ACCESS);
	for (unsigned i = 0; i < host_nr_cpus; i++)
		flush_cpu(&host_cpus[i], am, start, end);
}

void arch_tlb_flush_mm(struct arch_mm *am)
{
	arch_tlb_flush_range(am, 0, UINTPTR_MAX, false);
}
