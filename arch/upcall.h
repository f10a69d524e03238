/* SPDX-License-Identifier: MIT */
/*
 * The only names arch/ may call in the floors above it.
 */
#ifndef ARCH_UPCALL_H
#define ARCH_UPCALL_H

#include "arch/arch.h"

/* Entered once, on the boot CPU: interrupts off, direct map and kernel half in place, on a boot stack of KSTACK_SIZE. */
_Noreturn void kernel_main(const struct boot_info *info);

/* Entered once on every other CPU, interrupts off, current = its idle thread, on that thread's stack. */
_Noreturn void cpu_main(unsigned cpu);

enum fault_access {
	FAULT_READ = 0,
	FAULT_WRITE = 1,
	FAULT_EXEC = 2,
	FAULT_USER = 4,	   /* the access was made in user mode */
	FAULT_PRESENT = 8, /* the entry was there and did not allow it */
};

/*
 * A page fault on an address below USER_TOP. Called with interrupts as they were at the access: if they were off there
 * (or preemption is off, or faults are disabled), it declines. true: run the instruction again, or a signal has been made
 * pending and the exit to user mode will deal with it. false (kernel mode only): take the exception fixup; without one, trap_fatal.
 */
bool trap_page_fault(struct arch_regs *regs, uintptr_t addr, unsigned access);

/* A system call, interrupts on. Sets the return value in regs. */
void trap_syscall(struct arch_regs *regs);

/* An interrupt, already acknowledged; interrupts off. May switch threads before it returns. */
void trap_irq(struct arch_regs *regs, enum arch_irq irq);

/* Interrupts off, about to return to user mode, arch_thread.work != 0. Returns with interrupts off and work == 0. */
void trap_user_work(struct arch_regs *regs);

/* Any other exception of a user program, interrupts on: becomes a signal. what: the machine's name for it. mm uses it too, for a
 * fault that ends badly. */
void trap_user(struct arch_regs *regs, enum user_trap kind, uintptr_t addr, const char *what);

/* The kernel itself did something impossible. regs may be NULL. */
_Noreturn void trap_fatal(struct arch_regs *regs, const char *what);

/* A zeroed frame for a page table: its physical address, or 0. Any context that may hold spinlocks; never sleeps. */
phys_t table_alloc(void);
void table_free(phys_t table);

/* Memory for FPU areas and stacks; arch floor may be called before they work only for static things. Thread. */
void *arch_mem_alloc(size_t n); /* zeroed, 64-byte aligned, NULL if there is none; n <= 64 KiB */
void arch_mem_free(void *p, size_t n);

/* The first thing on the way to trap_fatal. Ends the machine at once, with one line, if such a way has been begun several times already: then
 * what the report needs is itself broken, and each try ends in another exception. */
void trap_fatal_begin(void);

/* The kernel log, printf-like; any context. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
