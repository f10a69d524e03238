/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: four levels of tables, the top one with the kernel's entries in its upper half. An entry of
 * an inner table is written once from zero to a table (pte_alloc) and once back (unhook), both under the caller's lock;
 * walkers take none, so a table is complete before it can be found.
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "map.h"
#include "tlb.h"

#define TOP_LEVEL 3
#define HALF (PTES_PER_TABLE / 2)
#define USER_HALF_END (1ul << 47)
#define TABLE_BITS (X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_USER | X86_PTE_ACCESSED)

/* Bytes one entry of this level covers. */
static uintptr_t span(unsigned level)
{
	return PAGE_SIZE << (9 * level);
}

int arch_pt_create(struct arch_mm *am)
{
	phys_t root = table_alloc();

	if (!root)
		return -ENOMEM;
	memcpy((uint64_t *)direct(root) + HALF, kernel_root + HALF, HALF * sizeof(uint64_t));
	am->root = root;
	atomic_init(&am->cpus, 0);
	return 0;
}

pte_t *arch_pte_alloc(struct arch_mm *am, uintptr_t va)
{
	uint64_t table = am->root;

	for (unsigned level = TOP_LEVEL; level > 0; level--) {
		pte_t *slot = pt_slot(table, va, level);

		table = slot->v;
		if (!table) {
			table = table_alloc();
			if (!table)
				return NULL;
			table |= TABLE_BITS;
			arch_pte_set(slot, (pte_t){table}); /* release: pairs with arch_pte_find */
		}
	}
	return pt_slot(table, va, 0);
}

/* The leaf slot of va; or NULL, and *next is where the hole it lies in ends. */
static pte_t *leaf_or_hole(struct arch_mm *am, uintptr_t va, uintptr_t *next)
{
	uint64_t table = am->root;

	for (unsigned level = TOP_LEVEL; level > 0; level--) {
		table = __atomic_load_n(&pt_slot(table, va, level)->v, __ATOMIC_ACQUIRE);
		if (!table) {
			*next = (va | (span(level) - 1)) + 1;
			return NULL;
		}
	}
	return pt_slot(table, va, 0);
}

pte_t *arch_pte_next(struct arch_mm *am, uintptr_t *va, uintptr_t end)
{
	while (*va < end) {
		pte_t *slot = leaf_or_hole(am, *va, va);

		if (slot)
			return slot;
	}
	return NULL;
}

/* The first slot in [slot, stop) that is not empty, or stop. Tables are mostly empty, and a process that ends looks at all of its own. */
static pte_t *slot_used(pte_t *slot, pte_t *stop)
{
	while (slot + 4 <= stop && !(slot[0].v | slot[1].v | slot[2].v | slot[3].v))
		slot += 4;
	while (slot < stop && !slot->v)
		slot++;
	return slot;
}

/* `table` is of this level and covers from `base` on. Children go before their parents. */
static void unhook_below(const struct arch_unhook *u, uint64_t table, unsigned level, uintptr_t base)
{
	uintptr_t last = base + span(level + 1), first = u->start > base ? u->start & -span(level) : base;
	pte_t *slots = pt_slot(table, base, level), *stop, *slot = slots + (first - base) / span(level);

	stop = slots + ((u->end < last ? u->end : last) - base + span(level) - 1) / span(level);
	for (; (slot = slot_used(slot, stop)) < stop; slot++) {
		uintptr_t va = base + (uintptr_t)(slot - slots) * span(level);
		uint64_t child = slot->v;

		if (level > 1)
			unhook_below(u, child, level - 1, va);
		if (va >= u->low && va + span(level) <= u->high) {
			arch_pte_set(slot, (pte_t){0});
			u->gone(child & X86_PTE_FRAME, u->arg);
		}
	}
}

void arch_pt_unhook(struct arch_mm *am, const struct arch_unhook *to)
{
	struct arch_unhook u = *to;

	if (u.high >= USER_TOP)
		u.high = USER_HALF_END; /* nothing can be mapped between */
	unhook_below(&u, am->root, TOP_LEVEL, 0);
}

static void gone_free(phys_t table, void *arg)
{
	(void)arg;
	table_free(table);
}

void arch_pt_destroy(struct arch_mm *am)
{
	static const struct arch_unhook all = { .end = USER_TOP, .high = USER_TOP, .gone = gone_free };

	tlb_forget(am);
	arch_pt_unhook(am, &all);
	table_free(am->root);
	am->root = 0;
}
