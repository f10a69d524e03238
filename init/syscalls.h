/* SPDX-License-Identifier: MIT */
/*
 * The system calls there are. A call is one row, X(name, how many arguments), and one function sys_NAME of plain C
 * types, which returns what user space gets: a value, or a negative errno. R instead of a number: it takes the user's
 * registers themselves. User addresses are uintptr_t, and nobody follows one but kernel/uaccess.h. Calls that a machine does
 * not have (arch/NAME/sysno.h) cannot be reached there.
 */
#ifndef INIT_SYSCALLS_H
#define INIT_SYSCALLS_H

#include "arch/arch.h"

/* clang-format off */
#define SYSCALLS(X) \
	/* sys_rw.c */ \
	X(read, 3) X(write, 3) X(readv, 3) X(writev, 3) X(pread64, 4) X(pwrite64, 4) X(preadv, 4) X(pwritev, 4) \
	X(preadv2, 6) X(pwritev2, 6) X(lseek, 3) X(ioctl, 3) \
	/* sys_dir.c */ \
	X(getdents64, 3) X(getdents, 3) \
	/* sys_fd.c */ \
	X(close, 1) X(close_range, 3) X(dup, 1) X(dup2, 2) X(dup3, 3) X(fcntl, 3) X(pipe, 1) X(pipe2, 2) \
	/* sys_socket.c, sys_message.c */ \
	X(socket, 3) X(socketpair, 4) X(bind, 3) X(connect, 3) X(listen, 2) X(accept, 3) X(accept4, 4) X(getsockname, 3) X(getpeername, 3) \
	X(getsockopt, 5) X(setsockopt, 5) X(shutdown, 2) X(sendto, 6) X(recvfrom, 6) X(sendmsg, 3) X(recvmsg, 3) \
	/* sys_poll.c */ \
	X(poll, 3) X(ppoll, 5) X(select, 5) X(pselect6, 6) \
	/* signalfd.c, pidfd.c */ \
	X(signalfd, 3) X(signalfd4, 4) X(pidfd_open, 2) X(pidfd_getfd, 3) \
	/* sys_event.c */ \
	X(eventfd, 1) X(eventfd2, 2) X(timerfd_create, 2) X(timerfd_settime, 4) X(timerfd_gettime, 2) \
	X(epoll_create, 1) X(epoll_create1, 1) X(epoll_ctl, 4) X(epoll_wait, 4) X(epoll_pwait, 6) X(epoll_pwait2, 6) \
	/* sys_path.c */ \
	X(open, 3) X(openat, 4) X(stat, 2) X(lstat, 2) X(fstat, 2) X(newfstatat, 4) X(readlink, 3) X(readlinkat, 4) \
	X(access, 2) X(faccessat, 3) X(faccessat2, 4) X(getcwd, 2) X(chdir, 1) X(fchdir, 1) X(umask, 1) \
	X(creat, 2) X(statx, 5) \
	/* sys_names.c */ \
	X(mkdir, 2) X(mkdirat, 3) X(mknod, 3) X(mknodat, 4) X(symlink, 2) X(symlinkat, 3) X(link, 2) X(linkat, 5) \
	X(unlink, 1) X(unlinkat, 3) X(rmdir, 1) X(rename, 2) X(renameat, 4) X(renameat2, 5) \
	/* sys_attr.c */ \
	X(chmod, 2) X(fchmod, 2) X(fchmodat, 3) X(fchmodat2, 4) X(chown, 3) X(lchown, 3) X(fchown, 3) X(fchownat, 5) \
	X(utime, 2) X(utimes, 2) X(futimesat, 3) X(utimensat, 4) X(truncate, 2) X(ftruncate, 2) X(fallocate, 4) \
	/* sys_flock.c */ \
	X(flock, 2) \
	/* sys_copy.c */ \
	X(copy_file_range, 6) X(sendfile, 4) X(fadvise64, 4) X(readahead, 3) X(splice, 6) \
	X(tee, 4) X(vmsplice, 4) \
	/* sys_memfd.c */ \
	X(memfd_create, 2) \
	/* sys_sync.c */ \
	X(sync, 0) X(fsync, 1) X(fdatasync, 1) X(syncfs, 1) X(sync_file_range, 4) X(statfs, 2) X(fstatfs, 2) \
	/* sys_mm.c */ \
	X(mmap, 6) X(munmap, 2) X(mremap, 5) X(mprotect, 3) X(brk, 1) X(mlock, 2) X(mlock2, 3) X(munlock, 2) X(mlockall, 1) \
	X(munlockall, 0) \
	/* sys_shm.c */ \
	X(shmget, 3) X(shmat, 3) X(shmdt, 1) X(shmctl, 3) \
	/* sys_madvise.c */ \
	X(madvise, 3) X(msync, 3) X(mincore, 3) \
	/* sys_process.c */ \
	X(clone, R) X(clone3, R) X(unshare, 1) X(fork, R) X(vfork, R) X(execve, R) X(execveat, R) \
	X(exit, 1) X(exit_group, 1) X(wait4, 4) X(waitid, 5) X(prctl, 5) \
	X(getpid, 0) X(getppid, 0) X(gettid, 0) X(getpgid, 1) X(getpgrp, 0) X(setpgid, 2) X(getsid, 1) X(setsid, 0) \
	X(set_tid_address, 1) X(arch_prctl, 2) X(getrusage, 2) \
	/* rseq.c */ \
	X(rseq, 4) \
	/* futex.c, futex_waitv.c, robust.c */ \
	X(futex, 6) X(futex_waitv, 5) X(set_robust_list, 2) X(get_robust_list, 3) \
	/* sys_limit.c */ \
	X(prlimit64, 4) X(getrlimit, 2) X(setrlimit, 2) \
	/* sys_signal.c */ \
	X(kill, 2) X(tkill, 2) X(tgkill, 3) X(rt_sigaction, 4) X(rt_sigprocmask, 4) X(rt_sigpending, 2) X(rt_sigreturn, R) X(restart_syscall, 0) \
	X(sigaltstack, R) X(rt_sigsuspend, 2) X(pause, 0) X(rt_sigtimedwait, 4) X(rt_sigqueueinfo, 3) X(rt_tgsigqueueinfo, 4) \
	X(pidfd_send_signal, 4) \
	/* sys_timer.c */ \
	X(alarm, 1) X(getitimer, 2) X(setitimer, 3) X(timer_create, 3) X(timer_gettime, 2) X(timer_settime, 4) X(timer_getoverrun, 1) \
	X(timer_delete, 1) \
	/* sys_time.c */ \
	X(nanosleep, 2) X(clock_nanosleep, 4) X(clock_gettime, 2) \
	X(clock_getres, 2) X(gettimeofday, 2) X(time, 1) X(times, 1) X(clock_settime, 2) X(settimeofday, 2) X(adjtimex, 1) X(clock_adjtime, 2) \
	/* sys_sched.c */ \
	X(sched_yield, 0) X(sched_getaffinity, 3) X(sched_setaffinity, 3) X(sched_getscheduler, 1) X(sched_setscheduler, 3) \
	X(sched_getparam, 2) X(sched_setparam, 2) X(sched_get_priority_max, 1) X(sched_get_priority_min, 1) \
	X(sched_rr_get_interval, 2) X(getpriority, 2) X(setpriority, 3) X(getcpu, 3) X(membarrier, 3) X(sched_setattr, 3) X(sched_getattr, 4) \
	/* sys_remote.c */ \
	X(process_vm_readv, 6) X(process_vm_writev, 6) \
	/* sys_xattr.c */ \
	X(setxattr, 5) X(lsetxattr, 5) X(fsetxattr, 5) X(getxattr, 4) X(lgetxattr, 4) X(fgetxattr, 4) X(listxattr, 3) X(llistxattr, 3) \
	X(flistxattr, 3) X(removexattr, 2) X(lremovexattr, 2) X(fremovexattr, 2) \
	/* sys_system.c */ \
	X(sysinfo, 1) X(getrandom, 3) X(reboot, 4) \
	/* sys_uts.c */ \
	X(uname, 1) X(sethostname, 2) X(setdomainname, 2) X(personality, 1) \
	/* sys_cred.c */ \
	X(getuid, 0) X(geteuid, 0) X(getgid, 0) X(getegid, 0) X(setuid, 1) X(setgid, 1) X(setreuid, 2) X(setregid, 2) X(setresuid, 3) \
	X(setresgid, 3) X(getresuid, 3) X(getresgid, 3) X(setfsuid, 1) X(setfsgid, 1) X(getgroups, 2) X(setgroups, 2) X(capget, 2) X(capset, 2)
