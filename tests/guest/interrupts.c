/* SPDX-License-Identifier: MIT */
/*
 * Signals and calls that sleep: futex, ppoll, pselect6, epoll, nanosleep, pipes, under handlers with and without SA_RESTART, and masks of
 * their own.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "tap.h"

static volatile int handled, word;
static int pipes[2];

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static void handle(int flags)
{
	struct sigaction action = { 0 };

	action.sa_handler = handler;
	action.sa_flags = flags;
	sigaction(SIGUSR1, &action, NULL);
	handled = 0;
}

/* A child that sends a signal every few milliseconds, so that one comes while we sleep; and after that many ends the wait. */
static pid_t disturb(int times)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		while (times--) {
			pause_ms(6);
			kill(parent, SIGUSR1);
		}
		pause_ms(6);
		_exit(write(pipes[1], "x", 1) != 1);
	}
	return pid;
}

#define FOR_EVER 100000

static void settle(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void settle_after(pid_t pid)
{
	char c;

	waitpid(pid, NULL, 0);
	if (read(pipes[0], &c, 1) != 1)
		exit(2);
}

static long futex_for(struct timespec *ts)
{
	return syscall(SYS_futex, &word, 128l, 0l, ts, 0l, 0l);
}

struct pollfd {
	int fd;
	short events, revents;
};

static long poll_for(struct timespec *ts, uint64_t *mask)
{
	struct pollfd p = { pipes[0], 1, 0 };

	return syscall(SYS_ppoll, &p, 1l, ts, mask, 8l);
}

static long select_for(struct timespec *ts)
{
	uint64_t set[16] = { 1ull << pipes[0] };

	return syscall(SYS_pselect6, (long)pipes[0] + 1, set, 0l, 0l, ts, 0l);
}

/* ---- without SA_RESTART ---- */

static void test_interrupted(void)
{
	struct timespec ts = { 100, 0 }, left = { 0, 0 };
	char c;
	pid_t pid;

	handle(0);
	pid = disturb(FOR_EVER);
	ok(gives(futex_for(NULL), EINTR) && handled, "futex: EINTR");
	settle(pid);
	pid = disturb(FOR_EVER);
	ok(gives(futex_for(&ts), EINTR), "with a timeout too");
	settle(pid);
	pid = disturb(FOR_EVER);
	ok(gives(poll_for(&ts, NULL), EINTR) && ts.tv_sec == 99, "ppoll: EINTR, and the time left");
	settle(pid);
	ts = (struct timespec){ 100, 0 };
	pid = disturb(FOR_EVER);
	ok(gives(select_for(&ts), EINTR) && ts.tv_sec == 99, "pselect6: the same");
	settle(pid);
	pid = disturb(FOR_EVER);
	ok(gives(read(pipes[0], &c, 1), EINTR), "read of a pipe: EINTR");
	settle(pid);
	ts = (struct timespec){ 100, 0 };
	pid = disturb(FOR_EVER);
	ok(gives(syscall(SYS_clock_nanosleep, 1l, 0l, &ts, &left), EINTR) && left.tv_sec == 99, "clock_nanosleep: EINTR, and the time left");
	settle(pid);
}

/* ---- with it ---- */

static void test_restarted(void)
{
	struct timespec ts = { 100, 0 };
	char c;
	pid_t pid;

	handle(SA_RESTART);
	pid = disturb(2);
	ok(read(pipes[0], &c, 1) == 1 && handled, "read of a pipe goes on");
	waitpid(pid, NULL, 0);
	pid = disturb(FOR_EVER);
	ok(gives(futex_for(&ts), EINTR), "futex with a timeout does not");
	settle(pid);
	pid = disturb(FOR_EVER);
	ok(gives(poll_for(&ts, NULL), EINTR), "nor does ppoll");
	settle(pid);
	pid = disturb(FOR_EVER);
	ok(gives(syscall(SYS_clock_nanosleep, 1l, 0l, &ts, &ts), EINTR), "nor clock_nanosleep");
	settle(pid);
}

/* ---- masks ---- */

static void test_masks(void)
{
	uint64_t block = 1ull << (SIGUSR1 - 1), none = 0, now = 0;
	struct timespec ts = { 100, 0 };
	pid_t pid;

	handle(0);
	pid = disturb(2);
	ok(poll_for(&ts, &block) == 1, "a signal that ppoll blocks does not end it");
	settle_after(pid);
	handled = 0;
	syscall(SYS_rt_sigprocmask, 0l, &block, 0l, 8l);
	kill(getpid(), SIGUSR1);
	ok(handled == 0 && gives(poll_for(&ts, &none), EINTR) && handled == 1, "one that it lets in ends it");
	syscall(SYS_rt_sigprocmask, 0l, 0l, &now, 8l);
	ok(now == block, "and the mask is as it was");
	syscall(SYS_rt_sigprocmask, 1l, &block, 0l, 8l);
}

/* ---- stopped and continued: calls without a handler go on ---- */

static void sleeps(void *arg)
{
	struct timespec ts = { 0, 30000000 }, before, after;
	long slept;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (nanosleep(&ts, NULL) || !gives(futex_for(&ts), ETIMEDOUT))
		_exit(1);
	clock_gettime(CLOCK_MONOTONIC, &after);
	slept = (after.tv_sec - before.tv_sec) * 1000000000l + after.tv_nsec - before.tv_nsec;
	_exit(slept >= 60000000 ? 6 : 2);
}

static void test_stopped(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		sleeps(NULL);
	for (int i = 0; i < 4; i++) {
		pause_ms(9);
		kill(pid, SIGSTOP);
		pause_ms(3);
		kill(pid, SIGCONT);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 6, "nanosleep and futex go on after a stop, until their moment (%#x)", status);
}

int main(void)
{
	if (pipe(pipes))
		return 2;
	test_interrupted();
	test_restarted();
	test_masks();
	test_stopped();
	return tap_done();
}
