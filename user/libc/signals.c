/* SPDX-License-Identifier: MIT */
/* Signals, as POSIX has them. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "calls.h"
#include "machine_signal.h"

/* As the kernel has it; the same on both machines. */
struct kernel_action {
	sighandler_t handler;
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

int sigaction(int sig, const struct sigaction *to, struct sigaction *old)
{
	struct kernel_action new, was;

	if (to)
		new = (struct kernel_action){ to->sa_handler, (unsigned)to->sa_flags | MACHINE_SA_FLAGS, MACHINE_RESTORER, to->sa_mask };
	if (call4(rt_sigaction, sig, to ? &new : NULL, old ? &was : NULL, sizeof(new.mask)) < 0)
		return -1;
	if (old) {
		old->sa_handler = was.handler;
		old->sa_flags = (int)(was.flags & ~MACHINE_SA_FLAGS);
		old->sa_mask = was.mask;
	}
	return 0;
}

sighandler_t signal(int sig, sighandler_t to)
{
	struct sigaction action = { .sa_flags = SA_RESTART }, old;

	action.sa_handler = to;
	return sigaction(sig, &action, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int kill(pid_t pid, int sig)
{
	return (int)call2(kill, pid, sig);
}

int raise(int sig)
{
	return (int)call2(tkill, call0(gettid), sig);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return (int)call4(rt_sigprocmask, how, set, old, sizeof(*set));
}

int sigpending(sigset_t *set)
{
	return (int)call2(rt_sigpending, set, sizeof(*set));
}

int sigaltstack(const stack_t *to, stack_t *old)
{
	return (int)call2(sigaltstack, to, old);
}

int sigsuspend(const sigset_t *mask)
{
	return (int)call2(rt_sigsuspend, mask, sizeof(*mask));
}

int pause(void)
{
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	return sigsuspend(&mask);
}

int sigqueue(pid_t pid, int sig, const union sigval value)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_value = value;
	return (int)call3(rt_sigqueueinfo, pid, sig, &info);
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	return (int)call4(rt_sigtimedwait, set, info, timeout, sizeof(*set));
}

int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	return sigtimedwait(set, info, NULL);
}

/* ---- timers ---- */

int setitimer(int which, const struct itimerval *to, struct itimerval *old)
{
	return (int)call3(setitimer, which, to, old);
}

int getitimer(int which, struct itimerval *now)
{
	return (int)call2(getitimer, which, now);
}

unsigned alarm(unsigned seconds)
{
	struct itimerval to = { .it_value.tv_sec = seconds }, old;

	setitimer(ITIMER_REAL, &to, &old);
	return (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec > 0);
}
