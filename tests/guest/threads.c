/* SPDX-License-Identifier: MIT */
/* clone and clone3 as the C libraries use them, the ends of threads and processes, limits, CPUs, priorities. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

struct clone3 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

struct limit {
	uint64_t cur, max;
};

enum { VM = 0x100, FS = 0x200, FILES = 0x400, SIGHAND = 0x800, VFORK = 0x4000, THREAD = 0x10000, PARENT_SETTID = 0x100000,
       SETTLS = 0x80000, CHILD_CLEARTID = 0x200000, DETACHED = 0x400000, CHILD_SETTID = 0x1000000, NEWNS = 0x20000 };

enum { LIMIT_FSIZE = 1, LIMIT_STACK = 3, LIMIT_NOFILE = 7, LIMIT_AS = 9 };

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

/* ---- clone3 ---- */

static long clone3(struct clone3 *a, size_t size)
{
	return syscall(SYS_clone3, a, size);
}

static void test_clone3_arguments(void)
{
	struct {
		struct clone3 args;
		char rest[40];
	} big = { .args.exit_signal = SIGCHLD };
	struct clone3 a = { .exit_signal = SIGCHLD };
	int status = -1;
	long pid;

	ok(gives(clone3(&a, 56), EINVAL) && gives(clone3(&a, 5000), E2BIG), "clone3: too small is EINVAL, more than a page E2BIG");
	ok(gives(clone3((void *)8, 64), EFAULT), "nowhere: EFAULT");
	big.rest[39] = 1;
	ok(gives(clone3(&big.args, sizeof(big)), E2BIG), "something that the kernel does not know: E2BIG");
	big.rest[39] = 0;
	pid = clone3(&big.args, sizeof(big));
	if (!pid)
		_exit(5);
	ok(pid > 0 && waitpid((pid_t)pid, &status, 0) == pid && WEXITSTATUS(status) == 5, "nothing there: as fork");
	a.exit_signal = 65;
	ok(gives(clone3(&a, sizeof(a)), EINVAL), "no such signal: EINVAL");
	a.exit_signal = SIGCHLD;
	a.stack = 4096;
	ok(gives(clone3(&a, sizeof(a)), EINVAL), "a stack without a size: EINVAL");
	a.stack = 0;
	a.stack_size = 4096;
	ok(gives(clone3(&a, sizeof(a)), EINVAL), "and the reverse");
	a.stack_size = 0;
	a.flags = DETACHED;
	ok(gives(clone3(&a, sizeof(a)), EINVAL), "CLONE_DETACHED: EINVAL");
	a.flags = VM | THREAD | SIGHAND;
	ok(gives(clone3(&a, sizeof(a)), EINVAL), "a thread with an exit signal: EINVAL");
	a = (struct clone3){ .flags = THREAD | VM };
	ok(gives(clone3(&a, sizeof(a)), EINVAL), "a thread without CLONE_SIGHAND: EINVAL");
	a = (struct clone3){ .flags = SIGHAND, .exit_signal = SIGCHLD };
	ok(gives(clone3(&a, sizeof(a)), EINVAL), "CLONE_SIGHAND without CLONE_VM: EINVAL");
}

static void test_clone3_ids(void)
{
	_Atomic uint32_t *ids = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct clone3 a = { .flags = CHILD_SETTID | PARENT_SETTID, .child_tid = (uint64_t)&ids[0], .parent_tid = (uint64_t)&ids[1],
			    .exit_signal = SIGCHLD };
	int status = -1;
	long pid = clone3(&a, 64);

	if (!pid)
		_exit(ids[0] == (uint32_t)getpid() ? 3 : 4);
	ok(waitpid((pid_t)pid, &status, 0) == pid && WEXITSTATUS(status) == 3, "the child finds its id before it runs");
	ok(ids[1] == (uint32_t)pid, "and so does the parent");
}

