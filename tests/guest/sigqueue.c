/* SPDX-License-Identifier: MIT */
/* Signals that wait: in order, with what they say, as many as may; and those who wait for signals. */
#include <errno.h>

#include "sig.h"

#define SIGPENDING 11 /* RLIMIT_SIGPENDING */
#define RT (SIGRTMIN + 1)

static int values[64], nvalues;
static siginfo_t last;

static void take_value(int sig, siginfo_t *info, void *context)
{
	if (nvalues < 64)
		values[nvalues++] = info->si_value.sival_int + 100 * (sig - RT);
	last = *info;
}

static int queue(int sig, int value)
{
	return sigqueue(getpid(), sig, (union sigval){ .sival_int = value });
}

static void ordered(void)
{
	sigset_t both = set_of(RT);
	int good = 1;

	sigaddset(&both, RT + 1);
	sigaddset(&both, SIGUSR1);
	install(RT, take_value, 0, both);
	install(RT + 1, take_value, 0, both);
	install(SIGUSR1, note, 0, set_of(0));
	sigprocmask(SIG_BLOCK, &both, NULL);
	for (int i = 0; i < 5; i++) {
		queue(RT + 1, i);
		queue(RT, i);
		raise(SIGUSR1);
	}
	runs = 0;
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	ok(nvalues == 10 && runs == 1, "real-time signals come as often as sent, others once");
	for (int i = 0; i < 5; i++)
		good &= values[i] == i + 100 * (values[0] >= 100) && values[i + 5] == i + 100 * (values[0] < 100);
	ok(good, "each number in the order sent");
	ok(last.si_code == SI_QUEUE && last.si_pid == getpid(), "and says who sent it");
}

static void bounded(void)
{
	struct { unsigned long cur, max; } was, few;
	sigset_t set = set_of(RT);
	int sent = 0, taken = 0;
	struct timespec now = { 0, 0 };

	syscall(SYS_prlimit64, 0, SIGPENDING, NULL, &was);
	few.cur = 10;
	few.max = was.max;
	syscall(SYS_prlimit64, 0, SIGPENDING, &few, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (sent < 100 && !queue(RT, sent))
		sent++;
	/* on Linux all processes of a user count, so there may be room for fewer */
	ok(sent <= 10 && errno == EAGAIN, "RLIMIT_SIGPENDING: EAGAIN");
	ok(!kill(getpid(), RT), "kill is not refused");
	syscall(SYS_prlimit64, 0, SIGPENDING, &was, NULL);
	while (sigtimedwait(&set, NULL, &now) == RT)
		taken++;
	ok(taken == sent + (taken > sent) && errno == EAGAIN, "what was queued is all there");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void waits(void)
{
	sigset_t set = set_of(RT), old;
	struct timespec soon = { 0, 20000000 }, bad = { 0, 1000000000 };
	siginfo_t info;
	pid_t pid;

	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	ok(sigtimedwait(&set, &info, &soon) == -1 && errno == EAGAIN, "sigtimedwait: nothing comes");
	ok(sigtimedwait(&set, &info, &bad) == -1 && errno == EINVAL, "a time that is none");
	queue(RT, 77);
	memset(&info, 0, sizeof(info));
	ok(sigwaitinfo(&set, &info) == RT && info.si_value.sival_int == 77 && info.si_code == SI_QUEUE, "sigwaitinfo: one that waits");
	fflush(stdout);
	pid = getpid();
	if (!fork()) {
		pause_ms(50);
		kill(pid, SIGUSR2);
		_exit(3);
	}
	ok(sigwaitinfo(&set, &info) == SIGUSR2 && info.si_code == SI_USER && info.si_pid != pid, "one that comes, though its action is to kill");
	set = set_of(SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wait(NULL);
	if (!fork())
		_exit(3);
	ok(sigwaitinfo(&set, &info) == SIGCHLD && info.si_code == CLD_EXITED && info.si_status == 3, "SIGCHLD, though it is ignored by default");
	wait(NULL);
	install(SIGUSR1, note, SA_RESTART, set_of(0));
	if (!fork()) {
		pause_ms(50);
		kill(pid, SIGUSR1);
		_exit(0);
	}
	set = set_of(RT);
	ok(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8) == -1 && errno == EINTR, "another signal's handler: EINTR");
	sigprocmask(SIG_SETMASK, &old, NULL);
	wait(NULL);
}

static void arguments(void)
{
	siginfo_t info;
	sigset_t set = set_of(RT), got;

	memset(&info, 0, sizeof(info));
	info.si_code = SI_USER;
	ok(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info) == -1 && errno == EPERM, "to say that kill sent it, to another: EPERM");
	info.si_code = SI_QUEUE;
	ok(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info) == -1 && errno == EINVAL, "no such signal: EINVAL");
	ok(syscall(SYS_rt_sigqueueinfo, 0x3fffffff, 1, &info) == -1 && errno == ESRCH, "no such process: ESRCH");
	ok(syscall(SYS_rt_sigqueueinfo, getpid(), 1, 16) == -1 && errno == EFAULT, "no siginfo: EFAULT");
	ok(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), 0, &info) == 0, "signal 0 only looks");
	ok(syscall(SYS_rt_tgsigqueueinfo, -1, getpid(), 0, &info) == -1 && errno == EINVAL, "a process that is none: EINVAL");
	ok(kill(0x3fffffff, 1000) == -1 && errno == ESRCH, "kill looks for the process first");
	ok(kill(getpid(), 1000) == -1 && errno == EINVAL, "then at the signal");
	ok(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4) == -1 && errno == EINVAL, "a set of another size: EINVAL");
	ok(syscall(SYS_rt_sigsuspend, 16, 8) == -1 && errno == EFAULT, "sigsuspend without a mask: EFAULT");
	ok(syscall(SYS_rt_sigpending, &got, 16) == -1 && errno == EINVAL, "sigpending: EINVAL");
	ok(syscall(SYS_sigaltstack, 16, NULL) == -1 && errno == EFAULT, "sigaltstack: EFAULT");
	ok(syscall(SYS_restart_syscall) == -1 && errno == EINTR, "restart_syscall with nothing to restart: EINTR");
}

int main(void)
{
	ordered();
	bounded();
	waits();
	arguments();
	return tap_done();
}
