/* SPDX-License-Identifier: MIT */
/* Handlers: what they find, what they leave as it was, what they may change, and where they run. */
#include "sig.h"

static volatile int inner_runs;

/* ---- registers ---- */

static void spoil(int sig, siginfo_t *info, void *context)
{
	note(sig, info, context);
#ifdef __x86_64__
	__asm__ volatile("mov $-1, %%rbx; mov $-1, %%r12; mov $-1, %%rcx; mov $-1, %%r15; pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm15, %%xmm15"
			 : : : "rbx", "r12", "rcx", "r15", "xmm0", "xmm15");
#else
	__asm__ volatile("mov x19, #-1; mov x9, #-1; mov x28, #-1; movi v0.2d, #0; movi v31.2d, #0; msr fpsr, xzr"
			 : : : "x19", "x9", "x28", "v0", "v31");
#endif
}

/* Loads registers, sends itself the signal by a call, and says whether they are still there. */
static int registers_stay(int sig)
{
	long pid = getpid(), tid = syscall(SYS_gettid), good;
#ifdef __x86_64__
	double a = 1.5, b = 0;
	register long r10 __asm__("r10") = 0x1010;

	__asm__ volatile("mov $0x1111, %%rbx; mov $0x1212, %%r12; mov $0x1515, %%r15; movsd %3, %%xmm0; movsd %3, %%xmm15\n\t"
			 "movq $0x77, -120(%%rsp)\n\t"
			 "mov %4, %%rdi; mov %5, %%rsi; mov %6, %%rdx; mov $234, %%eax; syscall\n\t"
			 "xor %%ecx, %%ecx; cmp $0x1111, %%rbx; jne 1f; cmp $0x1212, %%r12; jne 1f; cmp $0x1515, %%r15; jne 1f\n\t"
			 "cmp $0x1010, %%r10; jne 1f; cmpq $0x77, -120(%%rsp); jne 1f; test %%rax, %%rax; jne 1f\n\t"
			 "comisd %%xmm0, %%xmm15; jne 1f; inc %%ecx\n"
			 "1: movsd %%xmm15, %1"
			 : "=c"(good), "=m"(b), "+r"(r10)
			 : "m"(a), "r"(pid), "r"(tid), "r"((long)sig)
			 : "rax", "rbx", "rdx", "rsi", "rdi", "r11", "r12", "r15", "xmm0", "xmm15", "memory", "cc");
	return good && b == 1.5;
#else
	double b = 0;

	__asm__ volatile("mov x19, #0x1919; mov x9, #0x909; mov x28, #0x2828; fmov d0, #1.5; fmov d31, #1.5\n\t"
			 "mov x0, %2; mov x1, %3; mov x2, %4; mov x8, #131; svc #0\n\t"
			 "mov %0, #0; mov x10, #0x1919; cmp x19, x10; b.ne 1f\n\t"
			 "mov x10, #0x909; cmp x9, x10; b.ne 1f; mov x10, #0x2828; cmp x28, x10; b.ne 1f\n\t"
			 "cbnz x0, 1f; fcmp d0, d31; b.ne 1f; mov %0, #1\n"
			 "1: str d31, %1"
			 : "=&r"(good), "=m"(b)
			 : "r"(pid), "r"(tid), "r"((long)sig)
			 : "x0", "x1", "x2", "x8", "x9", "x10", "x19", "x28", "d0", "d31", "memory", "cc");
	return good && b == 1.5;
#endif
}

static void registers(void)
{
	runs = 0;
	install(SIGUSR1, spoil, 0, set_of(0));
	ok(registers_stay(SIGUSR1) && runs == 1, "registers are what they were, floating point too");
	ok(seen.si_signo == SIGUSR1 && seen.si_code == SI_TKILL && seen.si_pid == getpid(), "siginfo of tgkill");
	kill(getpid(), SIGUSR1);
	ok(runs == 2 && seen.si_code == SI_USER && seen.si_pid == getpid() && seen.si_uid == 0, "siginfo of kill");
}