/* clang-format on */

long sys_read(int fd, uintptr_t buf, size_t n);
long sys_write(int fd, uintptr_t buf, size_t n);
long sys_readv(int fd, uintptr_t iov, int count);
long sys_writev(int fd, uintptr_t iov, int count);
long sys_pread64(int fd, uintptr_t buf, size_t n, int64_t pos);
long sys_pwrite64(int fd, uintptr_t buf, size_t n, int64_t pos);
long sys_preadv(int fd, uintptr_t iov, int count, int64_t pos);
long sys_pwritev(int fd, uintptr_t iov, int count, int64_t pos);
long sys_preadv2(int fd, uintptr_t iov, int count, int64_t pos, uint64_t high, unsigned flags);
long sys_pwritev2(int fd, uintptr_t iov, int count, int64_t pos, uint64_t high, unsigned flags);
long sys_lseek(int fd, int64_t offset, unsigned whence);
long sys_ioctl(int fd, unsigned command, uintptr_t arg);

long sys_getdents64(int fd, uintptr_t buf, unsigned size);

long sys_getdents(int fd, uintptr_t buf, unsigned size);

long sys_close(int fd);
long sys_close_range(unsigned first, unsigned last, unsigned flags);
long sys_dup(int fd);
long sys_dup2(int from, int to);
long sys_dup3(int from, int to, unsigned flags);
long sys_fcntl(int fd, unsigned command, uint64_t arg);
long sys_pipe(uintptr_t fds);
long sys_pipe2(uintptr_t fds, unsigned flags);

