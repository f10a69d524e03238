/* SPDX-License-Identifier: MIT */
/* Descriptors that stand for processes: pidfd_open, CLONE_PIDFD, signals, waiting and polling, and descriptors of others. */
#include <fcntl.h>
#include <string.h>

#include "ready.h"
#include "tap.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

enum { NONBLOCK = 04000, P_FD = 3, EXITED = 4, NOHANG = 1, CLONE_FD = 0x1000 };

static long pidfd_open(long pid, unsigned flags)
{
	return syscall(SYS_pidfd_open, pid, flags);
}

static long pidfd_kill(long fd, int sig)
{
	return syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
}

static long wait_fd(long fd, int *info, int options)
{
	return syscall(SYS_waitid, P_FD, fd, info, options, NULL);
}

/* A child that waits to be killed. */
static pid_t sleeper(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	while (!pid)
		pause();
	return pid;
}

static void test_open(void)
{
	int fd = (int)pidfd_open(getpid(), 0);

	ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC, "pidfd_open of oneself; it is closed on exec");
	ok(gives(pidfd_open(0, 0), EINVAL) && gives(pidfd_open(-1, 0), EINVAL) && gives(pidfd_open(getpid(), 1), EINVAL),
	   "of no pid, with unknown flags: EINVAL");
	ok(gives(pidfd_open(0x3fffffff, 0), ESRCH), "of nobody: ESRCH");
	ok(pidfd_kill(fd, 0) == 0, "signal 0 to it");
	ok(gives(pidfd_kill(fd, 65), EINVAL) && gives(pidfd_kill(fd, -1), EINVAL), "a signal that is none: EINVAL");
	ok(gives(pidfd_kill(777, 0), EBADF) && gives(pidfd_kill(1, 0), EBADF), "to nothing, to what is no process: EBADF");
	ok(gives(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0x80000000u), EINVAL), "with unknown flags: EINVAL");
	ok(gives(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, (void *)8, 0), EFAULT), "what it says nowhere: EFAULT");
	close(fd);
}

static void test_info(void)
{
	long fd = pidfd_open(getpid(), 0);
	siginfo_t info, got;
	sigset_t set;
	pid_t child = sleeper();
	long other = pidfd_open(child, 0);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGUSR1;
	info.si_code = -1;
	info.si_value.sival_int = 7;
	ok(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, &info, 0) == 0 && sigwaitinfo(&set, &got) == SIGUSR1 && got.si_value.sival_int == 7,
	   "a signal with a value");
	ok(gives(syscall(SYS_pidfd_send_signal, fd, SIGUSR2, &info, 0), EINVAL), "which says that it is another: EINVAL");
	info.si_code = 0;
	ok(gives(syscall(SYS_pidfd_send_signal, other, SIGUSR1, &info, 0), EPERM), "or that kill sent it, to somebody else: EPERM");
	ok(pidfd_kill(other, SIGKILL) == 0 && waitpid(child, NULL, 0) == child, "it can be killed");
	ok(gives(pidfd_kill(other, 0), ESRCH), "and then is nobody: ESRCH");
	close((int)fd);
	close((int)other);
}

static void test_poll(void)
{
	pid_t child = sleeper();
	int fd = (int)pidfd_open(child, 0), ep = epoll_of(fd, IN), status;

	ok(!ready(fd, IN, 0) && !epoll_ready(ep, 0), "not ready while it lives");
	kill(child, SIGKILL);
	ok(ready(fd, IN, 1) & IN, "ready when it has ended");
	ok(epoll_ready(ep, 1) & IN, "for epoll too");
	ok(pidfd_kill(fd, 0) == 0, "a signal to a zombie is none");
	ok(waitpid(child, &status, 0) == child && ready(fd, IN, 0) & IN, "ready for ever, when it is gone");
	close(ep);
	close(fd);
}

