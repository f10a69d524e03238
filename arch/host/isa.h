/* SPDX-License-Identifier: MIT */
/*
 * The host half of arch/arch.h: a machine made of a Linux process. What each name promises is written there; how this machine works is at
 * the head of cpu.h.
 */
#ifndef ARCH_HOST_ISA_H
#define ARCH_HOST_ISA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCH_NAME "host"
#define ARCH_ELF_MACHINE 0

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PTES_PER_TABLE 512u
#define MAX_CPUS 8

/* All below 2 GiB, where neither AddressSanitizer nor ThreadSanitizer keeps its shadow. User addresses exist in page tables only. */
#define USER_TOP 0x00007ffffffff000ul
#define DIRECT_MAP 0x10000000ul
#define HOST_RAM_MAX 0x40000000ul /* of the physical addresses, all below it */
#define KSTACK_BASE 0x60000000ul
#define KSTACK_END 0x7f000000ul
#define KSTACK_SIZE 65536ul /* sanitizers, and the C library under a test, need more than the kernel does */

typedef struct {
	uint64_t v;
} pte_t;

typedef bool irqflags_t; /* were they on? */

struct arch_regs {
	uintptr_t pc, sp, fp;
	uint64_t args[6];
	long sysno, ret;
	bool user;
	int trapped; /* for whoever plays the user: 1 + enum user_trap, set by its trap_user */
};

struct arch_mm {
	uint64_t root; /* physical address of the top table	(C) */
	uint64_t asid; /* tags TLB entries; never used again	(C) */
};

struct arch_thread {
	_Atomic uint32_t work; /* WORK_*						(A) */
	void *sp;	       /* while switched out: its registers are here		(the thread) */
	void *fake_stack;      /* AddressSanitizer's					(the thread) */
	char *stack;	       /* lowest byte						(C) */
	size_t stack_size;     /*							(C) */
	void (*entry)(void *); /*							(C) */
	void *arg;	       /*							(C) */
	void *pthread;	       /* where a thread is a pthread: struct baton		(C) */
	uintptr_t tls;
};

/* ---- this CPU; out of line whatever does more than the name says ---- */

struct host_cpu;
extern __thread struct host_cpu *host_cpu; /* the one that executes */

struct thread *host_current(void);
bool host_irq_set(bool on); /* returns what was */
bool host_irq_get(void);
void host_relax(void);
uint64_t host_clock(void);

static inline void arch_cpu_relax(void)
{
	host_relax();
}

static inline irqflags_t arch_irq_save(void)
{
	return host_irq_set(false);
}

static inline void arch_irq_restore(irqflags_t flags)
{
	if (flags)
		host_irq_set(true);
}

static inline void arch_irq_enable(void)
{
	host_irq_set(true);
}

static inline void arch_irq_disable(void)
{
	host_irq_set(false);
}

static inline bool arch_irq_enabled(void)
{
	return host_irq_get();
}

static inline uint64_t arch_clock_ns(void)
{
	return host_clock();
}

static inline struct thread *arch_current(void)
{
	return host_current();
}

/* ---- registers at a trap ---- */

static inline uintptr_t arch_regs_pc(const struct arch_regs *regs)
{
	return regs->pc;
}

static inline uintptr_t arch_regs_sp(const struct arch_regs *regs)
{
	return regs->sp;
}

static inline uintptr_t arch_regs_fp(const struct arch_regs *regs)
{
	return regs->fp;
}

static inline bool arch_regs_user(const struct arch_regs *regs)
{
	return regs->user;
}

static inline long arch_regs_sysno(const struct arch_regs *regs)
{
	return regs->sysno;
}

static inline uint64_t arch_regs_arg(const struct arch_regs *regs, unsigned n)
{
	return regs->args[n];
}

static inline void arch_regs_set_pc(struct arch_regs *regs, uintptr_t pc)
{
	regs->pc = pc;
}

static inline void arch_regs_set_sp(struct arch_regs *regs, uintptr_t sp)
{
	regs->sp = sp;
}

static inline void arch_regs_set_ret(struct arch_regs *regs, long value)
{
	regs->ret = value;
}

static inline long arch_regs_ret(const struct arch_regs *regs)
{
	return regs->ret;
}

/* Calls are not made by an instruction here. */
static inline void arch_regs_repeat_call(struct arch_regs *regs, long number)
{
	if (number >= 0)
		regs->sysno = number;
}

static inline uintptr_t arch_fp(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

/* ---- page-table entries: the frame, enum pte_prot as it is, and a bit that says "here" ---- */

#define HOST_PTE_PROT 0x1ful
#define HOST_PTE_PRESENT 0x20ul
#define HOST_PTE_ACCESSED 0x10ul
#define HOST_PTE_FRAME 0x000ffffffffff000ul

static inline pte_t arch_pte_make(pfn_t pfn, unsigned prot)
{
	return (pte_t){pfn << PAGE_SHIFT | prot | HOST_PTE_PRESENT};
}

static inline pte_t arch_pte_read(const pte_t *slot)
{
	return (pte_t){__atomic_load_n(&slot->v, __ATOMIC_RELAXED)};
}

static inline void arch_pte_set(pte_t *slot, pte_t pte)
{
	__atomic_store_n(&slot->v, pte.v, __ATOMIC_RELEASE);
}

static inline pte_t arch_pte_replace(pte_t *slot, pte_t pte)
{
	return (pte_t){__atomic_exchange_n(&slot->v, pte.v, __ATOMIC_ACQ_REL)};
}

static inline bool arch_pte_none(pte_t pte)
{
	return pte.v == 0;
}

static inline bool arch_pte_present(pte_t pte)
{
	return pte.v & HOST_PTE_PRESENT;
}

static inline pfn_t arch_pte_pfn(pte_t pte)
{
	return (pte.v & HOST_PTE_FRAME) >> PAGE_SHIFT;
}

static inline unsigned arch_pte_prot(pte_t pte)
{
	return (unsigned)(pte.v & HOST_PTE_PROT);
}

static inline bool arch_pte_accessed(pte_t pte)
{
	return pte.v & HOST_PTE_ACCESSED;
}

static inline bool arch_pte_test_clear_accessed(pte_t *slot)
{
	return __atomic_fetch_and(&slot->v, ~HOST_PTE_ACCESSED, __ATOMIC_RELAXED) & HOST_PTE_ACCESSED;
}

/* ---- walking: four levels of nine bits, the leaf is level 0 ---- */

static inline pte_t *pt_slot(uint64_t table, uintptr_t va, unsigned level)
{
	uintptr_t index = va >> (PAGE_SHIFT + 9 * level) & (PTES_PER_TABLE - 1);

	return (pte_t *)(DIRECT_MAP + (table & HOST_PTE_FRAME)) + index;
}

static inline pte_t *arch_pte_find(struct arch_mm *am, uintptr_t va)
{
	uint64_t table = am->root;

	/* acquire: a table is filled with zeros before it is hooked in (pt.c) */
#pragma GCC unroll 3
	for (unsigned level = 3; level > 0; level--) {
		table = __atomic_load_n(&pt_slot(table, va, level)->v, __ATOMIC_ACQUIRE);
		if (!table)
			return NULL;
	}
	return pt_slot(table, va, 0);
}

void host_tlb_forget(uintptr_t va);

static inline void arch_tlb_flush_local(struct arch_mm *am, uintptr_t va)
{
	(void)am;
	host_tlb_forget(va);
}

#endif
