/* SPDX-License-Identifier: MIT */
/*
 * Signal frames, byte for byte Linux's. From the stack pointer of the handler upwards:
 *
 *	siginfo
 *	ucontext	flags, link, alternate stack, mask, room for more of it, registers (struct sigcontext), and 4 KiB of records, each with
 *			a magic number and its size: SIMD and floating-point registers; after a fault its syndrome; one of zeros
 *	frame record	the interrupted function's frame pointer and return address: the handler's x29 shows it, so that backtraces go on
 *
 * What user mode may not choose is everything in PSTATE but the flags, and the bits a program may set by itself. A frame that asks
 * for another exception level, AArch32 or masked interrupts is bad.
 */
#include "arch/upcall.h"
#include "cpu.h"
#include "lib/errno.h"
#include "lib/string.h"

#define RECORDS_SIZE 4096
#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC 0x45535201u

/* N Z C V, TCO, DIT, SSBS, BTYPE (Arm ARM C5.2.18) */
#define PSTATE_USER 0xf3001c00ul
#define PSTATE_BTYPE 0x0c00ul
#define PSTATE_TCO 0x02000000ul
#define PSTATE_KERNEL 0x3dful /* interrupt masks and mode: all zero in user mode */

struct record {
	uint32_t magic, size;
};

struct syndrome {
	struct record head;
	uint64_t esr;
};

struct sigcontext {
	uint64_t fault_addr;
	uint64_t x[31];
	uint64_t sp, pc, pstate, padding;
};

/* Without the records. */
struct frame {
	uint8_t info[SIGINFO_SIZE];
	struct {
		uint64_t flags, link;
		uint64_t stack[3]; /* address, flags, size */
		uint64_t mask;
		uint8_t more_mask[120];
		uint64_t padding;
		struct sigcontext regs;
	} uc;
};

_Static_assert(offsetof(struct frame, uc.regs) == SIGINFO_SIZE + 176, "struct ucontext");
_Static_assert(sizeof(struct frame) + RECORDS_SIZE == 4688, "struct rt_sigframe");

#define RECORDS_AT sizeof(struct frame)
#define FRAME_SIZE (sizeof(struct frame) + RECORDS_SIZE)

/* nop, for unwinders that look at the instruction before a return address; mov x8, #139 (rt_sigreturn); svc #0 */
static const uint32_t trampoline[] = { 0xd503201f, 0xd2801168, 0xd4000001 };
const void *const arch_trampoline = trampoline;
const size_t arch_trampoline_size = sizeof(trampoline);

static bool user_put(uintptr_t to, const void *from, size_t n)
{
	return to < USER_TOP && n <= USER_TOP - to && !arch_copy_to_user((void *)to, from, n);
}

static bool user_get(void *to, uintptr_t from, size_t n)
{
	return from < USER_TOP && n <= USER_TOP - from && !arch_copy_from_user(to, (const void *)from, n);
}

/* ---- into the handler ---- */

static bool records_put(uintptr_t at)
{
	struct arch_thread *t = thread_arch(arch_current());
	struct syndrome fault = { { ESR_MAGIC, sizeof(fault) }, t->fault_esr };
	struct record end = { 0, 0 };

	if (arch_fpu_save_user(at))
		return false;
	at += arch_fpu_frame_size();
	if (t->fault_esr) {
		if (!user_put(at, &fault, sizeof(fault)))
			return false;
		at += sizeof(fault);
	}
	return user_put(at, &end, sizeof(end));
}

static void frame_fill(struct frame *f, const struct arch_regs *regs, const struct arch_signal *s)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->info, s->info, SIGINFO_SIZE);
	memcpy(f->uc.stack, s->altstack, sizeof(f->uc.stack));
	f->uc.mask = s->mask;
	f->uc.regs.fault_addr = thread_arch(arch_current())->fault_addr;
	memcpy(f->uc.regs.x, regs->x, sizeof(regs->x));
	f->uc.regs.sp = regs->sp;
	f->uc.regs.pc = regs->pc;
	f->uc.regs.pstate = regs->pstate;
}

static bool frame_put(uintptr_t at, const struct frame *f, bool want_info)
{
	size_t skip = want_info ? 0 : SIGINFO_SIZE;

	return user_put(at + skip, (const char *)f + skip, sizeof(*f) - skip);
}

