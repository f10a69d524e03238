/* SPDX-License-Identifier: MIT */
/*
 * The x86-64 half of arch/arch.h: types, constants, inlines. What each promises is written there.
 *
 * "SDM" in this directory is the Intel 64 and IA-32 Architectures Software Developer's Manual, sections as numbered in
 * 2022 and 2023 (volume 3A with User Interrupts as its chapter 7).
 */
#ifndef ARCH_X86_64_ISA_H
#define ARCH_X86_64_ISA_H

#include "layout.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCH_NAME "x86_64"
#define ARCH_ELF_MACHINE 62

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PTES_PER_TABLE 512u

#define USER_TOP 0x00007ffffffff000ul
#define DIRECT_MAP 0xffff800000000000ul
#define KSTACK_BASE 0xffffc00000000000ul
#define KSTACK_END 0xffffc01000000000ul /* 64 GiB: far more stacks than frames to back them */

typedef struct {
	uint64_t v;
} pte_t;

typedef uint64_t irqflags_t;

/* Pushed by trap.S and syscall.S in this order, last member first. offsets.h repeats what they use. */
struct arch_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t error; /* exception: error code; interrupt: vector; system call: its number */
	uint64_t rip, cs, flags, rsp, ss;
};

struct arch_mm {
	uint64_t root;		/* physical address of the top table	(C) */
	_Atomic uint64_t cpus;	/* CPUs whose CR3 may be this root; tlb.c says how it is kept	(A) */
};

struct arch_thread {
	_Atomic uint32_t work; /* WORK_*						(A) */
	uint64_t sp;	       /* while switched out: where switch.S left its registers	(the thread) */
	uint64_t stack_top;    /* the stack is empty here				(C) */
	uint64_t tls, gs;      /* the user's FS base, GS base				(the thread) */
	void *fpu;	       /* save area; NULL: has never been in user mode		(the thread) */
	uint64_t fault_addr;   /* of its last exception, for signal frames: address,	(the thread) */
	uint32_t fault_vector; /* which,						(the thread) */
	uint32_t fault_error;  /* and error code					(the thread) */
};

/* ---- this CPU ---- */

static inline void arch_cpu_relax(void)
{
	__builtin_ia32_pause();
}

