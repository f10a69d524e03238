/* SPDX-License-Identifier: MIT */
/* The arm64 half of arch/arch.h: types, constants, inlines. What each promises is written there. */
#ifndef ARCH_ARM64_ISA_H
#define ARCH_ARM64_ISA_H

#include "layout.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCH_NAME "arm64"
#define ARCH_ELF_MACHINE 183

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PTES_PER_TABLE 512u

#define USER_TOP 0x0000fffffffff000ul
#define DIRECT_MAP 0xffff800000000000ul
#define KSTACK_BASE 0xffffc00000000000ul
#define KSTACK_END 0xffffc01000000000ul /* 64 GiB: far more stacks than frames to back them */

typedef struct {
	uint64_t v;
} pte_t;

typedef uint64_t irqflags_t;

/* Saved by trap.S in this order. offsets.h repeats what it uses. */
struct arch_regs {
	uint64_t x[31];
	uint64_t sp; /* the user's, or the kernel's before the exception */
	uint64_t pc, pstate;
	uint64_t first_arg; /* x0 as the system call got it */
	uint64_t syndrome;  /* ESR_EL1 of an exception in user mode that is no system call */
};

struct arch_mm {
	uint64_t root; /* physical address of the top table	(C) */
	uint64_t asid; /* this address space's alone		(C) */
};

struct arch_thread {
	_Atomic uint32_t work; /* WORK_*						(A) */
	uint64_t sp;	       /* while switched out: where switch.S left its registers	(the thread) */
	uint64_t stack_top;    /* the stack is empty here				(C) */
	uint64_t tls;	       /* TPIDR_EL0 while switched out				(the thread) */
	void *fpu;	       /* save area; NULL: has never been in user mode		(the thread) */
	uint64_t fault_addr;   /* of its last exception, for signal frames: address	(the thread) */
	uint64_t fault_esr;    /* and syndrome						(the thread) */
};

/* ---- this CPU ---- */

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

static inline irqflags_t arch_irq_save(void)
{
	irqflags_t flags;

	__asm__ volatile("mrs %0, daif; msr daifset, #2" : "=r"(flags) : : "memory");
	return flags;
}

static inline void arch_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void arch_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

static inline void arch_irq_restore(irqflags_t flags)
{
	__asm__ volatile("msr daif, %0" : : "r"(flags) : "memory");
}

static inline bool arch_irq_enabled(void)
{
	irqflags_t flags;

	__asm__ volatile("mrs %0, daif" : "=r"(flags));
	return !(flags & PSR_I);
}

/* Not volatile: a thread stays itself, so the compiler may load this once. */
static inline struct thread *arch_current(void)
{
	struct thread *t;

	__asm__("mrs %0, tpidr_el1" : "=r"(t));
	return t;
}

/* ---- time ---- */

extern uint64_t clock_mult; /* nanoseconds per tick of the system counter, 32.32 fixed point */

/* The ISB keeps the counter from being read early (Arm ARM D12.2.2). */
static inline uint64_t counter_read(void)
{
	uint64_t ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks;
}

static inline uint64_t counter_ns(uint64_t ticks)
{
	return (uint64_t)(((unsigned __int128)ticks * clock_mult) >> 32);
}

static inline uint64_t arch_clock_ns(void)
{
	return counter_ns(counter_read());
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
	return regs->x[29];
}

static inline bool arch_regs_user(const struct arch_regs *regs)
{
	return (regs->pstate & 0xf) == PSR_EL0;
}

static inline long arch_regs_sysno(const struct arch_regs *regs)
{
	return (long)(int32_t)regs->x[8];
}

static inline uint64_t arch_regs_arg(const struct arch_regs *regs, unsigned n)
{
	return regs->x[n];
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
	regs->x[0] = (uint64_t)value;
}

static inline long arch_regs_ret(const struct arch_regs *regs)
{
	return (long)regs->x[0];
}

