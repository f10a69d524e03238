/* SPDX-License-Identifier: MIT */
/* Pipes: order, blocking, end of file, whole small writes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

enum { SET_SIZE = 1031, GET_SIZE, NONBLOCKING = 0x5421, READABLE = 0x541b, CLOSES_ON_EXEC = 0x5451 };

static void test_order(void)
{
	unsigned char buf[5000];
	size_t total = 0, want = 1000000;
	int fd[2], good = 1, status;
	ssize_t n;

	if (pipe(fd))
		exit(1);
	if (fork() == 0) {
		close(fd[0]);
		for (size_t at = 0; at < want;) {
			size_t part = 1 + at % 4999;

			if (part > want - at)
				part = want - at;
			for (size_t i = 0; i < part; i++)
				buf[i] = (unsigned char)((at + i) * 31 >> 3);
			if (write(fd[1], buf, part) != (ssize_t)part)
				_exit(1);
			at += part;
		}
		_exit(0);
	}
	close(fd[1]);
	while ((n = read(fd[0], buf, 1 + total % 3000)) > 0)
		for (ssize_t i = 0; i < n; i++, total++)
			good &= buf[i] == (unsigned char)(total * 31 >> 3);
	wait(&status);
	ok(good && n == 0 && total == want && status == 0, "a million bytes in order, then end of file");
	close(fd[0]);
}

static void test_ends(void)
{
	int fd[2], status;
	char byte;

	if (pipe(fd))
		exit(1);
	ok(write(fd[1], "ab", 2) == 2 && read(fd[0], &byte, 1) == 1 && byte == 'a', "what goes in comes out");
	ok(lseek(fd[0], 0, SEEK_CUR) == -1 && errno == ESPIPE, "no position: ESPIPE");
	ok(read(fd[1], &byte, 1) == -1 && errno == EBADF && write(fd[0], &byte, 1) == -1 && errno == EBADF, "each end one way");
	close(fd[1]);
	ok(read(fd[0], &byte, 1) == 1 && byte == 'b' && read(fd[0], &byte, 1) == 0, "the rest is there after the writer has gone");
	close(fd[0]);
	if (pipe(fd))
		exit(1);
	fflush(stdout);
	close(fd[0]);
	if (fork() == 0) {
		if (write(fd[1], "x", 1) < 0)
			_exit(8);
		_exit(7);
	}
	close(fd[1]);
	wait(&status);
	ok(killed_by(status, 13), "writing to nobody is SIGPIPE");
}

static void test_whole(void)
{
	int fd[2], good = 1;
	char buf[512];

	if (pipe(fd))
		exit(1);
	for (int w = 0; w < 4; w++)
		if (fork() == 0) {
			memset(buf, 'a' + w, sizeof(buf));
			for (int i = 0; i < 200; i++)
				if (write(fd[1], buf, sizeof(buf)) != sizeof(buf))
					_exit(1);
			_exit(0);
		}
	for (int i = 0; i < 800; i++) {
		size_t got = 0;

		while (got < sizeof(buf)) {
			ssize_t n = read(fd[0], buf + got, sizeof(buf) - got);

			if (n <= 0)
				exit(1);
			got += (size_t)n;
		}
		for (size_t k = 1; k < sizeof(buf); k++)
			good &= buf[k] == buf[0];
	}
	while (wait(NULL) > 0)
		;
	ok(good, "small writes of four writers stay whole");
	close(fd[0]);
	close(fd[1]);
}

static void test_ping_pong(void)
{
	int a[2], b[2];
	unsigned n = 0;

	if (pipe(a) || pipe(b))
		exit(1);
	if (fork() == 0) {
		close(a[1]);
		while (read(a[0], &n, sizeof(n)) == sizeof(n) && n < 2000) {
			n++;
			if (write(b[1], &n, sizeof(n)) != sizeof(n))
				_exit(1);
		}
		_exit(0);
	}
	while (n < 2000)
		if (write(a[1], &n, sizeof(n)) != sizeof(n) || read(b[0], &n, sizeof(n)) != sizeof(n))
			break;
	ok(n == 2000, "2,000 round trips");
	close(a[1]);
	close(a[0]);
	while (wait(NULL) > 0)
		;
}

/* ---- sizes, vectors, controls ---- */

struct piece {
	void *base;
	size_t len;
};

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static long fill(int fd, size_t each)
{
	static char buf[4096];
	long total = 0, n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = write(fd, buf, each)) > 0)
		total += n;
	fcntl(fd, F_SETFL, 0);
	return total;
}

