/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: aborts on user memory go to the kernel's fault path, other faults of user programs become signals, faults of the kernel
 * itself are the end. A kernel instruction may fault on user memory only if the exception table knows it.
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

/* ESR_EL1 (Arm ARM D17.2.37) */
#define ESR_CLASS(esr) ((unsigned)((esr) >> 26) & 0x3f)
#define ESR_STATUS(esr) ((unsigned)(esr) & 0x3f)
#define ESR_WRITE (1u << 6)
#define ESR_CACHE_OP (1u << 8) /* cache maintenance: reported as a write, means a read */

enum { CLASS_IABT_LOW = 0x20, CLASS_IABT = 0x21, CLASS_DABT_LOW = 0x24, CLASS_DABT = 0x25 };
enum { STATUS_TRANSLATION = 1, STATUS_ACCESS_FLAG = 2, STATUS_PERMISSION = 3 }; /* above the level */

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

static unsigned fault_access(uint64_t esr, unsigned from)
{
	unsigned class = ESR_CLASS(esr), access = from;

	if (class == CLASS_IABT || class == CLASS_IABT_LOW)
		access |= FAULT_EXEC;
	else if ((esr & ESR_WRITE) && !(esr & ESR_CACHE_OP))
		access |= FAULT_WRITE;
	if (ESR_STATUS(esr) >> 2 != STATUS_TRANSLATION)
		access |= FAULT_PRESENT;
	return access;
}

/* ---- from the kernel ---- */

static _Noreturn void kernel_fatal(struct arch_regs *regs, uint64_t esr, uintptr_t addr)
{
	log_line("exception in the kernel: syndrome 0x%lx, address 0x%lx", esr, addr);
	if (addr >= KSTACK_BASE && addr < KSTACK_END)
		trap_fatal(regs, "kernel stack overflow");
	trap_fatal(regs, ESR_CLASS(esr) == CLASS_DABT ? "page fault in the kernel" : "unexpected exception in the kernel");
}

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
	if (!is_page_fault(esr) || !trap_page_fault(regs, addr, fault_access(esr, 0)))
		regs->pc = e->fixup;
}

/* ---- from user mode ---- */

static const struct exception {
	const char *name;
	enum user_trap kind;
} exceptions[64] = {
	[0x00] = {"undefined instruction", USER_TRAP_ILLEGAL},
	[0x07] = {"floating-point access", USER_TRAP_ILLEGAL},
	[0x0d] = {"branch target exception", USER_TRAP_ILLEGAL},
	[0x0e] = {"illegal execution state", USER_TRAP_ILLEGAL},
	[0x18] = {"system register access", USER_TRAP_ILLEGAL},
	[0x19] = {"SVE instruction", USER_TRAP_ILLEGAL},
	[0x1c] = {"pointer authentication failure", USER_TRAP_ILLEGAL},
	[0x1d] = {"SME instruction", USER_TRAP_ILLEGAL},
	[0x22] = {"misaligned program counter", USER_TRAP_ALIGN},
	[0x26] = {"misaligned stack pointer", USER_TRAP_ALIGN},
	[0x2c] = {"floating-point exception", USER_TRAP_FP},
	[0x30] = {"breakpoint", USER_TRAP_BREAK},
	[0x32] = {"single step", USER_TRAP_STEP},
	[0x34] = {"watchpoint", USER_TRAP_BREAK},
	[0x3c] = {"breakpoint instruction", USER_TRAP_BREAK},
};

static void user_abort(struct arch_regs *regs, uint64_t esr, uintptr_t addr)
{
	addr = addr >> 55 & 1 ? addr : addr & ADDRESS_BITS;
	if (!is_page_fault(esr))
		trap_user(regs, USER_TRAP_ALIGN, addr, "misaligned or external abort");
	else if (addr < USER_TOP)
		trap_page_fault(regs, addr, fault_access(esr, FAULT_USER));
	else
		trap_user(regs, USER_TRAP_UNMAPPED, addr, "access above user memory");
}

void arm64_user_sync(struct arch_regs *regs, uint64_t esr)
{
	unsigned class = ESR_CLASS(esr);
	uintptr_t addr = sysreg_read(far_el1); /* before interrupts are on: the next fault replaces it */
	const struct exception *e = &exceptions[class];

	arch_irq_enable();
	if (class == CLASS_DABT_LOW || class == CLASS_IABT_LOW)
		user_abort(regs, esr, addr);
	else
		trap_user(regs, e->name ? e->kind : USER_TRAP_PROT, regs->pc, e->name ? e->name : "unknown exception");
}

/* ---- what must not happen ---- */

_Noreturn void arm64_bad_entry(struct arch_regs *regs, uint64_t esr, uint64_t which)
{
	log_line("exception vector %lu, syndrome 0x%lx", which, esr);
	trap_fatal(regs, which % 4 == 3 ? "SError" : "exception through an unused vector");
}

_Noreturn void arm64_stack_overflow(struct arch_regs *regs)
{
	trap_fatal(regs, "kernel stack overflow");
}