static void test_clone_old(void)
{
	int status = -1;
	long pid = syscall(SYS_clone, 200l, 0l, 0l, 0l, 0l, 0l);

	if (!pid)
		_exit(6);
	ok(pid > 0 && waitpid((pid_t)pid, &status, 0x40000000) == pid && WEXITSTATUS(status) == 6, "clone with a signal that is none: a child");
	ok(gives(syscall(SYS_clone, (long)THREAD, 0l, 0l, 0l, 0l, 0l), EINVAL), "half a thread: EINVAL");
}

/* arm64's register takes any number. */
static void test_clone_tls(void)
{
#ifdef __x86_64__
	static const uint64_t bad[] = { 1ull << 63, 1ull << 47, 0xffffffff80000000 };
	struct clone3 a = { .flags = SETTLS, .exit_signal = SIGCHLD };
	unsigned refused = 0;

	for (unsigned i = 0; i < 3; i++) {
		a.tls = bad[i];
		refused += gives(clone3(&a, sizeof(a)), EPERM);
	}
	ok(refused == 3, "a TLS address that is not the program's: EPERM");
#endif
}

/* ---- what is shared ---- */

static void test_unshare(void)
{
	int fd = open("/dev/null", O_RDONLY), status;
	long pid;

	ok(gives(syscall(SYS_unshare, 0x2l), EINVAL), "unshare of nonsense: EINVAL");
	ok(syscall(SYS_unshare, (long)(FS | FILES)) == 0, "unshare of files and directory");
	pid = syscall(SYS_clone, (long)(FILES | FS | SIGCHLD), 0l, 0l, 0l, 0l, 0l);
	if (!pid) {
		close(fd);
		syscall(SYS_unshare, (long)FILES);
		close(0);
		_exit(chdir("/dev"));
	}
	waitpid((pid_t)pid, &status, 0);
	ok(status == 0 && gives(close(fd), EBADF), "CLONE_FILES: what the child closes is closed");
	ok(fcntl(0, F_GETFD) == 0, "until it has a table of its own");
	ok(open("null", O_RDONLY) == fd, "CLONE_FS: where the child goes we are");
	close(fd);
	ok(chdir("/") == 0, "and back");
}

/* ---- ends ---- */

static _Atomic int stage;

static void *ends_process(void *arg)
{
	(void)arg;
	while (!stage)
		sched_yield();
	pause_ms(4);
	_exit(21);
}

static void first_thread_ends(void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, ends_process, arg))
		_exit(1);
	stage = 1;
	syscall(SYS_exit, 9l);
}

static void *spins(void *arg)
{
	while (stage >= 0)
		stage = (stage + 1) & 0xffffff;
	return arg;
}

static void one_ends_all(void *arg)
{
	pthread_t t;

	for (int i = 0; i < 3; i++)
		pthread_create(&t, NULL, spins, arg);
	while (stage < 100)
		;
	_exit(33);
}

static void *runs_other(void *arg)
{
	char *const argv[] = { "/bin/threads", "again", NULL };

	execve("/bin/threads", argv, NULL);
	_exit(1);
	return arg;
}

static void exec_by_thread(void *arg)
{
	pthread_t t;

	pthread_create(&t, NULL, spins, arg);
	pthread_create(&t, NULL, runs_other, arg);
	for (;;)
		pause_ms(100);
}

static void last_of_threads(void *arg)
{
	pthread_t t;

	pthread_create(&t, NULL, spins, arg);
	kill(getpid(), SIGKILL);
	for (;;)
		;
}

static void test_ends(void)
{
	int status = in_child(first_thread_ends, NULL);

	ok(WIFEXITED(status) && WEXITSTATUS(status) == 21, "the first thread ends, the process goes on (%#x)", status);
	status = in_child(one_ends_all, NULL);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 33, "exit_group ends all threads");
	status = in_child(exec_by_thread, NULL);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 44, "execve by another thread: it goes on alone, with the process's id");
	status = in_child(last_of_threads, NULL);
	ok(killed_by(status, SIGKILL), "SIGKILL ends all threads");
}

