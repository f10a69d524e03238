/* SPDX-License-Identifier: MIT */
/* Entries from one place of an address space to another, for mremap: step b and d at the head of mm/mremap.c. */
#include "lib/errno.h"
#include "mm/pt.h"
#include "mm/vma.h"

#define BATCH 64

/* Entries under way, of adjacent pages. The mover's, on its stack. */
struct batch {
	unsigned n;	/* slots looked at */
	pte_t pte[BATCH];
};

static bool table_for(struct mm *mm, uintptr_t va)
{
	bool made;

	spin_lock(&mm->table_lock);
	made = pt_add_tables(mm, va);
	spin_unlock(&mm->table_lock);
	return made;
}

/* The entries of one table may come to lie in two. */
int pt_move_prepare(struct mm *mm, uintptr_t from, uintptr_t to, size_t len)
{
	uintptr_t va = from, end = from + len;

	while (va < end && arch_pte_next(&mm->arch, &va, end)) {
		uintptr_t stop = pt_table_end(va, end);

		if (!table_for(mm, to + (va - from)) || !table_for(mm, to + (stop - from) - PAGE_SIZE))
			return -ENOMEM;
		va = stop;
	}
	return 0;
}

/* Takes the entries of b->n slots out. false: there were none. */
static bool take(struct batch *b, pte_t *slot)
{
	struct spinlock *lock = pt_lock_of(slot);
	bool any = false;

	spin_lock(lock);
	for (unsigned i = 0; i < b->n; i++) {
		b->pte[i] = arch_pte_read(slot + i);
		if (arch_pte_none(b->pte[i]))
			continue;
		b->pte[i] = arch_pte_replace(slot + i, (pte_t){ 0 });
		any = true;
	}
	spin_unlock(lock);
	return any;
}

/* Puts the entries of the slots from `first` on in, as far as one table goes. Returns where it stopped. */
static unsigned put_some(struct mm *mm, const struct batch *b, unsigned first, uintptr_t va)
{
	unsigned stop = first + (unsigned)((pt_table_end(va, va + (b->n - first) * PAGE_SIZE) - va) >> PAGE_SHIFT);
	pte_t *slot = arch_pte_find(&mm->arch, va);
	struct spinlock *lock;

	assert(slot); /* pt_move_prepare made it, and nobody removes tables meanwhile */
	lock = pt_lock_of(slot);
	spin_lock(lock);
	for (unsigned i = first; i < stop; i++, slot++)
		if (!arch_pte_none(b->pte[i]))
			arch_pte_set(slot, b->pte[i]);
	spin_unlock(lock);
	return stop;
}

static void move_batch(struct mm *mm, struct batch *b, pte_t *slot, uintptr_t from, uintptr_t to)
{
	if (!take(b, slot))
		return;
	arch_tlb_flush_range(&mm->arch, from, from + b->n * PAGE_SIZE, true);
	for (unsigned i = 0; i < b->n;)
		i = put_some(mm, b, i, to + i * PAGE_SIZE);
}

void pt_move(const struct vma *vma, uintptr_t from, uintptr_t to, size_t len)
{
	struct mapping *m = vma->mapping;
	uintptr_t va = from, end = from + len;
	struct mm *mm = vma->mm;
	struct batch b;
	pte_t *slot;

	while (va < end && (slot = arch_pte_next(&mm->arch, &va, end))) {
		b.n = (unsigned)((pt_table_end(va, end) - va) >> PAGE_SHIFT);
		if (b.n > BATCH)
			b.n = BATCH;
		if (m)
			mutex_lock(&m->mappers_lock);
		move_batch(mm, &b, slot, va, to + (va - from));
		if (m)
			mutex_unlock(&m->mappers_lock);
		va += b.n * PAGE_SIZE;
	}
}
