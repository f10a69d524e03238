/* SPDX-License-Identifier: MIT */
/*
 * write(2) and its page, both ways of coming by it (policy grab), with so few credits that transactions wait for commits: files that several
 * processes make longer, fill holes in and overwrite at the same time hold what was written. On Linux it is the same without the policies.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "tap.h"

#define WORKERS 4
#define FILES 5

static bool on_faultline;

static void set(const char *name, const char *value)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fault/%s", name);
	fd = open(path, O_WRONLY);
	on_faultline = fd >= 0;
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		ok(0, "%s=%s", name, value);
	close(fd);
}

static unsigned long stat_of(const char *name)
{
	static char text[8192];
	int fd = open("/proc/fault/stats", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	const char *at;

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, name);
	return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static uint64_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

static void fill(char *buf, uint64_t file, uint64_t pos, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = (char)((pos + i) * 31 + (pos + i) / PAGE * 7 + file + 1);
}

/* One file: pieces of it in random order, some twice, some left out. 0, or where it is wrong. */
static int one_file(uint64_t number, uint64_t *random)
{
	static char want[64 * PAGE], got[64 * PAGE];
	size_t size = 0;
	char path[32];
	int fd, bad;

	snprintf(path, sizeof(path), "grab-%lu", (unsigned long)number);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	memset(want, 0, sizeof(want));
	for (int i = 0; i < 40; i++) {
		size_t pos = next(random) % (sizeof(want) - 3 * PAGE), n = 1 + next(random) % (2 * PAGE);

		fill(want + pos, number, pos, n);
		if (pwrite(fd, want + pos, n, (off_t)pos) != (ssize_t)n)
			return 1;
		size = pos + n > size ? pos + n : size;
	}
	bad = pread(fd, got, sizeof(got), 0) != (ssize_t)size || memcmp(want, got, size);
	if (!bad && number % 3 == 0)
		bad = fsync(fd);
	close(fd);
	unlink(path);
	return bad;
}

static void work(void *arg)
{
	uint64_t who = (uint64_t)(uintptr_t)arg, random = who + 1;

	for (uint64_t i = 0; i < FILES; i++)
		if (one_file(who * FILES + i, &random))
			_exit(1);
	_exit(0);
}

static int all_work(void)
{
	pid_t pids[WORKERS];
	int bad = 0, status;

	for (uintptr_t i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		if (!pids[i])
			work((void *)i);
	}
	for (int i = 0; i < WORKERS; i++)
		bad += waitpid(pids[i], &status, 0) != pids[i] || status;
	return bad;
}

static void contents(const char *grab, const char *credits)
{
	set("grab", grab);
	set("journal_credits", credits);
	ok(!all_work(), "grab=%s, %s credits: what was written is there", grab, credits);
}

/* Somebody who waits for credits can be killed, and the file system goes on. */
static void killed_writers(void)
{
	struct timespec moment = { .tv_nsec = 2000000 };
	int bad = 0, status;

	for (int i = 0; i < 12; i++) {
		pid_t pid = fork();

		if (!pid) {
			for (uint64_t r = 99;;)
				one_file(900, &r);
		}
		moment.tv_nsec = 500000 + i * 300000;
		nanosleep(&moment, NULL);
		kill(pid, SIGKILL);
		bad += waitpid(pid, &status, 0) != pid || !killed_by(status, SIGKILL);
	}
	ok(!bad && !all_work(), "writers are killed, others write on");
}

/* The source is a mapping of the page that is written, not present: it is faulted in without the page's lock. */
static void own_page(void)
{
	int fd = open("grab-self", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char *map, c = 0;

	ok(ftruncate(fd, 2 * PAGE) == 0 && pwrite(fd, "faultline", 9, 100) == 9, "a file to write to from itself");
	map = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ok(pwrite(fd, map + 100, 9, 200) == 9 && pread(fd, &c, 1, 208) == 1 && c == 'e', "a page is the source of what is written to it");
	munmap(map, 2 * PAGE);
	map = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(pwrite(fd, map, 9, 40 * PAGE) == -1, "no source, behind the end: nothing is written");
	ok(ftruncate(fd, 41 * PAGE) == 0 && pread(fd, &c, 1, 40 * PAGE) == 1 && !c,
	   "and nothing is there when the file gets longer");
	close(fd);
	unlink("grab-self");
}

int main(void)
{
	contents("once", "1024");
	contents("once", "64");
	contents("relock", "64");
	contents("relock", "1024");
	set("journal_credits", "64");
	killed_writers();
	own_page();
	set("grab", "once");
	own_page();
	ok(!on_faultline || (stat_of("\njournal_waits ") && stat_of("\njournal_commits ")), "transactions have waited, and commits made room");
	set("journal_credits", "1024");
	return tap_done();
}
