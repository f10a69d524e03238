/* SPDX-License-Identifier: MIT */
/*
 * Walks over the page tables of a range: taking entries away, changing their protection, sharing them with a child.
 *
 * Each walk visits the leaf tables there are, holding one table's lock at a time. Pages whose entries were removed are let go only after
 * a TLB flush, in batches, so that no CPU can still reach a page that is somebody else's.
 */
#include "kernel/stats.h"
#include "lib/errno.h"
#include "mm/lru.h"
#include "mm/pt.h"
#include "mm/vma.h"

#define TABLE_SPAN ((uintptr_t)PTES_PER_TABLE * PAGE_SIZE)
#define TOP_SPAN (TABLE_SPAN * PTES_PER_TABLE * PTES_PER_TABLE) /* of one entry of the top table */
#define BATCH 64

/* ---- taking away ---- */

struct zap {
	struct mm *mm;
	const struct vma *file; /* take only what this VMA shows of its file */
	bool copies;		/* and private copies of it */
	uintptr_t from; /* first address whose entry was removed since the last flush */
	uintptr_t to;	/* end of it */
	unsigned n;
	struct page **pages; /* these, BATCH at most, are to be let go */
};

static void zap_flush(struct zap *z)
{
	if (z->from < z->to)
		arch_tlb_flush_range(&z->mm->arch, z->from, z->to, true);
	for (unsigned i = 0; i < z->n; i++)
		page_unmap(z->pages[i]);
	z->n = 0;
	z->from = z->to;
}

static void zap_entry(struct zap *z, pte_t *slot, uintptr_t va)
{
	pte_t old = arch_pte_replace(slot, (pte_t){ 0 });
	struct page *page = pte_page(old);

	if (z->from == z->to)
		z->from = va;
	z->to = va + PAGE_SIZE;
	if (!page)
		return;
	if (!page_flag(page, PG_ANON | PG_WORKING) && arch_pte_accessed(old))
		page_note_use(page);
	z->pages[z->n++] = page;
	atomic_fetch_sub_explicit(&z->mm->rss, 1, memory_order_relaxed);
}

static bool zap_wants(const struct zap *z, pte_t pte)
{
	if (!arch_pte_present(pte))
		return false;
	return !z->file || z->copies || !page_flag(pfn_to_page(arch_pte_pfn(pte)), PG_ANON);
}

/* From va on: the first address at which its address space has z->file, or nothing any more. Else the entries are not its own. A DEAD VMA may
 * have been replaced in part: the rest is still looked at. Page-table lock held. */
static uintptr_t zap_own(const struct zap *z, uintptr_t va, uintptr_t end)
{
	const struct vma *there;

	while (va < end && (there = vma_find(z->mm, va)) && (there != z->file || vma_state(there) == VMA_DEAD))
		va = there->end;
	return va < end ? va : end;
}

/* Page-table lock held: faults may use this table meanwhile, and must not install while another CPU has the old entry. */
static void zap_flush_locked(struct zap *z)
{
	if (z->from < z->to)
		arch_tlb_flush_range(&z->mm->arch, z->from, z->to, true);
	z->from = z->to;
}

/* Empties entries of one table from va on; returns where it stopped: at end, or because the batch is full. */
static uintptr_t zap_table(struct zap *z, pte_t *slot, uintptr_t va, uintptr_t end)
{
	struct spinlock *lock = pt_lock_of(slot);
	uintptr_t first = va;

	spin_lock(lock);
	if (z->file)
		va = zap_own(z, va, end);
	for (slot += (va - first) >> PAGE_SHIFT; va < end && z->n < BATCH; va += PAGE_SIZE, slot++)
		if (zap_wants(z, arch_pte_read(slot)))
			zap_entry(z, slot, va);
	if (z->file)
		zap_flush_locked(z);
	spin_unlock(lock);
	return va;
}

static void zap_range(struct zap *z, uintptr_t start, uintptr_t end)
{
	uintptr_t va = start;
	pte_t *slot;

	assert(end <= USER_TOP); /* the tables beyond are the kernel's */
	while (va < end && (slot = arch_pte_next(&z->mm->arch, &va, end))) {
		va = zap_table(z, slot, va, pt_table_end(va, end));
		if (z->n == BATCH)
			zap_flush(z);
	}
	zap_flush(z);
}

void pt_zap(struct mm *mm, uintptr_t start, uintptr_t end)
{
	struct page *pages[BATCH];
	struct zap z = { .mm = mm, .pages = pages };

	zap_range(&z, start, end);
	/* acquire: pairs with drop_counts in mm/rmap.c, which says why */
	if (unlikely(atomic_load_explicit(&mm->flushing, memory_order_acquire)))
		arch_tlb_flush_range(&mm->arch, start, end, true);
}

/*
 * Under the lock of a table: if vma is in the tree and not DEAD, then the entries there are its own. Whoever replaces it has the new VMA LOCKED until
 * the old entries are gone, or makes new ones of the same file at the same place (mm/cut.c). If nothing is in the tree, vma has been taken
 * out, there at least, and its entries are about to be zapped or moved (mm/mremap.c); what remains of it beside shows the same pages. Tables over
 * a VMA that is on its file's list stay.
 */
void pt_zap_file(const struct vma *vma, uintptr_t start, uintptr_t end, bool copies)
{
	struct page *pages[BATCH];
	struct zap z = { .mm = vma->mm, .file = vma, .copies = copies, .pages = pages };

	pt_barrier(vma->mm);
	zap_range(&z, start, end);
}

/* ---- freeing tables ---- */

