/* SPDX-License-Identifier: MIT */
/*
 * starve: a greedy locker and a patient waiter.
 *
 *	starve [MILLISECONDS [MAPPINGS]]
 *
 * One process makes holes of some bytes into the one page of a file, one after the other. Each locks the page while its many mappings are
 * write-protected, and hardly has it been unlocked when the next one locks it again. The other process wants to see the file on the disk: for that it
 * has to lock the page for a moment.
 */
#define _GNU_SOURCE /* fallocate, on Linux */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "exp.h"

#define PAGE 4096u
#define KEEP_SIZE_PUNCH_HOLE 3

static struct shared {
	_Atomic bool stop;
	_Atomic uint64_t holes, syncs, since; /* since: when the waiter began the sync it is in */
	struct hist wait;
} *shared;

static int file;

static void greedy(void)
{
	while (!atomic_load_explicit(&shared->stop, memory_order_relaxed)) {
		if (syscall(SYS_fallocate, file, KEEP_SIZE_PUNCH_HOLE, 100L, 16L))
			fatal("fallocate");
		atomic_fetch_add(&shared->holes, 1);
	}
	_exit(0);
}

static void patient(void)
{
	while (!atomic_load_explicit(&shared->stop, memory_order_relaxed)) {
		uint64_t start = now_ns();

		atomic_store(&shared->since, start);
		if (fsync(file))
			fatal("fdatasync");
		hist_add(&shared->wait, now_ns() - start);
		atomic_fetch_add(&shared->syncs, 1);
		sleep_ns(200000);
	}
	_exit(0);
}

static void prepare(unsigned mappings)
{
	char page[PAGE];

	memset(page, 7, sizeof(page));
	file = open("/starve", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (file < 0 || write(file, page, PAGE) != PAGE)
		fatal("/starve");
	for (unsigned i = 0; i < mappings; i++)
		if (mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED)
			fatal("mmap");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fatal("mmap");
}

static pid_t begin(void (*work)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		fatal("fork");
	if (!pid)
		work();
	return pid;
}

static void results(uint64_t ns, uint64_t hung)
{
	uint64_t last = now_ns() - atomic_load(&shared->since); /* it may be waiting still */

	result("", "holes_per_s", atomic_load(&shared->holes) * 1000000000u / ns, "1/s");
	result("", "syncs_per_s", atomic_load(&shared->syncs) * 1000000000u / ns, "1/s");
	result("", "sync_p50_us", hist_quantile(&shared->wait, 500) / 1000, "us");
	result("", "sync_max_us", (last > shared->wait.max ? last : shared->wait.max) / 1000, "us");
	if (!read_file("/proc/fault/stats"))
		return;
	result("", "handoffs", counter("/proc/fault/stats", "page_lock_handoffs"), "1");
	result("", "steals", counter("/proc/fault/stats", "page_lock_steals"), "1");
	result("", "lost_races", counter("/proc/fault/stats", "page_lock_lost"), "1");
	result("", "hung_reports", counter("/proc/fault/stats", "hung_reports") - hung, "1");
	if (read_file("/proc/fault/page_lock"))
		result("", "wait_max_us", counter("/proc/fault/page_lock", "wait_max_us"), "us");
}

int main(int argc, char **argv)
{
	uint64_t ms = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, start, hung, ns;
	pid_t pids[2];

	prepare(argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2000);
	hung = counter("/proc/fault/stats", "hung_reports");
	start = now_ns();
	pids[0] = begin(greedy);
	pids[1] = begin(patient);
	sleep_ns(ms * 1000000);
	ns = now_ns() - start;
	results(ns, hung);
	atomic_store(&shared->stop, true);
	for (int i = 0; i < 2; i++)
		waitpid(pids[i], NULL, 0);
	return 0;
}
