/* SPDX-License-Identifier: MIT */
/*
 * The calls there are, and what each argument is when it makes sense. The fuzzer makes those of FUZZ_BOTH. MORE_BOTH are what ends the machine or
 * the test (reboot, settimeofday, sethostname) or would only end the child at once (exit_group), and MORE_X86 what one machine alone
 * has: tests/conformance/badcalls.c makes them too, each with one bad argument at a time. A capital letter is never replaced by nonsense: it
 * keeps the fuzzer from hurting what is not its own.
 *
 * f descriptor  m memory  a page in the arena  n length  s path  S path that may be changed  v iovec  t timespec or timeval  o position
 * i small number  u anything
 * g signal      x flag bits  w futex word  P a process of its own  M mode without device files  z zero  C clone flags  N short length
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include <string.h>
#include <sys/syscall.h>

/* clang-format off */
#define FUZZ_BOTH(X) \
	X(read, "fmn") X(write, "fmn") X(readv, "fvi") X(writev, "fvi") X(pread64, "fmno") X(pwrite64, "fmno") X(lseek, "foi") \
	X(preadv, "fvioz") X(pwritev, "fvioz") X(preadv2, "fviozx") X(pwritev2, "fviozx") X(ioctl, "fxm") X(sendfile, "ffmn") \
	X(fsync, "f") X(fdatasync, "f") X(getdents64, "fmn") X(close, "f") X(dup, "f") X(dup3, "ffx") X(fcntl, "fim") X(pipe2, "mx") \
	X(openat, "fSxM") X(newfstatat, "fsmx") X(fstat, "fm") X(statx, "fsxxm") X(statfs, "sm") X(fstatfs, "fm") X(readlinkat, "fsmn") \
	X(faccessat, "fsi") X(faccessat2, "fsix") X(getcwd, "mn") X(chdir, "S") X(fchdir, "f") X(umask, "M") \
	X(mkdirat, "fSM") X(unlinkat, "fSx") X(linkat, "fSfSx") X(symlinkat, "SfS") X(renameat, "fSfS") X(renameat2, "fSfSi") \
	X(mknodat, "fSMz") X(fchmod, "fM") X(fchmodat, "fSM") X(fchown, "fuu") X(fchownat, "fSuux") X(utimensat, "fStx") \
	X(truncate, "SN") X(ftruncate, "fN") X(fallocate, "fiNN") X(flock, "fi") X(copy_file_range, "fmfmNz") X(fadvise64, "foni") \
	X(readahead, "foN") X(sync_file_range, "fonx") X(splice, "fmfmnx") X(tee, "ffnx") X(vmsplice, "fvix") \
	X(mmap, "anpxfo") X(munmap, "an") X(mprotect, "anp") X(madvise, "ani") X(mremap, "annxa") X(msync, "ani") X(mincore, "anm") \
	X(mlock, "an") X(munlock, "an") X(mlock2, "ani") X(munlockall, "") X(brk, "u") X(memfd_create, "sx") \
	X(clone, "Cmmmm") X(clone3, "mn") X(execve, "smm") X(execveat, "fsmmx") X(wait4, "Pmxm") X(waitid, "iPmxm") \
	X(getpid, "") X(getppid, "") X(gettid, "") X(getpgid, "P") X(setpgid, "PP") X(getsid, "P") X(setsid, "") \
	X(set_tid_address, "m") X(set_robust_list, "mn") X(get_robust_list, "Pmm") X(rseq, "mnxu") X(getrusage, "im") X(prlimit64, "Pizm") \
	X(kill, "Pg") X(tkill, "Pg") X(tgkill, "PPg") X(rt_sigaction, "gmmn") X(rt_sigprocmask, "immn") X(rt_sigpending, "mn") \
	X(rt_sigsuspend, "mn") X(rt_sigtimedwait, "mmtn") X(rt_sigqueueinfo, "Pgm") X(rt_tgsigqueueinfo, "PPgm") X(rt_sigreturn, "") \
	X(sigaltstack, "mm") X(setitimer, "imm") X(getitimer, "im") X(timer_create, "imm") X(timer_settime, "ixmm") X(timer_gettime, "im") \
	X(timer_delete, "i") X(timer_getoverrun, "i") X(timerfd_create, "ix") X(timerfd_settime, "fxmm") X(timerfd_gettime, "fm") \
	X(sched_yield, "") X(sched_getaffinity, "Pnm") X(sched_setaffinity, "Pnm") X(sched_getparam, "Pm") X(sched_setparam, "Pm") \
	X(sched_getscheduler, "P") X(sched_get_priority_max, "i") X(sched_get_priority_min, "i") X(sched_rr_get_interval, "Pm") \
	X(getpriority, "iP") X(nanosleep, "tm") X(clock_nanosleep, "iitm") X(clock_gettime, "im") X(clock_getres, "im") X(gettimeofday, "mm") \
	X(times, "m") X(futex, "wiutwu") X(ppoll, "mitmn") X(pselect6, "immmtm") X(epoll_create1, "x") X(epoll_ctl, "fifm") \
	X(epoll_pwait, "fminmn") X(eventfd2, "ix") X(signalfd4, "fmnx") X(uname, "m") X(sysinfo, "m") X(getrandom, "mnx") \
	X(getuid, "") X(geteuid, "") X(getgid, "") X(getegid, "") X(getgroups, "im") X(getresuid, "mmm") X(getresgid, "mmm") \
	X(prctl, "iuuuu") X(personality, "u") X(getcpu, "mm") X(membarrier, "ii") X(close_range, "ffx") X(pidfd_open, "Px") X(sync, "")