long sys_socket(int family, unsigned type, int protocol);
long sys_socketpair(int family, unsigned type, int protocol, uintptr_t out);
long sys_bind(int fd, uintptr_t address, int size);
long sys_connect(int fd, uintptr_t address, int size);
long sys_listen(int fd, int backlog);
long sys_accept(int fd, uintptr_t address, uintptr_t size);
long sys_accept4(int fd, uintptr_t address, uintptr_t size, unsigned flags);
long sys_getsockname(int fd, uintptr_t address, uintptr_t size);
long sys_getpeername(int fd, uintptr_t address, uintptr_t size);
long sys_getsockopt(int fd, int level, int name, uintptr_t out, uintptr_t size);
long sys_setsockopt(int fd, int level, int name, uintptr_t from, int size);
long sys_shutdown(int fd, unsigned how);
long sys_sendto(int fd, uintptr_t buf, size_t n, unsigned flags, uintptr_t address, int size);
long sys_recvfrom(int fd, uintptr_t buf, size_t n, unsigned flags, uintptr_t address, uintptr_t size);
long sys_sendmsg(int fd, uintptr_t from, unsigned flags);
long sys_recvmsg(int fd, uintptr_t at, unsigned flags);

long sys_poll(uintptr_t fds, unsigned n, int timeout_ms);
long sys_ppoll(uintptr_t fds, unsigned n, uintptr_t timeout, uintptr_t mask, size_t mask_size);
long sys_select(int n, uintptr_t reads, uintptr_t writes, uintptr_t others, uintptr_t timeout);
long sys_pselect6(int n, uintptr_t reads, uintptr_t writes, uintptr_t others, uintptr_t timeout, uintptr_t mask_arg);

long sys_signalfd(int fd, uintptr_t mask, size_t mask_size);
long sys_signalfd4(int fd, uintptr_t mask, size_t mask_size, unsigned flags);
long sys_pidfd_open(int pid, unsigned flags);
long sys_pidfd_getfd(int pidfd, int fd, unsigned flags);

long sys_eventfd(unsigned count);
long sys_eventfd2(unsigned count, unsigned flags);
long sys_timerfd_create(int clock, unsigned flags);
long sys_timerfd_settime(int fd, unsigned flags, uintptr_t from, uintptr_t old);
long sys_timerfd_gettime(int fd, uintptr_t out);
long sys_epoll_create(int size);
long sys_epoll_create1(unsigned flags);
long sys_epoll_ctl(int epfd, int op, int fd, uintptr_t from);
long sys_epoll_wait(int epfd, uintptr_t out, int n, int timeout_ms);
long sys_epoll_pwait(int epfd, uintptr_t out, int n, int timeout_ms, uintptr_t mask, size_t mask_size);
long sys_epoll_pwait2(int epfd, uintptr_t out, int n, uintptr_t timeout, uintptr_t mask, size_t mask_size);

