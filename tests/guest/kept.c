/* SPDX-License-Identifier: MIT */
/* What is kept and shown: policies of scheduling, traits (prctl), the clock's state; and that there are no extended attributes. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "tap.h"

enum { OTHER, FIFO, RR, BATCH, RESET = 0x40000000 };

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

/* ---- scheduling ---- */

static long set_scheduler(int policy, int priority)
{
	return syscall(SYS_sched_setscheduler, 0l, (long)policy, &priority);
}

static int get_priority(void)
{
	int priority = -1;

	syscall(SYS_sched_getparam, 0l, &priority);
	return priority;
}

static void check_child(void *arg)
{
	_exit(syscall(SYS_sched_getscheduler, 0l) == *(int *)arg ? 0 : 1);
}

static void test_policies(void)
{
	int other = OTHER, fifo = FIFO, nine = 9, zero = 0;
	struct timespec ts = { 1, 1 };

	if (set_scheduler(FIFO, 5)) {
		tap_skip("real-time policies", "the machine does not allow them");
		return;
	}
	ok(syscall(SYS_sched_getscheduler, 0l) == FIFO && get_priority() == 5, "a real-time policy and its priority");
	ok(syscall(SYS_sched_setparam, 0l, &nine) == 0 && get_priority() == 9, "sched_setparam");
	ok(gives(syscall(SYS_sched_setparam, 0l, &zero), EINVAL) && gives(set_scheduler(RR, 100), EINVAL), "bad priorities: EINVAL");
	ok(syscall(SYS_sched_rr_get_interval, 0l, &ts) == 0 && ts.tv_sec == 0 && ts.tv_nsec == 0, "SCHED_FIFO has no slice");
	ok(in_child(check_child, &fifo) == 0, "a child has it too");
	ok(set_scheduler(RR | RESET, 5) == 0 && in_child(check_child, &other) == 0, "but not with SCHED_RESET_ON_FORK");
	ok(set_scheduler(OTHER, 0) == 0 && get_priority() == 0, "and back");
}

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t more[20];
};

static long get_attr(struct attr *a, unsigned size, unsigned flags)
{
	memset(a, 0, sizeof(*a));
	return syscall(SYS_sched_getattr, 0l, a, (long)size, (long)flags);
}

static void test_attr(void)
{
	struct attr a;

	ok(get_attr(&a, 48, 0) == 0 && a.size == 48 && a.policy == OTHER, "sched_getattr");
	ok(gives(get_attr(&a, 47, 0), EINVAL) && gives(get_attr(&a, 48, 1), EINVAL) && gives(syscall(SYS_sched_getattr, 0l, NULL, 48l, 0l), EINVAL),
	   "its errors");
	get_attr(&a, 48, 0);
	a.policy = BATCH;
	ok(syscall(SYS_sched_setattr, 0l, &a, 0l) == 0 && syscall(SYS_sched_getscheduler, 0l) == BATCH, "sched_setattr");
	ok(gives(syscall(SYS_sched_setattr, 0l, &a, 1l), EINVAL) && gives(syscall(SYS_sched_setattr, 0l, NULL, 0l), EINVAL), "its errors");
	a.size = 40;
	ok(gives(syscall(SYS_sched_setattr, 0l, &a, 0l), E2BIG) && a.size >= 56, "too small: E2BIG, and the size that is known");
	a.size = sizeof(a);
	a.more[19] = 1;
	ok(gives(syscall(SYS_sched_setattr, 0l, &a, 0l), E2BIG), "too large, with something in it: E2BIG");
	set_scheduler(OTHER, 0);
}

/* ---- prctl ---- */

static long prctl(int option, long a, long b)
{
	return syscall(SYS_prctl, (long)option, a, b, 0l, 0l);
}

static void orphan(void *arg)
{
	pid_t *parent = arg, pid = fork();

	if (pid == 0) {
		while (getppid() != *parent)
			pause_ms(1);
		_exit(7);
	}
	_exit(0);
}