/* ---- masks and flags ---- */

static void inner(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	inner_runs++;
}

static void raises_other(int sig, siginfo_t *info, void *context)
{
	note(sig, info, context);
	raise(SIGUSR2);
	ok(inner_runs == 0, "the mask of the action holds inside the handler");
}

static void raises_itself(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	if (++runs < 3)
		raise(sig);
}

static void masks(void)
{
	runs = inner_runs = 0;
	install(SIGUSR2, inner, 0, set_of(0));
	install(SIGUSR1, note, 0, set_of(SIGUSR2));
	raise(SIGUSR1);
	ok(sigismember(&mask_inside, SIGUSR1) && sigismember(&mask_inside, SIGUSR2), "inside: the signal itself and the action's mask");
	sigset_t now = mask_now();
	ok(!sigismember(&now, SIGUSR1), "afterwards: the old mask");
	install(SIGUSR1, raises_itself, SA_NODEFER, set_of(0));
	runs = 0;
	raise(SIGUSR1);
	ok(runs == 3, "SA_NODEFER: nests");
	sigset_t mask = set_of(SIGKILL);
	sigaddset(&mask, SIGUSR2);
	install(SIGUSR1, note, SA_RESETHAND | SA_NODEFER, mask);
	raise(SIGUSR1);
	struct sigaction a;
	sigaction(SIGUSR1, NULL, &a);
	ok(a.sa_handler == SIG_DFL, "SA_RESETHAND: back to the default");
	ok((unsigned)a.sa_flags & SA_RESETHAND && sigismember(&a.sa_mask, SIGUSR2) == 1 && sigismember(&a.sa_mask, SIGKILL) == 0,
	   "flags and mask still show; SIGKILL never was in it");
	runs = inner_runs = 0;
	install(SIGUSR1, raises_other, SA_RESETHAND, set_of(SIGUSR2));
	raise(SIGUSR1);
	ok(runs == 1 && inner_runs == 1, "what was blocked in the handler comes after it");
	runs = inner_runs = 0;
	install(SIGUSR1, note, 0, set_of(0));
	sigset_t both = set_of(SIGUSR1);
	sigaddset(&both, SIGUSR2);
	sigprocmask(SIG_BLOCK, &both, NULL);
	raise(SIGUSR1);
	raise(SIGUSR2);
	sigset_t pending;
	sigpending(&pending);
	ok(sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGUSR2) && !runs && !inner_runs, "blocked ones are pending");
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	ok(runs == 1 && inner_runs == 1, "and come when unblocked");
	sigprocmask(SIG_BLOCK, &both, NULL);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&pending);
	ok(!sigismember(&pending, SIGUSR1), "what becomes ignored is no longer pending");
	sigprocmask(SIG_UNBLOCK, &both, NULL);
}

/* ---- the handler changes what it interrupted ---- */

static volatile char *made;

static void makes_room(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	runs++;
	mprotect((void *)((uintptr_t)info->si_addr & ~(PAGE - 1)), PAGE, PROT_READ | PROT_WRITE);
}

static void answers(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	RESULT((ucontext_t *)context) = 4711;
}

static void elsewhere_run(void)
{
	made = (char *)"elsewhere";
	longjmp(out, 2);
}

static void goes_elsewhere(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	SP(uc) = (SP(uc) & ~15ul) - 4096;
#ifdef __x86_64__
	SP(uc) -= 8; /* as after a call */
#endif
	PC(uc) = (uintptr_t)elsewhere_run;
}

static void changes_fp(int sig, siginfo_t *info, void *context)
{
	double two = 2.5;

	(void)sig;
	(void)info;
#ifdef __x86_64__
	memcpy((char *)((ucontext_t *)context)->uc_mcontext.fpregs + 160 + 16 * 7, &two, 8); /* xmm7 */
#else
	memcpy((char *)((ucontext_t *)context)->uc_mcontext.__reserved + 16 + 16 * 7, &two, 8); /* v7 */
#endif
}

