/* SPDX-License-Identifier: MIT */
/*
 * Page tables of an address space: their locks, and the walks over them.
 *
 * Each leaf table has a spinlock in its struct page; it guards the table's entries against everybody but the hardware. mm->table_lock
 * guards that tables come and go. A table's memory is freed by RCU, so a slot found in a read section stays readable; but whoever
 * means to store into it checks vma->state under the table's lock (mm/vma.c).
 */
#ifndef MM_PT_H
#define MM_PT_H

#include "mm/mm.h"
#include "mm/page.h"

static inline struct spinlock *pt_lock_of(const pte_t *slot)
{
	return &virt_to_page(slot)->ptl;
}

/* The slot of va in the table of `slot`, which is va0's; both in one table. */
static inline pte_t *pt_slot_near(pte_t *slot, uintptr_t va0, uintptr_t va)
{
	return slot + ((intptr_t)(va - va0) >> PAGE_SHIFT);
}

/* As arch_pte_alloc, counting the tables it makes. mm->table_lock, or nobody else has mm yet. */
pte_t *pt_add_tables(struct mm *mm, uintptr_t va);

extern pfn_t zero_pfn; /* the page that all unwritten anonymous memory shows; entries to it are not counted */

static inline bool pte_is_zero(pte_t pte)
{
	return arch_pte_pfn(pte) == zero_pfn;
}

/* Where the leaf table of va ends, or `end` if that comes first. */
static inline uintptr_t pt_table_end(uintptr_t va, uintptr_t end)
{
	uintptr_t span = (uintptr_t)PTES_PER_TABLE * PAGE_SIZE, next = (va & ~(span - 1)) + span;

	return next < end ? next : end;
}

/* Does the entry allow this access (enum fault_access) without a fault? */
bool pt_allows(pte_t pte, unsigned access);

/* The page a present entry counts on, or NULL for the zero page. */
static inline struct page *pte_page(pte_t pte)
{
	return pte_is_zero(pte) ? NULL : pfn_to_page(arch_pte_pfn(pte));
}

/* Bits for an entry of this VMA; write decides whether it may be written without another fault. */
unsigned pt_prot(const struct vma *vma, bool write);

void pt_init(void); /* the zero page */

/* Whoever hooks in a table from now on sees what the caller did before: step c of mm/vma.c. */
void pt_barrier(struct mm *mm);

/* All of these: mm->lock held for writing, or the address space is nobody's any more. */

/* Empties the entries of the range and lets their pages go, after a TLB flush. */
void pt_zap(struct mm *mm, uintptr_t start, uintptr_t end);

/*
 * rmap's, with mappers_lock instead of mm->lock: the same for [start, end) of vma, which maps a file. Only while vma is what its address space has
 * there. Private copies stay unless `copies`.
 */
void pt_zap_file(const struct vma *vma, uintptr_t start, uintptr_t end, bool copies);

/* [start, end) has been unmapped, and no VMA lies in the gap [low, high) around it any more: frees the page tables over the range that
 * serve nothing outside the gap. */
void pt_free_tables(struct mm *mm, uintptr_t start, uintptr_t end, uintptr_t low, uintptr_t high);

/* Gives the present entries of this part of vma the protection of vma; what needs a fault to become writable stays read-only. */
void pt_protect(const struct vma *vma, uintptr_t start, uintptr_t end);

/* mremap, in the order of mm/mremap.c. prepare: makes the tables that the entries of [from, from + len) need at `to`; 0 or -ENOMEM, some
 * may be made. pt_move: moves the entries there; vma describes the new place. */
int pt_move_prepare(struct mm *mm, uintptr_t from, uintptr_t to, size_t len);
void pt_move(const struct vma *vma, uintptr_t from, uintptr_t to, size_t len);

/* Fork: shares vma's anonymous pages with `child` (in its own address space), write-protected on both sides. The caller flushes the
 * parent afterwards. 0 or -ENOMEM (child half filled: throw it away). */
int pt_copy(const struct vma *vma, struct mm *child);

#endif