long sys_open(uintptr_t path, unsigned flags, unsigned mode);
long sys_openat(int dir, uintptr_t path, unsigned flags, unsigned mode);
long sys_stat(uintptr_t path, uintptr_t out);
long sys_lstat(uintptr_t path, uintptr_t out);
long sys_fstat(int fd, uintptr_t out);
long sys_newfstatat(int dir, uintptr_t path, uintptr_t out, unsigned flags);
long sys_readlink(uintptr_t path, uintptr_t buf, int size);
long sys_readlinkat(int dir, uintptr_t path, uintptr_t buf, int size);
long sys_access(uintptr_t path, unsigned mode);
long sys_faccessat(int dir, uintptr_t path, unsigned mode);
long sys_faccessat2(int dir, uintptr_t path, unsigned mode, unsigned flags);
long sys_getcwd(uintptr_t buf, size_t size);
long sys_chdir(uintptr_t path);
long sys_fchdir(int fd);
long sys_umask(unsigned mask);
long sys_creat(uintptr_t path, unsigned mode);
long sys_statx(int dir, uintptr_t path, unsigned flags, unsigned mask, uintptr_t out);

long sys_mkdir(uintptr_t path, unsigned mode);
long sys_mkdirat(int dir, uintptr_t path, unsigned mode);
long sys_mknod(uintptr_t path, unsigned mode, unsigned dev);
long sys_mknodat(int dir, uintptr_t path, unsigned mode, unsigned dev);
long sys_symlink(uintptr_t target, uintptr_t path);
long sys_symlinkat(uintptr_t target, int dir, uintptr_t path);
long sys_link(uintptr_t from, uintptr_t to);
long sys_linkat(int from_dir, uintptr_t from, int to_dir, uintptr_t to, unsigned flags);
long sys_unlink(uintptr_t path);
long sys_unlinkat(int dir, uintptr_t path, unsigned flags);
long sys_rmdir(uintptr_t path);
long sys_rename(uintptr_t from, uintptr_t to);
long sys_renameat(int from_dir, uintptr_t from, int to_dir, uintptr_t to);
long sys_renameat2(int from_dir, uintptr_t from, int to_dir, uintptr_t to, unsigned flags);

long sys_chmod(uintptr_t path, unsigned mode);
long sys_fchmod(int fd, unsigned mode);
long sys_fchmodat(int dir, uintptr_t path, unsigned mode);
long sys_fchmodat2(int dir, uintptr_t path, unsigned mode, unsigned flags);
long sys_chown(uintptr_t path, unsigned uid, unsigned gid);
long sys_lchown(uintptr_t path, unsigned uid, unsigned gid);
long sys_fchown(int fd, unsigned uid, unsigned gid);
long sys_fchownat(int dir, uintptr_t path, unsigned uid, unsigned gid, unsigned flags);
long sys_utime(uintptr_t path, uintptr_t times);
long sys_utimes(uintptr_t path, uintptr_t times);
long sys_futimesat(int dir, uintptr_t path, uintptr_t times);
long sys_utimensat(int dir, uintptr_t path, uintptr_t times, unsigned flags);
long sys_truncate(uintptr_t path, int64_t size);
long sys_ftruncate(int fd, int64_t size);
long sys_fallocate(int fd, unsigned mode, int64_t start, int64_t len);

long sys_flock(int fd, unsigned op);
long sys_copy_file_range(int in_fd, uintptr_t in_pos, int out_fd, uintptr_t out_pos, size_t n, unsigned flags);
long sys_sendfile(int out_fd, int in_fd, uintptr_t pos, size_t n);
long sys_fadvise64(int fd, int64_t start, int64_t len, int advice);
long sys_readahead(int fd, int64_t start, size_t n);
long sys_splice(int in, uintptr_t in_pos, int out, uintptr_t out_pos, size_t n, unsigned flags);
long sys_tee(int in, int out, size_t n, unsigned flags);
long sys_vmsplice(int fd, uintptr_t vector, size_t count, unsigned flags);
long sys_memfd_create(uintptr_t name, unsigned flags);

