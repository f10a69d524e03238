/* SPDX-License-Identifier: MIT */
/* There is no user mode here: user.c plays it for tests. */
#include "cpu.h"

void arch_regs_init_user(struct arch_regs *regs, uintptr_t entry, uintptr_t stack)
{
	*regs = (struct arch_regs){.pc = entry, .sp = stack, .user = true};
}

void arch_regs_log(const struct arch_regs *regs)
{
	log_line("pc %lx  sp %lx  fp %lx", (unsigned long)regs->pc, (unsigned long)regs->sp, (unsigned long)regs->fp);
}

_Noreturn void arch_user_enter(const struct arch_regs *regs)
{
	(void)regs;
	trap_fatal(NULL, "the host port has no user mode");
}

void arch_user_reset(void)
{
}

int arch_user_copy(struct arch_thread *child)
{
	child->tls = thread_arch(arch_current())->tls;
	return 0;
}

int arch_tls_set(struct arch_thread *t, uintptr_t tls)
{
	t->tls = tls;
	return 0;
}

uintptr_t arch_tls_get(const struct arch_thread *t)
{
	return t->tls;
}
