/* SPDX-License-Identifier: MIT */
/*
 * Threads as the machine sees them: a saved stack pointer, and for those that have been in user mode an FPU area and the
 * FS base. User mode cannot change its FS base behind our back (FSGSBASE is off), so it is never read back.
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "lib/errno.h"

/* What switch.S pops, lowest address first. */
struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx;
	uint64_t rbp; /* with pc above it, the first link of the frame chain */
	uint64_t pc;
};

void arch_thread_init(struct arch_thread *t, void *stack_top, void (*entry)(void *), void *arg)
{
	struct switch_frame *f = (struct switch_frame *)((uintptr_t)stack_top - 16) - 1;

	*f = (struct switch_frame){.r12 = (uintptr_t)entry, .r13 = (uintptr_t)arg, .pc = (uintptr_t)stack_begin};
	*t = (struct arch_thread){.sp = (uintptr_t)f, .stack_top = (uintptr_t)stack_top};
}

uintptr_t arch_thread_fp(const struct arch_thread *sleeping)
{
	return sleeping->sp + offsetof(struct switch_frame, rbp);
}

static void user_state_load(const struct arch_thread *t)
{
	fpu_load(t->fpu);
	msr_write(MSR_FS_BASE, t->tls);
}

void arch_switch(struct thread *prev, struct thread *next)
{
	struct arch_thread *p = thread_arch(prev), *n = thread_arch(next);
	struct cpu_local *c = cpu_self();

	if (p->fpu)
		fpu_save(p->fpu);
	if (n->fpu)
		user_state_load(n);
	c->current = next;
	c->stack_top = n->stack_top;
	c->tss.rsp[0] = n->stack_top;
	switch_stacks(&p->sp, n->sp);
}

void arch_thread_destroy(struct arch_thread *t)
{
	fpu_free(t->fpu);
	t->fpu = NULL;
}

/* ---- user mode ---- */

void arch_user_reset(void)
{
	struct arch_thread *t = thread_arch(arch_current());
	irqflags_t flags = arch_irq_save(); /* a switch would save the old registers over the fresh area */

	t->tls = 0;
	if (t->fpu) {
		fpu_reset(t->fpu);
		user_state_load(t);
	}
	arch_irq_restore(flags);
}

_Noreturn void arch_user_enter(const struct arch_regs *regs)
{
	struct arch_thread *t = thread_arch(arch_current());

	if (!t->fpu) {
		void *area = fpu_alloc();

		if (!area)
			trap_fatal(NULL, "no memory for the FPU state of a program");
		arch_irq_disable();
		t->fpu = area;
		user_state_load(t);
	}
	trap_enter_user(regs, t->stack_top);
}

int arch_user_copy(struct arch_thread *child)
{
	struct arch_thread *t = thread_arch(arch_current());
	irqflags_t flags;

	child->fpu = fpu_alloc();
	if (!child->fpu)
		return -ENOMEM;
	child->tls = t->tls;
	flags = arch_irq_save();
	if (t->fpu) {
		fpu_save(t->fpu);
		fpu_copy(child->fpu, t->fpu);
	}
	arch_irq_restore(flags);
	return 0;
}

void arch_tls_set(struct arch_thread *t, uintptr_t tls)
{
	irqflags_t flags = arch_irq_save();

	t->tls = tls;
	if (t == thread_arch(arch_current()))
		msr_write(MSR_FS_BASE, tls);
	arch_irq_restore(flags);
}

uintptr_t arch_tls_get(const struct arch_thread *t)
{
	return t->tls;
}
