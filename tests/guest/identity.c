/* SPDX-License-Identifier: MIT */
/* Who a process is: its numbers, its group and session, its user. What setpgid and setsid refuse, in Linux's order. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "tap.h"

static int tells[2]; /* a pipe: a child says that it has got where it stays */

static long call(long number, long a, long b)
{
	return syscall(number, a, b, 0l, 0l, 0l, 0l);
}

static int fails(long got, int error)
{
	return got == -1 && errno == error;
}

static void sit(void)
{
	char c = 0;

	if (write(tells[1], &c, 1) == 1)
		for (;;)
			pause_ms(1000);
	_exit(0);
}

/* A child that sits until it is killed. */
static pid_t sitter(int session)
{
	pid_t pid = fork();
	char c;

	if (pid == 0) {
		if (session)
			call(SYS_setsid, 0, 0);
		sit();
	}
	(void)!read(tells[0], &c, 1);
	return pid;
}

static void send_home(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void child_numbers(void *parent)
{
	long me = call(SYS_getpid, 0, 0);

	_exit(call(SYS_getppid, 0, 0) == (intptr_t)parent && me != (intptr_t)parent && call(SYS_gettid, 0, 0) == me ? 0 : 1);
}

static void test_numbers(void)
{
	long me = call(SYS_getpid, 0, 0);

	ok(me > 0 && call(SYS_gettid, 0, 0) == me, "getpid, gettid: the same in the first thread");
	ok(in_child(child_numbers, (void *)me) == 0, "getppid: the parent");
	ok(call(SYS_getpgid, 0, 0) == call(SYS_getpgid, me, 0), "getpgid: 0 is the caller");
	ok(call(SYS_getsid, 0, 0) == call(SYS_getsid, me, 0), "getsid: 0 is the caller");
	ok(fails(call(SYS_getpgid, 4000000, 0), ESRCH) && fails(call(SYS_getpgid, -1, 0), ESRCH), "getpgid: no such process: ESRCH");
	ok(fails(call(SYS_getsid, 4000000, 0), ESRCH) && fails(call(SYS_getsid, -1, 0), ESRCH), "getsid: no such process: ESRCH");
}

static void test_groups(void)
{
	pid_t a = sitter(0), b = sitter(0), leader = sitter(1);

	ok(call(SYS_getpgid, a, 0) == call(SYS_getpgid, 0, 0), "a child begins in its parent's group");
	ok(call(SYS_setpgid, a, 0) == 0 && call(SYS_getpgid, a, 0) == a, "setpgid: 0 is a group of its own");
	ok(call(SYS_setpgid, b, a) == 0 && call(SYS_getpgid, b, 0) == a, "setpgid: into a sibling's group");
	ok(call(SYS_setpgid, b, a) == 0, "setpgid: where it already is");
	ok(fails(call(SYS_setpgid, b, 4000000), EPERM), "setpgid: a group that does not exist: EPERM");
	ok(fails(call(SYS_setpgid, b, -1), EINVAL), "setpgid: group -1: EINVAL");
	ok(fails(call(SYS_setpgid, 4000000, 0), ESRCH), "setpgid: no such process: ESRCH");
	ok(fails(call(SYS_setpgid, -1, 0), EINVAL), "setpgid: process -1, and so group -1: EINVAL");
	ok(fails(call(SYS_setpgid, leader, 0), EPERM), "setpgid: a child in another session: EPERM");
	ok(call(SYS_getsid, leader, 0) == leader && call(SYS_getpgid, leader, 0) == leader, "setsid: a session and a group of its own");
	for (int i = 0; i < 3; i++)
		send_home(i == 0 ? a : i == 1 ? b : leader);
}

static void child_session(void *unused)
{
	long me = call(SYS_getpid, 0, 0);
	int good = call(SYS_setsid, 0, 0) == me && call(SYS_getsid, 0, 0) == me && call(SYS_getpgid, 0, 0) == me;

	(void)unused;
	good &= fails(call(SYS_setsid, 0, 0), EPERM);
	good &= fails(call(SYS_setpgid, 0, 0), EPERM);
	_exit(!good);
}

static void child_leader(void *unused)
{
	(void)unused;
	_exit(!(call(SYS_setpgid, 0, 0) == 0 && fails(call(SYS_setsid, 0, 0), EPERM)));
}

static void child_orphaned_group(void *unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0)
		_exit(call(SYS_setpgid, 0, 0) == 0 ? 0 : 1);
	waitpid(pid, NULL, 0);
	_exit(!fails(call(SYS_setpgid, pid, 0), ESRCH));
}

static void test_sessions(void)
{
	ok(in_child(child_session, NULL) == 0, "setsid: once; then setsid and setpgid of a leader: EPERM");
	ok(in_child(child_leader, NULL) == 0, "setsid: the leader of a group may not: EPERM");
	ok(in_child(child_orphaned_group, NULL) == 0, "setpgid: a child that is gone: ESRCH");
}

static void test_users(void)
{
	uint32_t list[8];
	long n = call(SYS_getgroups, 0, 0);

	ok(call(SYS_getuid, 0, 0) == 0 && call(SYS_geteuid, 0, 0) == 0, "getuid, geteuid: root");
	ok(call(SYS_getgid, 0, 0) == 0 && call(SYS_getegid, 0, 0) == 0, "getgid, getegid: root's group");
	ok(n >= 0 && n < 8 && call(SYS_getgroups, 8, (long)list) == n, "getgroups: as many as it says");
	ok(fails(call(SYS_getgroups, -1, (long)list), EINVAL), "getgroups: a negative size: EINVAL");
}

int main(void)
{
	if (pipe(tells))
		return 2;
	test_numbers();
	test_groups();
	test_sessions();
	test_users();
	return tap_done();
}
