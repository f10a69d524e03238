/* SPDX-License-Identifier: MIT */
/*
 * hang: a machine whose waiting has a defect (policy waitbug), and what the watchdog says of it.
 *
 *	hang [MILLISECONDS]
 *
 * Two runs. "plain": one process changes a page again and again while it is being written, two others copy between two files, each the
 * other way. "hold": two processes touch a page of a file that is not in memory, while the disk completes no read. After a while the policy is
 * set right, whoever still sleeps is killed, for all of them sleep killably, and the disk goes on. Needs hung_us well below MILLISECONDS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "exp.h"

#define STATS "/proc/fault/stats"
#define HOLD "/proc/sys/ramblk/disk0/hold"
#define WAITBUG "/proc/sys/fault/waitbug"
#define SIZE 65536
#define COPIES 200

static const char *const kinds[] = { "hung_reports", "hung_cycle", "hung_lost_wakeup", "hung_livelock", "hung_request", "hung_starvation",
				     "hung_holder", "hung_unknown", "soft_lockups" };

static int make(const char *path)
{
	static char bytes[SIZE];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	memset(bytes, 5, sizeof(bytes));
	if (fd < 0 || write(fd, bytes, SIZE) != SIZE || fsync(fd))
		fatal(path);
	return fd;
}

static void touch(int fd)
{
	volatile char *p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		fatal("mmap");
	_exit(p[SIZE / 2] != 5);
}

static void copy(int from, int to)
{
	for (int i = 0; i < COPIES; i++) {
		long long in = 0, out = 0;

		if (syscall(SYS_copy_file_range, from, &in, to, &out, 4096L, 0L) < 0)
			_exit(2);
	}
	_exit(0);
}

/* On the disk only. */
static int make_cold(const char *path)
{
	int fd = make(path);

	if (syscall(SYS_fadvise64, fd, 0L, 0L, 4L)) /* POSIX_FADV_DONTNEED */
		fatal("fadvise");
	return fd;
}

static pid_t start_touch(int fd)
{
	pid_t pid = fork();

	if (!pid)
		touch(fd);
	return pid;
}

/* Changes the page as soon as it is on its way to the disk: write(2) waits until it has arrived. */
static void change(int fd)
{
	char page[4096] = "changed";

	for (int i = 0; i < COPIES; i++)
		if (pwrite(fd, page, sizeof(page), 0) != sizeof(page) || syscall(SYS_sync_file_range, fd, 0L, 0L, 2L)) /* begin to write */
			_exit(2);
	_exit(0);
}

static pid_t start_change(int fd)
{
	pid_t pid = fork();

	if (!pid)
		change(fd);
	return pid;
}

static pid_t start_copy(int from, int to)
{
	pid_t pid = fork();

	if (!pid)
		copy(from, to);
	return pid;
}

/* 1: it ended by itself, and well. */
static int ended_well(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static void say(const char *keys, const uint64_t *before, int well, int all)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		result(keys, kinds[i], counter(STATS, kinds[i]) - before[i], "reports");
	result(keys, "ended_well", (uint64_t)well, "processes");
	result(keys, "processes", (uint64_t)all, "processes");
}

static void note(uint64_t *before)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		before[i] = counter(STATS, kinds[i]);
}

/* All that the parent needs is in memory by now: it reads nothing from the disk until the defect is gone. */
static void plain(const char *bug, uint64_t ns)
{
	uint64_t before[sizeof(kinds) / sizeof(*kinds)];
	int a = make("/hang-a"), b = make("/hang-b"), c = make("/hang-c"), well;
	pid_t pids[3];

	note(before);
	write_file(WAITBUG, bug);
	pids[0] = start_change(c);
	pids[1] = start_copy(a, b);
	pids[2] = start_copy(b, a);
	sleep_ns(ns);
	write_file(WAITBUG, "off");
	well = ended_well(pids[0]) + ended_well(pids[1]) + ended_well(pids[2]);
	say("run=plain", before, well, 3);
}

static void held(const char *bug, uint64_t ns)
{
	uint64_t before[sizeof(kinds) / sizeof(*kinds)];
	int fd = make_cold("/hang-d"), well;
	pid_t pids[2];

	note(before);
	write_file(WAITBUG, bug);
	write_file(HOLD, "0-1000000000,r");
	pids[0] = start_touch(fd);
	sleep_ns(ns / 10); /* the one who reads it; the other only waits */
	pids[1] = start_touch(fd);
	sleep_ns(ns);
	write_file(WAITBUG, "off");
	well = ended_well(pids[0]) + ended_well(pids[1]);
	write_file(HOLD, "none");
	say("run=hold", before, well, 2);
}

/* What the parent does with a defect about, once without: all of the program is in memory afterwards. */
static void warm_up(void)
{
	pid_t pid = start_touch(make_cold("/hang-w"));

	(void)counter(STATS, "hung_reports");
	write_file(HOLD, "none");
	write_file(WAITBUG, "off");
	sleep_ns(1000000);
	ended_well(pid);
	result("run=warm-up", "ended_well", 1, "processes");
}

int main(int argc, char **argv)
{
	uint64_t ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1000) * 1000000u;
	char bug[32] = "";

	if (read_file(WAITBUG))
		sscanf(exp_text, "%31s", bug);
	if (!bug[0])
		fatal("no " WAITBUG ": this needs Faultline");
	write_file(WAITBUG, "off");
	write_file("/proc/sys/ramblk/disk0/latency", "fixed:500");
	warm_up();
	plain(bug, ns);
	held(bug, ns);
	return 0;
}
