/* SPDX-License-Identifier: MIT */
/* What the machine calls when a user program did something it should not, and on the way back to one. */
#include "init/process_impl.h"

#include "init/run.h"
#include "kernel/log.h"
#include "kernel/sched.h"

struct meaning {
	unsigned sig;
	bool address; /* it is about an address, and `what` is the access; otherwise `what` is the machine's name for it */
	const char *text;
};

static const struct meaning meanings[] = {
	[USER_TRAP_ILLEGAL] = { SIGILL, false, "illegal instruction" },
	[USER_TRAP_FP] = { SIGFPE, false, "arithmetic error" },
	[USER_TRAP_BREAK] = { SIGTRAP, false, "breakpoint" },
	[USER_TRAP_STEP] = { SIGTRAP, false, "single step" },
	[USER_TRAP_ALIGN] = { SIGBUS, true, "of misaligned address" },
	[USER_TRAP_PROT] = { SIGSEGV, false, "protection violation" },
	[USER_TRAP_STACK] = { SIGBUS, false, "bad stack address or segment" },
	[USER_TRAP_UNMAPPED] = { SIGSEGV, true, "of unmapped address" },
	[USER_TRAP_ACCESS] = { SIGSEGV, true, "not permitted by the mapping at" },
	[USER_TRAP_BUS] = { SIGBUS, true, "beyond the end of the file, or of a page that could not be read, at" },
};

static void trap_log(const struct arch_regs *regs, const struct meaning *m, uintptr_t addr, const char *what)
{
	struct process *p = process_current();

	if (m->address)
		log_line("PID %u %s: %s: %s %s 0x%lx at pc 0x%lx (symbol not known)", p->pid, p->path, signal_name(m->sig),
			 what, m->text, addr, arch_regs_pc(regs));
	else
		log_line("PID %u %s: %s: %s (%s) at pc 0x%lx (symbol not known)", p->pid, p->path, signal_name(m->sig),
			 m->text, what, arch_regs_pc(regs));
}

void trap_user(struct arch_regs *regs, enum user_trap kind, uintptr_t addr, const char *what)
{
	const struct meaning *m = &meanings[kind];
	struct siginfo info = { .signo = (int)m->sig };
	uintptr_t si_addr = addr;

	info.code = arch_trap_code(regs, kind, &si_addr);
	info.addr = si_addr;
	if (signal_force(&info))
		trap_log(regs, m, addr, what);
}


void trap_user_work(struct arch_regs *regs)
{
	uint32_t work;

	while ((work = atomic_load_explicit(&current->arch.work, memory_order_relaxed))) {
		if (work & WORK_RESCHED)
			schedule();
		if (work & WORK_MIGRATE) {
			atomic_fetch_and_explicit(&current->arch.work, ~(uint32_t)WORK_MIGRATE, memory_order_relaxed);
			arch_irq_enable();
			thread_migrate();
			arch_irq_disable();
		}
		if (work & WORK_RSEQ) {
			atomic_fetch_and_explicit(&current->arch.work, ~(uint32_t)WORK_RSEQ, memory_order_relaxed);
			arch_irq_enable();
			rseq_resume(regs);
			arch_irq_disable();
		}
		if (work & WORK_SIGNAL) {
			atomic_fetch_and_explicit(&current->arch.work, ~(uint32_t)WORK_SIGNAL, memory_order_relaxed);
			arch_irq_enable();
			signal_act(regs);
			arch_irq_disable();
		}
	}
}

void task_enter_user(const struct arch_regs *regs)
{
	run_user_entered();
	arch_user_enter(regs);
}
