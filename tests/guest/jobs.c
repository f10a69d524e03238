/* SPDX-License-Identifier: MIT */
/* Children that end, stop and go on, and how their parent learns of it; groups, sessions, groups that nobody looks after. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "sig.h"

#ifndef WCONTINUED
#define WCONTINUED 8
#endif
#ifndef WEXITED
#define WEXITED 4
#endif
#define WSTOPPED_ 2
#define WNOWAIT_ 0x1000000
enum { ALL, PID, PGID, PIDFD };

static int count;
static siginfo_t child_info;

static void on_child(int sig, siginfo_t *info, void *context)
{
	count++;
	child_info = *info;
}

/* The kernel's waitid, which takes five arguments. */
static long waitid_(int which, int id, siginfo_t *info, int options)
{
	return syscall(SYS_waitid, which, id, info, options, NULL);
}

static pid_t start(void (*fn)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		fn();
		_exit(0);
	}
	return pid;
}

static void sleep_on(void)
{
	for (;;)
		pause_ms(1000);
}

static void *thread_sleeps(void *arg)
{
	sleep_on();
	return arg;
}

static void threads_sleep(void)
{
	pthread_t t;

	for (int i = 0; i < 3; i++)
		pthread_create(&t, NULL, thread_sleeps, NULL);
	sleep_on();
}

static void exit_five(void)
{
	_exit(5);
}

/* ---- ends ---- */

static void deaths(void)
{
	siginfo_t info;
	pid_t pid = start(exit_five);
	int status;

	memset(&info, 0, sizeof(info));
	ok(waitid_(PID, pid, &info, WEXITED | WNOWAIT_) == 0 && info.si_signo == SIGCHLD && info.si_code == CLD_EXITED &&
	   info.si_status == 5 && info.si_pid == pid, "waitid tells of an exit");
	ok(waitid_(PID, pid, &info, WEXITED) == 0 && info.si_pid == pid, "WNOWAIT leaves it to be waited for");
	ok(waitid_(PID, pid, &info, WEXITED) == -1 && errno == ECHILD, "once");
	ok(count == 1 && child_info.si_code == CLD_EXITED && child_info.si_status == 5 && child_info.si_pid == pid, "SIGCHLD says the same");
	pid = start(sleep_on);
	info.si_pid = 4711;
	ok(waitid_(ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0, "WNOHANG: nobody yet");
	kill(pid, SIGTERM);
	ok(waitid_(PGID, 0, &info, WEXITED) == 0 && info.si_code == CLD_KILLED && info.si_status == SIGTERM, "by a signal");
	ok(waitid_(ALL, 0, &info, 0) == -1 && errno == EINVAL, "waiting for nothing: EINVAL");
	ok(waitid_(9, 0, &info, WEXITED) == -1 && errno == EINVAL, "for nobody: EINVAL");
	ok(waitid_(PID, 0, &info, WEXITED) == -1 && errno == EINVAL, "for pid 0: EINVAL");
	ok(waitid_(PIDFD, 99, &info, WEXITED) == -1 && errno == EBADF, "for a descriptor that is none: EBADF");
	ok(waitid_(ALL, 0, &info, WEXITED) == -1 && errno == ECHILD, "no children: ECHILD");
	install(SIGCHLD, on_child, SA_RESTART | SA_NOCLDWAIT, set_of(0));
	pid = start(exit_five);
	ok(waitpid(pid, &status, 0) == -1 && errno == ECHILD, "SA_NOCLDWAIT: no zombie");
	signal(SIGCHLD, SIG_IGN);
	pid = start(exit_five);
	ok(waitpid(pid, &status, 0) == -1 && errno == ECHILD, "nor where SIGCHLD is ignored");
	install(SIGCHLD, on_child, SA_RESTART, set_of(0));
}

/* ---- stops ---- */

static void stops(void (*fn)(void), const char *who)
{
	siginfo_t info;
	pid_t pid = start(fn);
	int status;

	pause_ms(50);
	count = 0;
	kill(pid, SIGSTOP);
	ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "%s stops", who);
	ok(count == 1 && child_info.si_code == CLD_STOPPED && child_info.si_status == SIGSTOP, "SIGCHLD: CLD_STOPPED");
	ok(waitpid(pid, &status, WUNTRACED | WNOHANG) == 0, "told once");
	kill(pid, SIGUSR2); /* waits until it goes on */
	pause_ms(30);
	ok(waitpid(pid, &status, WNOHANG) == 0, "no signal but SIGKILL and SIGCONT reaches it");
	kill(pid, SIGCONT);
	ok(waitid_(PID, pid, &info, WCONTINUED | WEXITED) == 0 && (info.si_code == CLD_CONTINUED || info.si_code == CLD_KILLED), "goes on");
	if (info.si_code == CLD_CONTINUED)
		ok(waitpid(pid, &status, 0) == pid && killed_by(status, SIGUSR2), "and acts on what came meanwhile");
	else
		ok(info.si_status == SIGUSR2, "and acts on what came meanwhile");
	pid = start(fn);
	pause_ms(50);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	ok(waitpid(pid, &status, WCONTINUED) == pid && status == 0xffff, "%s: wait4 tells of going on", who);
	kill(pid, SIGSTOP);
	ok(waitid_(PID, pid, &info, WSTOPPED_ | WNOWAIT_) == 0 && info.si_status == SIGSTOP, "stops again");
	ok(waitid_(PID, pid, &info, WSTOPPED_) == 0 && info.si_code == CLD_STOPPED, "WNOWAIT leaves it");
	kill(pid, SIGKILL);
	ok(waitpid(pid, &status, 0) == pid && killed_by(status, SIGKILL), "SIGKILL ends the stopped");
}

