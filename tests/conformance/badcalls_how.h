/* SPDX-License-Identifier: MIT */
/* What the kinds of a call's arguments do not say: how it is made, what its arguments are when they are good, and what is not tried, and why. */
#ifndef BADCALLS_HOW_H
#define BADCALLS_HOW_H

#include "badcalls_fixture.h"

/*
 * V  what it gives is not the same everywhere (an address, a process, a time, an order of names): only errors are told apart
 * E  each value in a process of its own, for it changes the process
 * C  a child comes back from it too
 * N  what it has written when it failed is not the same everywhere
 * W  it is given time before it is woken
 * Z  with a child that has ended
 * U  as a user, for root would change the machine
 */
static const struct {
	int number;
	const char *how;
} hows[] = {
#define X(name, how) { SYS_##name, how },
	X(getdents64, "V") X(mmap, "V") X(mremap, "VE") X(brk, "VE") X(clone, "VC") X(clone3, "VC") X(getpid, "V") X(getppid, "V")
	X(gettid, "V")
	X(getpgid, "V") X(getsid, "V") X(setsid, "VE") X(set_tid_address, "V") X(times, "V") X(close, "E") X(close_range, "E")
	X(dup3, "E")
	X(fcntl, "E") X(munmap, "E") X(mprotect, "E") X(madvise, "E") X(prlimit64, "E") X(setrlimit, "E") X(setpgid, "E")
	X(chdir, "E") X(fchdir, "E")
	X(rt_sigaction, "E") X(rt_sigprocmask, "E") X(rt_sigreturn, "E") X(sigaltstack, "E") X(setitimer, "E") X(timer_create, "E")
	X(timer_delete, "E")
	X(setuid, "E") X(setgid, "E") X(setreuid, "E") X(setregid, "E") X(setresuid, "E") X(setresgid, "E") X(setfsuid, "E")
	X(setfsgid, "E")
	X(setgroups, "E") X(capset, "E") X(exit, "E") X(exit_group, "E") X(kill, "E") X(tkill, "E") X(tgkill, "E")
	X(rt_sigqueueinfo, "E")
	X(rt_tgsigqueueinfo, "E") X(prctl, "E") X(personality, "E") X(set_robust_list, "E") X(rseq, "E") X(unshare, "E")
	X(execve, "E") X(execveat, "E")
	X(pidfd_open, "E") X(mlockall, "E") X(mlock, "E") X(mlock2, "E") X(sched_setaffinity, "E") X(sched_setparam, "E")
	X(sched_setscheduler, "E") X(setpriority, "E")
	X(getcpu, "N") X(epoll_pwait, "W") X(sched_getaffinity, "V") X(memfd_create, "E") X(timerfd_create, "E") X(shutdown, "E")
	X(adjtimex, "UVN") X(clock_adjtime, "UVN") X(sched_setattr, "E")
	X(wait4, "VZ")
	X(waitid, "Z") X(clock_settime, "U") X(settimeofday, "U") X(reboot, "U") X(sethostname, "U") X(setdomainname, "U")
#ifdef __x86_64__
	X(poll, "W") X(epoll_wait, "W") X(dup2, "E") X(fork, "VC") X(vfork, "VC") X(arch_prctl, "E") X(alarm, "E") X(time, "V")
	X(getpgrp, "V")
#endif
#undef X
};

