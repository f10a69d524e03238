/* SPDX-License-Identifier: MIT */
/* TAP for programs that run on Faultline and on Linux alike. */
#ifndef TAP_H
#define TAP_H

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int tap_number, tap_failures;

static void __attribute__((format(printf, 2, 3), unused)) ok(int good, const char *what, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++tap_number);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	tap_failures += !good;
}

static void __attribute__((unused)) tap_skip(const char *what, const char *why)
{
	printf("ok %d - %s # skip %s\n", ++tap_number, what, why);
}

/* Debian's Linux 6.1, which is one of those that these programs are compared with. */
static int __attribute__((unused)) old_linux(void)
{
	struct utsname name;

	return !uname(&name) && !strncmp(name.release, "6.1.", 4) && !strstr(name.release, "faultline");
}

static int __attribute__((unused)) tap_done(void)
{
	printf("1..%d\n", tap_number);
	fflush(stdout);
	return tap_failures != 0;
}

/* Runs fn in a child; its wait status. */
static int __attribute__((unused)) in_child(void (*fn)(void *), void *arg)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* Was that child killed by this signal? */
static int __attribute__((unused)) killed_by(int status, int sig)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == sig;
}

static void __attribute__((unused)) pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

#define PAGE 4096ul

#endif
