/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's common operations cost: a line each, "name nanoseconds". Under `./faultline exec --icount` a nanosecond is one instruction,
 * and every run gives the same. The loop around an operation is counted with it. Runs on Linux too.
 *
 *	cost FILE	FILE: 32 MiB, which are read first, so that all of it is cached
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define MIB (1ul << 20)
#define FILE_SIZE (32 * MIB)
#define WINDOW (16 * PAGE)

static int file;
static char *buffer; /* 1 MiB, present */

static unsigned long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long)ts.tv_sec * 1000000000ul + (unsigned long)ts.tv_nsec;
}

static void result(const char *name, unsigned long start, unsigned long count)
{
	unsigned long took = now() - start;

	printf("%s %lu\n", name, took / count);
	fflush(stdout);
}

static void fatal(const char *what)
{
	perror(what);
	exit(1);
}

static char *map(size_t size, int prot, int flags, int fd)
{
	char *p = mmap(NULL, size, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		fatal("mmap");
	return p;
}

/* One access each `step` bytes. */
static void touch(volatile char *p, size_t size, size_t step, int write)
{
	for (size_t at = 0; at < size; at += step) {
		if (write)
			p[at] = 1;
		else
			(void)p[at];
	}
}

/* What was freed before is given back a moment later: not in the midst of what is measured next. */
static void settle(void)
{
	struct timespec ts = { 0, 10000000 };

	nanosleep(&ts, NULL);
}

/* ---- faults ---- */

static void read_fault(void)
{
	char *p = map(FILE_SIZE, PROT_READ, MAP_SHARED, file);
	unsigned long start = now();

	touch(p, FILE_SIZE, WINDOW, 0);
	result("read_fault_16_pages", start, FILE_SIZE / WINDOW);
	start = now();
	munmap(p, FILE_SIZE);
	result("munmap_page", start, FILE_SIZE / PAGE);
}

static void shared_write_fault(void)
{
	char *p = map(FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file), *clean = p + FILE_SIZE / 2;
	unsigned long start;

	touch(clean, 4 * MIB, PAGE, 0);
	start = now();
	touch(clean, 4 * MIB, PAGE, 1);
	result("shared_write_fault", start, 4 * MIB / PAGE);
	munmap(p, FILE_SIZE);
}

static void cow_fault(void)
{
	char *p = map(4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE, file);
	unsigned long start = now();

	touch(p, 4 * MIB, PAGE, 1);
	result("private_cow_fault", start, 4 * MIB / PAGE);
	munmap(p, 4 * MIB);
}

static void anonymous_fault(void)
{
	char *p = map(4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned long start = now();

	touch(p, 4 * MIB, PAGE, 1);
	result("anonymous_fault", start, 4 * MIB / PAGE);
	munmap(p, 4 * MIB);
}

/* So many that what is freed by them is given back meanwhile. */
static void map_unmap(void)
{
	unsigned long start;

	settle();
	start = now();
	for (int i = 0; i < 1000; i++)
		munmap(map(64 * 1024, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1), 64 * 1024);
	result("mmap_munmap_64k", start, 1000);
}

/* ---- files ---- */

static void read_pages(void)
{
	unsigned long start = now();

	for (size_t at = 0; at < FILE_SIZE; at += MIB)
		if (pread(file, buffer, MIB, (off_t)at) != (ssize_t)MIB)
			fatal("pread");
	result("read_page_in_1m", start, FILE_SIZE / PAGE);
}

static void write_pages(void)
{
	unsigned long start = now();

	for (size_t at = 0; at < 4 * MIB; at += MIB)
		if (pwrite(file, buffer, MIB, (off_t)at) != (ssize_t)MIB)
			fatal("pwrite");
	result("write_page_in_1m", start, 4 * MIB / PAGE);
}

static void one_byte(void)
{
	unsigned long start;

	settle();
	start = now();

	for (int i = 0; i < 1000; i++)
		if (pread(file, buffer, 1, i) != 1)
			fatal("pread");
	result("pread_1", start, 1000);
	start = now();
	for (int i = 0; i < 1000; i++)
		if (pwrite(file, buffer, 1, i) != 1)
			fatal("pwrite");
	result("pwrite_1", start, 1000);
}

/* ---- processes ---- */

static void fork_exit_wait(void)
{
	unsigned long start = now();

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		if (waitpid(pid, NULL, 0) != pid)
			fatal("fork");
	}
	result("fork_exit_wait", start, 20);
}

static void echo(int from, int to)
{
	char byte;

	while (read(from, &byte, 1) == 1)
		if (write(to, &byte, 1) != 1)
			break;
	_exit(0);
}

static void pipe_round_trip(void)
{
	int there[2], back[2];
	unsigned long start;
	pid_t pid;
	char byte = 0;

	if (pipe(there) || pipe(back))
		fatal("pipe");
	pid = fork();
	if (!pid) {
		close(there[1]);
		echo(there[0], back[1]);
	}
	close(there[0]);
	start = now();
	for (int i = 0; i < 200; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			fatal("pipe");
	result("pipe_round_trip", start, 200);
	close(there[1]);
	waitpid(pid, NULL, 0);
}

static void empty_call(void)
{
	unsigned long start = now();

	for (int i = 0; i < 1000; i++)
		getpid();
	result("empty_call", start, 1000);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: cost FILE\n");
		return 2;
	}
	file = open(argv[1], O_RDWR);
	if (file < 0)
		file = open(argv[1], O_RDONLY);
	if (file < 0)
		fatal(argv[1]);
	fork_exit_wait(); /* while the process is small */
	pipe_round_trip();
	empty_call();
	buffer = map(MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	touch(buffer, MIB, PAGE, 1);
	read_pages(); /* the first time brings it in */
	read_pages();
	read_fault();
	anonymous_fault();
	cow_fault();
	map_unmap();
	one_byte();
	write_pages();
	shared_write_fault();
	return 0;
}
