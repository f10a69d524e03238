/* SPDX-License-Identifier: MIT */
/* newlib's system calls on processes, as Linux's. */
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

void _exit(int status)
{
	for (;;)
		raw(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

pid_t getpid(void)
{
	return (pid_t)call0(getpid);
}

pid_t getppid(void)
{
	return (pid_t)call0(getppid);
}

pid_t getpgid(pid_t pid)
{
	return (pid_t)call1(getpgid, pid);
}

int setpgid(pid_t pid, pid_t group)
{
	return (int)call2(setpgid, pid, group);
}

pid_t setsid(void)
{
	return (pid_t)call0(setsid);
}

pid_t fork(void)
{
	return (pid_t)call5(clone, SIGCHLD, 0, 0, 0, 0);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)call3(execve, path, argv, envp);
}

int wait(int *status)
{
	return (int)call4(wait4, -1, status, 0, 0);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return (pid_t)call4(wait4, pid, status, options, 0);
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return (pid_t)call4(wait4, pid, status, options, usage);
}

int getrusage(int who, struct rusage *usage)
{
	return (int)call2(getrusage, who, usage);
}

int sched_yield(void)
{
	return (int)call0(sched_yield);
}

int uname(struct utsname *name)
{
	return (int)call1(uname, name);
}

/* ---- any call ---- */

long syscall(long number, ...)
{
	va_list args;
	long a[6];

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	return call_result(raw(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}
