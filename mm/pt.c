/* SPDX-License-Identifier: MIT */
/* Page tables: frames for them, the slot of a fault, and the walks that take entries away or change them. See mm/pt.h. */
#include "mm/pt.h"

#include "arch/upcall.h"
#include "kernel/stats.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/fault.h"
#include "mm/vma.h"

pfn_t zero_pfn;

void pt_init(void)
{
	zero_pfn = frame_alloc(0, FRAME_NORMAL);
	if (zero_pfn == NO_FRAME)
		panic("too little memory: no room for the zero page");
	arch_page_zero(pfn_to_virt(zero_pfn));
}

unsigned pt_prot(const struct vma *vma, bool write)
{
	unsigned prot = PTE_ACCESSED;

	if (vma->flags & (VMA_READ | VMA_WRITE | VMA_EXEC))
		prot |= PTE_USER | PTE_READ;
	if (vma->flags & VMA_EXEC)
		prot |= PTE_EXEC;
	if (write && (vma->flags & VMA_WRITE))
		prot |= PTE_WRITE;
	return prot;
}

/* ---- frames for tables ---- */

phys_t table_alloc(void)
{
	pfn_t pfn = frame_alloc(0, FRAME_RESERVE);
	struct page *page;

	if (pfn == NO_FRAME)
		return 0;
	arch_page_zero(pfn_to_virt(pfn));
	/* word stays 0, so that no late look-up of the frame's last life takes a reference: mm/page.c */
	page = pfn_to_page(pfn);
	atomic_store_explicit(&page->word, 0, memory_order_relaxed);
	atomic_store_explicit(&page->flags, PG_TABLE, memory_order_relaxed);
	spin_init(&page->ptl, LOCK_PT);
	current->tables_made++;
	return pfn << PAGE_SHIFT;
}

void table_free(phys_t table)
{
	frame_free(table >> PAGE_SHIFT, 0);
}

pte_t *pt_add_tables(struct mm *mm, uintptr_t va)
{
	uint64_t before = current->tables_made;
	pte_t *slot = arch_pte_alloc(&mm->arch, va);

	atomic_fetch_add_explicit(&mm->tables, current->tables_made - before, memory_order_relaxed);
	return slot;
}

/* ---- the fault's step ---- */

/* Adds the missing table. mm->table_lock and `state` under it: point 2 of mm/vma.c. */
static pte_t *slot_alloc(struct fault *f, enum verdict *why)
{
	pte_t *slot = NULL;

	spin_lock(&f->mm->table_lock);
	*why = RETRY;
	if (vma_state(f->at.vma) == VMA_LIVE) {
		*why = OOM;
		slot = pt_add_tables(f->mm, f->address);
	}
	spin_unlock(&f->mm->table_lock);
	return slot;
}

bool pt_allows(pte_t pte, unsigned access)
{
	unsigned want = PTE_USER | PTE_READ;

	if (access & FAULT_WRITE)
		want |= PTE_WRITE;
	if (access & FAULT_EXEC)
		want |= PTE_EXEC;
	return (arch_pte_prot(pte) & want) == want;
}

/* The entry is as wanted: another CPU was first, this one remembers an older entry, or a machine without a hardware access
 * flag wants to be told that the page is young. */
static enum verdict spurious(struct fault *f)
{
	struct spinlock *lock = pt_lock_of(f->at.slot);
	pte_t young = arch_pte_make(arch_pte_pfn(f->at.old), arch_pte_prot(f->at.old) | PTE_ACCESSED);

	spin_lock(lock);
	if (arch_pte_read(f->at.slot).v == f->at.old.v && vma_state(f->at.vma) == VMA_LIVE)
		arch_pte_set(f->at.slot, young);
	spin_unlock(lock);
	arch_tlb_flush_local(&f->mm->arch, f->address);
	stat_inc(STAT_fault_spurious);
	return fault_release(f, DONE);
}

enum verdict fault_find_slot(struct fault *f)
{
	enum verdict why = RETRY; /* gcc 14 does not see that slot_alloc sets it */

	f->at.slot = arch_pte_find(&f->mm->arch, f->address);
	if (unlikely(!f->at.slot))
		f->at.slot = slot_alloc(f, &why);
	if (unlikely(!f->at.slot)) {
		if (why == OOM)
			return fault_wait_memory(f);
		return fault_release(f, RETRY);
	}
	f->at.old = arch_pte_read(f->at.slot);
	if (unlikely(arch_pte_present(f->at.old) && pt_allows(f->at.old, f->access)))
		return spurious(f);
	return NEXT;
}

void pt_barrier(struct mm *mm)
{
	spin_lock(&mm->table_lock);
	spin_unlock(&mm->table_lock);
}