static void test_wait(void)
{
	int info[32] = { 0 }, fd, waiting;
	pid_t child = sleeper();

	fd = (int)pidfd_open(child, 0);
	waiting = (int)pidfd_open(child, NONBLOCK);
	ok(wait_fd(fd, info, EXITED | NOHANG) == 0 && info[0] == 0, "waitid(P_PIDFD): not yet");
	ok(gives(wait_fd(waiting, info, EXITED), EAGAIN), "by one that does not wait: EAGAIN");
	kill(child, SIGTERM);
	ok(wait_fd(fd, info, EXITED) == 0 && info[0] == SIGCHLD && info[2] == 2 && info[6] == SIGTERM, "it is collected");
	ok(gives(wait_fd(fd, info, EXITED), ECHILD), "once: ECHILD");
	ok(gives(wait_fd(777, info, EXITED), EBADF) && gives(wait_fd(1, info, EXITED), EBADF), "what is none: EBADF");
	ok(gives(wait_fd(-1, info, EXITED), EINVAL), "a negative one: EINVAL");
	close(fd);
	close(waiting);
}

static void test_clone(void)
{
	uint64_t args[8] = { CLONE_FD, 0, 0, 0, SIGCHLD };
	int fd = -1, info[32] = { 0 };
	long pid;

	args[1] = (uintptr_t)&fd;
	fflush(stdout);
	pid = syscall(SYS_clone3, args, sizeof(args));
	if (!pid)
		_exit(5);
	ok(pid > 0 && fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC, "clone3 with CLONE_PIDFD");
	ok(wait_fd(fd, info, EXITED) == 0 && info[4] == pid && info[6] == 5, "it stands for the child");
	close(fd);
	args[1] = 8;
	ok(gives(syscall(SYS_clone3, args, sizeof(args)), EFAULT), "a number that cannot be stored: EFAULT, and no child");
	args[0] = CLONE_FD | 0x10000 | 0x800 | 0x100;
	args[1] = (uintptr_t)&fd;
	args[4] = 0;
	args[5] = (uintptr_t)&args;
	args[6] = 8;
	errno = 0;
	if (syscall(SYS_clone, CLONE_FD | 0x100000 | SIGCHLD, 0l, &fd, 0l, 0l) == 0)
		_exit(0);
	ok(errno == EINVAL, "clone with CLONE_PARENT_SETTID, which has the same argument: EINVAL");
}

static void test_getfd(void)
{
	int pipes[2], theirs[2], fd, copy;
	char c = 0;
	pid_t child;

	if (pipe(pipes) || pipe(theirs))
		exit(2);
	fflush(stdout);
	child = fork();
	if (!child) {
		int mine[2];

		if (pipe(mine) || write(mine[1], "x", 1) != 1 || write(theirs[1], &mine[0], sizeof(mine[0])) != sizeof(mine[0]))
			_exit(1);
		while (1)
			pause();
	}
	fd = (int)pidfd_open(child, 0);
	if (read(theirs[0], &copy, sizeof(copy)) != sizeof(copy))
		exit(2);
	copy = (int)syscall(SYS_pidfd_getfd, fd, copy, 0);
	ok(copy >= 0 && fcntl(copy, F_GETFD) == FD_CLOEXEC && read(copy, &c, 1) == 1 && c == 'x', "pidfd_getfd: another's pipe");
	ok(gives(syscall(SYS_pidfd_getfd, fd, 777, 0), EBADF) && gives(syscall(SYS_pidfd_getfd, fd, -1, 0), EBADF), "what it does not have: EBADF");
	ok(gives(syscall(SYS_pidfd_getfd, fd, 0, 1), EINVAL) && gives(syscall(SYS_pidfd_getfd, 0, 0, 0), EBADF), "its other errors");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ok(gives(syscall(SYS_pidfd_getfd, fd, 0, 0), ESRCH), "of nobody: ESRCH");
}

int main(void)
{
	test_open();
	test_info();
	test_poll();
	test_wait();
	test_clone();
	test_getfd();
	return tap_done();
}