static inline irqflags_t arch_irq_save(void)
{
	irqflags_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void arch_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void arch_irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void arch_irq_restore(irqflags_t flags)
{
	__asm__ volatile("" : : : "memory");
	if (flags & FLAG_IF)
		arch_irq_enable();
}

static inline bool arch_irq_enabled(void)
{
	irqflags_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags & FLAG_IF;
}

/* Not volatile: a thread stays itself, so the compiler may load this once. */
static inline struct thread *arch_current(void)
{
	struct thread *t;

	__asm__("movq %%gs:0, %0" : "=r"(t));
	return t;
}

/* ---- time ---- */

extern uint64_t clock_mult; /* nanoseconds per tick of the time-stamp counter, 32.32 fixed point */

/* The fence keeps the counter from being read before earlier loads, without which two CPUs could see time go back
 * (SDM vol. 2B, RDTSC). */
static inline uint64_t tsc_read(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline uint64_t arch_clock_ns(void)
{
	return (uint64_t)(((unsigned __int128)tsc_read() * clock_mult) >> 32);
}

/* ---- registers at a trap ---- */

static inline uintptr_t arch_regs_pc(const struct arch_regs *regs)
{
	return regs->rip;
}

static inline uintptr_t arch_regs_sp(const struct arch_regs *regs)
{
	return regs->rsp;
}

static inline uintptr_t arch_regs_fp(const struct arch_regs *regs)
{
	return regs->rbp;
}

static inline bool arch_regs_user(const struct arch_regs *regs)
{
	return regs->cs & 3;
}

static inline long arch_regs_sysno(const struct arch_regs *regs)
{
	return (long)regs->error;
}

/* System V ABI, appendix A.2.1: R10 stands for RCX, which SYSCALL takes. */
static inline uint64_t arch_regs_arg(const struct arch_regs *regs, unsigned n)
{
	switch (n) {
	case 0:
		return regs->rdi;
	case 1:
		return regs->rsi;
	case 2:
		return regs->rdx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

static inline void arch_regs_set_pc(struct arch_regs *regs, uintptr_t pc)
{
	regs->rip = pc;
}

static inline void arch_regs_set_sp(struct arch_regs *regs, uintptr_t sp)
{
	regs->rsp = sp;
}

static inline void arch_regs_set_ret(struct arch_regs *regs, long value)
{
	regs->rax = (uint64_t)value;
}

static inline long arch_regs_ret(const struct arch_regs *regs)
{
	return (long)regs->rax;
}

/* SYSCALL is two bytes long. */
static inline void arch_regs_repeat_call(struct arch_regs *regs, long number)
{
	regs->rax = number < 0 ? regs->error : (uint64_t)number;
	regs->rip -= 2;
}

static inline uintptr_t arch_fp(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

/* ---- page-table entries (SDM vol. 3A 4.5) ---- */

#define X86_PTE_PRESENT 0x1ul
#define X86_PTE_WRITE 0x2ul
#define X86_PTE_USER 0x4ul
#define X86_PTE_UNCACHED 0x18ul /* PWT and PCD: uncached under the reset value of the PAT */
#define X86_PTE_ACCESSED 0x20ul
#define X86_PTE_DIRTY 0x40ul
#define X86_PTE_LARGE 0x80ul
#define X86_PTE_GLOBAL 0x100ul
#define X86_PTE_NONE_PROT 0x200ul /* software, only where PRESENT is clear: a page nobody may touch */
#define X86_PTE_NX (1ul << 63)
#define X86_PTE_FRAME 0x000ffffffffff000ul

/* DIRTY goes in with WRITE: nothing reads it, and the CPU need not set it. Write implies read, and so does exec. */
static inline pte_t arch_pte_make(pfn_t pfn, unsigned prot)
{
	uint64_t v = pfn << PAGE_SHIFT;

	v |= prot & PTE_USER ? X86_PTE_PRESENT | X86_PTE_USER : X86_PTE_NONE_PROT;
	if (prot & PTE_WRITE)
		v |= X86_PTE_WRITE | X86_PTE_DIRTY;
	if (prot & PTE_ACCESSED)
		v |= X86_PTE_ACCESSED;
	if (!(prot & PTE_EXEC))
		v |= X86_PTE_NX;
	return (pte_t){v};
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
	return pte.v & (X86_PTE_PRESENT | X86_PTE_NONE_PROT);
}

static inline pfn_t arch_pte_pfn(pte_t pte)
{
	return (pte.v & X86_PTE_FRAME) >> PAGE_SHIFT;
}

static inline unsigned arch_pte_prot(pte_t pte)
{
	unsigned prot = 0;

	if (pte.v & X86_PTE_USER)
		prot = PTE_READ | PTE_USER;
	if (pte.v & X86_PTE_WRITE)
		prot |= PTE_WRITE;
	if (pte.v && !(pte.v & X86_PTE_NX))
		prot |= PTE_EXEC;
	if (pte.v & X86_PTE_ACCESSED)
		prot |= PTE_ACCESSED;
	return prot;
}

static inline bool arch_pte_accessed(pte_t pte)
{
	return pte.v & X86_PTE_ACCESSED;
}

static inline bool arch_pte_test_clear_accessed(pte_t *slot)
{
	return __atomic_fetch_and(&slot->v, ~X86_PTE_ACCESSED, __ATOMIC_RELAXED) & X86_PTE_ACCESSED;
}

/* ---- walking (SDM vol. 3A 4.5.4): four levels of nine bits, the leaf is level 0 ---- */

static inline pte_t *pt_slot(uint64_t table, uintptr_t va, unsigned level)
{
	uintptr_t index = va >> (PAGE_SHIFT + 9 * level) & (PTES_PER_TABLE - 1);

	return (pte_t *)(DIRECT_MAP + (table & X86_PTE_FRAME)) + index;
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

static inline void arch_tlb_flush_local(struct arch_mm *am, uintptr_t va)
{
	(void)am;
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

#endif
