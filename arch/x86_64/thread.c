/* SPDX-License-Identifier: MIT */
/*
 * Threads as the machine sees them: a saved stack pointer, and for those that have been in user mode an FPU area and the
 * bases of FS and GS. User mode cannot change these behind our back (FSGSBASE is off), so they are never read back. While the
 * kernel runs, the user's GS base waits in the other of the two registers that SWAPGS exchanges.
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
	msr_write(MSR_KERNEL_GS_BASE, t->gs);
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

	t->tls = t->gs = 0;
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
	child->gs = t->gs;
	flags = arch_irq_save();
	if (t->fpu) {
		fpu_save(t->fpu);
		fpu_copy(child->fpu, t->fpu);
	}
	arch_irq_restore(flags);
	return 0;
}

/* Not canonical, it would fault when the register is loaded; the kernel's it shall not be. */
int arch_tls_set(struct arch_thread *t, uintptr_t tls)
{
	irqflags_t flags;

	if (tls >= USER_TOP)
		return -EPERM;
	flags = arch_irq_save();
	t->tls = tls;
	if (t == thread_arch(arch_current()))
		msr_write(MSR_FS_BASE, tls);
	arch_irq_restore(flags);
	return 0;
}

uintptr_t arch_tls_get(const struct arch_thread *t)
{
	return t->tls;
}

/* ---- signal frames ---- */

/* The area stays as it is while it is copied: the kernel uses none of these registers, so another save writes the same. */
int arch_fpu_save_user(uintptr_t to)
{
	struct arch_thread *t = thread_arch(arch_current());
	irqflags_t flags = arch_irq_save();

	fpu_save_whole(t->fpu);
	arch_irq_restore(flags);
	return fpu_frame_put(to, t->fpu);
}

static void fpu_replace(void *area)
{
	struct arch_thread *t = thread_arch(arch_current());
	irqflags_t flags = arch_irq_save(); /* a switch would save the old registers over the new area */
	void *old = t->fpu;

	t->fpu = area;
	fpu_load(area);
	arch_irq_restore(flags);
	fpu_free(old);
}

int arch_fpu_load_user(uintptr_t from)
{
	void *area = fpu_alloc();
	int err = area && from ? fpu_frame_get(area, from) : 0;

	if (!area)
		return -ENOMEM;
	if (err)
		fpu_free(area);
	else
		fpu_replace(area);
	return err;
}

/* ---- arch_prctl ---- */

enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };

int arch_prctl_set(unsigned code, uintptr_t value)
{
	struct arch_thread *t = thread_arch(arch_current());
	irqflags_t flags;

	if (code != ARCH_SET_FS && code != ARCH_SET_GS)
		return -EINVAL;
	if (code == ARCH_SET_FS)
		return arch_tls_set(t, value);
	if (value >= USER_TOP)
		return -EPERM;
	flags = arch_irq_save();
	t->gs = value;
	msr_write(MSR_KERNEL_GS_BASE, value);
	arch_irq_restore(flags);
	return 0;
}

int arch_prctl_get(unsigned code, uintptr_t *value)
{
	const struct arch_thread *t = thread_arch(arch_current());

	if (code != ARCH_GET_FS && code != ARCH_GET_GS)
		return -EINVAL;
	*value = code == ARCH_GET_FS ? t->tls : t->gs;
	return 0;
}
