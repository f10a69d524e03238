/* SPDX-License-Identifier: MIT */
/* Linux's signals: newlib's numbers are others above SIGABRT. */
#ifndef _SIGNAL_H
#define _SIGNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPWR 30
#define SIGSYS 31
#define NSIG 65
#define SIGRTMIN 34
#define SIGRTMAX 64

#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

typedef void (*sighandler_t)(int);
typedef int sig_atomic_t;

#define sigemptyset(set) (*(set) = 0, 0)
#define sigfillset(set) (*(set) = ~(sigset_t)0, 0)
#define sigaddset(set, sig) (*(set) |= (sigset_t)1 << ((sig)-1), 0)
#define sigdelset(set, sig) (*(set) &= ~((sigset_t)1 << ((sig)-1)), 0)
#define sigismember(set, sig) ((int)(*(set) >> ((sig)-1) & 1))

#define SA_NOCLDSTOP 1
#define SA_NOCLDWAIT 2
#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_RESETHAND 0x80000000

#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_TKILL (-6)

#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_FLTDIV 3
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

union sigval {
	int sival_int;
	void *sival_ptr;
};

typedef struct {
	int si_signo, si_errno, si_code, si_padding;
	union {
		struct {
			pid_t pid;
			unsigned uid;
			union {
				union sigval value;
				struct {
					int status;
					long utime, stime;
				};
			};
		};
		struct {
			int timer, overrun;
			union sigval timer_value;
		};
		void *addr;
		char room[112];
	} si_u;
} siginfo_t;

#define si_pid si_u.pid
#define si_uid si_u.uid
#define si_value si_u.value
#define si_status si_u.status
#define si_addr si_u.addr
#define si_timerid si_u.timer
#define si_overrun si_u.overrun
#define si_int si_value.sival_int
#define si_ptr si_value.sival_ptr

struct sigaction {
	union {
		sighandler_t handler;
		void (*action)(int, siginfo_t *, void *);
	} sa_u;
	sigset_t sa_mask;
	int sa_flags;
};

#define sa_handler sa_u.handler
#define sa_sigaction sa_u.action

typedef struct {
	void *ss_sp;
	int ss_flags;
	size_t ss_size;
} stack_t;

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define MINSIGSTKSZ 5120

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD_ID 4

struct sigevent {
	union sigval sigev_value;
	int sigev_signo, sigev_notify, sigev_notify_thread_id;
	char room[44];
};

sighandler_t signal(int sig, sighandler_t to); /* with SA_RESTART */
int sigaction(int sig, const struct sigaction *to, struct sigaction *old);
int sigaltstack(const stack_t *to, stack_t *old);
int sigsuspend(const sigset_t *mask);
int sigqueue(pid_t pid, int sig, const union sigval value);
int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);
int sigwaitinfo(const sigset_t *set, siginfo_t *info);
int raise(int sig);
int kill(pid_t pid, int sig);
int sigprocmask(int how, const sigset_t *set, sigset_t *old);
int sigpending(sigset_t *set);

#endif
