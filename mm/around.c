/* SPDX-License-Identifier: MIT */
/*
 * Map-around: a read fault on a file maps what is cached around it too, without a page lock (law 3).
 *
 * 1. The window is aligned and holds a power of two of pages, at most one page table; it is cut to the VMA and to the file.
 * 2. All of it happens under one page-table lock: vma->state is looked at once, after the lock was taken (mm/vma.c).
 * 3. For each empty entry: load the cache slot; the page must be READY; add a reference and a map in one step, which fails if the page
 *    is FROZEN; load the slot again. If it changed, the count is on a frame that is somebody else's by now: take it back. If
 *    not, the page is this file's page at this index, and whoever takes it away comes after our count and finds the entry, for
 *    which its walk must take the lock we hold (mm/page.c).
 * 4. READY is looked at after the count, too: page and frame may have been taken back and the frame come again for this very index, to be
 *    read anew; then the slot holds what it held, but the page is READING. With the count on it READY stays.
 * 5. End of file: size is lowered before pages are taken away, and we read it under the page-table lock. Old size read: the
 *    truncater's walk comes after us. New size: we stop there.
 *
 * Why not lock each page, or try to: a trylock that fails keeps others out of the fast way, and a lock taken is one more
 * write to a line that all address spaces share. Why not take a reference first and look afterwards: that is what policy trylock does.
 */
#include "kernel/trace.h"
#include "mm/fault.h"
#include "mm/pagecache.h"
#include "mm/policy.h"
#include "mm/pt.h"
#include "mm/vma.h"
#include "mm/writeback.h"

static const struct trace_point trace_around = { "around", " start=%x pages=%u mapped=%u" };

struct window {
	uintptr_t start, end;
};

static struct window around_window(const struct fault *f)
{
	const struct vma *vma = f->at.vma;
	uintptr_t span = (uintptr_t)policy_get(&policy.around_pages) << PAGE_SHIFT;
	struct window w = { f->address & ~(span - 1), 0 };
	pgoff_t file_end = mapping_end(vma->mapping);

	w.end = w.start + span;
	if (w.start < vma->start)
		w.start = vma->start;
	if (w.end > vma->end)
		w.end = vma->end;
	if (file_end <= vma->pgoff)
		w.end = w.start;
	else if ((w.end - vma->start) >> PAGE_SHIFT > file_end - vma->pgoff)
		w.end = vma->start + ((file_end - vma->pgoff) << PAGE_SHIFT);
	return w;
}

static bool take_lockless(struct page *page, _Atomic(void *) *slot)
{
	if (!page_trymap(page))
		return false;
	/* plain second looks: page_trymap's acquire keeps them behind the count */
	if (likely(atomic_load_explicit(slot, memory_order_relaxed) == page && page_state(page) == PAGE_READY))
		return true;
	stat_inc(STAT_around_backout);
	page_unmap(page);
	return false;
}

/* Linux's way: a reference first, then the lock, and out again if somebody has it. */
static bool take_trylock(struct page *page, _Atomic(void *) *slot)
{
	bool mapped = false;

	if (!page_tryget(page))
		return false;
	/* a look before the lock: on a frame that is a fresh page by now it is the maker's, who does not ask */
	if (atomic_load_explicit(slot, memory_order_relaxed) == page && page_trylock(page)) {
		if (atomic_load_explicit(slot, memory_order_relaxed) == page)
			mapped = page_map_held(page);
		page_unlock(page);
	}
	if (!mapped) {
		stat_inc(STAT_around_backout);
		page_put(page);
	}
	return mapped;
}

/* Maps the page in `slot`, if it is there and READY. */
static bool map_one(const struct fault *f, _Atomic(void *) *slot, pte_t *pte, bool lockless, unsigned prot)
{
	struct page *page = atomic_load_explicit(slot, memory_order_acquire); /* as radix_load */

	if (!page || !page_plain(page)) /* a marked one is for its own fault to meet */
		return false;
	if (prot & PTE_EXEC)
		page_sync_icache(page);
	if (lockless ? !take_lockless(page, slot) : !take_trylock(page, slot))
		return false;
	/* Nobody has to be told of stores to it: 1 in mm/writeback.c */
	if ((f->at.vma->flags & (VMA_SHARED | VMA_WRITE)) == (VMA_SHARED | VMA_WRITE) && page_store_ready(f->at.vma->mapping, page))
		prot |= PTE_WRITE;
	arch_pte_set(pte, arch_pte_make(page_to_pfn(page), prot));
	return true;
}

/* Maps what is there in [w.start, w.end). Page-table lock held. Returns how many. */
static unsigned map_window(const struct fault *f, struct window w, bool lockless)
{
	const struct vma *vma = f->at.vma;
	unsigned prot = pt_prot(vma, false), mapped = 0;
	pte_t *pte = pt_slot_near(f->at.slot, f->address, w.start);
	pgoff_t index = vma->pgoff + ((w.start - vma->start) >> PAGE_SHIFT);
	_Atomic(void *) *slot = NULL;

	for (uintptr_t va = w.start; va < w.end; va += PAGE_SIZE, pte++, index++) {
		if (!slot || !(index % RADIX_SLOTS))
			slot = radix_slot(&vma->mapping->pages, index);
		if (!slot)
			continue;
		if (arch_pte_none(arch_pte_read(pte)))
			mapped += map_one(f, slot, pte, lockless, prot);
		slot++;
	}
	return mapped;
}

enum verdict fault_map_around(struct fault *f)
{
	uint32_t how = policy_get(&policy.around);
	struct spinlock *lock;
	unsigned mapped = 0;
	struct window w;
	bool done;

	if (!f->at.vma->mapping || fault_is_write(f) || !arch_pte_none(f->at.old) || how == AROUND_OFF)
		return NEXT;
	lock = pt_lock_of(f->at.slot);
	spin_lock(lock);
	w = around_window(f);
	if (likely(vma_state(f->at.vma) == VMA_LIVE))
		mapped = map_window(f, w, how == AROUND_LOCKLESS);
	done = !arch_pte_none(arch_pte_read(f->at.slot));
	spin_unlock(lock);
	atomic_fetch_add_explicit(&f->mm->rss, mapped, memory_order_relaxed);
	stat_inc(STAT_around_calls);
	stat_add(STAT_around_mapped, mapped);
	trace(&trace_around, w.start, (w.end - w.start) >> PAGE_SHIFT, mapped);
	return done ? fault_release(f, DONE) : NEXT;
}