/* Unhooked tables, chained through their rcu_head until the TLB has been flushed. */
struct gone_list {
	struct rcu_head *first;
	unsigned n;
};

static void gone_add(phys_t table, void *arg)
{
	struct rcu_head *head = &pfn_to_page(table >> PAGE_SHIFT)->rcu;
	struct gone_list *list = arg;

	head->next = list->first;
	list->first = head;
	list->n++;
}

static void table_free_rcu(struct rcu_head *head)
{
	struct page *page = container_of(head, struct page, rcu);

	frame_free(page_to_pfn(page), 0);
}

static void gone_free(struct gone_list *list)
{
	struct rcu_head *head, *next;

	for (head = list->first; head; head = next) {
		next = head->next;
		rcu_call(head, table_free_rcu);
	}
}

/* Does one leaf table over [start, end) lie wholly inside the gap? Mostly not: neighbours share it, and nothing can be freed. */
static bool whole_table_between(uintptr_t start, uintptr_t end, uintptr_t low, uintptr_t high)
{
	uintptr_t first = start & ~(TABLE_SPAN - 1), last = (end + TABLE_SPAN - 1) & ~(TABLE_SPAN - 1);

	if (first < low)
		first += TABLE_SPAN;
	if (last > high && high < USER_TOP)
		last -= TABLE_SPAN;
	return first < last;
}

/* Only tables over the range itself can have become useless, so the search stays below its top-level entries. */
void pt_free_tables(struct mm *mm, uintptr_t start, uintptr_t end, uintptr_t low, uintptr_t high)
{
	uintptr_t from = start & ~(TOP_SPAN - 1), to = (end + TOP_SPAN - 1) & ~(TOP_SPAN - 1);
	struct gone_list list = { .n = 0 };
	struct arch_unhook u = { .start = start, .end = end, .gone = gone_add, .arg = &list };

	assert(end <= USER_TOP && low <= start && (end <= high || start >= end));
	if (!whole_table_between(start, end, low, high))
		return;
	u.low = from < low ? low : from;
	u.high = to > high ? high : to;
	spin_lock(&mm->table_lock);
	arch_pt_unhook(&mm->arch, &u);
	spin_unlock(&mm->table_lock);
	if (!list.first)
		return;
	atomic_fetch_sub_explicit(&mm->tables, list.n, memory_order_relaxed);
	arch_tlb_flush_range(&mm->arch, u.low, u.high, false);
	gone_free(&list);
}

/* ---- changing protection ---- */

static pte_t protected_entry(const struct vma *vma, pte_t old)
{
	bool writable = (arch_pte_prot(old) & PTE_WRITE) && (vma->flags & VMA_WRITE);

	if (vma->flags & VMA_EXEC && !(arch_pte_prot(old) & PTE_EXEC) && pte_page(old))
		page_sync_icache(pte_page(old));
	return arch_pte_make(arch_pte_pfn(old), pt_prot(vma, writable));
}

/* true: there was an entry, which some CPU may remember. */
static bool protect_table(const struct vma *vma, pte_t *slot, uintptr_t va, uintptr_t end)
{
	struct spinlock *lock = pt_lock_of(slot);
	bool any = false;

	spin_lock(lock);
	for (; va < end; va += PAGE_SIZE, slot++) {
		pte_t old = arch_pte_read(slot);

		if (!arch_pte_present(old))
			continue;
		arch_pte_replace(slot, protected_entry(vma, old));
		any = true;
	}
	spin_unlock(lock);
	return any;
}

void pt_protect(const struct vma *vma, uintptr_t start, uintptr_t end)
{
	uintptr_t va = start;
	bool any = false;
	pte_t *slot;

	while (va < end && (slot = arch_pte_next(&vma->mm->arch, &va, end))) {
		uintptr_t stop = pt_table_end(va, end);

		any |= protect_table(vma, slot, va, stop);
		va = stop;
	}
	/* acquire, and why: 2 at the head of mm/rmap.c */
	if (any || atomic_load_explicit(&vma->mm->flushing, memory_order_acquire))
		arch_tlb_flush_range(&vma->mm->arch, start, end, true);
}

/* ---- fork ---- */

/* Anonymous pages only: the child finds file pages in the cache by itself, and the zero page too. */
static int copy_entry(const struct vma *vma, struct mm *child, pte_t *slot, uintptr_t va)
{
	pte_t pte = arch_pte_read(slot);
	struct page *page;
	pte_t *to;

	if (!arch_pte_present(pte) || !(page = pte_page(pte)) || !page_flag(page, PG_ANON))
		return 0;
	to = arch_pte_find(&child->arch, va);
	if (!to)
		to = pt_add_tables(child, va);
	if (!to)
		return -ENOMEM;
	pte = arch_pte_make(arch_pte_pfn(pte), pt_prot(vma, false));
	arch_pte_replace(slot, pte);
	page_map_again(page);
	arch_pte_set(to, pte);
	atomic_fetch_add_explicit(&child->rss, 1, memory_order_relaxed);
	return 0;
}

int pt_copy(const struct vma *vma, struct mm *child)
{
	uintptr_t va = vma->start;
	int err = 0;
	pte_t *slot;

	while (!err && va < vma->end && (slot = arch_pte_next(&vma->mm->arch, &va, vma->end))) {
		uintptr_t end = pt_table_end(va, vma->end);
		struct spinlock *lock = pt_lock_of(slot);

		spin_lock(lock);
		for (; va < end && !err; va += PAGE_SIZE, slot++)
			err = copy_entry(vma, child, slot, va);
		spin_unlock(lock);
	}
	return err;
}
