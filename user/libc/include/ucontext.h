/* SPDX-License-Identifier: MIT */
/* What a handler finds of the interrupted program: the kernel's layouts, glibc's names. */
#ifndef _UCONTEXT_H
#define _UCONTEXT_H

#include <signal.h>

#ifdef __x86_64__

enum {
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RDI, REG_RSI, REG_RBP, REG_RBX,
	REG_RDX, REG_RAX, REG_RCX, REG_RSP, REG_RIP, REG_EFL, REG_CSGSFS, REG_ERR, REG_TRAPNO, REG_OLDMASK, REG_CR2
};

struct _libc_fpstate {
	unsigned short cwd, swd, ftw, fop;
	unsigned long rip, rdp;
	unsigned mxcsr, mxcr_mask;
	unsigned st[32], _xmm[64], padding[24];
};

typedef struct {
	long long gregs[23];
	struct _libc_fpstate *fpregs;
	unsigned long long reserved[8];
} mcontext_t;

typedef struct {
	unsigned long uc_flags;
	void *uc_link;
	stack_t uc_stack;
	mcontext_t uc_mcontext;
	sigset_t uc_sigmask;
} ucontext_t;

#else

typedef struct {
	unsigned long long fault_address, regs[31], sp, pc, pstate;
	unsigned char __reserved[4096] __attribute__((aligned(16)));
} mcontext_t;

typedef struct {
	unsigned long uc_flags;
	void *uc_link;
	stack_t uc_stack;
	sigset_t uc_sigmask;
	char room[120];
	mcontext_t uc_mcontext __attribute__((aligned(16)));
} ucontext_t;

#endif
#endif
