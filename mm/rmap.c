/* SPDX-License-Identifier: MIT */
/*
 * Reverse mapping of file pages: the VMAs that map the file are on mapping->mappers; each is asked for the entries of these indices.
 *
 * A VMA is on the list from before its first entry can exist until after its last is gone (mm/vma.c), so the walk meets every entry. Its
 * address space exists as long: it goes only after its VMAs, and a VMA leaves the list under mappers_lock, which a walk holds.
 *
 * Entries of several pages are changed first, then the TLB is flushed once for each VMA, then the counts are dropped. Why that order is safe:
 *
 * 1. A page whose entry is gone, but not flushed, still has that entry's count, so it is nobody else's. It is FROZEN or under write-back, so it
 *    cannot leave the cache either; another CPU may use the old entry, and sees or changes the page that is still the file's.
 * 2. Whoever replaces what is mapped there (munmap, mmap over it, mprotect) might find the entry empty already, not flush, and let a program
 *    see the old page afterwards. So mm->flushing counts those who have taken entries away and not yet flushed. It is raised before the
 *    first entry goes, under the page-table lock that guards it, and whoever walks the table after us reads it: if it is not zero he flushes
 *    himself (pt_zap). If it is zero again, the flush has been done.
 * 3. A fault at this address finds the page FROZEN and waits; through a VMA that has replaced ours it may install, but 2 came first.
 * 4. Write-protecting leaves the entry in place, so that whoever takes it away flushes.
 * 5. Where there is no table yet, a fault may be about to add one: it stores the table, then reads the page's flags; we have changed the flags, then
 *    read the table. Both might read the old value. So we pass through table_lock and look again: who adds a table later, or finds that one,
 *    sees the flags as we left them. (The counts need no such thing: a freezer looks at them again.)
 */
#include "mm/rmap.h"

#include "mm/lru.h"
#include "mm/page_lock.h"
#include "mm/pt.h"
#include "mm/vma.h"

enum change { UNMAP, UNMAP_UNUSED, AGE, PROTECT };

/* A walk's own. */
struct walk {
	enum change change;
	unsigned n;
	struct page **pages;
	pgoff_t first, last; /* of their indices */
	uint64_t used;	    /* of these pages an entry had been used, and stays */
	uint64_t gone;	    /* entries taken away through the present VMA: their counts */
	uintptr_t from, to; /* what to flush in it */
	bool barrier;	    /* its tables: who adds one from now on sees what we did to the pages */
};

/* The slot that may map `index` through vma, or NULL. RCU read section. */
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

static void note_flush(struct walk *w, uintptr_t va)
{
	if (w->from == w->to || va < w->from)
		w->from = va;
	if (va + PAGE_SIZE > w->to)
		w->to = va + PAGE_SIZE;
}

static void protect_entry(struct walk *w, const struct vma *vma, pte_t *slot, uintptr_t va)
{
	pte_t old = arch_pte_read(slot);

	if (!(arch_pte_prot(old) & PTE_WRITE))
		return;
	arch_pte_replace(slot, arch_pte_make(arch_pte_pfn(old), arch_pte_prot(old) & ~(unsigned)PTE_WRITE));
	note_flush(w, va);
}

/* The entry was used lately, or its memory is locked? Then that is noted, and it is old from now on. */
static bool used_entry(struct walk *w, const struct vma *vma, pte_t *slot, uintptr_t va, unsigned i)
{
	bool used = arch_pte_test_clear_accessed(slot);

	if (used)
		note_flush(w, va); /* else a CPU that remembers it would use it without a trace */
	if (!used && !(vma->flags & VMA_MLOCK))
		return false;
	page_note_use(w->pages[i]);
	if (vma->flags & (VMA_EXEC | VMA_MLOCK))
		page_note_use(w->pages[i]);
	w->used |= 1ull << i;
	return true;
}

static void unmap_entry(struct walk *w, const struct vma *vma, pte_t *slot, uintptr_t va, unsigned i)
{
	if (!w->gone)
		atomic_fetch_add_explicit(&vma->mm->flushing, 1, memory_order_relaxed);
	arch_pte_replace(slot, (pte_t){ 0 });
	note_flush(w, va);
	w->gone |= 1ull << i;
}