static void test_size(void)
{
	char buf[8192];
	int fd[2], n = 0, good = 1;

	if (pipe(fd))
		exit(1);
	ok(syscall(SYS_fcntl, (long)fd[0], (long)GET_SIZE, 0l) == 65536 && fill(fd[1], 4096) == 65536, "64 KiB go in");
	ok(syscall(SYS_ioctl, (long)fd[0], (long)READABLE, &n) == 0 && n == 65536, "FIONREAD says so");
	ok(gives(syscall(SYS_fcntl, (long)fd[1], (long)SET_SIZE, 4096l), EBUSY), "no smaller size while it is full: EBUSY");
	ok(syscall(SYS_fcntl, (long)fd[1], (long)SET_SIZE, 65537l) == 131072 &&
		   syscall(SYS_fcntl, (long)fd[0], (long)GET_SIZE, 0l) == 131072,
	   "a larger one, the next power of two");
	ok(fill(fd[1], 4096) == 65536, "as much again goes in");
	for (int i = 0; i < 31; i++)
		good &= read(fd[0], buf, 4096) == 4096;
	ok(good && syscall(SYS_fcntl, (long)fd[0], (long)SET_SIZE, 100l) == 4096 &&
		   syscall(SYS_fcntl, (long)fd[0], (long)GET_SIZE, 0l) == 4096,
	   "with one page in it, one page");
	ok(read(fd[0], buf, sizeof(buf)) == 4096 && fill(fd[1], 4096) == 4096, "which holds a page");
	ok(gives(syscall(SYS_fcntl, (long)0, (long)GET_SIZE, 0l), EBADF) || isatty(0), "what is no pipe: EBADF");
	close(fd[0]);
	close(fd[1]);
}

static void test_nonblocking(void)
{
	char page[4096];
	int fd[2];

	if (pipe(fd) || fcntl(fd[0], F_SETFL, O_NONBLOCK) || fcntl(fd[1], F_SETFL, O_NONBLOCK))
		exit(1);
	memset(page, 7, sizeof(page));
	ok(gives(read(fd[0], page, 1), EAGAIN), "nothing there: EAGAIN");
	while (write(fd[1], page, sizeof(page)) > 0)
		;
	ok(gives(write(fd[1], page, 1), EAGAIN), "no room: EAGAIN");
	if (read(fd[0], page, 4096) != 4096 || write(fd[1], page, 4000) != 4000)
		exit(1);
	ok(gives(write(fd[1], page, 4096), EAGAIN), "a small write goes in whole or not at all");
	close(fd[0]);
	close(fd[1]);
}

/* Four writers, each vector of 1,000 bytes in eight pieces. */
static void test_vectors(void)
{
	char bytes[1000];
	int fd[2], good = 1, status;

	if (pipe(fd))
		exit(1);
	for (int w = 0; w < 4; w++)
		if (fork() == 0) {
			struct piece v[8];

			memset(bytes, 'a' + w, sizeof(bytes));
			for (int i = 0; i < 8; i++)
				v[i] = (struct piece){ bytes + i * 125, 125 };
			for (int i = 0; i < 100; i++)
				if (syscall(SYS_writev, (long)fd[1], v, 8l) != 1000)
					_exit(1);
			_exit(0);
		}
	for (int i = 0; i < 400; i++) {
		for (size_t got = 0; got < sizeof(bytes);) {
			ssize_t n = read(fd[0], bytes + got, sizeof(bytes) - got);

			if (n <= 0)
				exit(1);
			got += (size_t)n;
		}
		for (size_t k = 1; k < sizeof(bytes); k++)
			good &= bytes[k] == bytes[0];
	}
	while (wait(&status) > 0)
		good &= status == 0;
	ok(good, "a small vector stays whole too");
	close(fd[0]);
	close(fd[1]);
}

static void test_controls(void)
{
	int fd[2], on = 1;
	char byte;

	if (pipe(fd))
		exit(1);
	ok(syscall(SYS_ioctl, (long)fd[0], (long)NONBLOCKING, &on) == 0 && fcntl(fd[0], F_GETFL) & O_NONBLOCK &&
		   gives(read(fd[0], &byte, 1), EAGAIN),
	   "FIONBIO");
	ok(syscall(SYS_ioctl, (long)fd[0], (long)CLOSES_ON_EXEC, 0l) == 0 && fcntl(fd[0], F_GETFD) == 1, "FIOCLEX");
	ok(gives(syscall(SYS_close_range, 9l, 8l, 0l), EINVAL) && gives(syscall(SYS_close_range, 8l, 9l, 1l), EINVAL), "close_range: bad arguments");
	ok(syscall(SYS_close_range, (long)fd[1], (long)fd[1], 4l) == 0 && fcntl(fd[1], F_GETFD) == 1, "close_range marks");
	ok(syscall(SYS_close_range, (long)fd[0], 0x7fffffffl, 0l) == 0 && gives(fcntl(fd[1], F_GETFD), EBADF), "and closes");
}