static inline void arch_regs_repeat_call(struct arch_regs *regs, long number)
{
	regs->x[0] = regs->first_arg;
	if (number >= 0)
		regs->x[8] = (uint64_t)number;
	regs->pc -= 4;
}

static inline uintptr_t arch_fp(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

/* ---- page-table entries (Arm ARM D8.3) ---- */

#define ARM_PTE_PXN (1ul << 53)
#define ARM_PTE_UXN (1ul << 54)
#define ARM_PTE_NONE_PROT (1ul << 58) /* software, only where VALID is clear: a page nobody may touch */
#define ARM_PTE_FRAME 0x0000fffffffff000ul

/* User entries: never executable by the kernel, of one address space only. Write implies read, and so does exec. */
static inline pte_t arch_pte_make(pfn_t pfn, unsigned prot)
{
	uint64_t v = pfn << PAGE_SHIFT | PTE_ATTR(ATTR_NORMAL) | PTE_INNER | PTE_NG | ARM_PTE_PXN;

	v |= prot & PTE_USER ? PTE_PAGE | PTE_EL0 : ARM_PTE_NONE_PROT;
	if (!(prot & PTE_WRITE))
		v |= PTE_RO;
	if (prot & PTE_ACCESSED)
		v |= PTE_AF;
	if (!(prot & PTE_EXEC))
		v |= ARM_PTE_UXN;
	return (pte_t){v};
}

static inline pte_t arch_pte_read(const pte_t *slot)
{
	return (pte_t){__atomic_load_n(&slot->v, __ATOMIC_RELAXED)};
}

/*
 * No DSB: from nothing to valid, a walk that still sees nothing faults, and the fault finds the entry. The release is what matters: whoever's
 * walk sees the entry sees what the page holds (Arm ARM B2.3: the walk's read comes before the access it is for).
 */
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
	return pte.v & (PTE_VALID | ARM_PTE_NONE_PROT);
}

static inline pfn_t arch_pte_pfn(pte_t pte)
{
	return (pte.v & ARM_PTE_FRAME) >> PAGE_SHIFT;
}

static inline unsigned arch_pte_prot(pte_t pte)
{
	unsigned prot = 0;

	if (!pte.v)
		return 0;
	if (pte.v & PTE_EL0)
		prot = PTE_READ | PTE_USER;
	if (!(pte.v & PTE_RO))
		prot |= PTE_WRITE;
	if (!(pte.v & ARM_PTE_UXN))
		prot |= PTE_EXEC;
	if (pte.v & PTE_AF)
		prot |= PTE_ACCESSED;
	return prot;
}

static inline bool arch_pte_accessed(pte_t pte)
{
	return pte.v & PTE_AF;
}

static inline bool arch_pte_test_clear_accessed(pte_t *slot)
{
	return __atomic_fetch_and(&slot->v, ~(uint64_t)PTE_AF, __ATOMIC_RELAXED) & PTE_AF;
}

/* ---- walking (Arm ARM D8.2): four levels of nine bits, the leaf is level 0 here ---- */

static inline pte_t *pt_slot(uint64_t table, uintptr_t va, unsigned level)
{
	uintptr_t index = va >> (PAGE_SHIFT + 9 * level) & (PTES_PER_TABLE - 1);

	return (pte_t *)(DIRECT_MAP + (table & ARM_PTE_FRAME)) + index;
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

/* The operand of TLBI by address (Arm ARM C5.5): ASID above, page number below. */
static inline uint64_t tlbi_operand(const struct arch_mm *am, uintptr_t va)
{
	return am->asid << 48 | (va >> PAGE_SHIFT & ((1ul << 44) - 1));
}

static inline void arch_tlb_flush_local(struct arch_mm *am, uintptr_t va)
{
	__asm__ volatile("dsb nshst; tlbi vale1, %0; dsb nsh; isb" : : "r"(tlbi_operand(am, va)) : "memory");
}

#endif
