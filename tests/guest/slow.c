/* SPDX-License-Identifier: MIT */
/* A disk that takes its time: what is read is right all the same, who waits can be killed, and nobody else suffers from that. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tap.h"

#define SLOW_MS 60l

static unsigned char expect(unsigned seed, size_t i)
{
	return (unsigned char)(i * 7 + i / PAGE * 13 + seed);
}

static void set(const char *policy, const char *value)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fault/%s", policy);
	fd = open(path, O_WRONLY);
	if (write(fd, value, strlen(value)) < 0)
		exit(1);
	close(fd);
}

static void set_ms(long ms)
{
	char value[32];

	snprintf(value, sizeof(value), "%ld", ms * 1000);
	set("latency_us", value);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* One byte of the file with that seed, as read(2) gives it. */
static int byte_right(const char *path, unsigned seed, size_t at)
{
	unsigned char byte = 0;
	int fd = open(path, O_RDONLY);
	long n = pread(fd, &byte, 1, (long)at);

	close(fd);
	return n == 1 && byte == expect(seed, at);
}

static int mapped_right(const char *path, unsigned seed, size_t at)
{
	int fd = open(path, O_RDONLY);
	unsigned char *p = mmap(NULL, at + 1, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	return p != MAP_FAILED && p[at] == expect(seed, at);
}

static void test_latency(void)
{
	long start = now_ms(), cold, warm;

	cold = byte_right("/data/page", 3, 100) ? now_ms() - start : -1;
	start = now_ms();
	warm = byte_right("/data/page", 3, 200) ? now_ms() - start : -1;
	ok(cold >= SLOW_MS && warm >= 0 && warm < SLOW_MS, "a first read takes as long as the disk does (%ld ms), a second does not (%ld ms)",
	   cold, warm);
}

/* Several wait for one page, of which the indirect block must be read first; whoever began that is killed. */
static void test_killed(void)
{
	enum { WAITERS = 4 };
	int status, good = 1;
	size_t at = (3 << 20) + 17;
	pid_t first, pid[WAITERS];

	first = fork();
	if (first == 0)
		_exit(!byte_right("/data/big", 5, at));
	sleep_ms(SLOW_MS / 3);
	for (int i = 0; i < WAITERS; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(!(i % 2 ? mapped_right : byte_right)("/data/big", 5, at));
	}
	sleep_ms(SLOW_MS / 3);
	kill(first, SIGKILL);
	ok(waitpid(first, &status, 0) == first && (killed_by(status, SIGKILL) || status == 0), "who reads can be killed");
	for (int i = 0; i < WAITERS; i++)
		good &= waitpid(pid[i], &status, 0) == pid[i] && status == 0;
	ok(good, "who waited for the same page gets it");
}

static void test_killed_waiter(void)
{
	pid_t pid = fork();
	long start;
	int status;

	if (pid == 0)
		_exit(!mapped_right("/data/odd", 6, 500000));
	sleep_ms(SLOW_MS / 4);
	set_ms(10000);
	start = now_ms();
	kill(pid, SIGKILL);
	ok(waitpid(pid, &status, 0) == pid && now_ms() - start < 5000, "a fault that waits for the disk ends with its process");
	set_ms(SLOW_MS);
	ok(byte_right("/data/odd", 6, 500000) && mapped_right("/data/odd", 6, 500001), "and the page can be read later");
}

static void test_inline(void)
{
	long start;

	set("complete", "inline");
	start = now_ms();
	ok(byte_right("/data/big", 5, 1 << 20) && now_ms() - start < SLOW_MS, "complete=inline does not wait");
	set("complete", "timer");
}

/* In pieces and by faults, while the latency changes all the time. */
static void test_all(void)
{
	static unsigned char buf[50000];
	int fd = open("/data/big", O_RDONLY), good = 1;
	size_t at = 0;
	long n;

	for (unsigned round = 0; (n = read(fd, buf, sizeof(buf))) > 0; round++) {
		set_ms(round % 3);
		for (long i = 0; i < n; i++)
			good &= buf[i] == expect(5, at + (size_t)i);
		at += (size_t)n;
	}
	close(fd);
	ok(good && at == 4 << 20, "4 MiB, at changing speed");
}

int main(void)
{
	if (access("/proc/sys/fault/latency_us", R_OK)) {
		tap_skip("a slow disk", "not this kernel's");
		return tap_done();
	}
	set_ms(SLOW_MS);
	test_latency();
	test_killed();
	test_killed_waiter();
	test_inline();
	set_ms(0);
	test_all();
	return tap_done();
}
