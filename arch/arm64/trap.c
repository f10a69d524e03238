/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: aborts on user memory go to the kernel's fault path, other faults of user programs become signals, faults
 * of the kernel itself are the end. A kernel instruction may fault on user memory only if the exception table knows it.
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "offsets.h"

struct ex_entry {
	uintptr_t start;
	uintptr_t end;
	uintptr_t fixup;
};

extern const struct ex_entry __ex_table_start[], __ex_table_end[];

_Static_assert(offsetof(struct arch_regs, x[30]) == REGS_LR, "offsets.h");
_Static_assert(offsetof(struct arch_regs, sp) == REGS_SP, "offsets.h");
_Static_assert(offsetof(struct arch_regs, pc) == REGS_PC, "offsets.h");
_Static_assert(sizeof(struct arch_regs) == REGS_SIZE, "offsets.h");
_Static_assert(offsetof(struct arch_thread, work) == THREAD_WORK, "offsets.h");

/* ESR_EL1 (Arm ARM, ESR_EL1) */
#define ESR_CLASS(esr) ((unsigned)((esr) >> 26) & 0x3f)
#define ESR_STATUS(esr) ((unsigned)(esr) & 0x3f)
#define ESR_WRITE (1u << 6)
#define ESR_CACHE_OP (1u << 8) /* cache maintenance: reported as a write, means a read */

enum { CLASS_UNKNOWN = 0, CLASS_SYSREG = 0x18 };
enum { CLASS_IABT_LOW = 0x20, CLASS_IABT = 0x21, CLASS_DABT_LOW = 0x24, CLASS_DABT = 0x25 };
enum { STATUS_TRANSLATION = 1, STATUS_ACCESS_FLAG = 2, STATUS_PERMISSION = 3 }; /* above the level */

#define STATUS_ALIGNMENT 0x21
#define ADDRESS_BITS ((1ul << 56) - 1) /* a user address without its tag */

static const struct ex_entry *fixup_find(uintptr_t pc)
{
	for (const struct ex_entry *e = __ex_table_start; e < __ex_table_end; e++)
		if (pc >= e->start && pc < e->end)
			return e;
	return NULL;
}

/* Does this abort mean that a mapping is absent or does not allow the access? */
static bool is_page_fault(uint64_t esr)
{
	unsigned kind = ESR_STATUS(esr) >> 2;

	return kind >= STATUS_TRANSLATION && kind <= STATUS_PERMISSION;
}

/* Of a data abort. `from`: 0 or FAULT_USER. */
static unsigned data_access(uint64_t esr, unsigned from)
{
	unsigned access = from;

	if ((esr & (ESR_WRITE | ESR_CACHE_OP)) == ESR_WRITE)
		access |= FAULT_WRITE;
	if (ESR_STATUS(esr) >> 2 != STATUS_TRANSLATION)
		access |= FAULT_PRESENT;
	return access;
}

/* What other exceptions are called, and what they mean for a user program. */
static const struct exception {
	const char *name;
	enum user_trap kind;
} exceptions[64] = {
	[0x00] = { "undefined instruction", USER_TRAP_ILLEGAL },
	[0x07] = { "floating-point access", USER_TRAP_ILLEGAL },
	[0x0d] = { "branch target exception", USER_TRAP_ILLEGAL },
	[0x0e] = { "illegal execution state", USER_TRAP_ILLEGAL },
	[0x15] = { "system call", USER_TRAP_ILLEGAL },
	[0x18] = { "system register access", USER_TRAP_ILLEGAL },
	[0x19] = { "SVE instruction", USER_TRAP_ILLEGAL },
	[0x1c] = { "pointer authentication failure", USER_TRAP_ILLEGAL },
	[0x1d] = { "SME instruction", USER_TRAP_ILLEGAL },
	[0x21] = { "instruction abort", USER_TRAP_PROT },
	[0x22] = { "misaligned program counter", USER_TRAP_ALIGN },
	[0x25] = { "data abort", USER_TRAP_PROT },
	[0x26] = { "misaligned stack pointer", USER_TRAP_STACK },
	[0x2c] = { "floating-point exception", USER_TRAP_FP },
	[0x2f] = { "SError", USER_TRAP_PROT },
	[0x30] = { "breakpoint", USER_TRAP_BREAK },
	[0x31] = { "breakpoint", USER_TRAP_BREAK },
	[0x32] = { "single step", USER_TRAP_STEP },
	[0x33] = { "single step", USER_TRAP_STEP },
	[0x34] = { "watchpoint", USER_TRAP_BREAK },
	[0x35] = { "watchpoint", USER_TRAP_BREAK },
	[0x3c] = { "breakpoint instruction", USER_TRAP_BREAK },
};

