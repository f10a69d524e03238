/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: four levels of tables in TTBR0. An entry of an inner table is written once from zero to a table (pte_alloc) and once back
 * (unhook), both under the caller's lock; walkers take none, so a table is complete before it can be found.
 *
 * Each address space has an address-space identifier of its own for as long as it lives. When it goes, every TLB is told to forget that
 * identifier before anybody else may have it; so there are no generations and no rollover. A machine with 8-bit identifiers has room for
 * 255 address spaces.
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "lib/errno.h"
#include "map.h"

#define TOP_LEVEL 3
#define TABLE_BITS PTE_PAGE
#define ASIDS 65536

static _Atomic uint64_t asid_used[ASIDS / 64] = {1}; /* bit: taken. 0 is nobody's: the kernel's own */
static _Atomic unsigned asid_hint;

/* Bytes one entry of this level covers. */
static uintptr_t span(unsigned level)
{
	return PAGE_SIZE << (9 * level);
}

/* ---- identifiers ---- */

static unsigned asid_limit(void)
{
	return (sysreg_read(id_aa64mmfr0_el1) >> 4 & 0xf) == 2 ? ASIDS : 256;
}

static bool asid_try(unsigned word, uint64_t *asid)
{
	uint64_t used = atomic_load_explicit(&asid_used[word], memory_order_relaxed);

	while (~used) {
		unsigned bit = (unsigned)__builtin_ctzll(~used);

		/* acquire: whoever had it before has flushed; pairs with asid_free */
		if (atomic_compare_exchange_weak_explicit(&asid_used[word], &used, used | 1ull << bit,
							  memory_order_acquire, memory_order_relaxed)) {
			*asid = word * 64 + bit;
			return true;
		}
	}
	return false;
}

static bool asid_alloc(uint64_t *asid)
{
	unsigned words = asid_limit() / 64, from = atomic_load_explicit(&asid_hint, memory_order_relaxed);

	for (unsigned i = 0; i < words; i++) {
		unsigned word = (from + i) % words;

		if (asid_try(word, asid)) {
			atomic_store_explicit(&asid_hint, word, memory_order_relaxed);
			return true;
		}
	}
	return false;
}

static void asid_free(uint64_t asid)
{
	__asm__ volatile("dsb ishst; tlbi aside1is, %0; dsb ish; isb" : : "r"(asid << 48) : "memory");
	atomic_fetch_and_explicit(&asid_used[asid / 64], ~(1ull << asid % 64), memory_order_release);
}

/* ---- tables ---- */

int arch_pt_create(struct arch_mm *am)
{
	am->root = table_alloc();
	if (!am->root)
		return -ENOMEM;
	if (asid_alloc(&am->asid))
		return 0;
	table_free(am->root);
	return -ENOMEM;
}

void arch_pt_activate(struct arch_mm *am)
{
	uint64_t root = am ? am->root | am->asid << 48 : image_phys(empty_root);

	if (sysreg_read(ttbr0_el1) == root)
		return;
	sysreg_write(ttbr0_el1, root);
	isb();
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
			u->gone(child & ARM_PTE_FRAME, u->arg);
		}
	}
}

void arch_pt_unhook(struct arch_mm *am, const struct arch_unhook *to)
{
	struct arch_unhook u = *to;

	if (u.high >= USER_TOP)
		u.high = 1ul << 48; /* nothing can be mapped between */
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

	asid_free(am->asid);
	arch_pt_unhook(am, &all);
	table_free(am->root);
	am->root = 0;
}