static const struct {
	int number, arg;
	long value;
} goods[] = {
#define X(name, arg, value) { SYS_##name, arg, (long)(value) },
	X(mkdirat, 1, "new") X(mknodat, 1, "new") X(symlinkat, 2, "new") X(linkat, 3, "new") X(renameat, 3, "new") X(renameat2, 3, "new")
	X(setxattr, 1, "user.a") X(lsetxattr, 1, "user.a") X(fsetxattr, 1, "user.a") X(getxattr, 1, "user.a") X(lgetxattr, 1, "user.a")
	X(fgetxattr, 1, "user.a") X(removexattr, 1, "user.a") X(lremovexattr, 1, "user.a") X(fremovexattr, 1, "user.a")
	X(fsetxattr, 0, FILE_FD) X(fgetxattr, 0, FILE_FD) X(fremovexattr, 0, FILE_FD) X(process_vm_readv, 2, 2) X(process_vm_readv, 4, 2)
	X(process_vm_writev, 2, 2) X(process_vm_writev, 4, 2) X(shmget, 0, 0x5eed1234) X(shmat, 0, -1) X(shmctl, 0, -1)
	X(sched_getattr, 2, 48)
	X(setrlimit, 0, 7) X(execve, 0, "exec") X(execveat, 1, "exec") X(chdir, 0, "dir") X(readlinkat, 1, "link")
	X(readlinkat, 3, 64) X(getcwd, 1, 64)
	X(getdents64, 0, DIR_FD) X(getdents64, 2, 1024) X(fchdir, 0, DIR_FD) X(readv, 2, 2) X(writev, 2, 2) X(preadv, 2, 2)
	X(pwritev, 2, 2)
	X(preadv2, 2, 2) X(pwritev2, 2, 2) X(vmsplice, 0, PIPE_IN_FD) X(vmsplice, 2, 2) X(epoll_ctl, 0, EPOLL_FD) X(epoll_ctl, 1, 1)
	X(epoll_ctl, 2, PIPE_FD) X(epoll_pwait, 0, EPOLL_FD) X(epoll_pwait, 2, 8) X(epoll_pwait2, 0, EPOLL_FD) X(epoll_pwait2, 2, 8)
	X(bind, 0, SOCKET_FD) X(connect, 0, SOCKET_FD) X(listen, 0, SOCKET_FD) X(accept, 0, SOCKET_FD) X(accept4, 0, SOCKET_FD)
	X(getsockname, 0, SOCKET_FD) X(getpeername, 0, SOCKET_FD)
	X(getsockopt, 0, SOCKET_FD) X(setsockopt, 0, SOCKET_FD) X(shutdown, 0, SOCKET_FD) X(sendto, 0, SOCKET_FD)
	X(recvfrom, 0, SOCKET_FD) X(sendmsg, 0, SOCKET_FD) X(recvmsg, 0, SOCKET_FD) X(socket, 0, 1)
	X(socket, 1, 1) X(socketpair, 0, 1) X(socketpair, 1, 1) X(getsockopt, 1, 1) X(getsockopt, 2, 3) X(setsockopt, 1, 1)
	X(setsockopt, 2, 2)
	X(signalfd4, 0, -1) X(pidfd_getfd, 0, PROCESS_FD) X(pidfd_send_signal, 0, PROCESS_FD) X(pidfd_send_signal, 1, 0)
	X(timerfd_settime, 0, TIMER_FD) X(timerfd_gettime, 0, TIMER_FD) X(splice, 2, PIPE_IN_FD) X(splice, 3, 0) X(tee, 0, PIPE_FD)
	X(tee, 1, PIPE_IN_FD)
	X(copy_file_range, 2, OUT_FD) X(sendfile, 0, OUT_FD) X(mmap, 2, 3) X(mmap, 3, 0x4012) X(epoll_pwait, 3, 0) X(mprotect, 2, 1)
	X(msync, 2, 1) X(clone3, 1, 88)
	X(set_robust_list, 1, 24) X(rseq, 1, 32) X(truncate, 1, 20) X(ftruncate, 1, 20) X(dup3, 1, 30) X(fcntl, 1, 1) X(ioctl, 1, 0x541b)
	X(wait4, 0, -1) X(waitid, 3, 4) X(close_range, 1, 12) X(close_range, 0, 11) X(mlockall, 0, 1)
#ifdef __x86_64__
	X(mkdir, 0, "new") X(mknod, 0, "new") X(creat, 0, "new") X(symlink, 1, "new") X(link, 1, "new") X(rename, 1, "new")
	X(rmdir, 0, "dir")
	X(readlink, 0, "link") X(readlink, 2, 64) X(epoll_create, 0, 1) X(epoll_wait, 0, EPOLL_FD) X(epoll_wait, 2, 8)
	X(dup2, 1, 30) X(signalfd, 0, -1) X(getdents, 0, DIR_FD) X(getdents, 2, 1024)
#endif
#undef X
};

/* Arguments and values that are not tried; -1 is any argument, NULL any value. */
static const struct {
	int number, arg;
	const char *value, *why;
} excluded[] = {
#define X(name, arg, value, why) { SYS_##name, arg, value, why },
	X(sched_setaffinity, 2, "filled", "which CPUs there are is not the same everywhere")
	X(shmget, 2, "bit-9", "a segment would stay on the machine that is compared with") X(shmget, 2, "all", "the same")
	X(shmget, 2, "all-32", "the same") X(shmget, 0, "high-bits", "the same") X(shmat, 0, "good", "there may be such a segment")
	X(shmctl, 0, NULL, "the same") X(setrlimit, 0, "high-bits", "no time to run is left")
	X(epoll_pwait, 3, "63", "ends about when a timer wakes it") X(epoll_pwait, 3, "128", "the same")
	X(ppoll, 2, "100", "the same")
#ifdef __x86_64__
	X(poll, 2, "64", "ends about when a timer wakes it") X(poll, 2, "100", "the same") X(epoll_wait, 3, "64", "the same")
	X(epoll_wait, 3, "100", "the same")
#endif
#undef X
};

static const char *how_of(int number)
{
	for (unsigned i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
		if (hows[i].number == number)
			return hows[i].how;
	return "";
}

static const char *why_not(int number, int arg, const char *value)
{
	for (unsigned i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++)
		if (excluded[i].number == number && (excluded[i].arg == arg || excluded[i].arg < 0) &&
		    (!excluded[i].value || !strcmp(excluded[i].value, value)))
			return excluded[i].why;
	return NULL;
}

#endif
