/* SPDX-License-Identifier: MIT */
/* Groups of tasks in /proc/groups, and what they may ask of disks. Linux has them elsewhere, and skips. */
#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "disk.h"
#include "tap.h"

#define GROUPS "/proc/groups"
#define SLOW GROUPS "/slow"
#define APART (64 * PAGE) /* no read-ahead reaches from one place to the next */

static int big;
static off_t place; /* of /data/big: nobody has read from here on */

static long number(const char *path, const char *name)
{
	char text[400], *at;

	get(path, text, sizeof(text));
	at = *name ? strstr(text, name) : text;
	return at ? atol(at + strlen(name)) : -1;
}

/* Is this task in the list? */
static int listed(const char *path, pid_t tid)
{
	char text[4000], line[20];

	text[0] = '\n';
	get(path, text + 1, sizeof(text) - 1);
	snprintf(line, sizeof(line), "\n%d\n", (int)tid);
	return strstr(text, line) != NULL;
}

static int gives(int result, int error)
{
	return result < 0 && errno == error;
}

static void test_names(void)
{
	char text[100];
	DIR *dir;
	struct dirent *d;
	int found = 0;

	ok(!mkdir(SLOW, 0755) && gives(mkdir(SLOW, 0755), EEXIST), "mkdir makes a group, once");
	ok(gives(mkdir(GROUPS "/tasks", 0755), EEXIST) && gives(mkdir(SLOW "/inside", 0755), ENOENT), "no group is a file, or in another");
	ok(gives(open(GROUPS "/file", O_CREAT | O_WRONLY, 0644), EPERM) && gives(unlink(SLOW "/iops"), EPERM), "no other files come or go");
	dir = opendir(SLOW);
	while (dir && (d = readdir(dir)))
		found++;
	closedir(dir);
	ok(found == 6, "four files in it");
	dir = opendir(GROUPS);
	for (found = 0; dir && (d = readdir(dir));)
		found += !strcmp(d->d_name, "slow") || !strcmp(d->d_name, "tasks");
	closedir(dir);
	ok(found == 2, "and it is listed");
	ok(!put(SLOW "/iops", "55") && number(SLOW "/iops", "") == 55 && !put(SLOW "/iops", "0"), "iops, set and shown");
	ok(!put(SLOW "/bandwidth", "2M") && number(SLOW "/bandwidth", "") == 2 << 20 && !put(SLOW "/bandwidth", "0"), "bandwidth");
	ok(gives(put(SLOW "/iops", "many"), EINVAL) && gives(put(SLOW "/bandwidth", "-1"), EINVAL) && gives(put(SLOW "/tasks", "x"), EINVAL) &&
	   gives(put(SLOW "/tasks", "4000000"), ESRCH), "what is no number or no task is refused");
	get(SLOW "/tasks", text, sizeof(text));
	ok(!text[0] && listed(GROUPS "/tasks", getpid()), "nobody is in it; we are in none");
}

static void test_tasks(void)
{
	char id[20];
	pid_t child;
	int ends[2], status;
	char byte;

	if (pipe(ends))
		return;
	ok(!put(SLOW "/tasks", "0") && listed(SLOW "/tasks", getpid()) && !listed(GROUPS "/tasks", getpid()), "0 is oneself");
	child = fork();
	if (!child) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) != 0);
	}
	ok(listed(SLOW "/tasks", child), "a child is where its parent is");
	snprintf(id, sizeof(id), "%d", (int)child);
	ok(!put(GROUPS "/tasks", id) && !listed(SLOW "/tasks", child) && listed(GROUPS "/tasks", child), "and can be taken out");
	ok(gives(rmdir(SLOW), EBUSY), "a group with tasks stays");
	put(SLOW "/tasks", id);
	put(GROUPS "/tasks", "0");
	close(ends[0]);
	close(ends[1]);
	waitpid(child, &status, 0);
	ok(!rmdir(SLOW) && gives(rmdir(SLOW), ENOENT), "who ends leaves it, and then it goes");
	ok(!mkdir(SLOW, 0755), "another of that name");
}

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void read_fresh(int times)
{
	char byte;

	for (; times; times--, place += APART)
		if (pread(big, &byte, 1, place) != 1)
			ok(0, "pread");
}

