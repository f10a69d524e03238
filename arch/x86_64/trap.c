/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: page faults go to the kernel's fault path, other faults of user programs become signals,
 * faults of the kernel itself are the end. A kernel instruction may fault on user memory only if the exception table
 * knows it; anything else is a stray pointer and is never resolved as if it were a user's.
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "offsets.h"

struct ex_entry {
	uintptr_t fault;
	uintptr_t fixup;
};

extern const struct ex_entry __ex_table_start[], __ex_table_end[];
extern char boot_stack_guard[], boot_stack[];

_Static_assert(offsetof(struct arch_regs, rcx) == REGS_RCX, "offsets.h");
_Static_assert(offsetof(struct arch_regs, r11) == REGS_R11, "offsets.h");
_Static_assert(offsetof(struct arch_regs, rdi) == REGS_RDI, "offsets.h");
_Static_assert(offsetof(struct arch_regs, error) == REGS_ERROR, "offsets.h");
_Static_assert(offsetof(struct arch_regs, rip) == REGS_RIP, "offsets.h");
_Static_assert(offsetof(struct arch_regs, cs) == REGS_CS, "offsets.h");
_Static_assert(offsetof(struct arch_regs, flags) == REGS_FLAGS, "offsets.h");
_Static_assert(sizeof(struct arch_regs) == REGS_SIZE, "offsets.h");
_Static_assert(offsetof(struct arch_thread, work) == THREAD_WORK, "offsets.h");

/* Error code of a page fault (SDM vol. 3A 4.7). */
#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_RESERVED 8u
#define PF_FETCH 16u

static bool is_stack_guard(uintptr_t addr)
{
	return (addr >= KSTACK_BASE && addr < KSTACK_END) ||
	       (addr >= (uintptr_t)boot_stack_guard && addr < (uintptr_t)boot_stack);
}

static const struct ex_entry *fixup_find(uintptr_t pc)
{
	for (const struct ex_entry *e = __ex_table_start; e < __ex_table_end; e++) {
		if (e->fault == pc)
			return e;
	}
	return NULL;
}

/* Each bit to its place. */
static unsigned fault_access(uint64_t error)
{
	unsigned e = (unsigned)error;

	_Static_assert(PF_WRITE >> 1 == FAULT_WRITE && PF_FETCH >> 3 == FAULT_EXEC, "shifts");
	_Static_assert(PF_USER == FAULT_USER && PF_PRESENT << 3 == FAULT_PRESENT, "shifts");
	return (e & PF_WRITE) >> 1 | (e & PF_FETCH) >> 3 | (e & PF_USER) | (e & PF_PRESENT) << 3;
}

static _Noreturn void kernel_fault_fatal(struct arch_regs *regs, uintptr_t addr)
{
	trap_fatal_begin();
	if (is_stack_guard(addr))
		trap_fatal(regs, "kernel stack overflow");
	log_line("page fault in the kernel: address 0x%lx, error code 0x%lx", addr, regs->error);
	trap_fatal(regs, "page fault in the kernel");
}

/* Not inlined, so that the user's fault saves no register for it. */
static __attribute__((noinline)) void kernel_fault(struct arch_regs *regs, uintptr_t addr)
{
	const struct ex_entry *e = addr < USER_TOP ? fixup_find(regs->rip) : NULL;

	if (!e)
		kernel_fault_fatal(regs, addr);
	if (regs->flags & FLAG_IF)
		arch_irq_enable();
	if (!trap_page_fault(regs, addr, fault_access(regs->error)))
		regs->rip = e->fixup;
}

void x86_page_fault(struct arch_regs *regs)
{
	uintptr_t addr = cr2_read(); /* before interrupts are on: the next fault replaces it */

	if (regs->error & PF_RESERVED)
		trap_fatal(regs, "page-table entry with reserved bits");
	if (!(regs->error & PF_USER)) {
		kernel_fault(regs, addr);
		return;
	}
	arch_irq_enable();
	if (addr < USER_TOP)
		trap_page_fault(regs, addr, fault_access(regs->error));
	else
		trap_user(regs, USER_TRAP_UNMAPPED, addr, "access");
}

static const struct exception {
	const char *name;
	enum user_trap kind;
} exceptions[32] = {
	[0] = {"divide error", USER_TRAP_FP},
	[1] = {"debug exception", USER_TRAP_STEP},
	[3] = {"breakpoint", USER_TRAP_BREAK},
	[4] = {"overflow", USER_TRAP_PROT},
	[5] = {"bound range exceeded", USER_TRAP_PROT},
	[6] = {"invalid opcode", USER_TRAP_ILLEGAL},
	[7] = {"device not available", USER_TRAP_PROT},
	[9] = {"coprocessor segment overrun", USER_TRAP_PROT},
	[10] = {"invalid TSS", USER_TRAP_PROT},
	[11] = {"segment not present", USER_TRAP_STACK},
	[12] = {"stack fault", USER_TRAP_STACK},
	[13] = {"general protection fault", USER_TRAP_PROT},
	[16] = {"x87 floating-point error", USER_TRAP_FP},
	[17] = {"alignment check", USER_TRAP_ALIGN},
	[18] = {"machine check", USER_TRAP_PROT},
	[19] = {"SIMD floating-point error", USER_TRAP_FP},
	[21] = {"control protection fault", USER_TRAP_PROT},
};

void x86_exception(struct arch_regs *regs, unsigned vector)
{
	const struct exception *e = &exceptions[vector];
	const char *name = e->name ? e->name : "reserved exception";

	if (!arch_regs_user(regs)) {
		trap_fatal_begin();
		log_line("%s in the kernel, vector %u, error code 0x%lx", name, vector, regs->error);
		trap_fatal(regs, name);
	}
	thread_arch(arch_current())->fault_vector = vector;
	arch_irq_enable();
	trap_user(regs, e->name ? e->kind : USER_TRAP_PROT, regs->rip, name);
}

void x86_bad_pc(struct arch_regs *regs)
{
	thread_arch(arch_current())->fault_vector = 13;
	trap_user(regs, USER_TRAP_PROT, regs->rip, "jump to an address that is not canonical");
}

/* Pushing on a stack that has run into its guard page faults, and so does pushing that fault's frame: the CPU
 * gives up on the stack and comes here. CR2 still says where. */
_Noreturn void x86_double_fault(struct arch_regs *regs)
{
	trap_fatal_begin();
	if (is_stack_guard(cr2_read()))
		trap_fatal(regs, "kernel stack overflow");
	trap_fatal(regs, "double fault");
}
