/* SPDX-License-Identifier: MIT */
/*
 * Reverse mapping of file pages: the VMAs that map the file are on mapping->mappers; each is asked for the entry of this index.
 *
 * A VMA is on the list from before its first entry can exist until after its last is gone (mm/vma.c), so the walk meets every entry. Its
 * address space exists as long: it goes only after its VMAs.
 */
#include "mm/rmap.h"

#include "mm/backing.h"
#include "mm/page_lock.h"
#include "mm/pt.h"
#include "mm/vma.h"

/* The slot that may map `page` through vma, or NULL. RCU read section. */
static pte_t *find_slot(const struct vma *vma, pgoff_t index, uintptr_t *va)
{
	if (index < vma->pgoff || index - vma->pgoff >= (vma->end - vma->start) >> PAGE_SHIFT)
		return NULL;
	*va = vma->start + ((index - vma->pgoff) << PAGE_SHIFT);
	return arch_pte_find(&vma->mm->arch, *va);
}

static bool maps(pte_t pte, const struct page *page)
{
	return arch_pte_present(pte) && arch_pte_pfn(pte) == page_to_pfn(page);
}

/* false: the entry was used lately; it stays. */
static bool unmap_one(const struct vma *vma, struct page *page, pte_t *slot, uintptr_t va)
{
	struct spinlock *lock = pt_lock_of(slot);
	bool young = false, gone = false;

	spin_lock(lock);
	if (maps(arch_pte_read(slot), page)) {
		young = arch_pte_test_clear_accessed(slot);
		if (!young) {
			arch_pte_replace(slot, (pte_t){ 0 });
			gone = true;
		}
	}
	if (gone)
		arch_tlb_flush_range(&vma->mm->arch, va, va + PAGE_SIZE, true);
	spin_unlock(lock);
	if (gone) {
		atomic_fetch_sub_explicit(&vma->mm->rss, 1, memory_order_relaxed);
		page_unmap(page);
	}
	return !young;
}

static bool unmap_through(const struct vma *vma, struct page *page)
{
	pgoff_t index = atomic_load_explicit(&page->index, memory_order_relaxed);
	bool gone = true;
	uintptr_t va;
	pte_t *slot;

	rcu_read_lock();
	slot = find_slot(vma, index, &va);
	if (slot)
		gone = unmap_one(vma, page, slot, va);
	rcu_read_unlock();
	return gone;
}

bool rmap_unmap_file(struct page *page)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);
	struct vma *vma;
	bool all = true;

	assert(page_locked(page) && page_frozen(page));
	if (!mutex_trylock(&m->mappers_lock))
		return false;
	list_for_each(vma, &m->mappers, mapper)
		all &= unmap_through(vma, page);
	mutex_unlock(&m->mappers_lock);
	return all;
}
