/* SPDX-License-Identifier: MIT */
/*
 * Which address space a CPU has, and how the others learn that entries changed.
 *
 * There are no address-space ids: writing CR3 drops every user entry (SDM vol. 3A 4.10.4.1). So a CPU can hold
 * entries of `am` only while its CR3 is am's root, and am->cpus has its bit from before that load until after the next.
 *
 * Nothing is missed. Activating: (1) set the bit, locked; (2) load CR3. Flushing: (a) entries are changed; (b) full fence;
 * (c) read the bits; (d) interrupt those CPUs and wait until each has answered. Steps 1 and c are on one word and
 * both are full fences. If c sees the bit, the CPU is interrupted. If not, 1 comes after c, so the changes of a are
 * visible to everything after 1, and the walks that follow 2 find the new entries.
 *
 * A kernel thread needs no user half, so switching to one leaves CR3 alone (`lazy`), and switching back costs
 * nothing. A lazy CPU that is asked to flush gives the address space up instead, and is not asked again;
 * arch_pt_destroy asks all of them, so no CPU keeps a root that is gone.
 *
 * Nobody deadlocks: a CPU that waits has interrupts off, but looks itself for what others want of it. It depends
 * only on CPUs that have interrupts off for a bounded time, since the contract allows no flush under a lock
 * that is taken with interrupts off.
 */
#include "tlb.h"
#include "arch/upcall.h"
#include "cpu.h"
#include "map.h"

#define FEW_PAGES 32 /* beyond, dropping everything is cheaper than one by one */

enum flush_kind {
	FLUSH_RANGE, /* leaf entries of [start, end) */
	FLUSH_ALL,   /* everything, cached inner entries included */
};

/* One a CPU: it has at most one flush under way, since interrupts are off meanwhile. */
static struct flush {
	struct arch_mm *am;	  /* these four: written by the owner before it sets tlb_wanted */
	uintptr_t start, end;
	enum flush_kind kind;
	_Atomic uint64_t waiting; /* who has not answered; each clears its own bit */
} flushes[MAX_CPUS];

static uint64_t bit(unsigned cpu)
{
	return 1ull << cpu;
}

/* ---- which address space ---- */

static void space_load(struct cpu_local *c, struct arch_mm *am)
{
	struct arch_mm *old = c->active;

	if (am)
		atomic_fetch_or_explicit(&am->cpus, bit(c->id), memory_order_seq_cst);
	cr3_write(am ? am->root : image_phys(kernel_root));
	c->active = am;
	c->lazy = false;
	if (old)
		atomic_fetch_and_explicit(&old->cpus, ~bit(c->id), memory_order_release);
}

void arch_pt_activate(struct arch_mm *am)
{
	struct cpu_local *c = cpu_self();

	if (!am)
		c->lazy = c->active;
	else if (am == c->active)
		c->lazy = false;
	else
		space_load(c, am);
}

/* ---- flushing ---- */

static void flush_here(struct cpu_local *c, const struct flush *f)
{
	if (c->active != f->am)
		return;
	if (c->lazy) {
		space_load(c, NULL);
		return;
	}
	if (f->kind != FLUSH_RANGE) {
		cr3_write(f->am->root);
		return;
	}
	for (uintptr_t va = f->start; va < f->end; va += PAGE_SIZE)
		arch_tlb_flush_local(f->am, va);
}

void tlb_serve(void)
{
	struct cpu_local *c = cpu_self();
	/* acquire: pairs with the release in flush_others; the request is there */
	uint64_t wanted = atomic_exchange_explicit(&c->tlb_wanted, 0, memory_order_acquire);

	for (; wanted; wanted &= wanted - 1) {
		struct flush *f = &flushes[__builtin_ctzll(wanted)];

		flush_here(c, f);
		/* release: pairs with the acquire in flush_others; done, and f is the owner's again */
		atomic_fetch_and_explicit(&f->waiting, ~bit(c->id), memory_order_release);
	}
}

static void flush_others(struct cpu_local *c, struct flush *f, uint64_t others)
{
	atomic_store_explicit(&f->waiting, others, memory_order_relaxed);
	for (uint64_t left = others; left; left &= left - 1) {
		struct cpu_local *other = &cpu_locals[__builtin_ctzll(left)];

		atomic_fetch_or_explicit(&other->tlb_wanted, bit(c->id), memory_order_release);
		lapic_send(other->apic_id, ICR_FIXED(VECTOR_TLB));
	}
	while (atomic_load_explicit(&f->waiting, memory_order_acquire)) {
		tlb_serve();
		arch_cpu_relax();
	}
}

static void flush(struct arch_mm *am, uintptr_t start, uintptr_t end, enum flush_kind kind)
{
	irqflags_t flags = arch_irq_save();
	struct cpu_local *c = cpu_self();
	struct flush *f = &flushes[c->id];
	uint64_t others;

	f->am = am;
	f->start = start;
	f->end = end;
	f->kind = kind;
	flush_here(c, f);
	atomic_thread_fence(memory_order_seq_cst); /* (b) above */
	others = atomic_load_explicit(&am->cpus, memory_order_relaxed) & ~bit(c->id);
	if (others)
		flush_others(c, f, others);
	arch_irq_restore(flags);
}

void arch_tlb_flush_range(struct arch_mm *am, uintptr_t start, uintptr_t end, bool last_level)
{
	bool few = end - start <= FEW_PAGES * PAGE_SIZE;

	flush(am, start & -PAGE_SIZE, end, last_level && few ? FLUSH_RANGE : FLUSH_ALL);
}

void arch_tlb_flush_mm(struct arch_mm *am)
{
	flush(am, 0, 0, FLUSH_ALL);
}

/* By contract whoever has it now is lazy, and leaves. */
void tlb_forget(struct arch_mm *am)
{
	flush(am, 0, 0, FLUSH_ALL);
	if (atomic_load_explicit(&am->cpus, memory_order_relaxed))
		trap_fatal(NULL, "an address space ends that a CPU still has");
}