static void change_entry(struct walk *w, const struct vma *vma, unsigned i)
{
	pgoff_t index = atomic_load_explicit(&w->pages[i]->index, memory_order_relaxed);
	struct spinlock *lock;
	uintptr_t va = 0;
	pte_t *slot = find_slot(vma, index, &va);

	if (w->change != PROTECT && !page_maps(w->pages[i]))
		return;
	if (w->change == PROTECT && !slot && va && !w->barrier) { /* 5 above */
		pt_barrier(vma->mm);
		w->barrier = true;
		slot = find_slot(vma, index, &va);
	}
	if (!slot)
		return;
	lock = pt_lock_of(slot);
	spin_lock(lock);
	if (!maps(arch_pte_read(slot), w->pages[i]))
		;
	else if (w->change == PROTECT)
		protect_entry(w, vma, slot, va);
	else if (w->change == UNMAP || (!used_entry(w, vma, slot, va, i) && w->change == UNMAP_UNUSED))
		unmap_entry(w, vma, slot, va, i);
	spin_unlock(lock);
}

static void drop_counts(struct walk *w, const struct vma *vma)
{
	/* release: the flush is done; pairs with pt_zap */
	atomic_fetch_sub_explicit(&vma->mm->flushing, 1, memory_order_release);
	for (unsigned i = 0; i < w->n; i++) {
		if (!(w->gone >> i & 1))
			continue;
		atomic_fetch_sub_explicit(&vma->mm->rss, 1, memory_order_relaxed);
		page_unmap(w->pages[i]);
	}
}

static void walk_vma(struct walk *w, const struct vma *vma)
{
	w->gone = 0;
	w->from = w->to = 0;
	w->barrier = false;
	rcu_read_lock();
	for (unsigned i = 0; i < w->n; i++)
		change_entry(w, vma, i);
	rcu_read_unlock();
	if (w->from != w->to)
		arch_tlb_flush_range(&vma->mm->arch, w->from, w->to, true);
	if (w->gone)
		drop_counts(w, vma);
}

static void note_range(struct walk *w)
{
	w->first = UINT64_MAX;
	w->last = 0;
	for (unsigned i = 0; i < w->n; i++) {
		pgoff_t index = atomic_load_explicit(&w->pages[i]->index, memory_order_relaxed);

		w->first = index < w->first ? index : w->first;
		w->last = index > w->last ? index : w->last;
	}
}

/* Could it map any of them? */
static bool concerns(const struct walk *w, const struct vma *vma)
{
	if (w->change == PROTECT && !(vma->flags & VMA_SHARED))
		return false;
	return vma->pgoff <= w->last && w->first < vma->pgoff + ((vma->end - vma->start) >> PAGE_SHIFT);
}

/* mappers_lock held. */
static void walk_all(struct walk *w, struct mapping *m)
{
	struct vma *vma;

	assert(w->n <= RMAP_BATCH);
	note_range(w);
	list_for_each(vma, &m->mappers, mapper)
		if (concerns(w, vma))
			walk_vma(w, vma);
}

static uint64_t walk_used(enum change change, struct mapping *m, struct page **pages, unsigned n)
{
	struct walk w = { .change = change, .n = n, .pages = pages };

	mutex_lock(&m->mappers_lock);
	walk_all(&w, m);
	mutex_unlock(&m->mappers_lock);
	return w.used;
}

uint64_t rmap_unmap_unused(struct mapping *m, struct page **pages, unsigned n)
{
	return walk_used(UNMAP_UNUSED, m, pages, n);
}

uint64_t rmap_age(struct mapping *m, struct page **pages, unsigned n)
{
	return walk_used(AGE, m, pages, n);
}

void rmap_unmap(struct mapping *m, struct page *page)
{
	struct walk w = { .change = UNMAP, .n = 1, .pages = &page };

	assert(page_locked(page) && page_frozen(page));
	mutex_lock(&m->mappers_lock);
	walk_all(&w, m);
	mutex_unlock(&m->mappers_lock);
}

void rmap_protect_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct walk w = { .change = PROTECT, .n = n, .pages = pages };

	mutex_lock(&m->mappers_lock);
	walk_all(&w, m);
	mutex_unlock(&m->mappers_lock);
}

void rmap_zap(struct mapping *m, pgoff_t first, pgoff_t last, bool copies)
{
	struct vma *vma;

	mutex_lock(&m->mappers_lock);
	list_for_each(vma, &m->mappers, mapper) {
		pgoff_t pages = (vma->end - vma->start) >> PAGE_SHIFT;
		pgoff_t from = first > vma->pgoff ? first - vma->pgoff : 0;
		pgoff_t to = last < vma->pgoff ? 0 : last - vma->pgoff + 1;

		if (to > pages || last == UINT64_MAX)
			to = pages;
		if (from < to)
			pt_zap_file(vma, vma->start + (from << PAGE_SHIFT), vma->start + (to << PAGE_SHIFT), copies);
	}
	mutex_unlock(&m->mappers_lock);
}
