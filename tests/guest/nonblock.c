/* SPDX-License-Identifier: MIT */
/* Pipes that are full, empty, closed, interrupted or shared by many. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "tap.h"

int pipe2(int fd[2], int flags); /* newlib has no declaration */

#define ROOM 65536
#define BUF 4096 /* PIPE_BUF */

static char buf[2 * ROOM];

static void open_pipe(int fd[2], int flags)
{
	if (pipe2(fd, flags))
		exit(1);
}

static int says_again(long ret)
{
	return ret == -1 && errno == EAGAIN;
}

static void test_full(void)
{
	int fd[2];
	long total = 0, n;

	open_pipe(fd, O_NONBLOCK);
	ok(says_again(read(fd[0], buf, 1)), "empty: EAGAIN");
	while ((n = write(fd[1], buf, BUF)) == BUF)
		total += n;
	ok(says_again(n) && total == ROOM, "64 KiB fit, then EAGAIN");
	ok(read(fd[0], buf, 1) == 1 && says_again(write(fd[1], buf, BUF)), "a small write goes in as a whole or not at all");
	ok(read(fd[0], buf, BUF - 1) == BUF - 1 && write(fd[1], buf, BUF) == BUF, "as soon as there is room for it");
	ok(read(fd[0], buf, sizeof(buf)) == ROOM && says_again(read(fd[0], buf, 1)), "all of it in one read");
	ok(write(fd[1], buf, sizeof(buf)) == ROOM, "of a large write as much as fits");
	ok(write(fd[1], buf, 0) == 0 && read(fd[0], buf, 0) == 0, "nothing is always possible");
	ok(syscall(SYS_write, fd[1], 16l, 10l) == -1 && read(fd[0], buf, sizeof(buf)) == ROOM, "what cannot be copied leaves the rest alone");
	close(fd[1]);
	ok(read(fd[0], buf, 1) == 0, "the end, without waiting");
	close(fd[0]);
}

/* A writer that waits must not hold up one that will not. */
static void test_two_writers(void)
{
	int fd[2], status, pid;

	open_pipe(fd, 0);
	if (write(fd[1], buf, ROOM) != ROOM)
		exit(1);
	pid = fork();
	if (pid == 0)
		_exit(write(fd[1], buf, 100000) != 100000);
	for (int i = 0; i < 100; i++)
		syscall(SYS_sched_yield);
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	ok(says_again(write(fd[1], buf, 1)), "EAGAIN while another waits for room");
	close(fd[1]);
	for (long left = ROOM + 100000, n; left > 0; left -= n) {
		n = read(fd[0], buf, 30000);
		if (n <= 0)
			break;
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "who waited goes on");
	close(fd[0]);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void test_signal(void)
{
	int fd[2], status;
	pid_t reader, writer;

	open_pipe(fd, 0);
	reader = fork();
	if (reader == 0) {
		read(fd[0], buf, 1);
		_exit(1);
	}
	writer = fork();
	if (writer == 0) {
		write(fd[1], buf, sizeof(buf));
		write(fd[1], buf, sizeof(buf));
		_exit(1);
	}
	for (int i = 0; i < 100; i++)
		syscall(SYS_sched_yield);
	kill(reader, SIGKILL);
	kill(writer, SIGKILL);
	waitpid(reader, &status, 0);
	waitpid(writer, &status, 0);
	ok(killed_by(status, SIGKILL), "who waits for a pipe can be killed");
	close(fd[0]);
	signal(SIGPIPE, on_signal);
	close(fd[1]);
}

/* Many readers of one pipe: every byte once, and an end for each. */
static void test_many_readers(void)
{
	enum { READERS = 6, RECORDS = 600 };
	int in[2], out[2], good = 1;
	static int seen[RECORDS];

	open_pipe(in, 0);
	open_pipe(out, 0);
	for (int i = 0; i < READERS; i++)
		if (fork() == 0) {
			int n;

			close(in[1]);
			while (read(in[0], &n, sizeof(n)) == sizeof(n))
				if (write(out[1], &n, sizeof(n)) != sizeof(n))
					_exit(1);
			_exit(0);
		}
	close(in[0]);
	close(out[1]);
	for (int n = 0; n < RECORDS; n++)
		if (write(in[1], &n, sizeof(n)) != sizeof(n))
			exit(1);
	close(in[1]);
	for (int n; read(out[0], &n, sizeof(n)) == sizeof(n);)
		if (n >= 0 && n < RECORDS)
			seen[n]++;
	for (int n = 0; n < RECORDS; n++)
		good &= seen[n] == 1;
	while (wait(NULL) > 0)
		;
	ok(good, "six readers of one pipe: every record once, then the end for all");
	close(out[0]);
}

int main(void)
{
	test_full();
	test_two_writers();
	test_signal();
	test_many_readers();
	return tap_done();
}
