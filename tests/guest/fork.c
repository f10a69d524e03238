/* SPDX-License-Identifier: MIT */
/* fork: children and grandchildren see what was there, and nobody sees what another wrote; nothing is left behind. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "tap.h"

#define PAGES 700 /* more than one page table */

static unsigned char *memory;

static int all_are(unsigned char value)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (memory[i * PAGE] != value || memory[i * PAGE + PAGE - 1] != value)
			return 0;
	return 1;
}

static void fill(unsigned char value)
{
	for (unsigned i = 0; i < PAGES; i++)
		memory[i * PAGE] = memory[i * PAGE + PAGE - 1] = value;
}

/* Each generation checks its parent's value, writes its own, forks the next, and checks its own again. */
static void generations(unsigned left)
{
	unsigned char mine;
	int status;

	do {
		mine = (unsigned char)(10 + left);
		if (!all_are((unsigned char)(mine + 1)))
			_exit(1);
		fill(mine);
	} while (left-- && fork() == 0);
	if (wait(&status) > 0 && status)
		_exit(2);
	_exit(!all_are(mine));
}

static void test_generations(void)
{
	int status;

	fill(16);
	if (fork() == 0)
		generations(5);
	wait(&status);
	ok(status == 0 && all_are(16), "six generations, each with its own copy");
}

static void test_siblings(void)
{
	int good = 1, status;

	fill(1);
	for (unsigned i = 0; i < 20; i++)
		if (fork() == 0) {
			for (unsigned p = i; p < PAGES; p += 20)
				memory[p * PAGE] = 99;
			for (unsigned p = 0; p < PAGES; p++)
				if (memory[p * PAGE] != (p % 20 == i ? 99 : 1))
					_exit(1);
			_exit(0);
		}
	for (unsigned i = 0; i < 20; i++) {
		wait(&status);
		good &= status == 0;
	}
	ok(good && all_are(1), "twenty siblings at a time, each writes other pages");
}

static void test_parent_writes(void)
{
	int up[2], down[2], status;
	char byte = 0;

	fill(7);
	if (pipe(up) || pipe(down))
		exit(1);
	if (fork() == 0) {
		if (read(down[0], &byte, 1) != 1)
			_exit(1);
		_exit(!all_are(7));
	}
	fill(8);
	if (write(down[1], &byte, 1) != 1)
		exit(1);
	wait(&status);
	ok(status == 0 && all_are(8), "what the parent writes afterwards the child does not see");
	for (int i = 0; i < 2; i++) {
		close(up[i]);
		close(down[i]);
	}
}

/* MemFree in KiB, or 0 where there is no such file. */
static long free_memory(void)
{
	char text[512];
	int fd = open("/proc/meminfo", O_RDONLY);
	long n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	char *at;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	at = strstr(text, "MemFree:");
	return at ? strtol(at + 8, NULL, 10) : 0;
}

static void storm(unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		if (fork() == 0) {
			memory[i % PAGES * PAGE] = 3;
			_exit(0);
		} else {
			wait(NULL);
		}
}

static void test_leaks(void)
{
	long before, after;

	if (access("/proc/fault/stats", 0)) {
		tap_skip("memory comes back after 300 forks", "only Faultline is quiet enough");
		return;
	}
	storm(50);
	pause_ms(50); /* what RCU holds is given back in the background */
	before = free_memory();
	storm(300);
	pause_ms(50);
	after = free_memory();
	ok(before && before - after < 512, "memory comes back after 300 forks (%ld KiB, then %ld)", before, after);
}

static void test_statuses(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(300);
	ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 44, "an exit status has eight bits");
	ok(waitpid(pid, &status, 0) == -1, "a child can be waited for once");
	ok(waitpid(-1, &status, WNOHANG) == -1, "nobody left to wait for");
	pid = fork();
	if (pid == 0)
		for (;;)
			pause_ms(1);
	ok(waitpid(pid, &status, WNOHANG) == 0, "WNOHANG does not wait");
	kill(pid, 9);
	ok(waitpid(pid, &status, 0) == pid && killed_by(status, 9), "SIGKILL ends a sleeper");
	pid = fork();
	if (pid == 0)
		for (volatile unsigned i = 0;; i++)
			;
	kill(pid, 15);
	ok(waitpid(pid, &status, 0) == pid && killed_by(status, 15), "SIGTERM ends a runner");
}

/* ---- a signal to a group that grows ---- */

#define BREED 200

static void breed(int alive)
{
	setpgid(0, 0);
	if (write(alive, "", 1) != 1)
		_exit(1);
	for (unsigned i = 0; i < BREED && fork(); i++)
		;
	for (;;)
		pause();
}

/* Those who live hold the other end. */
static int all_gone(int alive)
{
	char byte;

	fcntl(alive, F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; i < 200; i++, pause_ms(5))
		if (read(alive, &byte, 1) == 0)
			return 1;
	return 0;
}

static int killed_whole(unsigned long delay)
{
	int alive[2], gone;
	char byte;
	pid_t pid;

	if (pipe(alive))
		exit(1);
	pid = fork();
	if (pid == 0)
		breed(alive[1]);
	close(alive[1]);
	gone = read(alive[0], &byte, 1) == 1;
	for (volatile unsigned long i = 0; i < delay; i++)
		;
	kill(-pid, SIGKILL);
	gone &= all_gone(alive[0]);
	kill(-pid, SIGKILL);
	close(alive[0]);
	waitpid(pid, NULL, 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		; /* orphans are the first process's, which this may be */
	return gone;
}

static void test_group(void)
{
	unsigned whole = 0;

	for (unsigned i = 0; i < 20; i++)
		whole += killed_whole(i * 20011 % 300000);
	ok(whole == 20, "SIGKILL to a group that forks leaves nobody (%u of 20)", whole);
}

int main(void)
{
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	test_generations();
	test_siblings();
	test_parent_writes();
	test_leaks();
	test_statuses();
	test_group();
	return tap_done();
}
