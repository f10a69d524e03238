/* SPDX-License-Identifier: MIT */
/*
 * Signals. A pending signal is a bit, of a task or of its process; a task looks at both on its way to user mode.
 * A signal whose default is to end the process does so where it is sent: every task is told at once.
 */
#ifndef INIT_SIGNAL_H
#define INIT_SIGNAL_H

#include "arch/upcall.h"

#define SIGNALS 64

/* Linux's numbers, the same on both machines. */
enum signal_number {
	SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2,
	SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGXCPU,
	SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS
};

enum { SIG_DFL = 0, SIG_IGN = 1 }; /* handlers that are none */

enum signal_flags { SA_NOCLDWAIT = 2 }; /* of signal_action.flags; the others are only kept */

/* The layout is Linux's, on both machines. */
struct signal_action {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

struct process;
struct task;

static inline uint64_t signal_bit(unsigned sig)
{
	return 1ull << (sig - 1);
}

/* "SIGSEGV"; "signal" for one without a name. */
const char *signal_name(unsigned sig);

/* Any context. sig is 1..SIGNALS. */
void signal_send(struct process *p, unsigned sig);
void signal_send_task(struct task *t, unsigned sig); /* t: the caller itself */

/* For a trap of the calling task. */
void signal_force(unsigned sig);

/* To p's task of that tid; sig 0: only looks. 0 or -ESRCH. */
int signal_send_tid(struct process *p, unsigned tid, unsigned sig);

/* Handlers become the default; what is ignored stays ignored. p->lock held, or nobody else knows p. */
void signal_actions_reset(struct process *p);

/* Thread, in the task itself: what is pending and not blocked takes effect. May not return. */
void signal_act(void);

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

/* The calling task's mask becomes `mask` (never SIGKILL or SIGSTOP). */
void signal_set_blocked(uint64_t mask);

#endif
