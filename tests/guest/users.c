/* SPDX-License-Identifier: MIT */
/* Users, groups and capabilities: what may change into what, and what goes with it. And names of the machine, and personalities. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "tap.h"

#define KEEP (-1l)

static long call(long number, long a, long b, long c)
{
	return syscall(number, a, b, c, 0l, 0l, 0l);
}

static int fails(long got, int error)
{
	return got == -1 && errno == error;
}

static int are(long number, uint32_t real, uint32_t effective, uint32_t saved)
{
	uint32_t r = 77, e = 77, s = 77;

	return call(number, (long)&r, (long)&e, (long)&s) == 0 && r == real && e == effective && s == saved;
}

/* ---- one user after another, each in a child: 0 or the number of what went wrong ---- */

#define STEP(condition) \
	do \
		if (!(condition)) \
			_exit(__LINE__ % 255 + 1); \
	while (0)

static void child_setuid(void *unused)
{
	(void)unused;
	STEP(call(SYS_setuid, 1000, 0, 0) == 0 && are(SYS_getresuid, 1000, 1000, 1000));
	STEP(call(SYS_getuid, 0, 0, 0) == 1000 && call(SYS_geteuid, 0, 0, 0) == 1000);
	STEP(fails(call(SYS_setuid, 0, 0, 0), EPERM) && fails(call(SYS_setresuid, 0, KEEP, KEEP), EPERM));
	STEP(call(SYS_setuid, 1000, 0, 0) == 0);
	STEP(fails(call(SYS_setgroups, 0, 0, 0), EPERM) && fails(call(SYS_setgid, 5, 0, 0), EPERM));
	STEP(fails(call(SYS_sethostname, (long)"x", 1, 0), EPERM) && fails(call(SYS_kill, 1, 0, 0), EPERM));
}

static void child_seteuid(void *unused)
{
	(void)unused;
	STEP(call(SYS_setresuid, KEEP, 1000, KEEP) == 0 && are(SYS_getresuid, 0, 1000, 0));
	STEP(fails(call(SYS_setuid, 1001, 0, 0), EPERM) && fails(call(SYS_setreuid, 1001, KEEP, 0), EPERM));
	STEP(call(SYS_setuid, 0, 0, 0) == 0 && are(SYS_getresuid, 0, 0, 0));
	STEP(call(SYS_setgid, 7, 0, 0) == 0 && are(SYS_getresgid, 7, 7, 7));
}

static void child_setreuid(void *unused)
{
	(void)unused;
	STEP(call(SYS_setreuid, KEEP, 1000, 0) == 0 && are(SYS_getresuid, 0, 1000, 1000));
	STEP(call(SYS_setreuid, 1000, 0, 0) == 0 && are(SYS_getresuid, 1000, 0, 0));
	STEP(call(SYS_setreuid, 0, 1000, 0) == 0 && call(SYS_setreuid, KEEP, KEEP, 0) == 0 && are(SYS_getresuid, 0, 1000, 1000));
	STEP(fails(call(SYS_setregid, 4, 5, 0), EPERM) && fails(call(SYS_setresgid, KEEP, KEEP, 5), EPERM));
}

static void child_fs(void *unused)
{
	(void)unused;
	STEP(call(SYS_setfsuid, 1000, 0, 0) == 0 && call(SYS_setfsuid, KEEP, 0, 0) == 1000 && call(SYS_setfsuid, 0, 0, 0) == 1000);
	STEP(call(SYS_setfsgid, 9, 0, 0) == 0 && call(SYS_setfsgid, KEEP, 0, 0) == 9);
	STEP(call(SYS_setresuid, 1, 2, 3) == 0 && call(SYS_setfsuid, 50, 0, 0) == 2 && call(SYS_setfsuid, 3, 0, 0) == 2);
	STEP(call(SYS_setfsuid, KEEP, 0, 0) == 3);
}

static void child_groups(void *unused)
{
	uint32_t groups[3] = { 30, 10, 20 }, got[3] = { 0 };

	(void)unused;
	STEP(call(SYS_setgroups, 3, (long)groups, 0) == 0 && call(SYS_getgroups, 0, 0, 0) == 3);
	STEP(call(SYS_getgroups, 3, (long)got, 0) == 3 && got[0] == 10 && got[1] == 20 && got[2] == 30);
	STEP(fails(call(SYS_getgroups, 2, (long)got, 0), EINVAL) && fails(call(SYS_getgroups, 3, 8, 0), EFAULT));
	STEP(fails(call(SYS_setgroups, 65537, (long)groups, 0), EINVAL) && fails(call(SYS_setgroups, 3, 8, 0), EFAULT));
	STEP(fails(call(SYS_setgroups, 65536, 8, 0), EFAULT) && call(SYS_setgroups, 0, 8, 0) == 0 && call(SYS_getgroups, 0, 0, 0) == 0);
}

#define LIMIT_CORE 4

static void child_limit(void *unused)
{
	uint64_t limit[2] = { 10, 20 };

	(void)unused;
	STEP(syscall(SYS_prlimit64, 0l, (long)LIMIT_CORE, (long)limit, 0l, 0l, 0l) == 0 && call(SYS_setuid, 1000, 0, 0) == 0);
	limit[1] = 21;
	STEP(fails(syscall(SYS_prlimit64, 0l, (long)LIMIT_CORE, (long)limit, 0l, 0l, 0l), EPERM));
	limit[1] = 20;
	STEP(syscall(SYS_prlimit64, 0l, (long)LIMIT_CORE, (long)limit, 0l, 0l, 0l) == 0);
}