long sys_sync(void);
long sys_fsync(int fd);
long sys_fdatasync(int fd);
long sys_syncfs(int fd);
long sys_sync_file_range(int fd, int64_t start, int64_t n, unsigned flags);
long sys_statfs(uintptr_t path, uintptr_t out);
long sys_fstatfs(int fd, uintptr_t out);

long sys_mmap(uintptr_t addr, size_t len, unsigned prot, unsigned flags, int fd, uint64_t offset);
long sys_munmap(uintptr_t addr, size_t len);
long sys_mprotect(uintptr_t addr, size_t len, uint64_t prot);
long sys_brk(uintptr_t to);
long sys_mremap(uintptr_t addr, size_t old_len, size_t new_len, uint64_t flags, uintptr_t new_addr);
long sys_mlock(uintptr_t addr, size_t len);
long sys_mlock2(uintptr_t addr, size_t len, unsigned flags);
long sys_munlock(uintptr_t addr, size_t len);
long sys_mlockall(unsigned flags);
long sys_munlockall(void);

long sys_shmget(int key, size_t size, unsigned flags);
long sys_shmat(int id, uintptr_t at, unsigned flags);
long sys_shmdt(uintptr_t at);
long sys_shmctl(int id, int command, uintptr_t buf);

long sys_madvise(uintptr_t addr, size_t len, int advice);
long sys_msync(uintptr_t addr, size_t len, unsigned flags);
long sys_mincore(uintptr_t addr, size_t len, uintptr_t vec);

long sys_clone(struct arch_regs *regs);
long sys_clone3(struct arch_regs *regs);
long sys_unshare(uint64_t flags);
long sys_fork(struct arch_regs *regs);
long sys_vfork(struct arch_regs *regs);
long sys_execve(struct arch_regs *regs);
long sys_execveat(struct arch_regs *regs);
long sys_exit(int status);
long sys_exit_group(int status);
long sys_waitid(int which, int id, uintptr_t info, unsigned options, uintptr_t usage);
long sys_prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
long sys_wait4(int pid, uintptr_t status, unsigned options, uintptr_t usage);
long sys_getpid(void);
long sys_getppid(void);
long sys_gettid(void);
long sys_getpgid(int pid);
long sys_getpgrp(void);
long sys_setpgid(int pid, int pgid);
long sys_getsid(int pid);
long sys_setsid(void);
long sys_set_tid_address(uintptr_t word);
long sys_arch_prctl(unsigned code, uintptr_t arg);
long sys_getrusage(int who, uintptr_t out);
long sys_futex(uintptr_t word, unsigned op, uint32_t value, uintptr_t timeout, uintptr_t second, uint32_t value3);
long sys_futex_waitv(uintptr_t from, unsigned n, unsigned flags, uintptr_t timeout, int clock);
long sys_rseq(uintptr_t area, unsigned size, int flags, uint32_t signature);
long sys_set_robust_list(uintptr_t head, size_t size);
long sys_get_robust_list(int tid, uintptr_t head, uintptr_t size);

long sys_prlimit64(int pid, unsigned what, uintptr_t to, uintptr_t old);
long sys_getrlimit(unsigned what, uintptr_t out);
long sys_setrlimit(unsigned what, uintptr_t from);

long sys_kill(int pid, int sig);
long sys_tkill(int tid, int sig);
long sys_tgkill(int pid, int tid, int sig);
long sys_rt_sigaction(int sig, uintptr_t to, uintptr_t old, size_t set_size);
long sys_rt_sigprocmask(int how, uintptr_t to, uintptr_t old, size_t set_size);
long sys_rt_sigpending(uintptr_t out, size_t set_size);
long sys_rt_sigreturn(struct arch_regs *regs);
long sys_restart_syscall(void);
long sys_alarm(unsigned seconds);
long sys_getitimer(unsigned which, uintptr_t out);
long sys_setitimer(unsigned which, uintptr_t from, uintptr_t old);
long sys_timer_create(int clock, uintptr_t event, uintptr_t out);
long sys_timer_gettime(int id, uintptr_t out);
long sys_timer_settime(int id, int flags, uintptr_t from, uintptr_t old);
long sys_timer_getoverrun(int id);
long sys_timer_delete(int id);
long sys_sigaltstack(struct arch_regs *regs);
long sys_rt_sigsuspend(uintptr_t mask, size_t set_size);
long sys_pause(void);
long sys_rt_sigtimedwait(uintptr_t set, uintptr_t info, uintptr_t timeout, size_t set_size);
long sys_rt_sigqueueinfo(int pid, int sig, uintptr_t info);
long sys_pidfd_send_signal(int fd, int sig, uintptr_t info, unsigned flags);
long sys_rt_tgsigqueueinfo(int pid, int tid, int sig, uintptr_t info);

