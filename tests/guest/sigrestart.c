/* SPDX-License-Identifier: MIT */
/* Calls that a signal interrupts: which begin again, which answer EINTR, and which know how much time is left. */
#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>

#include "sig.h"

static int ends[2];
static pid_t parent;

/* A child that sends `sig` to its parent after a while, then runs `then`, which lets the parent's call come to an end. */
static pid_t after(int sig, void (*then)(void))
{
	pid_t pid;

	fflush(stdout);
	parent = getpid();
	pid = fork();
	if (pid)
		return pid;
	pause_ms(60);
	kill(parent, sig);
	pause_ms(60);
	if (then)
		then();
	_exit(0);
}

static void collect(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void put_byte(void)
{
	(void)!write(ends[1], "x", 1);
}

static void take_bytes(void)
{
	static char all[65536];

	(void)!read(ends[0], all, sizeof(all));
}

static void piped(int flags, const char *what)
{
	char c;
	pid_t pid;
	ssize_t got;

	install(SIGUSR1, note, flags, set_of(0));
	runs = 0;
	(void)!pipe(ends);
	pid = after(SIGUSR1, put_byte);
	got = read(ends[0], &c, 1);
	ok(runs == 1 && (flags ? got == 1 : got == -1 && errno == EINTR), "read %s", what);
	collect(pid);
	close(ends[0]);
	close(ends[1]);
	(void)!pipe(ends);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], "full", 4) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	runs = 0;
	pid = after(SIGUSR1, take_bytes);
	got = write(ends[1], "x", 1);
	ok(runs == 1 && (flags ? got == 1 : got == -1 && errno == EINTR), "write %s", what);
	collect(pid);
	close(ends[0]);
	close(ends[1]);
}

static void partial(void)
{
	static char all[3 * 65536];
	ssize_t put;
	pid_t pid;

	install(SIGUSR1, note, SA_RESTART, set_of(0));
	(void)!pipe(ends);
	pid = after(SIGUSR1, NULL);
	put = write(ends[1], all, sizeof(all));
	ok(put == 65536, "what was written before the signal is the result, SA_RESTART or not");
	collect(pid);
	close(ends[0]);
	close(ends[1]);
}

static void sleeping_child(void *arg)
{
	pause_ms((long)arg);
}

static void waited(int flags, const char *what)
{
	pid_t sleeper, pid, got;

	install(SIGUSR1, note, flags, set_of(0));
	fflush(stdout);
	sleeper = fork();
	if (!sleeper) {
		sleeping_child((void *)200);
		_exit(0);
	}
	runs = 0;
	pid = after(SIGUSR1, NULL);
	got = waitpid(sleeper, NULL, 0);
	ok(runs == 1 && (flags ? got == sleeper : got == -1 && errno == EINTR), "waitpid %s", what);
	if (got != sleeper)
		collect(sleeper);
	collect(pid);
}

static void naps(int flags, const char *what)
{
	struct timespec ten = { 10, 0 }, left = { 0, 0 };
	pid_t pid;
	int got;

	install(SIGUSR1, note, flags, set_of(0));
	pid = after(SIGUSR1, NULL);
	got = (int)syscall(SYS_nanosleep, &ten, &left);
	ok(got == -1 && errno == EINTR && left.tv_sec >= 5 && left.tv_sec < 10, "nanosleep %s: EINTR, and what is left", what);
	collect(pid);
	pid = after(SIGUSR1, NULL);
	left.tv_sec = 4711;
	got = (int)syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 1, &(struct timespec){ 1 << 30, 0 }, &left);
	ok(got == -1 && errno == EINTR && left.tv_sec == 4711, "to a moment %s: EINTR, nothing is left", what);
	collect(pid);
}

static void suspends(void)
{
	sigset_t block = set_of(SIGUSR1), none = set_of(0), now;
	pid_t pid;
	int got;

	install(SIGUSR1, note, SA_RESTART, set_of(0));
	sigprocmask(SIG_BLOCK, &block, NULL);
	runs = 0;
	raise(SIGUSR1);
	got = sigsuspend(&none);
	now = mask_now();
	ok(got == -1 && errno == EINTR && runs == 1, "sigsuspend: a signal that waits ends it, SA_RESTART or not");
	ok(sigismember(&now, SIGUSR1), "and the old mask is back");
	sigprocmask(SIG_SETMASK, &none, NULL);
	pid = after(SIGUSR1, NULL);
	got = pause();
	ok(got == -1 && errno == EINTR && runs == 2, "pause too");
	collect(pid);
}

/* ---- no handler: stopped and continued ---- */

static void stop_and_go(pid_t pid)
{
	int status;

	pause_ms(60);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	pause_ms(20);
	kill(pid, SIGCONT);
}

static void reads(void)
{
	char c;

	_exit(read(ends[0], &c, 1) == 1 ? 0 : errno);
}

static void sleeps(void)
{
	struct timespec t = { 0, 200000000 };

	_exit(syscall(SYS_nanosleep, &t, NULL) ? errno : 0);
}

static void timed_waits(void)
{
	sigset_t set = set_of(SIGUSR2);
	struct timespec t = { 5, 0 };

	sigprocmask(SIG_BLOCK, &set, NULL);
	/* not by the library: musl tries again */
	_exit(syscall(SYS_rt_sigtimedwait, &set, NULL, &t, 8) == -1 ? errno : 0);
}

static int through_a_stop(void (*fn)(void), int byte)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	(void)!pipe(ends);
	pid = fork();
	if (!pid)
		fn();
	stop_and_go(pid);
	if (byte) {
		pause_ms(20);
		put_byte();
	}
	waitpid(pid, &status, 0);
	close(ends[0]);
	close(ends[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void stops(void)
{
	ok(through_a_stop(reads, 1) == 0, "read goes on after a stop");
	ok(through_a_stop(sleeps, 0) == 0, "nanosleep too");
	ok(through_a_stop(timed_waits, 0) == EINTR, "sigtimedwait does not");
}

int main(void)
{
	piped(0, "without SA_RESTART");
	piped(SA_RESTART, "with SA_RESTART");
	partial();
	waited(0, "without SA_RESTART");
	waited(SA_RESTART, "with SA_RESTART");
	naps(0, "without SA_RESTART");
	naps(SA_RESTART, "with SA_RESTART");
	suspends();
	stops();
	return tap_done();
}