int arch_signal_enter(struct arch_regs *regs, const struct arch_signal *s)
{
	uintptr_t top = s->stack ? s->stack : regs->sp;
	uintptr_t link = (top - 16) & -16ul, at = link - FRAME_SIZE;
	uint64_t frame_record[2] = { regs->x[29], regs->x[30] };
	struct frame f;

	if (!s->restorer || at > top || at <= s->stack_low)
		return -EFAULT;
	frame_fill(&f, regs, s);
	if (!user_put(link, frame_record, sizeof(frame_record)) || !records_put(at + RECORDS_AT) || !frame_put(at, &f, s->want_info))
		return -EFAULT;
	regs->x[0] = s->sig;
	if (s->want_info) {
		regs->x[1] = at + offsetof(struct frame, info);
		regs->x[2] = at + offsetof(struct frame, uc);
	}
	regs->x[29] = link;
	regs->x[30] = s->restorer;
	regs->sp = at;
	regs->pc = s->handler;
	regs->pstate &= ~(PSTATE_BTYPE | PSTATE_TCO);
	return 0;
}

/* ---- and back ---- */

/* Walks the records. The registers must be among them, once, at *fp; other kinds only if they are Linux's syndrome. */
static bool records_find(uintptr_t at, uintptr_t *fp)
{
	struct record r;

	*fp = 0;
	for (size_t left = RECORDS_SIZE; left >= sizeof(r); left -= r.size, at += r.size) {
		if (!user_get(&r, at, sizeof(r)))
			return false;
		if (!r.magic && !r.size)
			return *fp;
		if (r.size < sizeof(r) || r.size % 16 || r.size > left)
			return false;
		if (r.magic == FPSIMD_MAGIC ? *fp != 0 : r.magic != ESR_MAGIC)
			return false;
		if (r.magic == FPSIMD_MAGIC)
			*fp = at;
	}
	return false;
}

int arch_signal_return(struct arch_regs *regs, uint64_t *mask, uint64_t altstack[3])
{
	struct frame f;
	uintptr_t fp;

	if (regs->sp % 16 || !user_get(&f, regs->sp, sizeof(f)))
		return -EFAULT;
	if (f.uc.regs.pstate & PSTATE_KERNEL || !records_find(regs->sp + RECORDS_AT, &fp) ||
	    arch_fpu_load_user(fp))
		return -EFAULT;
	memcpy(regs->x, f.uc.regs.x, sizeof(regs->x));
	regs->sp = f.uc.regs.sp;
	regs->pc = f.uc.regs.pc;
	regs->pstate = f.uc.regs.pstate & PSTATE_USER;
	*mask = f.uc.mask;
	memcpy(altstack, f.uc.stack, sizeof(f.uc.stack));
	return 0;
}

/* ---- what an exception means ---- */

enum { ILL_ILLOPC = 1, TRAP_BRKPT = 1, TRAP_TRACE = 2, BUS_ADRALN = 1, BUS_ADRERR = 2, SEGV_MAPERR = 1, SEGV_ACCERR = 2 };
enum { FPE_FLTDIV = 3, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES, FPE_FLTINV, FPE_FLTUNK = 14 };

/* ESR_EL1.ISS of a trapped floating-point exception (Arm ARM D17.2.37): TFV, then which. */
static int fp_code(uint64_t esr)
{
	if (!(esr >> 23 & 1))
		return FPE_FLTUNK;
	if (esr & 0x01)
		return FPE_FLTINV;
	if (esr & 0x02)
		return FPE_FLTDIV;
	if (esr & 0x04)
		return FPE_FLTOVF;
	if (esr & 0x08)
		return FPE_FLTUND;
	return esr & 0x10 ? FPE_FLTRES : FPE_FLTUNK;
}

int arch_trap_code(const struct arch_regs *regs, enum user_trap kind, uintptr_t *addr)
{
	struct arch_thread *t = thread_arch(arch_current());

	if (kind == USER_TRAP_STACK)
		*addr = regs->sp;
	t->fault_esr = regs->syndrome;
	t->fault_addr = kind >= USER_TRAP_UNMAPPED || kind == USER_TRAP_ALIGN || kind == USER_TRAP_STACK ? *addr : 0;
	switch (kind) {
	case USER_TRAP_ILLEGAL:
		return ILL_ILLOPC;
	case USER_TRAP_FP:
		return fp_code(regs->syndrome);
	case USER_TRAP_BREAK:
		return TRAP_BRKPT;
	case USER_TRAP_STEP:
		return TRAP_TRACE;
	case USER_TRAP_ALIGN:
	case USER_TRAP_STACK:
		return BUS_ADRALN;
	case USER_TRAP_ACCESS:
		return SEGV_ACCERR;
	case USER_TRAP_BUS:
		return BUS_ADRERR;
	default:
		return SEGV_MAPERR;
	}
}
