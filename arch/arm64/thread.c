/* SPDX-License-Identifier: MIT */
/* Threads as the machine sees them: a saved stack pointer, and for those that have been in user mode an FPU area and TPIDR_EL0, which a
 * program changes by itself and which is therefore read back at each switch. */
#include "arch/upcall.h"
#include "cpu.h"
#include "lib/errno.h"
#include "lib/string.h"

/* What switch.S loads, lowest address first. */
struct switch_frame {
	uint64_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
	uint64_t fp, lr; /* the first link of the frame chain */
};

void arch_thread_init(struct arch_thread *t, void *stack_top, void (*entry)(void *), void *arg)
{
	struct switch_frame *f = (struct switch_frame *)stack_top - 1;

	*f = (struct switch_frame){.x19 = (uintptr_t)entry, .x20 = (uintptr_t)arg, .lr = (uintptr_t)stack_begin};
	*t = (struct arch_thread){.sp = (uintptr_t)f, .stack_top = (uintptr_t)stack_top};
}

uintptr_t arch_thread_fp(const struct arch_thread *sleeping)
{
	return sleeping->sp + offsetof(struct switch_frame, fp);
}

static void user_state_load(const struct arch_thread *t)
{
	fpu_load(t->fpu);
	sysreg_write(tpidr_el0, t->tls);
}

static void user_state_save(struct arch_thread *t)
{
	fpu_save(t->fpu);
	t->tls = sysreg_read(tpidr_el0);
}

void arch_switch(struct thread *prev, struct thread *next)
{
	struct arch_thread *p = thread_arch(prev), *n = thread_arch(next);

	if (p->fpu)
		user_state_save(p);
	if (n->fpu)
		user_state_load(n);
	sysreg_write(tpidr_el1, (uintptr_t)next);
	switch_stacks(&p->sp, n->sp);
}

void arch_thread_destroy(struct arch_thread *t)
{
	if (t->fpu)
		arch_mem_free(t->fpu, FPU_AREA_SIZE);
	t->fpu = NULL;
}

/* ---- user mode ---- */

void arch_user_reset(void)
{
	struct arch_thread *t = thread_arch(arch_current());
	irqflags_t flags = arch_irq_save(); /* a switch would save the old registers over the fresh area */

	t->tls = 0;
	if (t->fpu) {
		memset(t->fpu, 0, FPU_AREA_SIZE);
		user_state_load(t);
	}
	arch_irq_restore(flags);
}

_Noreturn void arch_user_enter(const struct arch_regs *regs)
{
	struct arch_thread *t = thread_arch(arch_current());

	if (!t->fpu) {
		void *area = arch_mem_alloc(FPU_AREA_SIZE);

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

	child->fpu = arch_mem_alloc(FPU_AREA_SIZE);
	if (!child->fpu)
		return -ENOMEM;
	flags = arch_irq_save();
	if (t->fpu) {
		user_state_save(t);
		memcpy(child->fpu, t->fpu, FPU_AREA_SIZE);
		child->tls = t->tls;
	}
	arch_irq_restore(flags);
	return 0;
}

int arch_tls_set(struct arch_thread *t, uintptr_t tls)
{
	irqflags_t flags = arch_irq_save();

	t->tls = tls;
	if (t == thread_arch(arch_current()))
		sysreg_write(tpidr_el0, tls);
	arch_irq_restore(flags);
	return 0;
}

uintptr_t arch_tls_get(const struct arch_thread *t)
{
	return t == thread_arch(arch_current()) ? sysreg_read(tpidr_el0) : t->tls;
}

/* ---- signal frames ---- */

#define FPSIMD_MAGIC 0x46508001u

/* Linux's, the first record of a signal frame. */
struct fpsimd_context {
	uint32_t magic, size, fpsr, fpcr;
	uint64_t q[64];
};

/* As fpu.S has it. */
struct fpu_area {
	uint64_t q[64], fpsr, fpcr;
};

_Static_assert(sizeof(struct fpsimd_context) == 528 && sizeof(struct fpu_area) == FPU_AREA_SIZE, "layout");

size_t arch_fpu_frame_size(void)
{
	return sizeof(struct fpsimd_context);
}

/* The area stays as it is while it is copied: the kernel uses none of these registers, so another save writes the same. */
int arch_fpu_save_user(uintptr_t to)
{
	const struct fpu_area *area = thread_arch(arch_current())->fpu;
	struct fpsimd_context frame = { .magic = FPSIMD_MAGIC, .size = sizeof(frame) };
	irqflags_t flags = arch_irq_save();

	fpu_save(thread_arch(arch_current())->fpu);
	arch_irq_restore(flags);
	frame.fpsr = (uint32_t)area->fpsr;
	frame.fpcr = (uint32_t)area->fpcr;
	memcpy(frame.q, area->q, sizeof(frame.q));
	if (to > USER_TOP - sizeof(frame))
		return -EFAULT;
	return arch_copy_to_user((void *)to, &frame, sizeof(frame)) ? -EFAULT : 0;
}

static int frame_get(struct fpsimd_context *frame, uintptr_t from)
{
	if (from > USER_TOP - sizeof(*frame) || arch_copy_from_user(frame, (const void *)from, sizeof(*frame)))
		return -EFAULT;
	return frame->magic == FPSIMD_MAGIC && frame->size == sizeof(*frame) ? 0 : -EINVAL;
}

int arch_fpu_load_user(uintptr_t from)
{
	struct fpu_area *area = thread_arch(arch_current())->fpu;
	struct fpsimd_context frame = { .magic = 0 };
	int err = from ? frame_get(&frame, from) : 0;
	irqflags_t flags;

	if (err)
		return err;
	flags = arch_irq_save(); /* a switch would save the old registers over the new area */
	memcpy(area->q, frame.q, sizeof(frame.q));
	area->fpsr = frame.fpsr;
	area->fpcr = frame.fpcr;
	fpu_load(area);
	arch_irq_restore(flags);
	return 0;
}

/* ---- arch_prctl: not on this machine ---- */

int arch_prctl_set(unsigned code, uintptr_t value)
{
	(void)code;
	(void)value;
	return -EINVAL;
}

int arch_prctl_get(unsigned code, uintptr_t *value)
{
	(void)code;
	(void)value;
	return -EINVAL;
}