#define MORE_BOTH(X) \
	X(epoll_pwait2, "fmitmn") X(fchmodat2, "fSMx") X(exit, "i") X(exit_group, "i") X(unshare, "C") X(restart_syscall, "") \
	X(clock_settime, "it") X(settimeofday, "tm") X(sched_setscheduler, "Pim") X(setpriority, "iPi") X(reboot, "uuum") X(sethostname, "mn") \
	X(setdomainname, "mn") X(setuid, "u") X(setgid, "u") X(setreuid, "uu") X(setregid, "uu") X(setresuid, "uuu") X(setresgid, "uuu") \
	X(setfsuid, "u") X(setfsgid, "u") X(setgroups, "im") X(capget, "mm") X(capset, "mm") X(syncfs, "f") X(getrlimit, "im") X(setrlimit, "im") \
	X(mlockall, "x") X(pidfd_getfd, "ffx") X(pidfd_send_signal, "fgmx") X(futex_waitv, "mixti") \
	X(socket, "iii") X(socketpair, "iiim") X(bind, "fmi") X(connect, "fmi") X(listen, "fi") X(accept, "fmm") X(accept4, "fmmx") \
	X(getsockname, "fmm") X(getpeername, "fmm") X(getsockopt, "fiimm") X(setsockopt, "fiimn") X(shutdown, "fi") X(sendto, "fmnxmi") \
	X(recvfrom, "fmnxmm") X(sendmsg, "fmx") X(recvmsg, "fmx") \
	X(shmget, "inx") X(shmat, "iax") X(shmdt, "a") X(shmctl, "iim") X(adjtimex, "m") X(clock_adjtime, "im") X(sched_setattr, "Pmx") \
	X(sched_getattr, "Pmnx") X(process_vm_readv, "Pvivix") X(process_vm_writev, "Pvivix") X(setxattr, "Ssmnx") X(lsetxattr, "Ssmnx") \
	X(fsetxattr, "fsmnx") X(getxattr, "ssmn") X(lgetxattr, "ssmn") X(fgetxattr, "fsmn") X(listxattr, "smn") X(llistxattr, "smn") \
	X(flistxattr, "fmn") X(removexattr, "Ss") X(lremovexattr, "Ss") X(fremovexattr, "fs")

#define MORE_X86(X) \
	X(pipe, "m") X(dup2, "ff") X(poll, "mii") X(select, "immmt") X(eventfd, "i") X(epoll_create, "i") X(epoll_wait, "fmii") X(open, "SxM") \
	X(stat, "sm") X(lstat, "sm") X(readlink, "smn") X(access, "si") X(creat, "SM") X(mkdir, "SM") X(mknod, "SMz") X(symlink, "SS") \
	X(link, "SS") X(unlink, "S") X(rmdir, "S") X(rename, "SS") X(chmod, "SM") X(chown, "Suu") X(lchown, "Suu") X(utime, "St") X(utimes, "St") \
	X(futimesat, "fSt") X(fork, "") X(vfork, "") X(arch_prctl, "um") X(alarm, "i") \
	X(time, "m") X(getpgrp, "") X(pause, "") X(signalfd, "fmn") X(getdents, "fmn")
/* clang-format on */

struct call {
	const char *name;
	int number;
	const char *kinds;
};

static const struct call calls[] = {
#define X(name, kinds) { #name, SYS_##name, kinds },
	FUZZ_BOTH(X)
#undef X
};

#define HOW_MANY (sizeof(calls) / sizeof(calls[0]))

static unsigned __attribute__((unused)) chosen[HOW_MANY], nr_chosen; /* calls to be made */

/* names: separated by commas; NULL: all calls. */
static void __attribute__((unused)) choose(const char *names)
{
	for (unsigned i = 0; i < HOW_MANY; i++) {
		size_t len = strlen(calls[i].name);
		const char *at = names;

		while (at && (strncmp(at, calls[i].name, len) || (at[len] && at[len] != ',')))
			at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL;
		if (!names || at)
			chosen[nr_chosen++] = i;
	}
}

#endif