static double fp_register_after(int sig)
{
	long pid = getpid(), tid = syscall(SYS_gettid);
	double got = 0;
#ifdef __x86_64__
	__asm__ volatile("xorpd %%xmm7, %%xmm7; mov $234, %%eax; syscall; movsd %%xmm7, %0"
			 : "=m"(got), "+D"(pid), "+S"(tid) : "d"((long)sig) : "rax", "rcx", "r11", "xmm7", "memory");
#else
	__asm__ volatile("movi v7.2d, #0; mov x0, %1; mov x1, %2; mov x2, %3; mov x8, #131; svc #0; str d7, %0"
			 : "=m"(got) : "r"(pid), "r"(tid), "r"((long)sig) : "x0", "x1", "x2", "x8", "d7", "memory");
#endif
	return got;
}

static void changes(void)
{
	volatile char *p = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	runs = 0;
	install(SIGSEGV, makes_room, 0, set_of(0));
	p[3] = 42;
	ok(p[3] == 42 && runs == 1, "a fault is done again after its handler");
	install(SIGUSR1, answers, 0, set_of(0));
	ok(kill(getpid(), SIGUSR1) == 4711, "the result of the interrupted call");
	install(SIGUSR1, changes_fp, 0, set_of(0));
	ok(fp_register_after(SIGUSR1) == 2.5, "a floating-point register");
	install(SIGUSR1, goes_elsewhere, 0, set_of(0));
	if (!setjmp(out))
		raise(SIGUSR1);
	ok(made && strcmp((char *)made, "elsewhere") == 0, "where it goes on, and on which stack");
	unblock_all();
}

/* ---- alternate stacks ---- */

static char other_stack[65536] __attribute__((aligned(16)));
static volatile int on_other, state_inside, change_inside;

static void looks_at_stack(int sig, siginfo_t *info, void *context)
{
	stack_t now, none = { .ss_flags = SS_DISABLE };
	char here;

	on_other = &here >= other_stack && &here < other_stack + sizeof(other_stack);
	sigaltstack(NULL, &now);
	state_inside = now.ss_flags;
	change_inside = sigaltstack(&none, NULL);
}

static void altstack(void)
{
	stack_t s = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) }, was;

	ok(!sigaltstack(NULL, &was) && was.ss_flags == SS_DISABLE, "at first there is no alternate stack");
	ok(!sigaltstack(&s, NULL), "sigaltstack");
	install(SIGUSR1, looks_at_stack, SA_ONSTACK, set_of(0));
	raise(SIGUSR1);
	ok(on_other && state_inside == SS_ONSTACK && change_inside == -1, "SA_ONSTACK: runs there, which cannot be changed meanwhile");
	install(SIGUSR1, looks_at_stack, 0, set_of(0));
	raise(SIGUSR1);
	ok(!on_other && state_inside == 0 && change_inside == 0, "without: it does not, and may take it away");
	ok(!sigaltstack(NULL, &was) && was.ss_sp == other_stack, "until it returns");
	s.ss_size = 100;
	ok(sigaltstack(&s, NULL) == -1, "too small");
	s.ss_size = sizeof(other_stack);
	s.ss_flags = 8;
	ok(sigaltstack(&s, NULL) == -1, "unknown flags");
	s.ss_flags = (int)(1u << 31); /* SS_AUTODISARM */
	ok(!sigaltstack(&s, NULL), "SS_AUTODISARM");
	install(SIGUSR1, looks_at_stack, SA_ONSTACK, set_of(0));
	raise(SIGUSR1);
	ok(on_other && state_inside == SS_DISABLE && !change_inside, "inside there is none");
	ok(!sigaltstack(NULL, &was) && was.ss_sp == other_stack && (unsigned)was.ss_flags == 1u << 31, "afterwards it is back");
}

int main(void)
{
	registers();
	masks();
	changes();
	altstack();
	return tap_done();
}
