/* SPDX-License-Identifier: MIT */
/* CPU time: user and system time, timers that go by it, its limit; and the core bit of a status. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tap.h"

#define MS 1000000ll

enum { PROCESS_TIME = 2, THREAD_TIME = 3, ONLY_NONE = 1, BY_THREAD = 4 };

struct event {
	uint64_t value;
	int signo, notify, tid, unused[11];
};

struct setting {
	struct timespec interval, value;
};


static long long cpu_ns(int clock)
{
	struct timespec ts;

	syscall(SYS_clock_gettime, (long)clock, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void compute(long long ns)
{
	volatile unsigned x = 0;
	long long end = cpu_ns(THREAD_TIME) + ns;

	while (cpu_ns(THREAD_TIME) < end)
		for (int i = 0; i < 100000; i++)
			x += (unsigned)i;
}

static long long ns_of(const struct timeval *tv)
{
	return tv->tv_sec * 1000000000ll + tv->tv_usec * 1000ll;
}

/* ---- user and system time ---- */

static void use_kernel(long long ns)
{
	static char page[64 * PAGE];
	long long end = cpu_ns(THREAD_TIME) + ns;

	while (cpu_ns(THREAD_TIME) < end) {
		char *p = mmap(NULL, sizeof(page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		munmap(p, sizeof(page));
	}
}

static void test_split(void)
{
	struct rusage before, after, all;
	long long user, system;

	getrusage(RUSAGE_SELF, &before);
	compute(100 * MS);
	getrusage(RUSAGE_SELF, &after);
	user = ns_of(&after.ru_utime) - ns_of(&before.ru_utime);
	system = ns_of(&after.ru_stime) - ns_of(&before.ru_stime);
	ok(user > system && user >= 40 * MS, "a program that computes uses user time");
	use_kernel(200 * MS);
	getrusage(RUSAGE_SELF, &all);
	user = ns_of(&all.ru_utime) - ns_of(&after.ru_utime);
	system = ns_of(&all.ru_stime) - ns_of(&after.ru_stime);
	ok(system > user && system >= 80 * MS, "one that maps memory uses system time");
	ok(user >= 0 && system >= 0, "neither goes back");
}

/* ---- timers ---- */

static _Atomic int came;

static void count(int sig)
{
	(void)sig;
	came++;
}

static long create(int clock, const struct event *e, int *id)
{
	return syscall(SYS_timer_create, (long)clock, e, id);
}

static long set(int id, int absolute, long long value, long long interval)
{
	struct setting s = { { interval / 1000000000, interval % 1000000000 }, { value / 1000000000, value % 1000000000 } };

	return syscall(SYS_timer_settime, (long)id, (long)absolute, &s, NULL);
}

static long long left(int id)
{
	struct setting s;

	syscall(SYS_timer_gettime, (long)id, &s);
	return s.value.tv_sec * 1000000000ll + s.value.tv_nsec;
}

static void test_timer(int clock, const char *name)
{
	struct event e = { .signo = SIGUSR1 };
	long long begun, used;
	int id;

	came = 0;
	ok(create(clock, &e, &id) == 0 && left(id) == 0, "a timer of %s", name);
	begun = cpu_ns(clock);
	set(id, 0, 30 * MS, 0);
	pause_ms(50);
	ok(!came && left(id) > 0, "does not go on in sleep");
	while (!came)
		compute(MS);
	used = cpu_ns(clock) - begun;
	ok(used >= 30 * MS && left(id) == 0, "it goes off when so much has been used, and not before");
	set(id, 1, cpu_ns(clock) + 5 * MS, 5 * MS);
	while (came < 4)
		compute(MS);
	ok(left(id) > 0 && left(id) <= 5 * MS, "and again and again");
	ok(syscall(SYS_timer_delete, (long)id) == 0, "until it is deleted");
}

static void test_none(void)
{
	struct event e = { .notify = ONLY_NONE };
	int id;

	ok(create(PROCESS_TIME, &e, &id) == 0 && set(id, 0, 1000000000, 0) == 0, "one without a signal");
	compute(5 * MS);
	ok(left(id) > 0 && left(id) <= 1000000000 - 5 * MS, "shows what is left");
	syscall(SYS_timer_delete, (long)id);
}

static void test_virtual(void)
{
	struct {
		struct timeval interval, value;
	} it = { { 0, 0 }, { 0, 20000 } };

	came = 0;
	signal(SIGVTALRM, count);
	syscall(SYS_setitimer, 1l, &it, NULL);
	pause_ms(30);
	ok(!came, "ITIMER_VIRTUAL does not go on in sleep");
	while (!came)
		compute(MS);
	ok(came == 1, "and does in user mode");
}

/* ---- the limit ---- */

enum { LIMIT_CPU = 0, LIMIT_CORE = 4 };

static void limit(int what, uint64_t soft, uint64_t hard)
{
	uint64_t l[2] = { soft, hard };

	syscall(SYS_prlimit64, 0l, (long)what, l, NULL);
}

static void spin(void *arg)
{
	while (1)
		compute(*(int *)arg * MS);
}

static void limit_and_spin(void *arg)
{
	signal(SIGXCPU, SIG_IGN);
	limit(LIMIT_CPU, 1, 1);
	spin(arg);
}

static void inherit_and_spin(void *arg)
{
	limit(LIMIT_CPU, 1, UINT64_MAX);
	_exit(killed_by(in_child(spin, arg), SIGXCPU) ? 0 : 1);
}

static void test_limit(void)
{
	int ms = 1;

	ok(killed_by(in_child(limit_and_spin, &ms), SIGKILL), "at the hard limit of CPU time: SIGKILL");
	ok(in_child(inherit_and_spin, &ms) == 0, "a child has its parent's soft limit: SIGXCPU");
}

/* ---- cores ---- */

static void die(void *arg)
{
	limit(LIMIT_CORE, 0, 0);
	kill(getpid(), *(int *)arg);
}

static void test_core(void)
{
	int quit = SIGQUIT, term = SIGTERM;

	ok(in_child(die, &quit) == SIGQUIT && in_child(die, &term) == SIGTERM, "with a limit of 0 there is no core");
}

int main(void)
{
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_handler = count;
	sigaction(SIGUSR1, &a, NULL);
	test_split();
	test_timer(PROCESS_TIME, "the process's time");
	test_timer(THREAD_TIME, "a thread's time");
	test_none();
	test_virtual();
	test_limit();
	test_core();
	return tap_done();
}