static void no_stop_news(void)
{
	pid_t pid;
	int status;

	install(SIGCHLD, on_child, SA_RESTART | SA_NOCLDSTOP, set_of(0));
	pid = start(sleep_on);
	pause_ms(30);
	count = 0;
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	ok(count == 0, "SA_NOCLDSTOP: no SIGCHLD for stops");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(count == 1, "but for the end");
	install(SIGCHLD, on_child, SA_RESTART, set_of(0));
}

/* ---- groups ---- */

static void own_group(void)
{
	setpgid(0, 0);
	sleep_on();
}

static void groups(void)
{
	pid_t a = start(own_group), b = start(sleep_on);
	int status;

	pause_ms(50);
	ok(setpgid(b, a) == 0 && getpgid(b) == a, "a child moves to another child's group");
	ok(setpgid(b, 0x3fffffff) == -1 && errno == EPERM, "not to one that is none");
	ok(setpgid(getppid() ? getppid() : 0x3fffffff, 0) == -1 && errno == ESRCH, "the parent cannot be moved");
	ok(kill(-a, SIGTERM) == 0, "a signal for the group");
	ok(waitpid(-a, &status, 0) > 0 && killed_by(status, SIGTERM) && waitpid(-a, &status, 0) > 0 && killed_by(status, SIGTERM), "ends both");
	ok(kill(-a, 0) == -1 && errno == ESRCH, "and the group");
}

/* A parent that leaves a stopped child in a group of its own: nobody could make that go on. */
static int told[2];

static void hung_up(int sig, siginfo_t *info, void *context)
{
	char c = (char)sig;

	(void)!write(told[1], &c, 1);
}

static void orphan(void)
{
	setpgid(0, 0);
	install(SIGHUP, hung_up, 0, set_of(0));
	install(SIGCONT, hung_up, 0, set_of(0));
	pause_ms(20);
	raise(SIGSTOP);
	pause_ms(20);
	_exit(0);
}

static void abandons(void)
{
	pid_t pid = start(orphan);
	int status;

	waitpid(pid, &status, WUNTRACED);
	_exit(0);
}

static void orphans(void)
{
	char got[2] = { 0, 0 };
	ssize_t n;

	(void)!pipe(told);
	waitpid(start(abandons), NULL, 0);
	close(told[1]);
	n = read(told[0], got, 1);
	n += read(told[0], got + 1, 1);
	ok(n == 2 && got[0] + got[1] == SIGHUP + SIGCONT, "a stopped group that loses its last keeper gets SIGHUP and SIGCONT");
	close(told[0]);
}

static void stop_alone(void)
{
	setsid();
	raise(SIGTSTP); /* nobody could make it go on: does not stop */
	_exit(9);
}

static void alone(void)
{
	int status;

	waitpid(start(stop_alone), &status, WUNTRACED);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 9, "SIGTSTP does not stop a group that nobody looks after");
}

int main(void)
{
	install(SIGCHLD, on_child, SA_RESTART, set_of(0));
	deaths();
	stops(sleep_on, "a process");
	stops(threads_sleep, "a process of four threads");
	no_stop_news();
	signal(SIGCHLD, SIG_DFL);
	groups();
	orphans();
	alone();
	return tap_done();
}
