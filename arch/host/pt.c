/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: four levels of tables, of which the kernel's half is missing. An entry of an inner table is written once from zero to a table
 * (arch_pte_alloc) and once back (unhook), both under the caller's lock; walkers take none, so a table is complete before it
 * can be found.
 */
#include "cpu.h"
#include "lib/errno.h"

#define TOP_LEVEL 3
#define USER_HALF_END (1ul << 47)

static _Atomic uint64_t last_asid;

/* Bytes one entry of this level covers. */
static uintptr_t span(unsigned level)
{
	return PAGE_SIZE << (9 * level);
}

int arch_pt_create(struct arch_mm *am)
{
	am->root = table_alloc();
	am->asid = atomic_fetch_add_explicit(&last_asid, 1, memory_order_relaxed) + 1;
	return am->root ? 0 : -ENOMEM;
}

void arch_pt_activate(struct arch_mm *am)
{
	host_cpu->space = am;
}

pte_t *arch_pte_alloc(struct arch_mm *am, uintptr_t va)
{
	uint64_t table = am->root;

	for (unsigned level = TOP_LEVEL; level > 0; level--) {
		pte_t *slot = pt_slot(table, va, level);

		table = arch_pte_read(slot).v;
		if (!table) {
			table = table_alloc();
			if (!table)
				return NULL;
			table |= HOST_PTE_PRESENT;
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

/* `table` is of this level and covers from `base` on. Children go before their parents. */
static void unhook_below(const struct arch_unhook *u, uint64_t table, unsigned level, uintptr_t base)
{
	for (uintptr_t va = base; va < base + span(level + 1) && va < u->end; va += span(level)) {
		pte_t *slot = pt_slot(table, va, level);
		uint64_t child = arch_pte_read(slot).v;

		if (!child || va + span(level) <= u->start)
			continue;
		if (level > 1)
			unhook_below(u, child, level - 1, va);
		if (va >= u->low && va + span(level) <= u->high) {
			arch_pte_set(slot, (pte_t){0});
			u->gone(child & HOST_PTE_FRAME, u->arg);
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

	arch_tlb_flush_mm(am);
	arch_pt_unhook(am, &all);
	table_free(am->root);
	am->root = 0;
}
