/* SPDX-License-Identifier: MIT */
/* Faults as signals: what they say; those that cannot be put off; handlers that have no room; returns from frames that are none. */
#include "sig.h"

/* ---- faults ---- */

static void leave(int sig, siginfo_t *info, void *context)
{
	note(sig, info, context);
	longjmp(out, 1);
}

static int fault_is(int sig, int code, const void *addr, const char *what)
{
	int good = seen.si_signo == sig && seen.si_code == code && seen.si_addr == addr;

	unblock_all();
	if (!good)
		printf("# signal %d, code %d, address %p\n", seen.si_signo, seen.si_code, seen.si_addr);
	ok(good, "%s: signal %d, code %d, address %s", what, sig, code, addr ? "right" : "0");
	return good;
}

static void faults(void)
{
	volatile char *hole = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char *read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	install(SIGSEGV, leave, 0, set_of(0));
	install(SIGILL, leave, 0, set_of(0));
	install(SIGTRAP, leave, 0, set_of(0));
	install(SIGFPE, leave, 0, set_of(0));
	install(SIGBUS, leave, 0, set_of(0));
	if (!setjmp(out))
		hole[5] = 1;
	fault_is(SIGSEGV, SEGV_ACCERR, (void *)(hole + 5), "write to PROT_NONE");
	if (!setjmp(out))
		read_only[7] = 1;
	fault_is(SIGSEGV, SEGV_ACCERR, (void *)(read_only + 7), "write to a read-only page");
	munmap((void *)hole, 2 * PAGE);
	if (!setjmp(out))
		(void)hole[9];
	fault_is(SIGSEGV, SEGV_MAPERR, (void *)(hole + 9), "read of unmapped memory");
	if (!setjmp(out))
		((void (*)(void))read_only)();
	fault_is(SIGSEGV, SEGV_ACCERR, (void *)read_only, "execution of a page that is not executable");
	if (!setjmp(out))
		illegal();
	ok(seen.si_signo == SIGILL && seen.si_code == ILL_CODE && (uintptr_t)seen.si_addr == (uintptr_t)PC(seen_context),
	   "illegal instruction: its address");
	unblock_all();
#ifdef __x86_64__
	if (!setjmp(out))
		__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; div %%ecx" : : : "eax", "ecx", "edx");
	ok(seen.si_signo == SIGFPE && seen.si_code == FPE_INTDIV, "division by zero");
	unblock_all();
	if (!setjmp(out))
		__asm__ volatile("int3");
	ok(seen.si_signo == SIGTRAP && seen.si_code == SI_KERNEL, "breakpoint");
	unblock_all();
	if (!setjmp(out))
		*(volatile char *)0x8000000000000000ul = 1;
	fault_is(SIGSEGV, SI_KERNEL, NULL, "an address that is none");
	if (!setjmp(out))
		*(volatile char *)0xffff800000000000ul = 1;
	fault_is(SIGSEGV, SEGV_MAPERR, (void *)0xffff800000000000ul, "an address of the kernel");
#else
	if (!setjmp(out))
		__asm__ volatile("brk #0");
	ok(seen.si_signo == SIGTRAP && seen.si_code == TRAP_BRKPT && (uintptr_t)seen.si_addr == PC(seen_context), "breakpoint");
	unblock_all();
	if (!setjmp(out))
		((void (*)(void))((uintptr_t)illegal + 2))();
	fault_is(SIGBUS, BUS_ADRALN, (void *)((uintptr_t)illegal + 2), "a misaligned jump");
	if (!setjmp(out))
		*(volatile char *)0xffff800000000000ul = 1;
	fault_is(SIGSEGV, SEGV_MAPERR, (void *)0xffff800000000000ul, "an address of the kernel");
#endif
}

/* ---- ends ---- */

static volatile char *volatile nowhere = (char *)16;

static void null_write(void *arg)
{
	*nowhere = 1;
}