static void test_prctl(void)
{
	int on = 0, status = 0;
	pid_t self = getpid();

	ok(prctl(3, 0, 0) == 1 && prctl(4, 0, 0) == 0 && prctl(3, 0, 0) == 0 && prctl(4, 1, 0) == 0 && gives(prctl(4, 2, 0), EINVAL),
	   "PR_SET_DUMPABLE");
	ok(prctl(7, 0, 0) == 0 && prctl(8, 1, 0) == 0 && prctl(7, 0, 0) == 1 && prctl(8, 0, 0) == 0, "PR_SET_KEEPCAPS");
	ok(prctl(13, 0, 0) == 0 && prctl(14, 0, 0) == 0 && gives(prctl(14, 1, 0), EINVAL), "PR_SET_TIMING");
	ok(prctl(29, 70000, 0) == 0 && prctl(30, 0, 0) == 70000 && prctl(29, 0, 0) == 0 && prctl(30, 0, 0) > 0, "PR_SET_TIMERSLACK");
	ok(prctl(41, 1, 0) == 0 && prctl(42, 0, 0) == 1 && prctl(41, 0, 0) == 0 && gives(prctl(42, 1, 0), EINVAL), "PR_SET_THP_DISABLE");
	ok(prctl(23, 0, 0) >= 0 && gives(prctl(23, 1000, 0), EINVAL), "PR_CAPBSET_READ");
	ok(gives(prctl(38, 0, 0), EINVAL) && gives(prctl(38, 1, 1), EINVAL) && gives(prctl(39, 1, 0), EINVAL), "PR_SET_NO_NEW_PRIVS's errors");
	ok(prctl(36, 1, 0) == 0 && prctl(37, (long)&on, 0) == 0 && on == 1, "PR_SET_CHILD_SUBREAPER");
	ok(in_child(orphan, &self) == 0 && wait(&status) > 0 && WEXITSTATUS(status) == 7, "an orphan becomes the child of who wants orphans");
	ok(gives(prctl(77777, 0, 0), EINVAL), "what there is not: EINVAL");
}

/* ---- the clock ---- */

static void test_clock(void)
{
	struct {
		uint32_t modes, pad;
		int64_t all[40];
	} t = { 0 };
	long state = syscall(SYS_adjtimex, &t);

	ok(state >= 0 && state <= 5 && t.all[10] > 0, "adjtimex shows the time");
	memset(&t, 0, sizeof(t));
	ok(syscall(SYS_clock_adjtime, 0l, &t) >= 0 && gives(syscall(SYS_clock_adjtime, 1l, &t), EOPNOTSUPP), "clock_adjtime, of the calendar only");
	ok(gives(syscall(SYS_adjtimex, (void *)8), EFAULT), "nowhere: EFAULT");
}

/* ---- extended attributes ---- */

static void test_attributes(void)
{
	char buf[8];
	int fd = open("/tmp/kept", O_RDWR | O_CREAT, 0600);

	if (fd < 0)
		exit(2);
	ok(syscall(SYS_listxattr, "/tmp/kept", buf, 0l) >= 0 && syscall(SYS_llistxattr, "/tmp/kept", buf, 0l) >= 0 &&
		   syscall(SYS_flistxattr, (long)fd, buf, 0l) >= 0, "a list");
	ok(syscall(SYS_getxattr, "/tmp/kept", "user.none", buf, 8l) == -1 && syscall(SYS_lgetxattr, "/tmp/kept", "user.none", buf, 8l) == -1 &&
		   syscall(SYS_fgetxattr, (long)fd, "user.none", buf, 8l) == -1, "none of that name");
	ok(gives(syscall(SYS_setxattr, "/tmp/kept", "no-prefix", buf, 8l, 0l), EOPNOTSUPP) &&
		   gives(syscall(SYS_lsetxattr, "/tmp/kept", "no-prefix", buf, 8l, 0l), EOPNOTSUPP) &&
		   gives(syscall(SYS_fsetxattr, (long)fd, "no-prefix", buf, 8l, 0l), EOPNOTSUPP), "a name of no kind: EOPNOTSUPP");
	ok(gives(syscall(SYS_removexattr, "/tmp/kept", "no-prefix"), EOPNOTSUPP) &&
		   gives(syscall(SYS_lremovexattr, "/tmp/kept", "no-prefix"), EOPNOTSUPP) &&
		   gives(syscall(SYS_fremovexattr, (long)fd, "no-prefix"), EOPNOTSUPP), "nor can it be removed");
	ok(gives(syscall(SYS_getxattr, "/tmp/not-there", "user.a", buf, 8l), ENOENT) && gives(syscall(SYS_fgetxattr, 777l, "user.a", buf, 8l), EBADF),
	   "of no file: ENOENT, EBADF");
	ok(gives(syscall(SYS_setxattr, "/tmp/kept", "user.a", buf, 8l, 8l), EINVAL) && gives(syscall(SYS_setxattr, "/tmp/kept",
	   "", buf, 8l, 0l), ERANGE) &&
		   gives(syscall(SYS_setxattr, "/tmp/kept", "user.a", buf, 65537l, 0l), E2BIG) &&
		   gives(syscall(SYS_setxattr, "/tmp/kept", (void *)8, buf, 8l, 0l), EFAULT), "bad flags, name, size, pointer");
	close(fd);
	unlink("/tmp/kept");
}

int main(void)
{
	test_policies();
	test_attr();
	test_prctl();
	test_clock();
	test_attributes();
	return tap_done();
}
