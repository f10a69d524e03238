/* SPDX-License-Identifier: MIT */
/* newlib's system calls on memory, processes and time, as Linux's. */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

#define LINUX_SIGCHLD 17

void *sbrk(ptrdiff_t increment)
{
	static uintptr_t end;
	uintptr_t old;

	if (!end)
		end = (uintptr_t)raw(SYS_brk, 0, 0, 0, 0, 0, 0);
	old = end;
	if ((uintptr_t)raw(SYS_brk, (long)(end + (uintptr_t)increment), 0, 0, 0, 0, 0) != end + (uintptr_t)increment) {
		errno = ENOMEM;
		return (void *)-1;
	}
	end += (uintptr_t)increment;
	return (void *)old;
}

void _exit(int status)
{
	for (;;)
		raw(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

int getpid(void)
{
	return (int)call0(getpid);
}

int kill(int pid, int sig)
{
	return (int)call2(kill, pid, sig);
}

int fork(void)
{
	return (int)call5(clone, LINUX_SIGCHLD, 0, 0, 0, 0);
}

int execve(const char *path, char *const *argv, char *const *envp)
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

int sched_yield(void)
{
	return (int)call0(sched_yield);
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	return (int)call2(gettimeofday, tv, zone);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	/* newlib's CLOCK_REALTIME is 1 and CLOCK_MONOTONIC 4; Linux's are 0 and 1 */
	return (int)call2(clock_gettime, clock == CLOCK_REALTIME ? 0 : 1, ts);
}

int nanosleep(const struct timespec *want, struct timespec *left)
{
	return (int)call2(nanosleep, want, left);
}

clock_t times(struct tms *buf)
{
	return (clock_t)call1(times, buf);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)call6(mmap, addr, len, prot, flags, fd, offset);
}

int munmap(void *addr, size_t len)
{
	return (int)call2(munmap, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
	return (int)call3(mprotect, addr, len, prot);
}

int madvise(void *addr, size_t len, int advice)
{
	return (int)call3(madvise, addr, len, advice);
}
