/* SPDX-License-Identifier: MIT */
/*
 * Signals: what is pending, who acts on it, and how a call that was interrupted goes on. The argument is at the head of init/signal.c.
 */
#ifndef INIT_SIGNAL_H
#define INIT_SIGNAL_H

#include "arch/upcall.h"
#include "lib/list.h"

#define SIGNALS 64

/* Linux's numbers, the same on both machines. */
enum signal_number {
	SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2,
	SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGXCPU,
	SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS
};

enum { SIG_DFL = 0, SIG_IGN = 1 }; /* handlers that are none */

/* Of signal_action.flags. */
#define SA_NOCLDSTOP 1ul
#define SA_NOCLDWAIT 2ul
#define SA_SIGINFO 4ul
#define SA_ONSTACK 0x08000000ul
#define SA_RESTART 0x10000000ul
#define SA_NODEFER 0x40000000ul
#define SA_RESETHAND 0x80000000ul
#define SA_RESTORER 0x04000000ul

/* The layout is Linux's, on both machines. */
struct signal_action {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

/* si_code: who sent it. Codes > 0 are the kernel's; which, depends on the signal. */
enum { SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TIMER = -2, SI_TKILL = -6, SI_UNKNOWN = -8 /* and below */ };
enum { CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED, CLD_CONTINUED };

/* The part of Linux's siginfo that means anything; a program gets SIGINFO_SIZE bytes, zeros behind this. */
struct siginfo {
	int32_t signo, error, code, pad;
	union {
		struct {
			uint32_t pid, uid;
			union {
				uint64_t value; /* kill and sigqueue	*/
				struct {
					int32_t status; /* SIGCHLD	*/
					int64_t utime, stime;
				};
			};
		};
		struct {
			int32_t timer, overrun;
			uint64_t timer_value;
		};
		uint64_t addr; /* of a fault */
		uint64_t words[4];
	};
};

_Static_assert(sizeof(struct siginfo) == 48, "struct kernel_siginfo");

/* Signals that wait, with what they say: a set, and a list in order of arrival. One of 1..31 is there once; others as often as sent. A
 * signal may be in the set alone (no memory, or nothing to say). Guarded by the lock of the process. */
struct pending {
	uint64_t set;
	struct list queue; /* struct queued_signal */
};

struct posix_timer;

/* (S) lock of the process that gets it */
struct queued_signal {
	struct list link;	   /* pending->queue		(S) */
	struct siginfo info;	   /*				(S) */
	struct posix_timer *timer; /* it is part of that; else NULL	(C) */
};

/* A program's alternate stack. (itself) */
struct altstack {
	uint64_t base, size;
	uint32_t flags; /* as sigaltstack(2) got them */
};

struct process;
struct task;
struct sighand;

static inline uint64_t signal_bit(unsigned sig)
{
	return 1ull << (sig - 1);
}

/* "SIGSEGV"; "signal" for one without a name. */
const char *signal_name(unsigned sig);

/* ---- what a process does with each signal: init/sighand.c. Shared by CLONE_SIGHAND. ---- */

struct sighand *sighand_new(struct sighand *like); /* NULL: all by default. NULL: no memory */
struct sighand *sighand_get(struct sighand *s);
void sighand_put(struct sighand *s);
void sighand_reset(struct sighand *s); /* nobody else has it: handlers become the default, what is ignored stays ignored */

/* p->lock held, or p is the caller's own. */
struct signal_action signal_action_of(struct process *p, unsigned sig);

struct signal_action signal_action_look(struct process *p, unsigned sig); /* for those who do not hold the lock */

/* Sets it, if to is not NULL; *old is what was. What is to be ignored from now on and waits, is forgotten. */
void signal_action_change(struct process *p, unsigned sig, const struct signal_action *to, struct signal_action *old);

/* execve: p, our own, uses the table `own` from now on, which nobody else has: handlers are gone, what is ignored stays ignored. The
 * alternate stack is gone too. */
void signal_exec(struct process *p, struct sighand *own);

/* ---- sending ---- */

/* From the calling process, or from the kernel in an interrupt. */
struct siginfo siginfo_user(unsigned sig, int code);
struct siginfo siginfo_kernel(unsigned sig);

/* Any context. sig is 1..SIGNALS. */
void signal_send(struct process *p, unsigned sig); /* from the kernel */
void signal_send_task(struct task *t, unsigned sig); /* the same; t: the caller itself */

/* To p, or to its task `tid` (0: whoever will). 0; -ESRCH: no such task; -EAGAIN: the queue is full (RLIMIT_SIGPENDING). */
int signal_send_info(struct process *p, unsigned tid, const struct siginfo *info);

/* The same, p->lock held; t may be NULL. own: a place in the queue that the caller provides, not linked; or NULL. */
int signal_send_locked(struct process *p, struct task *t, const struct siginfo *info, struct queued_signal *own);

/* To p as one of many, found one after the other by process_next: a fork that this overtakes begins again (point 9 of init/signal.c). */
int signal_send_member(struct process *p, const struct siginfo *info);

/* For a trap of the calling task: cannot be put off. true: it ends the process. */
bool signal_force(const struct siginfo *info);

/* To every process of a group (a terminal's): how many there were. Any context. */
unsigned signal_group(unsigned pgid, unsigned sig);

/* ---- taking effect ---- */

/* Thread, in the task itself, on the way to user mode: what is pending and not blocked takes effect; a call that was interrupted
 * (kernel/restart.h) ends or begins again. May not return. */
void signal_act(struct arch_regs *regs);

/* trap_syscall, for a result that is one of the restart codes; returns it. */
long signal_interrupted(long result);

/* rt_sigreturn. */
long signal_return(struct arch_regs *regs);

/* Takes the first pending signal out of `set` for the calling task: its number, 0: none. Process lock held. */
unsigned signal_take_locked(struct process *p, struct task *t, uint64_t set, struct siginfo *info);

/* The process's pending signals, its and the calling task's. */
uint64_t signal_pending_set(struct task *t);

/* Where new memory gets the code that handlers without a restorer return to: *at, 0 if this machine needs none. 0 or -ENOMEM. */
struct mm;
void signal_init(void); /* before the first process */
int signal_map_trampoline(struct mm *mm, uintptr_t *at);

/*
 * For a call with a timeout that a signal interrupts (kernel/restart.h): unless a handler runs, again() is called with a copy of
 * *r and its result is the call's. Returns -ERESTART_RESTARTBLOCK, which the call returns.
 */
struct resume {
	long (*again)(const struct resume *r);
	uint64_t deadline; /* clock_ns scale	*/
	uint64_t args[5];  /* the call's own	*/
};
long signal_resume(const struct resume *r);

/* A call that sleeps under a mask of its own (sigsuspend, ppoll, pselect). end: `result` is what the call will return. For one of
 * the restart codes or -EINTR the old mask comes back only after the handlers have run, else at once. Returns result. */
void signal_mask_begin(uint64_t mask);
long signal_mask_end(long result);

/* sigaltstack(2): what `a` is, and making it another, for a program whose stack pointer is sp. 0, -EPERM, -EINVAL, -ENOMEM. */
void altstack_show(const struct altstack *a, uintptr_t sp, uint64_t out[3]);
int altstack_set(struct altstack *a, uintptr_t sp, const uint64_t in[3]);

/* The calling task's mask becomes `mask` (never SIGKILL or SIGSTOP). */
void signal_set_blocked(uint64_t mask);

/* ---- for the life of tasks and processes; process lock held ---- */

void pending_init(struct pending *q);
void pending_flush(struct pending *q, uint64_t set);

/* t has just been linked: a stop that is on its way is for it too. */
void signal_task_linked(struct process *p, struct task *t);

/* t has just been unlinked. true: the process has stopped thereby; the caller then calls job_tell_stopped without the lock. */
bool signal_task_unlinked(struct process *p, struct task *t);

#endif
