/* SPDX-License-Identifier: MIT */
/* The watchdog: each kind of hang provoked, and named; what may last is not; an idle machine is left alone. */
#include "tests/host/port.h"
#include "kernel/hang.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/stats.h"
#include "kernel/watchdog.h"
#include "lib/errno.h"
#include <string.h>

#define HUNG_US 20000
#define LONG (5 * HUNG_US * NSEC_PER_USEC) /* by then it has been told */

static struct mutex first, second, kept;

static struct thread *start(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = thread_create(name, fn, arg);

	check(t);
	thread_start(t);
	return t;
}

static void pass(uint64_t ns)
{
	thread_sleep_until(clock_ns() + ns, WAIT_FOREVER);
}

/* Runs fn in a thread for a long time: how many more reports of this kind, and of all kinds, that makes. */
static bool tells(enum stat kind, unsigned wanted, const char *name, void (*fn)(void *), void *arg)
{
	uint64_t before = stat_read(kind), all = stat_read(STAT_hung_reports), soft = stat_read(STAT_soft_lockups);

	start(name, fn, arg);
	pass(LONG);
	if (stat_read(kind) - before == wanted && stat_read(STAT_hung_reports) - all == (kind == STAT_soft_lockups ? 0 : wanted) &&
	    stat_read(STAT_soft_lockups) - soft == (kind == STAT_soft_lockups ? wanted : 0))
		return true;
	printf("# %lu of the kind, %lu in all, %lu lockups\n", stat_read(kind) - before, stat_read(STAT_hung_reports) - all,
	       stat_read(STAT_soft_lockups) - soft);
	return false;
}

/* ---- idle ---- */

static void switches_of_watchdog(struct thread *t, void *arg)
{
	if (!strcmp(t->name, "watchdog"))
		*(uint64_t *)arg = atomic_load(&t->switches);
}

static void idle(void)
{
	uint64_t before = 0, after = 0;

	pass(LONG);
	thread_for_each(switches_of_watchdog, &before);
	pass(1000 * LONG);
	thread_for_each(switches_of_watchdog, &after);
	ok(after - before < 20 && stat_read(STAT_hung_reports) == 0, "an idle machine is left alone");
}

/* ---- waits ---- */

static _Atomic bool let_go;

static void sleep_for(const struct wait_why *why, enum wait_mode mode)
{
	int err = thread_park(why, mode, TIME_NEVER);

	while (!err && !atomic_load(&let_go))
		err = thread_park_on(why, mode, TIME_NEVER);
}

static void lasts(void *arg)
{
	static const struct wait_why why = { .what = "a reader", .lasting = true };

	(void)arg;
	sleep_for(&why, WAIT_KILLABLE);
}

static void nobody_knows(void *arg)
{
	static const struct wait_why why = { .what = "something" };

	(void)arg;
	sleep_for(&why, WAIT_KILLABLE);
}

static enum wait_on nobody(const void *object)
{
	return object ? WAIT_ON_NOBODY : WAIT_ON_UNKNOWN;
}

static enum wait_on device(const void *object)
{
	return object ? WAIT_ON_DEVICE : WAIT_ON_UNKNOWN;
}

static void free_for_all(void *arg)
{
	const struct wait_why why = { .what = "what is free", .object = arg, .on = nobody };

	sleep_for(&why, WAIT_FOREVER);
}

static void for_a_device(void *arg)
{
	const struct wait_why why = { .what = "a request", .object = arg, .on = device };

	sleep_for(&why, WAIT_FOREVER);
}

/* The very moment before it would be told, it is over: nobody hangs. */
static void just_in_time(void *arg)
{
	const struct wait_why why = { .what = "a slow request", .object = arg, .on = device };

	for (unsigned i = 0; i < 6; i++)
		check(thread_park(&why, WAIT_FOREVER, clock_ns() + HUNG_US * NSEC_PER_USEC * 9 / 10) == -ETIMEDOUT);
}

/* ---- locks ---- */

static void keeps(void *arg)
{
	mutex_lock(arg);
	lasts(NULL);
}

static void wants(void *arg)
{
	mutex_lock(arg);
}

static void cross(void *arg)
{
	struct mutex *mine = arg, *other = mine == &first ? &second : &first;

	mutex_lock(mine);
	pass(NSEC_PER_MSEC);
	mutex_lock(other);
}

static void two_cross(void *arg)
{
	start("b", cross, &second);
	cross(arg);
}

/* ---- others get it, again and again ---- */

static struct thread *lucky;

static struct thread *the_lucky(const void *object)
{
	(void)object;
	return lucky;
}

static void patient(void *arg)
{
	const struct wait_why why = { .what = "its turn", .object = arg, .owner = the_lucky };

	sleep_for(&why, WAIT_FOREVER);
}

