/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping: what they say of each other, never how fast the machine is. And what a process has used. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tap.h"

#define ABSOLUTE 1l
#define SECOND 1000000000l

struct stamp {
	int64_t sec, nsec;
};

static long call(long number, long a, long b, long c, long d)
{
	return syscall(number, a, b, c, d, 0l, 0l);
}

static int fails(long got, int error)
{
	return got == -1 && errno == error;
}

static int64_t now(int clock)
{
	struct stamp t = { -1, 0 };

	call(SYS_clock_gettime, clock, (long)&t, 0, 0);
	return t.sec * SECOND + t.nsec;
}

static void test_clocks(void)
{
	static const int clocks[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	struct stamp t;

	for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		int64_t a = now(clocks[i]), b = now(clocks[i]);

		ok(a >= 0 && b >= a, "clock %d goes on", clocks[i]);
		ok(call(SYS_clock_getres, clocks[i], (long)&t, 0, 0) == 0 && t.sec == 0 && t.nsec > 0 && t.nsec <= 100000000,
		   "clock %d has a resolution", clocks[i]);
	}
	ok(call(SYS_clock_getres, 1, 0, 0, 0) == 0, "clock_getres: nobody wants to know");
	ok(fails(call(SYS_clock_gettime, 99, (long)&t, 0, 0), EINVAL) && fails(call(SYS_clock_getres, 99, (long)&t, 0, 0), EINVAL),
	   "no such clock: EINVAL");
	ok(fails(call(SYS_clock_settime, 1, (long)&t, 0, 0), EINVAL), "clock_settime: the monotonic one is not for setting: EINVAL");
	ok(fails(call(SYS_clock_settime, 0, 8, 0, 0), EFAULT), "clock_settime: a bad pointer: EFAULT");
}

static void test_calendar(void)
{
	int64_t tv[2] = { 0, -1 }, zone = -1, before = now(0), after;

	ok(call(SYS_gettimeofday, (long)tv, (long)&zone, 0, 0) == 0 && tv[1] >= 0 && tv[1] < 1000000, "gettimeofday");
	after = now(0);
	ok((tv[0] * 1000000 + tv[1]) * 1000 <= after && tv[0] * SECOND + tv[1] * 1000 + 1000 > before, "gettimeofday: the calendar's clock");
	ok(call(SYS_gettimeofday, 0, 0, 0, 0) == 0, "gettimeofday: nobody wants to know");
#ifdef SYS_time
	ok(call(SYS_time, 0, 0, 0, 0) - tv[0] <= 2 && call(SYS_time, 0, 0, 0, 0) >= tv[0] - 1, "time: the calendar's seconds");
#endif
	ok(fails(call(SYS_settimeofday, 8, 0, 0, 0), EFAULT), "settimeofday: a bad pointer: EFAULT");
	tv[1] = 1000000;
	ok(fails(call(SYS_settimeofday, (long)tv, 0, 0, 0), EINVAL), "settimeofday: a million microseconds: EINVAL");
}

static int slept(int clock, long flags, int64_t ns)
{
	int64_t begin = now(1);
	struct stamp t = { ns / SECOND, ns % SECOND };

	if (flags) {
		int64_t at = now(clock) + ns;

		t = (struct stamp){ at / SECOND, at % SECOND };
	}
	return call(SYS_clock_nanosleep, clock, flags, (long)&t, 0) == 0 && now(1) - begin >= ns - 1000;
}

static void test_sleep(void)
{
	struct stamp bad[] = { { 0, SECOND }, { 0, -1 }, { -1, 0 } }, past = { 1, 0 };

	ok(slept(1, 0, 2000000) && slept(0, 0, 2000000), "clock_nanosleep: at least as long as asked for");
	ok(slept(1, ABSOLUTE, 2000000) && slept(0, ABSOLUTE, 2000000), "clock_nanosleep: until a moment");
	ok(call(SYS_clock_nanosleep, 1, ABSOLUTE, (long)&past, 0) == 0, "clock_nanosleep: until one that has been");
	for (int i = 0; i < 3; i++)
		ok(fails(call(SYS_clock_nanosleep, 1, 0, (long)&bad[i], 0), EINVAL) && fails(call(SYS_nanosleep, (long)&bad[i], 0, 0, 0), EINVAL),
		   "sleep for %ld s %ld ns: EINVAL", (long)bad[i].sec, (long)bad[i].nsec);
	ok(fails(call(SYS_clock_nanosleep, 99, 0, (long)&past, 0), EINVAL), "clock_nanosleep: no such clock: EINVAL");
	ok(fails(call(SYS_clock_nanosleep, 3, 0, (long)&past, 0), EOPNOTSUPP), "clock_nanosleep: the thread's own clock: EOPNOTSUPP");
}

static void busy(void)
{
	int64_t begin = now(2);

	while (now(2) - begin < 30000000)
		;
}

static void child_busy(void *unused)
{
	(void)unused;
	busy();
}

static void test_used(void)
{
	long ticks[4];
	struct rusage a, b;
	char *p;

	ok(call(SYS_times, (long)ticks, 0, 0, 0) > 0 && call(SYS_times, 0, 0, 0, 0) > 0, "times");
	busy();
	ok(call(SYS_times, (long)ticks, 0, 0, 0) > 0 && ticks[0] + ticks[1] >= 2, "times: what has been used, in hundredths");
	ok(call(SYS_getrusage, 0, (long)&a, 0, 0) == 0 && a.ru_utime.tv_sec * 1000000 + a.ru_utime.tv_usec + a.ru_stime.tv_sec * 1000000 +
	   a.ru_stime.tv_usec >= 20000, "getrusage: what has been used");
	p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(p, 64 * PAGE, 15); /* no huge pages */
	for (int i = 0; i < 64; i++)
		p[i * PAGE] = 1;
	ok(call(SYS_getrusage, 0, (long)&b, 0, 0) == 0 && b.ru_minflt - a.ru_minflt >= 64 && b.ru_minflt - a.ru_minflt < 100,
	   "getrusage: a minor fault for each new page");
	ok(b.ru_majflt == a.ru_majflt, "getrusage: and no major one");
	ok(call(SYS_getrusage, 1, (long)&a, 0, 0) == 0 && a.ru_minflt <= b.ru_minflt, "getrusage: of this thread");
	ok(in_child(child_busy, NULL) == 0 && call(SYS_getrusage, -1, (long)&a, 0, 0) == 0 && a.ru_minflt > 0 &&
	   a.ru_utime.tv_usec + a.ru_stime.tv_usec + a.ru_utime.tv_sec + a.ru_stime.tv_sec > 0, "getrusage: of children that were waited for");
	ok(call(SYS_times, (long)ticks, 0, 0, 0) > 0 && ticks[2] + ticks[3] >= 2, "times: of them too");
	ok(fails(call(SYS_getrusage, 2, (long)&a, 0, 0), EINVAL) && fails(call(SYS_getrusage, -3, (long)&a, 0, 0), EINVAL),
	   "getrusage: of nobody: EINVAL");
}

int main(void)
{
	test_clocks();
	test_calendar();
	test_sleep();
	test_used();
	return tap_done();
}