static void test_limits(void)
{
	long start = now_us();

	put(SLOW "/tasks", "0");
	put(SLOW "/iops", "100");
	read_fresh(5);
	ok(now_us() - start >= 40000 && number(SLOW "/stats", "waits ") >= 4, "iops=100: five reads take five periods, less the burst of one");
	ok(number(SLOW "/stats", "requests ") >= 5 && number(SLOW "/stats", "bytes ") >= 5 * (long)PAGE, "and are counted");
	put(SLOW "/iops", "0");
	put(SLOW "/bandwidth", "400K");
	start = now_us();
	read_fresh(2);
	ok(now_us() - start >= 10000, "bandwidth: two reads of a page or more take their time");
	put(SLOW "/bandwidth", "0");
	put(GROUPS "/tasks", "0");
}

/* A byte a second: a fault that has to read sleeps for hours. Its address space can be looked at, and it can be killed. */
static void test_fault(void)
{
	long waits = number(SLOW "/stats", "waits ");
	char path[40], maps[4000];
	int status;
	pid_t child;

	put(SLOW "/bandwidth", "1");
	child = fork();
	if (!child) {
		volatile char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, big, place);

		put(SLOW "/tasks", "0");
		_exit(*p);
	}
	while (number(SLOW "/stats", "waits ") == waits)
		pause_ms(1);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)child);
	get(path, maps, sizeof(maps));
	ok(strstr(maps, "/data/big") != NULL, "a fault that is made to wait does not keep anybody from its address space");
	ok(!kill(child, SIGKILL) && waitpid(child, &status, 0) == child && killed_by(status, SIGKILL), "and can be killed");
	ok(!put(SLOW "/bandwidth", "0"), "its group is as it was");
}

/* The same, of a limit that is lifted, or a group that is left. */
static void test_lifted(const char *file, const char *value, const char *what)
{
	long waits = number(SLOW "/stats", "waits "), start;
	int status, into = open(file, O_WRONLY);
	char byte;
	pid_t child;

	place += APART;
	put(SLOW "/bandwidth", "1");
	child = fork();
	if (!child) {
		put(SLOW "/tasks", "0");
		_exit(pread(big, &byte, 1, place) != 1);
	}
	while (number(SLOW "/stats", "waits ") == waits)
		pause_ms(1);
	start = now_us();
	dprintf(into, value, (int)child);
	ok(waitpid(child, &status, 0) == child && !status && now_us() - start < 5000000, "%s ends the wait for it", what);
	close(into);
	put(SLOW "/bandwidth", "0");
}

/* Of the disk's own. */
static void test_disk(void)
{
	int status;
	char byte;
	pid_t child;

	place += APART;
	put(DISK "bandwidth", "1");
	child = fork();
	if (!child)
		_exit(pread(big, &byte, 1, place) != 1);
	pause_ms(50);
	ok(!put(DISK "bandwidth", "0") && waitpid(child, &status, 0) == child && !status, "the same of the disk's own limit");
}

static void test_removed(void)
{
	int tasks = open(SLOW "/tasks", O_WRONLY);

	ok(!rmdir(SLOW), "rmdir, with a file of it open");
	ok(gives((int)write(tasks, "0", 1), ENODEV), "nobody joins it any more");
	close(tasks);
}

int main(void)
{
	if (access(GROUPS, F_OK)) {
		tap_skip("groups of tasks", "this kernel has none");
		return tap_done();
	}
	big = open("/data/big", O_RDONLY);
	test_names();
	test_tasks();
	test_limits();
	test_fault();
	test_lifted(SLOW "/bandwidth", "0", "lifting the limit");
	test_lifted(GROUPS "/tasks", "%d", "leaving the group");
	test_disk();
	test_removed();
	return tap_done();
}