static void blocked_fault(void *arg)
{
	sigset_t set = set_of(SIGSEGV);

	install(SIGSEGV, note, 0, set_of(0));
	sigprocmask(SIG_BLOCK, &set, NULL);
	null_write(NULL);
}

static void ignored_fault(void *arg)
{
	signal(SIGSEGV, SIG_IGN);
	null_write(NULL);
}

static void stays(int sig, siginfo_t *info, void *context)
{
	null_write(NULL); /* inside the handler, where it is blocked */
}

static void fault_in_handler(void *arg)
{
	install(SIGSEGV, stays, 0, set_of(0));
	null_write(NULL);
}

static volatile int forever = 1;

static int deep(volatile char *up)
{
	volatile char room[4096];

	room[0] = *up;
	return (forever ? deep(room) : 0) + room[0];
}

static void stack_overflow(void *arg)
{
	char c = 0;

	install(SIGSEGV, note, 0, set_of(0)); /* there is no stack to run it on */
	_exit(deep(&c));
}

static void caught_on_altstack(int sig, siginfo_t *info, void *context)
{
	_exit(7);
}

static void overflow_on_altstack(void *arg)
{
	static char room[65536];
	stack_t s = { .ss_sp = room, .ss_size = sizeof(room) };
	char c = 0;

	sigaltstack(&s, NULL);
	install(SIGSEGV, caught_on_altstack, SA_ONSTACK, set_of(0));
	_exit(deep(&c));
}

static void bad_return(void *arg)
{
#ifdef __x86_64__
	__asm__ volatile("mov $16, %rsp; mov $15, %eax; syscall");
#else
	__asm__ volatile("mov x0, #16; mov sp, x0; mov x8, #139; svc #0");
#endif
}

static void privileged(int sig, siginfo_t *info, void *context)
{
#ifdef __x86_64__
	((ucontext_t *)context)->uc_mcontext.gregs[REG_CSGSFS] = 0x08 | 0x10l << 48;
#else
	((ucontext_t *)context)->uc_mcontext.pstate = 5;
#endif
}

static void privileged_return(void *arg)
{
	install(SIGUSR1, privileged, 0, set_of(0));
	raise(SIGUSR1);
	for (;;)
		illegal(); /* neither user code with other selectors nor kernel code: the program must not get here */
}

static void bad_fpu(int sig, siginfo_t *info, void *context)
{
#ifdef __x86_64__
	((ucontext_t *)context)->uc_mcontext.fpregs = (void *)16;
#else
	memset(((ucontext_t *)context)->uc_mcontext.__reserved, 0, 16);
#endif
}

static void bad_fpu_return(void *arg)
{
	install(SIGUSR1, bad_fpu, 0, set_of(0));
	raise(SIGUSR1);
}

static void ends(void)
{
	int status;

	for (int sig = SIGILL; sig <= SIGSEGV; sig++)
		signal(sig, SIG_DFL);
	ok(killed_by(in_child(null_write, NULL), SIGSEGV), "a fault kills");
	ok(killed_by(in_child(blocked_fault, NULL), SIGSEGV), "a blocked one too");
	ok(killed_by(in_child(ignored_fault, NULL), SIGSEGV), "and an ignored one");
	ok(killed_by(in_child(fault_in_handler, NULL), SIGSEGV), "and one inside its own handler");
	ok(killed_by(in_child(stack_overflow, NULL), SIGSEGV), "no room for the frame: SIGSEGV");
	status = in_child(overflow_on_altstack, NULL);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 7, "an alternate stack has room");
	ok(killed_by(in_child(bad_return, NULL), SIGSEGV), "rt_sigreturn without a frame: SIGSEGV");
	ok(killed_by(in_child(privileged_return, NULL), SIGSEGV), "a frame that asks for privileges: SIGSEGV");
	ok(killed_by(in_child(bad_fpu_return, NULL), SIGSEGV), "a frame without floating-point state: SIGSEGV");
}

int main(void)
{
	faults();
	ends();
	return tap_done();
}
