/* SPDX-License-Identifier: MIT */
/* Timers that send signals: alarm, setitimer on all three clocks, timer_create. */
#include <errno.h>
#include <sys/time.h>

#include "sig.h"

static volatile int ticks;
static siginfo_t last;

static void tick(int sig, siginfo_t *info, void *context)
{
	ticks++;
	last = *info;
}

static void wait_ticks(int n)
{
	while (ticks < n)
		pause_ms(5);
}

static struct itimerval every(long us, long first_us)
{
	return (struct itimerval){ { us / 1000000, us % 1000000 }, { first_us / 1000000, first_us % 1000000 } };
}

static void alarms(void)
{
	struct itimerval now;

	install(SIGALRM, tick, 0, set_of(0));
	ok(alarm(100) == 0 && alarm(50) == 100, "alarm: what was left");
	ok(alarm(0) == 50 && alarm(0) == 0, "and off");
	now = every(0, 20000);
	ticks = 0;
	setitimer(ITIMER_REAL, &now, NULL);
	pause();
	ok(ticks == 1 && last.si_code == SI_KERNEL, "ITIMER_REAL: once");
	getitimer(ITIMER_REAL, &now);
	ok(now.it_value.tv_sec == 0 && now.it_value.tv_usec == 0, "then it is off");
	now = every(2000, 2000);
	ticks = 0;
	setitimer(ITIMER_REAL, &now, NULL);
	wait_ticks(5);
	struct itimerval off = every(0, 0);
	setitimer(ITIMER_REAL, &off, &now);
	ok(now.it_interval.tv_usec == 2000 && now.it_value.tv_usec <= 2000, "ITIMER_REAL: again and again");
	ticks = 0;
	pause_ms(20);
	ok(ticks <= 1, "until it is turned off");
	now.it_value.tv_usec = 1000000;
	ok(setitimer(ITIMER_REAL, &now, NULL) == -1 && errno == EINVAL, "no such time: EINVAL");
	ok(syscall(SYS_setitimer, 3, &now, NULL) == -1 && errno == EINVAL, "no such timer: EINVAL");
	ok(syscall(SYS_setitimer, 0, 16, NULL) == -1 && errno == EFAULT, "no memory: EFAULT");
}

static void cpu_time(int which, int sig, const char *what)
{
	struct itimerval v = every(5000, 5000), off = every(0, 0);

	install(sig, tick, 0, set_of(0));
	ticks = 0;
	setitimer(which, &v, NULL);
	pause_ms(30);
	ok(ticks <= 3, "%s stands still while we sleep", what);
	while (ticks < 4)
		;
	ok(ticks >= 4, "%s runs with us", what);
	setitimer(which, &off, NULL);
}

