/* SPDX-License-Identifier: MIT */
/* Pipes: order, blocking, end of file, whole small writes. */
#include <errno.h>
#include <string.h>

#include "tap.h"

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

int main(void)
{
	test_order();
	test_ends();
	test_whole();
	test_ping_pong();
	return tap_done();
}
