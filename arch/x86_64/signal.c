/* SPDX-License-Identifier: MIT */
/*
 * Signal frames, byte for byte Linux's. From the stack pointer of the handler upwards:
 *
 *	return address	the restorer
 *	ucontext	flags, link, alternate stack, registers (struct sigcontext), mask
 *	siginfo
 *	(gap)		to a multiple of 64
 *	FPU area	fpu_frame.c
 *
 * Above it 128 bytes stay as they are: a leaf function may use them below its stack pointer (System V ABI, 3.2.2).
 *
 * What user mode may not choose: segment selectors other than its own, and flags that concern the kernel. A frame that asks for
 * such selectors is bad; such flags are dropped, as on Linux.
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "lib/errno.h"
#include "lib/string.h"

#define RED_ZONE 128
#define FPU_ALIGN 64

enum { UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4 };

/* CF PF AF ZF SF TF DF OF RF AC */
#define FLAGS_USER 0x50dd5u

struct sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, flags;
	uint16_t cs, gs, fs, ss;
	uint64_t error, vector, oldmask, cr2;
	uint64_t fpstate; /* address of the FPU area, or 0 */
	uint64_t reserved[8];
};

struct frame {
	uint64_t restorer;
	struct {
		uint64_t flags, link;
		uint64_t stack[3]; /* address, flags, size */
		struct sigcontext regs;
		uint64_t mask;
	} uc;
	uint8_t info[SIGINFO_SIZE];
};

_Static_assert(sizeof(struct sigcontext) == 256, "struct sigcontext");
_Static_assert(sizeof(struct frame) == 440, "struct rt_sigframe");

const void *const arch_trampoline;
const size_t arch_trampoline_size; /* none: programs bring a restorer */

static bool user_put(uintptr_t to, const void *from, size_t n)
{
	return to < USER_TOP && n <= USER_TOP - to && !arch_copy_to_user((void *)to, from, n);
}

static bool user_get(void *to, uintptr_t from, size_t n)
{
	return from < USER_TOP && n <= USER_TOP - from && !arch_copy_from_user(to, (const void *)from, n);
}

/* ---- into the handler ---- */

static void registers_get(struct sigcontext *c, const struct arch_regs *r)
{
	const struct arch_thread *t = thread_arch(arch_current());

	*c = (struct sigcontext){
		.r8 = r->r8, .r9 = r->r9, .r10 = r->r10, .r11 = r->r11, .r12 = r->r12, .r13 = r->r13, .r14 = r->r14, .r15 = r->r15,
		.rdi = r->rdi, .rsi = r->rsi, .rbp = r->rbp, .rbx = r->rbx, .rdx = r->rdx, .rax = r->rax, .rcx = r->rcx,
		.rsp = r->rsp, .rip = r->rip, .flags = r->flags, .cs = (uint16_t)r->cs, .ss = (uint16_t)r->ss,
		.error = t->fault_error, .vector = t->fault_vector, .cr2 = t->fault_addr,
	};
}

static void frame_fill(struct frame *f, const struct arch_regs *regs, const struct arch_signal *s, uintptr_t fpu)
{
	memset(f, 0, sizeof(*f));
	f->restorer = s->restorer;
	f->uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (cpu_has.xsave ? UC_FP_XSTATE : 0);
	memcpy(f->uc.stack, s->altstack, sizeof(f->uc.stack));
	registers_get(&f->uc.regs, regs);
	f->uc.regs.oldmask = s->mask;
	f->uc.regs.fpstate = fpu;
	f->uc.mask = s->mask;
	memcpy(f->info, s->info, SIGINFO_SIZE);
}

int arch_signal_enter(struct arch_regs *regs, const struct arch_signal *s)
{
	uintptr_t top = s->stack ? s->stack : regs->rsp - RED_ZONE;
	uintptr_t fpu = (top - arch_fpu_frame_size()) & -(uintptr_t)FPU_ALIGN;
	uintptr_t at = ((fpu - sizeof(struct frame)) & -16ul) - 8; /* as after a call */
	struct frame f;

	if (!s->restorer || at > top || at <= s->stack_low)
		return -EFAULT;
	frame_fill(&f, regs, s, fpu);
	if (arch_fpu_save_user(fpu) || !user_put(at, &f, s->want_info ? sizeof(f) : offsetof(struct frame, info)))
		return -EFAULT;
	regs->rdi = s->sig;
	regs->rsi = at + offsetof(struct frame, info);
	regs->rdx = at + offsetof(struct frame, uc);
	regs->rax = 0;
	regs->rip = s->handler;
	regs->rsp = at;
	regs->flags &= ~(uint64_t)(FLAG_DF | FLAG_RF | FLAG_TF);
	return 0;
}