long sys_nanosleep(uintptr_t request, uintptr_t remain);
long sys_clock_nanosleep(int clock, int flags, uintptr_t request, uintptr_t remain);
long sys_clock_gettime(int clock, uintptr_t out);
long sys_clock_getres(int clock, uintptr_t out);
long sys_gettimeofday(uintptr_t tv, uintptr_t tz);
long sys_time(uintptr_t out);
long sys_times(uintptr_t out);
long sys_clock_settime(int clock, uintptr_t from);
long sys_settimeofday(uintptr_t tv, uintptr_t tz);

long sys_adjtimex(uintptr_t at);
long sys_clock_adjtime(int clock, uintptr_t at);

long sys_sched_setattr(int tid, uintptr_t from, unsigned flags);
long sys_sched_getattr(int tid, uintptr_t out, unsigned size, unsigned flags);
long sys_process_vm_readv(int pid, uintptr_t local, size_t locals, uintptr_t remote, size_t remotes, uint64_t flags);
long sys_process_vm_writev(int pid, uintptr_t local, size_t locals, uintptr_t remote, size_t remotes, uint64_t flags);
long sys_setxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size, int flags);
long sys_lsetxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size, int flags);
long sys_fsetxattr(int fd, uintptr_t name, uintptr_t value, size_t size, int flags);
long sys_getxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size);
long sys_lgetxattr(uintptr_t path, uintptr_t name, uintptr_t value, size_t size);
long sys_fgetxattr(int fd, uintptr_t name, uintptr_t value, size_t size);
long sys_listxattr(uintptr_t path, uintptr_t list, size_t size);
long sys_llistxattr(uintptr_t path, uintptr_t list, size_t size);
long sys_flistxattr(int fd, uintptr_t list, size_t size);
long sys_removexattr(uintptr_t path, uintptr_t name);
long sys_lremovexattr(uintptr_t path, uintptr_t name);
long sys_fremovexattr(int fd, uintptr_t name);
long sys_sched_yield(void);
long sys_sched_getaffinity(int tid, unsigned size, uintptr_t mask);
long sys_sched_setaffinity(int tid, unsigned size, uintptr_t mask);
long sys_sched_getscheduler(int tid);
long sys_sched_setscheduler(int tid, int policy, uintptr_t param);
long sys_sched_getparam(int tid, uintptr_t param);
long sys_sched_setparam(int tid, uintptr_t param);
long sys_sched_get_priority_max(int policy);
long sys_sched_get_priority_min(int policy);
long sys_sched_rr_get_interval(int tid, uintptr_t out);
long sys_getpriority(int which, int who);
long sys_setpriority(int which, int who, int nice);
long sys_getcpu(uintptr_t cpu, uintptr_t node, uintptr_t cache);
long sys_membarrier(int command, unsigned flags, int cpu);

long sys_uname(uintptr_t out);
long sys_sysinfo(uintptr_t out);
long sys_getrandom(uintptr_t buf, size_t n, unsigned flags);
long sys_reboot(unsigned magic1, unsigned magic2, unsigned command, uintptr_t arg);
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_getgroups(int size, uintptr_t list);
long sys_setgroups(int size, uintptr_t list);
long sys_setuid(unsigned id);
long sys_setgid(unsigned id);
long sys_setreuid(unsigned real, unsigned effective);
long sys_setregid(unsigned real, unsigned effective);
long sys_setresuid(unsigned real, unsigned effective, unsigned saved);
long sys_setresgid(unsigned real, unsigned effective, unsigned saved);
long sys_getresuid(uintptr_t real, uintptr_t effective, uintptr_t saved);
long sys_getresgid(uintptr_t real, uintptr_t effective, uintptr_t saved);
long sys_setfsuid(unsigned id);
long sys_setfsgid(unsigned id);
long sys_capget(uintptr_t header, uintptr_t out);
long sys_capset(uintptr_t header, uintptr_t from);
long sys_sethostname(uintptr_t name, int len);
long sys_setdomainname(uintptr_t name, int len);
long sys_personality(unsigned to);

#endif
