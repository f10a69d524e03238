/* SPDX-License-Identifier: MIT */
/*
 * What a shell does with jobs and the terminal, for keys.c and terminal.c. At a terminal (tests/boot/keys.t) a line "type HEX" asks for keys.
 * No step knows a time: a job says through a pipe that it is where it should be.
 */
#ifndef KEYS_H
#define KEYS_H

#include <errno.h>
#include <fcntl.h>

#include "sig.h"

#ifndef WCONTINUED
#define WCONTINUED 8
#endif

enum { GET = 0x5401, SET, TAKE = 0x540e, GET_GROUP, SET_GROUP, GIVE_UP = 0x5422, GET_SESSION = 0x5429 };
enum { ICANON_ = 2, ECHO_ = 010, TOSTOP_ = 0400, TIME = 5, MIN = 6 };

struct settings {
	unsigned iflag, oflag, cflag, lflag;
	unsigned char line, cc[19];
};

struct watched {
	int fd;
	short events, revents;
};

static int terminal, up[2];
static pid_t shell;
static struct settings plain;

static long __attribute__((unused)) control(unsigned command, void *arg)
{
	return syscall(SYS_ioctl, 0l, (long)command, arg);
}

/* timeout 0, or none. */
static long __attribute__((unused)) watch(struct watched *w, int n, struct timespec *timeout)
{
	return syscall(SYS_ppoll, w, (long)n, timeout, NULL, 8l);
}

static void __attribute__((unused)) foreground(pid_t group)
{
	if (terminal && control(SET_GROUP, &group))
		printf("# TIOCSPGRP: %d\n", errno);
}

static void __attribute__((unused)) type(const char *hex)
{
	printf("type %s\n", hex);
	fflush(stdout);
}

/* The key of the signal. */
static void __attribute__((unused)) key(pid_t job, int sig, const char *hex)
{
	if (terminal)
		type(hex);
	else
		kill(-job, sig);
}

static void __attribute__((unused)) say_up(void)
{
	(void)!write(up[1], "u", 1);
}

/* A job that ended may leave us its children (we may be the first process), whose ends interrupt this. */
static void __attribute__((unused)) wait_up(void)
{
	char c;

	while (read(up[0], &c, 1) < 0 && errno == EINTR)
		;
}

static pid_t __attribute__((unused)) job_start(void (*fn)(void), int in_front)
{
	static const int shells[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD };
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		if (in_front)
			foreground(getpid());
		for (unsigned i = 0; i < sizeof(shells) / sizeof(*shells); i++)
			signal(shells[i], SIG_DFL);
		unblock_all();
		fn();
		_exit(0);
	}
	setpgid(pid, pid);
	if (in_front)
		foreground(pid);
	return pid;
}

static int __attribute__((unused)) wait_plain(pid_t job)
{
	int status = 0;

	while (waitpid(job, &status, WUNTRACED | WCONTINUED) < 0 && errno == EINTR)
		;
	return status;
}

static void __attribute__((unused)) shell_begin(void)
{
	shell = getpgid(0);
	(void)!pipe(up);
	terminal = control(GET, &plain) == 0;
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	plain.lflag &= ~(unsigned)ECHO_;
	if (terminal)
		control(SET, &plain);
}

#endif