static void passes(void *arg)
{
	struct thread *waiter = start("patient", patient, arg);
	uint64_t end = clock_ns() + LONG;

	lucky = current;
	while (clock_ns() < end) {
		pass(NSEC_PER_MSEC / 2);
		thread_unpark(waiter);
	}
}

static void retries(void *arg)
{
	uint64_t end = clock_ns() + LONG;

	(void)arg;
	while (clock_ns() < end) {
		thread_retried();
		pass(NSEC_PER_USEC);
	}
	thread_retries_end();
}

/* Many retries, each operation completing. */
static void retries_a_bit(void *arg)
{
	uint64_t end = clock_ns() + LONG;

	(void)arg;
	while (clock_ns() < end) {
		for (unsigned i = 0; i < HANG_RETRIES / 2; i++)
			thread_retried();
		pass(NSEC_PER_USEC * 50);
		thread_retries_end();
	}
}

/* ---- CPUs ---- */

static void spins(void *arg)
{
	uint64_t end = clock_ns() + 3 * HUNG_US * NSEC_PER_USEC;

	(void)arg;
	preempt_disable();
	while (clock_ns() < end)
		arch_cpu_relax();
	preempt_enable();
}

static void runs(void *arg)
{
	uint64_t end = clock_ns() + 3 * HUNG_US * NSEC_PER_USEC;

	(void)arg;
	while (clock_ns() < end)
		arch_cpu_relax();
}

/* ---- what is shown ---- */

static void keep_line(void *arg, const char *line)
{
	char *text = arg;

	snprintf(text + strlen(text), 60000 - strlen(text), "%s\n", line);
}

static void shown(void)
{
	static char text[60000];
	const struct hang_sink to = { keep_line, text };

	hang_show_all(&to);
	ok(strstr(text, "kind=cycle") && strstr(text, "waits=\"mutex\"") && strstr(text, "lock=INODE"), "waiters: the cycle, and its locks");
	ok(strstr(text, "taken at") && strstr(text, " cross+0x"), "... and where they were taken");
	ok(strstr(text, "stack of") && strstr(text, "thread_park"), "... and stacks");
	ok(strstr(text, "kind=request") && strstr(text, "kind=lost_wakeup") && strstr(text, "kind=holder"), "... and all the others");
	ok(strstr(text, "kind=none") && strstr(text, "waits=\"a reader\""), "... and who may wait as long as it likes");
}

static void test(void)
{
	static int thing, another;

	mutex_init(&first, LOCK_FILES);
	mutex_init(&second, LOCK_INODE);
	mutex_init(&kept, LOCK_FILE_POS);
	atomic_store(&lock_check_mode, LOCKCHECK_REPORT);
	atomic_store(&watchdog_hung_us, HUNG_US);
	watchdog_start();
	idle();
	ok(tells(STAT_hung_reports, 0, "lasts", lasts, NULL), "a wait that may last is none");
	ok(tells(STAT_hung_reports, 0, "in time", just_in_time, &thing), "nor are waits that end in time");
	ok(tells(STAT_hung_reports, 0, "retries", retries_a_bit, NULL), "nor are retries that lead to something");
	ok(tells(STAT_soft_lockups, 0, "runs", runs, NULL), "nor is a thread that runs, and could be switched away from");
	ok(tells(STAT_hung_unknown, 1, "unknown", nobody_knows, NULL), "a killable sleeper, nobody knows for what");
	ok(tells(STAT_hung_lost_wakeup, 1, "lost", free_for_all, &thing), "a lost wakeup");
	ok(tells(STAT_hung_request, 1, "request", for_a_device, &thing), "a request that does not complete");
	ok(tells(STAT_hung_reports, 0, "keeps", keeps, &kept), "a lock that is kept hangs nobody");
	ok(tells(STAT_hung_holder, 1, "wants", wants, &kept), "... but who wants it");
	ok(tells(STAT_hung_starvation, 1, "passes", passes, &another), "starvation");
	ok(tells(STAT_hung_livelock, 1, "livelock", retries, NULL), "a livelock");
	ok(tells(STAT_hung_cycle, 1, "a", two_cross, &first), "a cycle, told once");
	ok(stat_read(STAT_lock_reports) > 0, "... of which the validator knew before");
	ok(tells(STAT_soft_lockups, 1, "spins", spins, NULL), "a CPU that does not switch");
	shown();
	watchdog_hung_us = 0;
	ok(tells(STAT_hung_reports, 0, "unknown", nobody_knows, NULL), "hung_us=0: nothing is told");
}

int main(int argc, char **argv)
{
	struct host_config machine = { .cpus = 3, .ram = 64 << 20 };

	machine.seed = tap_seed(argc, argv, 1);
	port_run(&machine, test);
}