/* ---- limits ---- */

static int limit(int what, struct limit *to, struct limit *old)
{
	return (int)syscall(SYS_prlimit64, 0l, (long)what, to, old);
}

static void uses_limits(void *arg)
{
	struct limit few = { 5, 10 }, small = { 1 << 28, 1 << 28 }, bad = { 6, 5 }, is = { 0, 0 };

	(void)arg;
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	if (!gives(limit(LIMIT_NOFILE, &bad, NULL), EINVAL) || !gives(limit(99, NULL, &is), EINVAL))
		_exit(1);
	if (limit(LIMIT_NOFILE, &few, NULL) || limit(LIMIT_NOFILE, NULL, &is) || is.cur != 5 || is.max != 10)
		_exit(2);
	if (dup(0) != 3 || dup(0) != 4 || !gives(dup(0), EMFILE) || !gives(fcntl(0, F_DUPFD, 5), EINVAL) || !gives(dup2(0, 5), EBADF))
		_exit(3);
	if (limit(LIMIT_AS, &small, NULL) || mmap(NULL, 1 << 29, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED || errno != ENOMEM)
		_exit(4);
	if (mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		_exit(5);
	if (fork() == 0)
		_exit(limit(LIMIT_NOFILE, NULL, &is) || is.cur != 5 ? 6 : 0);
	wait((int *)arg);
	_exit(*(int *)arg ? 7 : 0);
}

static void test_limits(void)
{
	struct limit is = { 0, 0 };
	static int word;
	int status = in_child(uses_limits, &word);

	ok(status == 0, "limits are kept, bind, and are handed down (%d)", WEXITSTATUS(status));
	ok(limit(LIMIT_STACK, NULL, &is) == 0 && is.cur == 8 << 20, "a stack of 8 MiB");
	ok(gives(syscall(SYS_prlimit64, 0x3fffffffl, 7l, 0l, &is), ESRCH), "of nobody: ESRCH");
}

/* ---- CPUs and priorities ---- */

static int on_cpu(void)
{
	unsigned cpu = 99;

	syscall(SYS_getcpu, &cpu, 0l, 0l);
	return (int)cpu;
}

static void stays(void *arg)
{
	uint64_t all[16] = { 0 }, one[16] = { 0 };
	int good = 1;

	(void)arg;
	syscall(SYS_sched_getaffinity, 0l, sizeof(all), all);
	for (int cpu = 0; cpu < 64; cpu++) {
		if (!(all[0] >> cpu & 1))
			continue;
		one[0] = 1ull << cpu;
		if (syscall(SYS_sched_setaffinity, 0l, 8l, one))
			_exit(1);
		for (int i = 0; i < 50; i++) {
			good &= on_cpu() == cpu;
			if (i % 10 == 0)
				pause_ms(1);
			sched_yield();
		}
	}
	_exit(good ? 0 : 2);
}

/* A child that spins is told where to do it. */
static int is_moved(void)
{
	_Atomic int *where = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t all[16] = { 0 }, one = 0;
	int status, tries = 0;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			*where = on_cpu();
	syscall(SYS_sched_getaffinity, 0l, sizeof(all), all);
	for (int cpu = 0; cpu < 8; cpu++) {
		if (!(all[0] >> cpu & 1))
			continue;
		one = 1ull << cpu;
		syscall(SYS_sched_setaffinity, (long)pid, 8l, &one);
		while (*where != cpu && tries++ < 5000)
			pause_ms(1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return tries < 5000;
}

enum { BATCH = 3, IDLE = 5, RESET_ON_FORK = 0x40000000 };

static int policy_of(long tid)
{
	return (int)syscall(SYS_sched_getscheduler, tid);
}

static void policy_inherited(void *arg)
{
	_exit(policy_of(0) != BATCH);
}

static void test_policies(void)
{
	int zero = 0, one = 1;

	ok(syscall(SYS_sched_setscheduler, 0l, (long)IDLE, &zero) == 0 && policy_of(0) == IDLE && policy_of(getpid()) == IDLE, "SCHED_IDLE is kept");
	ok(gives(syscall(SYS_sched_setscheduler, 0l, (long)BATCH, &one), EINVAL) && policy_of(0) == IDLE, "no priority but 0: EINVAL");
	ok(syscall(SYS_sched_setscheduler, 0l, (long)(BATCH | RESET_ON_FORK), &zero) == 0 && policy_of(0) == (BATCH | RESET_ON_FORK),
	   "SCHED_BATCH, and the flag");
	ok(syscall(SYS_sched_setparam, 0l, &zero) == 0 && policy_of(0) == (BATCH | RESET_ON_FORK), "sched_setparam leaves both");
	ok(in_child(policy_inherited, NULL) == 0, "a child has the policy and not the flag");
	ok(syscall(SYS_sched_setscheduler, 0l, 0l, &zero) == 0 && policy_of(0) == 0, "and back");
}

static void test_cpus(void)
{
	uint64_t mask[16] = { 0 }, none = 0;
	int priority = 0;

	ok(syscall(SYS_sched_getaffinity, 0l, sizeof(mask), mask) > 0 && mask[0], "there is a CPU for us");
	ok(gives(syscall(SYS_sched_setaffinity, 0l, 8l, &none), EINVAL), "no CPU at all: EINVAL");
	ok(gives(syscall(SYS_sched_setaffinity, 0x3fffffffl, 8l, mask), ESRCH), "of nobody: ESRCH");
	ok(in_child(stays, NULL) == 0, "a task stays on the CPU it has chosen");
	ok(is_moved(), "and goes where it is told");
	ok(syscall(SYS_sched_getscheduler, 0l) == 0 && syscall(SYS_sched_getparam, 0l, &priority) == 0 && priority == 0, "SCHED_OTHER, priority 0");
	ok(syscall(SYS_sched_setscheduler, 0l, 0l, &priority) == 0 && gives(syscall(SYS_sched_setscheduler, 0l, 77l, &priority), EINVAL),
	   "which can be set; nonsense cannot");
	ok(syscall(SYS_sched_get_priority_max, 1l) == 99 && syscall(SYS_sched_get_priority_min, 1l) == 1 &&
		   gives(syscall(SYS_sched_get_priority_max, 4l), EINVAL),
	   "the range of real-time priorities");
	ok(syscall(SYS_setpriority, 0l, 0l, 5l) == 0 && syscall(SYS_getpriority, 0l, 0l) == 15,
	   "a nice value is kept");
	ok(gives(syscall(SYS_getpriority, 7l, 0l), EINVAL) && gives(syscall(SYS_getpriority, 0l, 0x3fffffffl), ESRCH), "bad ones are not");
	syscall(SYS_setpriority, 0l, 0l, 0l);
}

static void test_membarrier(void)
{
	long can = syscall(SYS_membarrier, 0l, 0l, 0l);

	ok(can > 0 && can & 8 && can & 16, "membarrier: private expedited");
	ok(gives(syscall(SYS_membarrier, 8l, 0l, 0l), EPERM) && syscall(SYS_membarrier, 16l, 0l, 0l) == 0 &&
		   syscall(SYS_membarrier, 8l, 0l, 0l) == 0,
	   "for those who have registered");
	ok(gives(syscall(SYS_membarrier, 0l, 1l, 0l), EINVAL) && gives(syscall(SYS_membarrier, 3l, 0l, 0l), EINVAL), "nonsense: EINVAL");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "again"))
		return getpid() == (int)syscall(SYS_gettid) ? 44 : 45;
	test_clone3_arguments();
	test_clone3_ids();
	test_clone_old();
	test_clone_tls();
	test_unshare();
	test_ends();
	test_limits();
	test_cpus();
	test_policies();
	test_membarrier();
	return tap_done();
}
