/* SPDX-License-Identifier: MIT */
/* Seals of memfds: what each forbids, when they can be set, and that nobody who could store slips in between. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tap.h"

enum { ADD_SEALS = 1033, GET_SEALS, SEAL = 1, SHRINK = 2, GROW = 4, WRITE_SEAL = 8, FUTURE = 16, ALLOW = 2 };
enum { KEEP_SIZE = 1, PUNCH = 2 };

#define SIZE (2 * PAGE)

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static long control(int fd, int command, long arg)
{
	return syscall(SYS_fcntl, fd, command, arg);
}

static int new_file(unsigned flags)
{
	int fd = (int)syscall(SYS_memfd_create, "sealed", flags);

	if (fd < 0 || ftruncate(fd, SIZE))
		exit(2);
	return fd;
}

static void *map(int fd, int prot, int flags)
{
	return mmap(NULL, SIZE, prot, flags, fd, 0);
}

static void test_setting(void)
{
	int fd = new_file(ALLOW), without = new_file(0), pipes[2];

	ok(control(fd, GET_SEALS, 0) == 0 && control(without, GET_SEALS, 0) == SEAL, "none at first; without MFD_ALLOW_SEALING there can be none");
	ok(gives(control(without, ADD_SEALS, SHRINK), EPERM), "and setting one is EPERM");
	ok(control(fd, ADD_SEALS, SHRINK) == 0 && control(fd, ADD_SEALS, SHRINK | GROW) == 0 && control(fd, GET_SEALS, 0) == (SHRINK | GROW),
	   "they add up");
	ok(gives(control(fd, ADD_SEALS, 0x100), EINVAL), "unknown seals: EINVAL");
	ok(control(fd, ADD_SEALS, SEAL) == 0 && gives(control(fd, ADD_SEALS, WRITE_SEAL), EPERM) && gives(control(fd, ADD_SEALS, 0), EPERM),
	   "after F_SEAL_SEAL no more: EPERM");
	if (pipe(pipes))
		exit(2);
	ok(gives(control(pipes[0], GET_SEALS, 0), EINVAL) && gives(control(pipes[1], ADD_SEALS, SEAL), EINVAL), "a pipe has none: EINVAL");
	ok(gives(control(pipes[0], ADD_SEALS, SEAL), EPERM), "but it must be writable first of all: EPERM");
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
	close(without);
}

static void test_size(void)
{
	int fd = new_file(ALLOW);
	char byte = 1, block[2 * SIZE] = { 0 };

	control(fd, ADD_SEALS, GROW);
	ok(gives(ftruncate(fd, SIZE + 1), EPERM) && ftruncate(fd, SIZE) == 0 && ftruncate(fd, SIZE - PAGE) == 0, "GROW: ftruncate only down");
	ok(gives(pwrite(fd, &byte, 1, SIZE - PAGE), EPERM) && pwrite(fd, &byte, 1, SIZE - PAGE - 1) == 1, "no write behind the end: EPERM");
	ok(pwrite(fd, block, sizeof(block), 0) == SIZE - PAGE, "one across the end goes as far as the end");
	ok(gives(syscall(SYS_fallocate, fd, 0, 0l, (long)SIZE), EPERM) && gives(syscall(SYS_fallocate, fd, KEEP_SIZE, 0l, (long)SIZE), EPERM),
	   "no fallocate behind it, with the size kept or not: EPERM");
	control(fd, ADD_SEALS, SHRINK);
	ok(gives(ftruncate(fd, 1), EPERM), "SHRINK: ftruncate not down: EPERM");
	ok(syscall(SYS_fallocate, fd, PUNCH | KEEP_SIZE, 0l, (long)PAGE) == 0, "holes can be made");
	close(fd);
}

static void test_write(void)
{
	int fd = new_file(ALLOW);
	char byte = 1, *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), *copy;

	p[0] = 'x';
	ok(gives(control(fd, ADD_SEALS, WRITE_SEAL), EBUSY) && control(fd, GET_SEALS, 0) == 0, "WRITE while somebody maps it and could store: EBUSY");
	mprotect(p, SIZE, PROT_READ);
	ok(gives(control(fd, ADD_SEALS, WRITE_SEAL), EBUSY), "even if it may not just now");
	munmap(p + PAGE, PAGE);
	ok(gives(control(fd, ADD_SEALS, WRITE_SEAL), EBUSY), "or if half of it is gone");
	munmap(p, PAGE);
	copy = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	ok(control(fd, ADD_SEALS, WRITE_SEAL) == 0, "a private mapping is no hindrance");
	copy[0] = 'y';
	ok(pread(fd, &byte, 1, 0) == 1 && byte == 'x' && copy[0] == 'y', "and goes on being private");
	ok(gives(pwrite(fd, &byte, 1, 0), EPERM) && gives(write(fd, &byte, 1), EPERM), "no write: EPERM");
	ok(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED && errno == EPERM, "no shared mapping to store through: EPERM");
	p = map(fd, PROT_READ, MAP_SHARED);
	ok(p == MAP_FAILED || mprotect(p, SIZE, PROT_READ | PROT_WRITE) == -1, "none that becomes one");
	ok(gives(syscall(SYS_fallocate, fd, PUNCH | KEEP_SIZE, 0l, (long)PAGE), EPERM), "no holes: EPERM");
	ok(ftruncate(fd, SIZE + 1) == 0 && ftruncate(fd, SIZE) == 0, "its size may change");
	munmap(copy, SIZE);
	close(fd);
}

static void test_future(void)
{
	int fd = new_file(ALLOW);
	char byte = 1, *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);

	ok(control(fd, ADD_SEALS, FUTURE) == 0, "FUTURE_WRITE, though somebody maps it");
	p[1] = 'z';
	ok(pread(fd, &byte, 1, 1) == 1 && byte == 'z', "who may go on storing");
	ok(gives(pwrite(fd, &byte, 1, 0), EPERM), "nobody else writes: EPERM");
	ok(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED && errno == EPERM, "or maps it so: EPERM");
	munmap(p, SIZE);
	close(fd);
}

/* ---- a race: a sealer against one who maps ---- */

static int raced;
static _Atomic int turn, bad;

static void *mapper(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 200; i++) {
		char *p;

		while (turn < i)
			;
		p = map(raced, PROT_READ | PROT_WRITE, MAP_SHARED);
		if (p != MAP_FAILED) {
			p[0] = 1;
			pause_ms(0);
			p[0] = 2;
			if (control(raced, GET_SEALS, 0) & WRITE_SEAL)
				bad++;
			munmap(p, SIZE);
		}
		turn = -i;
	}
	return NULL;
}

static void test_race(void)
{
	pthread_t t;
	int sealed = 0;

	turn = 0;
	if (pthread_create(&t, NULL, mapper, NULL))
		exit(2);
	for (int i = 1; i <= 200; i++) {
		raced = new_file(ALLOW);
		turn = i;
		while (control(raced, ADD_SEALS, WRITE_SEAL) && errno == EBUSY)
			;
		sealed += control(raced, GET_SEALS, 0) == WRITE_SEAL;
		while (turn != -i)
			;
		close(raced);
	}
	pthread_join(t, NULL);
	ok(sealed == 200 && !bad, "nobody stores to what is sealed, whoever came first");
}

int main(void)
{
	test_setting();
	test_size();
	test_write();
	test_future();
	test_race();
	return tap_done();
}