static const char *exception_name(uint64_t esr)
{
	const char *name = exceptions[ESR_CLASS(esr)].name;

	return name ? name : "unknown exception";
}

/* ---- the kernel's own, which are the end ---- */

static _Noreturn void fatal(struct arch_regs *regs, uint64_t esr, const char *what)
{
	trap_fatal_begin();
	log_line("%s in the kernel: syndrome 0x%lx, address 0x%lx", exception_name(esr), esr, sysreg_read(far_el1));
	trap_fatal(regs, what);
}

static const char *abort_meaning(uint64_t esr, uintptr_t addr)
{
	if (addr >= KSTACK_BASE && addr < KSTACK_END && ESR_STATUS(esr) >> 2 == STATUS_TRANSLATION)
		return "kernel stack overflow";
	if (ESR_CLASS(esr) == CLASS_IABT)
		return "the kernel jumped to where it may not execute";
	if (addr < PAGE_SIZE)
		return "the kernel used a null pointer";
	return addr < USER_TOP ? "the kernel used a user address by itself" : "page fault in the kernel";
}

static _Noreturn void kernel_fatal(struct arch_regs *regs, uint64_t esr, uintptr_t addr)
{
	unsigned class = ESR_CLASS(esr);

	fatal(regs, esr, class == CLASS_DABT || class == CLASS_IABT ? abort_meaning(esr, addr) : exception_name(esr));
}

_Noreturn void arm64_stack_overflow(struct arch_regs *regs, uint64_t esr)
{
	fatal(regs, esr, "kernel stack overflow");
}

_Noreturn void arm64_bad_entry(struct arch_regs *regs, uint64_t esr, uint64_t which)
{
	fatal(regs, esr, which % 4 == 3 ? "SError: the machine reports a hardware error" : "exception through an unused vector");
}

/* ---- from the kernel ---- */

void arm64_kernel_sync(struct arch_regs *regs, uint64_t esr)
{
	uintptr_t addr = sysreg_read(far_el1); /* before interrupts are on: the next fault replaces it */
	const struct ex_entry *e = NULL;

	if (ESR_CLASS(esr) == CLASS_DABT && addr < USER_TOP)
		e = fixup_find(regs->pc);
	if (!e)
		kernel_fatal(regs, esr, addr);
	if (!(regs->pstate & PSR_I))
		arch_irq_enable();
	if (!is_page_fault(esr) || !trap_page_fault(regs, addr, data_access(esr, 0)))
		regs->pc = e->fixup;
}

/* ---- from user mode ---- */

static const char *access_name(unsigned access)
{
	if (access & FAULT_EXEC)
		return "execution";
	return access & FAULT_WRITE ? "write" : "read";
}

static void user_abort(struct arch_regs *regs, uint64_t esr, uintptr_t addr, unsigned access)
{
	bool high = addr >> 55 & 1; /* TTBR1's half, whatever the tag */

	addr = high ? addr : addr & ADDRESS_BITS;
	if (is_page_fault(esr) && addr < USER_TOP)
		trap_page_fault(regs, addr, access);
	else if (is_page_fault(esr))
		trap_user(regs, USER_TRAP_UNMAPPED, addr, access_name(access));
	else if (ESR_STATUS(esr) == STATUS_ALIGNMENT)
		trap_user(regs, USER_TRAP_ALIGN, addr, access_name(access));
	else
		trap_user(regs, USER_TRAP_BUS, addr, access_name(access));
}

static unsigned fetch_access(uint64_t esr)
{
	return FAULT_EXEC | FAULT_USER | (ESR_STATUS(esr) >> 2 == STATUS_TRANSLATION ? 0 : FAULT_PRESENT);
}

static void user_other(struct arch_regs *regs, uint64_t esr)
{
	const struct exception *e = &exceptions[ESR_CLASS(esr)];
	enum user_trap kind = e->name ? e->kind : USER_TRAP_PROT;

	trap_user(regs, kind, regs->pc, kind == USER_TRAP_ALIGN ? "execution" : exception_name(esr));
}

void arm64_user_sync(struct arch_regs *regs, uint64_t esr)
{
	uintptr_t addr = sysreg_read(far_el1); /* before interrupts are on: the next fault replaces it */
	unsigned class = ESR_CLASS(esr);

	regs->syndrome = esr;
	arch_irq_enable();
	if ((class == CLASS_UNKNOWN || class == CLASS_SYSREG) && id_read_emulate(regs))
		return;
	if (class == CLASS_DABT_LOW)
		user_abort(regs, esr, addr, data_access(esr, FAULT_USER));
	else if (class == CLASS_IABT_LOW)
		user_abort(regs, esr, addr, fetch_access(esr));
	else
		user_other(regs, esr);
}