/* ---- and back ---- */

static void registers_set(struct arch_regs *r, const struct sigcontext *c)
{
	*r = (struct arch_regs){
		.r8 = c->r8, .r9 = c->r9, .r10 = c->r10, .r11 = c->r11, .r12 = c->r12, .r13 = c->r13, .r14 = c->r14, .r15 = c->r15,
		.rdi = c->rdi, .rsi = c->rsi, .rbp = c->rbp, .rbx = c->rbx, .rdx = c->rdx, .rax = c->rax, .rcx = c->rcx,
		.rsp = c->rsp, .rip = c->rip, .cs = SEL_USER_CODE, .ss = SEL_USER_DATA, .error = UINT64_MAX,
		.flags = (r->flags & ~(uint64_t)FLAGS_USER) | (c->flags & FLAGS_USER),
	};
}

int arch_signal_return(struct arch_regs *regs, uint64_t *mask, uint64_t altstack[3])
{
	struct frame f;

	if (!user_get(&f, regs->rsp - sizeof(f.restorer), offsetof(struct frame, info)))
		return -EFAULT;
	if ((f.uc.regs.cs | 3) != SEL_USER_CODE || (f.uc.flags & UC_SIGCONTEXT_SS && (f.uc.regs.ss | 3) != SEL_USER_DATA))
		return -EFAULT;
	if (arch_fpu_load_user(f.uc.regs.fpstate))
		return -EFAULT;
	registers_set(regs, &f.uc.regs);
	*mask = f.uc.mask;
	memcpy(altstack, f.uc.stack, sizeof(f.uc.stack));
	return 0;
}

/* ---- what an exception means ---- */

enum { VECTOR_DIVIDE = 0, VECTOR_PAGE_FAULT = 14, VECTOR_X87 = 16, VECTOR_SIMD = 19 };
enum { ILL_ILLOPN = 2, TRAP_TRACE = 2, BUS_ADRALN = 1, BUS_ADRERR = 2, SEGV_MAPERR = 1, SEGV_ACCERR = 2, SI_KERNEL = 0x80 };
enum { FPE_INTDIV = 1, FPE_FLTDIV = 3, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES, FPE_FLTINV };

/* Of the exceptions that are flagged and not masked, in the order the hardware prefers them (SDM vol. 1 4.9.2). */
static int fp_code(unsigned flagged)
{
	if (flagged & 0x01)
		return FPE_FLTINV;
	if (flagged & 0x04)
		return FPE_FLTDIV;
	if (flagged & 0x08)
		return FPE_FLTOVF;
	if (flagged & 0x12)
		return FPE_FLTUND; /* or a denormal operand */
	return flagged & 0x20 ? FPE_FLTRES : SI_KERNEL;
}

static int fp_trap_code(unsigned vector)
{
	uint16_t control, status;
	uint32_t mxcsr;

	if (vector == VECTOR_DIVIDE)
		return FPE_INTDIV;
	if (vector == VECTOR_SIMD) {
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		return fp_code(mxcsr & ~(mxcsr >> 7));
	}
	__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
	return fp_code(status & ~control & 0x3fu);
}

static int other_trap_code(const struct arch_regs *regs, enum user_trap kind, unsigned vector, uintptr_t *addr)
{
	*addr = regs->rip;
	switch (kind) {
	case USER_TRAP_ILLEGAL:
		return ILL_ILLOPN;
	case USER_TRAP_FP:
		return fp_trap_code(vector);
	case USER_TRAP_STEP:
		return TRAP_TRACE;
	case USER_TRAP_ALIGN:
		*addr = 0;
		return BUS_ADRALN;
	default:
		*addr = 0;
		return SI_KERNEL;
	}
}

int arch_trap_code(const struct arch_regs *regs, enum user_trap kind, uintptr_t *addr)
{
	struct arch_thread *t = thread_arch(arch_current());

	t->fault_error = (uint32_t)regs->error;
	if (kind < USER_TRAP_UNMAPPED)
		return other_trap_code(regs, kind, t->fault_vector, addr);
	t->fault_vector = VECTOR_PAGE_FAULT;
	t->fault_addr = *addr;
	if (kind == USER_TRAP_BUS)
		return BUS_ADRERR;
	return kind == USER_TRAP_ACCESS ? SEGV_ACCERR : SEGV_MAPERR;
}