static void test_users(void)
{
	static const struct {
		const char *name;
		void (*run)(void *);
	} children[] = {
		{ "setuid: root for good, and then no way back", child_setuid },
		{ "setresuid: the effective one, and back by the saved one", child_seteuid },
		{ "setreuid, setregid: the saved one follows", child_setreuid },
		{ "setfsuid, setfsgid: the one before", child_fs },
		{ "setgroups, getgroups", child_groups },
		{ "a hard limit is for root to raise", child_limit },
	};

	ok(fails(call(SYS_setuid, KEEP, 0, 0), EINVAL) && fails(call(SYS_setgid, KEEP, 0, 0), EINVAL), "setuid, setgid: -1: EINVAL");
	ok(fails(call(SYS_getresuid, 8, 8, 8), EFAULT) && fails(call(SYS_getresgid, 8, 8, 8), EFAULT), "getresuid, getresgid: EFAULT");
	for (unsigned i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		int status = in_child(children[i].run, NULL);

		ok(status == 0, "%s (%d)", children[i].name, status);
	}
}

/* ---- capabilities ---- */

#define VERSION 0x20080522

struct header {
	uint32_t version;
	int pid;
};

struct sets {
	uint32_t effective, permitted, inheritable;
};

static void child_capabilities(void *unused)
{
	struct header h = { VERSION, 0 };
	struct sets s[2];

	(void)unused;
	STEP(call(SYS_capget, (long)&h, (long)s, 0) == 0);
	s[0].effective &= ~(1u << 7); /* CAP_SETUID */
	STEP(call(SYS_capset, (long)&h, (long)s, 0) == 0 && fails(call(SYS_setuid, 1000, 0, 0), EPERM));
	s[0].effective |= 1u << 7;
	STEP(call(SYS_capset, (long)&h, (long)s, 0) == 0 && call(SYS_setresuid, KEEP, 1000, KEEP) == 0);
	STEP(call(SYS_capget, (long)&h, (long)s, 0) == 0 && !s[0].effective && s[0].permitted);
	STEP(call(SYS_setresuid, 1000, 1000, 1000) == 0 && call(SYS_capget, (long)&h, (long)s, 0) == 0 && !s[0].permitted);
	s[0].permitted = 1;
	STEP(fails(call(SYS_capset, (long)&h, (long)s, 0), EPERM));
}

static void test_capabilities(void)
{
	struct header h = { 0, 0 };
	struct sets s[2] = { { 0 } };
	int status;

	ok(fails(call(SYS_capget, (long)&h, (long)s, 0), EINVAL) && h.version == VERSION, "capget: an unknown version: EINVAL, and a known one");
	h.version = 1;
	ok(call(SYS_capget, (long)&h, 0, 0) == 0 && h.version == VERSION, "capget: that is how to ask for it");
	h.pid = -1;
	ok(fails(call(SYS_capget, (long)&h, (long)s, 0), EINVAL), "capget: a negative pid: EINVAL");
	h.pid = 4000000;
	ok(fails(call(SYS_capget, (long)&h, (long)s, 0), ESRCH), "capget: no such process: ESRCH");
	ok(fails(call(SYS_capset, (long)&h, (long)s, 0), EPERM), "capset: of another: EPERM");
	h.pid = 0;
	ok(call(SYS_capget, (long)&h, (long)s, 0) == 0 && s[0].effective & 1u << 7, "capget: root has them");
	ok(fails(call(SYS_capget, (long)&h, 8, 0), EFAULT) && fails(call(SYS_capget, 8, (long)s, 0), EFAULT), "capget: EFAULT");
	status = in_child(child_capabilities, NULL);
	ok(status == 0, "capset: they can be laid down, and follow the user (%d)", status);
}

/* ---- names ---- */

static void test_names(void)
{
	static char name[6][65];

	call(SYS_uname, (long)name, 0, 0);
	ok(call(SYS_sethostname, (long)name[1], (long)strlen(name[1]), 0) == 0, "sethostname: as it is");
	ok(call(SYS_setdomainname, (long)name[5], (long)strlen(name[5]), 0) == 0, "setdomainname: as it is");
	ok(fails(call(SYS_sethostname, (long)name[1], 65, 0), EINVAL) && fails(call(SYS_setdomainname, (long)name[1], -1, 0), EINVAL),
	   "sethostname, setdomainname: too long, negative: EINVAL");
	ok(fails(call(SYS_sethostname, 8, 4, 0), EFAULT) && fails(call(SYS_setdomainname, 8, 4, 0), EFAULT), "sethostname, setdomainname: EFAULT");
}

static void child_personality(void *unused)
{
	int64_t tv[2] = { 0, 20000 };
	static char name[6][65];

	(void)unused;
	STEP(call(SYS_personality, 0x4020000, 0, 0) == 0 && call(SYS_personality, 0xffffffff, 0, 0) == 0x4020000);
	STEP(call(SYS_uname, (long)name, 0, 0) == 0 && !strncmp(name[2], "2.6.", 4));
#ifdef SYS_select
	STEP(syscall(SYS_select, 0l, 0l, 0l, 0l, (long)tv, 0l) == 0 && tv[1] == 20000);
#else
	(void)tv;
#endif
}

int main(void)
{
	int status;

	test_users();
	test_capabilities();
	test_names();
	status = in_child(child_personality, NULL);
	ok(status == 0, "personality: kept; 2.6 for old programs, time-outs that stay (%d)", status);
	return tap_done();
}