static void blocked_for_long(void)
{
	struct itimerval v = every(1000, 1000), off = every(0, 0);
	sigset_t set = set_of(SIGALRM);
	int before;

	install(SIGALRM, tick, 0, set_of(0));
	sigprocmask(SIG_BLOCK, &set, NULL);
	ticks = 0;
	setitimer(ITIMER_REAL, &v, NULL);
	pause_ms(30);
	before = ticks;
	setitimer(ITIMER_REAL, &off, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ok(before == 0 && ticks == 1, "many in vain are one signal");
}

static void forked(void *arg)
{
	struct itimerval v;

	getitimer(ITIMER_REAL, &v);
	_exit(v.it_value.tv_sec == 0 && v.it_value.tv_usec == 0 ? 4 : 5);
}

/* ---- timer_create ---- */

struct spec {
	struct timespec interval, value;
};

static int make(int clock, int notify, int sig, long value, int *id)
{
	struct sigevent e;

	memset(&e, 0, sizeof(e));
	e.sigev_notify = notify;
	e.sigev_signo = sig;
	e.sigev_value.sival_ptr = (void *)value;
	if (notify == SIGEV_THREAD_ID)
		((int *)&e)[4] = (int)syscall(SYS_gettid);
	return (int)syscall(SYS_timer_create, clock, &e, id);
}

static int set(int id, int flags, long interval_ns, long first_ns)
{
	struct spec s = { { 0, interval_ns }, { first_ns / 1000000000, first_ns % 1000000000 } };

	return (int)syscall(SYS_timer_settime, id, flags, &s, NULL);
}

static void posix(void)
{
	struct spec s;
	struct timespec now;
	sigset_t rt = set_of(SIGRTMIN + 2);
	int id, other, deaf;

	install(SIGRTMIN + 2, tick, 0, set_of(0));
	ok(!make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 2, 0x123456789l, &id), "timer_create");
	ticks = 0;
	set(id, 0, 0, 10000000);
	wait_ticks(1);
	ok(last.si_code == SI_TIMER && last.si_value.sival_ptr == (void *)0x123456789l && last.si_timerid == id,
	   "its signal says which, and our value");
	syscall(SYS_timer_gettime, id, &s);
	ok(s.value.tv_sec == 0 && s.value.tv_nsec == 0, "once");
	sigprocmask(SIG_BLOCK, &rt, NULL);
	ticks = 0;
	set(id, 0, 1000000, 1000000);
	pause_ms(30);
	sigprocmask(SIG_UNBLOCK, &rt, NULL);
	set(id, 0, 0, 0);
	ok(ticks >= 1 && ticks <= 3 && last.si_overrun + (int)syscall(SYS_timer_getoverrun, id) >= 2 * (ticks == 1),
	   "what it missed is counted, not queued");
	clock_gettime(CLOCK_REALTIME, &now);
	ok(!make(CLOCK_REALTIME, SIGEV_THREAD_ID, SIGRTMIN + 2, 5, &other), "for a thread");
	ticks = 0;
	set(other, 1, 0, now.tv_sec * 1000000000 + now.tv_nsec + 10000000);
	wait_ticks(1);
	ok(last.si_timerid == other, "at a time of the calendar");
	ok(!make(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, &deaf) && !set(deaf, 0, 0, 50000000000l), "one that says nothing");
	syscall(SYS_timer_gettime, deaf, &s);
	ok(s.value.tv_sec >= 40 && s.value.tv_sec < 50, "but shows what is left");
	ok(!syscall(SYS_timer_delete, id) && syscall(SYS_timer_delete, id) == -1 && errno == EINVAL, "timer_delete, once");
	ok(make(CLOCK_MONOTONIC, SIGEV_SIGNAL, 65, 0, &id) == -1 && errno == EINVAL, "no such signal: EINVAL");
	ok(make(CLOCK_MONOTONIC, 77, 10, 0, &id) == -1 && errno == EINVAL, "no such way to tell: EINVAL");
	ok(make(77, SIGEV_SIGNAL, 10, 0, &id) == -1 && errno == EINVAL, "no such clock: EINVAL");
	ok(set(4711, 0, 0, 0) == -1 && errno == EINVAL, "no such timer: EINVAL");
	ok(set(other, 0, 1000000000, 1) == -1 && errno == EINVAL, "no such time: EINVAL");
	ok(syscall(SYS_timer_settime, other, 0, NULL, NULL) == -1 && errno == EINVAL, "none at all: EINVAL");
	ok(syscall(SYS_timer_create, CLOCK_MONOTONIC, 16, &id) == -1 && errno == EFAULT, "no memory: EFAULT");
}

int main(void)
{
	struct itimerval v = every(0, 50000000);
	int status;

	alarms();
	blocked_for_long();
	cpu_time(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL");
	cpu_time(ITIMER_PROF, SIGPROF, "ITIMER_PROF");
	setitimer(ITIMER_REAL, &v, NULL);
	status = in_child(forked, NULL);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 4, "a child has no timers");
	posix();
	return tap_done();
}
