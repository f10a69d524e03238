/* SPDX-License-Identifier: MIT */
/* More memory wanted than there is, on a small machine: one process is killed, the one that has most, and the others go on. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

#define SMALL (100ul << 20)
#define CHILDREN 3

enum { TOTALRAM = 4 }; /* of struct sysinfo, in words */

static size_t memory(void)
{
	uint64_t info[32];

	return syscall(SYS_sysinfo, info) ? SIZE_MAX : info[TOTALRAM];
}

/* Anonymous memory, every page of it. */
static unsigned char *take(size_t n)
{
	unsigned char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	for (size_t at = 0; p != MAP_FAILED && at < n; at += PAGE)
		p[at] = (unsigned char)(at / PAGE) | 1;
	return p;
}

static int kept(const unsigned char *p, size_t n)
{
	for (size_t at = 0; at < n; at += PAGE)
		if (p[at] != ((unsigned char)(at / PAGE) | 1))
			return 0;
	return 1;
}

static void take_all(void *arg)
{
	(void)arg;
	take(2 * memory());
}

/* Tables only: each page of zeroes wants one. */
static void take_tables(void *arg)
{
	size_t n = memory() / PAGE << 21;
	volatile unsigned char *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)arg;
	for (size_t at = 0; at < n; at += 2ul << 20)
		(void)p[at];
}

static void spare_me(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd >= 0) {
		write(fd, score, strlen(score));
		close(fd);
	}
}

/* Has most, and is told to be spared; the other goes. */
static void take_half_spared(void *arg)
{
	pid_t pid;
	int status = 0;
	unsigned char *p;

	spare_me("-1000");
	p = take(memory() / 2);
	pid = fork();
	if (!pid) {
		spare_me("0");
		munmap(p, memory() / 2);
		take_all(arg);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	_exit(!(killed_by(status, SIGKILL) && kept(p, memory() / 2)));
}

static int all_together(void)
{
	pid_t pids[CHILDREN];
	int good = 1, status;

	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			take(memory());
			_exit(0);
		}
	}
	for (int i = 0; i < CHILDREN; i++)
		good &= waitpid(pids[i], &status, 0) == pids[i] && (killed_by(status, SIGKILL) || status == 0);
	return good;
}

static void on_small_machines(void)
{
	size_t mine = memory() / 8;
	unsigned char *p = take(mine);
	int status;

	ok(killed_by(in_child(take_all, NULL), SIGKILL), "one who takes all is killed");
	ok(kept(p, mine), "its parent has what it had");
	ok(killed_by(in_child(take_tables, NULL), SIGKILL), "and so is one who fills memory with page tables");
	ok(all_together(), "several who take more than there is: some are killed, the others end");
	status = in_child(take_half_spared, NULL);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "oom_score_adj -1000 spares the one who has most");
	ok(kept(p, mine), "and still the parent has what it had");
	munmap(p, mine);
	p = take(memory() / 2);
	ok(p != MAP_FAILED && kept(p, memory() / 2), "half of all memory is to be had again");
	munmap(p, memory() / 2);
}

int main(void)
{
	if (memory() > SMALL)
		tap_skip("out of memory", "a large machine");
	else
		on_small_machines();
	return tap_done();
}
