/* SPDX-License-Identifier: MIT */
/* What the programs about signal handlers share. */
#ifndef SIG_H
#define SIG_H

#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "tap.h"

#ifdef __x86_64__
#define PC(uc) ((uc)->uc_mcontext.gregs[REG_RIP])
#define SP(uc) ((uc)->uc_mcontext.gregs[REG_RSP])
#define RESULT(uc) ((uc)->uc_mcontext.gregs[REG_RAX])
#define ILL_CODE ILL_ILLOPN
#else
#define PC(uc) ((uc)->uc_mcontext.pc)
#define SP(uc) ((uc)->uc_mcontext.sp)
#define RESULT(uc) ((uc)->uc_mcontext.regs[0])
#define ILL_CODE ILL_ILLOPC
#endif

static volatile int runs;
static siginfo_t seen;
static ucontext_t *volatile seen_context;
static sigset_t mask_inside;

static void __attribute__((unused)) install(int sig, void (*fn)(int, siginfo_t *, void *), int flags, sigset_t mask)
{
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_sigaction = fn;
	a.sa_flags = flags | SA_SIGINFO;
	a.sa_mask = mask;
	sigaction(sig, &a, NULL);
}

static sigset_t __attribute__((unused)) set_of(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	if (sig)
		sigaddset(&set, sig);
	return set;
}

static sigset_t __attribute__((unused)) mask_now(void)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return set;
}

static void __attribute__((unused)) note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	runs++;
	seen = *info;
	seen_context = context;
	mask_inside = mask_now();
}

static jmp_buf out __attribute__((unused));

static void __attribute__((unused)) unblock_all(void)
{
	sigset_t none = set_of(0);

	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((unused)) illegal(void)
{
#ifdef __x86_64__
	__asm__ volatile("ud2");
#else
	__asm__ volatile(".inst 0");
#endif
}

#endif