static void test_positions(void)
{
	struct piece v[2] = { { "ab", 2 }, { "cd", 2 } };
	int fd[2], file = open("/bin/pipes", O_RDONLY);
	char a[4], b[4];
	struct piece in[2] = { { a, 2 }, { b, 4 } };

	if (pipe(fd))
		exit(1);
	ok(gives(syscall(SYS_preadv, (long)fd[0], in, 2l, 0l, 0l), ESPIPE) &&
		   gives(syscall(SYS_pwritev, (long)fd[1], v, 2l, 0l, 0l), ESPIPE),
	   "p-forms on a pipe: ESPIPE");
	ok(gives(syscall(SYS_pwritev2, (long)fd[1], v, 2l, 0l, 0l, 16l), ESPIPE), "RWF_APPEND changes nothing about that");
	ok(syscall(SYS_pwritev2, (long)fd[1], v, 2l, -1l, 0l, 18l) == 4 && syscall(SYS_preadv2, (long)fd[0], in, 2l, -1l, 0l, 0l) == 4 &&
		   !memcmp(b, "cd", 2),
	   "at position -1 they are readv and writev");
	ok(syscall(SYS_preadv, (long)file, in, 2l, 1l, 0l) == 6 && a[0] == 'E' && a[1] == 'L' && b[0] == 'F', "preadv of a file");
	ok(syscall(SYS_preadv2, (long)file, in, 2l, -1l, 0l, 1l) == 6 && lseek(file, 0, SEEK_CUR) == 6, "preadv2 at its position, with RWF_HIPRI");
	ok(gives(syscall(SYS_preadv2, (long)file, in, 2l, 0l, 0l, 0x80000000l), EOPNOTSUPP), "an unknown flag: EOPNOTSUPP");
	ok(gives(syscall(SYS_preadv, (long)file, in, 2l, -1l, 0l), EINVAL) &&
		   gives(syscall(SYS_preadv, (long)file, in, 1025l, 0l, 0l), EINVAL),
	   "a negative position, 1,025 pieces: EINVAL");
	close(fd[0]);
	close(fd[1]);
	close(file);
}

/* The start of a page with none behind it. */
static char *last_page(void)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || munmap(at + 4096, 4096))
		exit(1);
	return at;
}

/* What a reader can't store stays for the next one. */
static void test_unstored(void)
{
	char *page = last_page(), buf[16];
	int fd[2], there = 0;

	if (pipe(fd) || write(fd[1], "0123456789", 10) != 10)
		exit(1);
	ok(gives(read(fd[0], page + 4096, 10), EFAULT) && gives(read(fd[0], page + 4091, 10), EFAULT), "nowhere to store it, or half of it: EFAULT");
	ok(syscall(SYS_ioctl, (long)fd[0], (long)READABLE, &there) == 0 && there == 10, "and nothing is lost");
	ok(read(fd[0], buf, 16) == 10 && !memcmp(buf, "0123456789", 10), "the next reader has it");
	close(fd[0]);
	close(fd[1]);
	munmap(page, 4096);
}

enum { NUMBERS = 1000, READERS = 4 };

/* Reads numbers till the end, and counts those it had; now and then it has no place for one. */
static int numbers_read(int fd, int self, _Atomic unsigned char *had)
{
	char *page = last_page();
	int number;

	for (unsigned i = 0;; i++) {
		char *to = page + 4096 - (i % 3 == (unsigned)self % 3 ? 2 : sizeof(number));
		ssize_t n = read(fd, to, sizeof(number));

		if (n < 0 ? to != page + 4094 || errno != EFAULT : n && n != sizeof(number))
			return 1;
		if (n == 0)
			return 0;
		if (n > 0) {
			memcpy(&number, to, sizeof(number));
			had[number]++;
		}
	}
}

/* Four readers of one pipe: each number goes to exactly one of them. */
static void test_readers(void)
{
	_Atomic unsigned char *had = mmap(NULL, NUMBERS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd[2], status, good = 1;

	if (had == MAP_FAILED || pipe(fd))
		exit(1);
	for (int r = 0; r < READERS; r++)
		if (fork() == 0) {
			close(fd[1]);
			_exit(numbers_read(fd[0], r, had));
		}
	close(fd[0]);
	for (int i = 0; i < NUMBERS; i++)
		good &= write(fd[1], &i, sizeof(i)) == sizeof(i);
	close(fd[1]);
	while (wait(&status) > 0)
		good &= status == 0;
	for (int i = 0; i < NUMBERS; i++)
		good &= had[i] == 1;
	ok(good, "several readers: each byte goes to one of them, also when it has no place for it at first");
	munmap((void *)had, NUMBERS);
}

int main(void)
{
	test_unstored();
	test_readers();
	test_size();
	test_nonblocking();
	test_vectors();
	test_controls();
	test_positions();
	test_order();
	test_ends();
	test_whole();
	test_ping_pong();
	return tap_done();
}
