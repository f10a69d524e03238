/* SPDX-License-Identifier: MIT */
/*
 * Processes killed at any moment while they use the same few pages of a file: write(2), read(2), faults that read and that write, fsync, truncate.
 * Whoever waits for a page when he dies leaves the queue, and hands on what he was handed: so all others go on, and nobody is left asleep, which
 * shows in that the test ends. The same on Linux.
 *
 *	lockkill [KILLS]
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "tap.h"

#define WORKERS 8
#define PAGES 3
#define FILE_NAME "lockkill.data"

static const char *const policies[] = { "unfair", "fair", "bounded:2", "deadline:50" };

static int file;
static volatile uint32_t *map;

static uint64_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

static void policy(const char *value)
{
	int fd = open("/proc/sys/fault/pagelock", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		ok(0, "pagelock=%s", value);
	close(fd);
}

/* One of the ways to come to a page's lock. A page behind the end of the file is not touched through the mapping: SIGBUS is another test. */
static void use(uint64_t *random)
{
	static char page[PAGE];
	off_t at = (off_t)(next(random) % PAGES * PAGE);

	switch (next(random) % 8) {
	case 0:
		fsync(file);
		break;
	case 1:
		madvise((void *)(map + at / 4), PAGE, MADV_DONTNEED);
		break;
	case 2:
		if (ftruncate(file, PAGES * PAGE + next(random) % PAGE))
			_exit(1);
		break;
	case 3:
		if (pread(file, page, sizeof(page), at) < 0)
			_exit(1);
		break;
	case 4:
	case 5:
		map[at / 4 + next(random) % 1024]++;
		break;
	default:
		if (pwrite(file, page, 100 + next(random) % (PAGE - 100), at) < 0)
			_exit(1);
	}
}

static pid_t worker(uint64_t seed)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;)
		use(&seed);
}

/* Is it gone, killed and nothing else? */
static bool killed(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* After a moment of the parent's own work, which waits behind the others too. */
static unsigned kill_some(pid_t *workers, unsigned n, uint64_t *random)
{
	unsigned good = 0;

	while (n--) {
		unsigned i = next(random) % WORKERS;

		for (unsigned k = next(random) % 3; k--;)
			use(random);
		good += killed(workers[i]);
		workers[i] = worker(next(random));
	}
	return good;
}

static void round_of(const char *name, unsigned kills, uint64_t seed)
{
	pid_t workers[WORKERS];
	unsigned good, ends = 0;

	policy(name);
	for (unsigned i = 0; i < WORKERS; i++)
		workers[i] = worker(seed + i);
	good = kill_some(workers, kills, &seed);
	for (unsigned i = 0; i < WORKERS; i++)
		ends += killed(workers[i]);
	ok(good == kills && ends == WORKERS, "%s: %u processes are killed at any moment, nobody is left asleep", name, kills);
}

int main(int argc, char **argv)
{
	unsigned kills = argc > 1 ? (unsigned)atoi(argv[1]) : 80;

	file = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (file < 0 || ftruncate(file, PAGES * PAGE))
		return 1;
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		return 1;
	for (unsigned i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		round_of(policies[i], kills / 4, i * 1000 + 1);
	policy("deadline:50");
	unlink(FILE_NAME);
	return tap_done();
}
