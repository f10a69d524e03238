/* SPDX-License-Identifier: MIT */
/* FIFOs: who waits for whom at opening, and what is left when all have gone. Positioned vectors on files; the limit on their size. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "tap.h"

#define FIFO "/tmp/fifo"
#define PLAIN "/tmp/vectors"

enum { CWD = -100, IS_FIFO = 0010600, IN = 1, HUP = 16 };

struct piece {
	void *base;
	size_t len;
};

struct pollfd {
	int fd;
	short events, revents;
};

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static int ready(int fd)
{
	struct timespec none = { 0, 0 };
	struct pollfd p = { fd, IN, 0 };

	return syscall(SYS_ppoll, &p, 1l, &none, 0l, 8l) < 0 ? -1 : p.revents;
}

static void *opens_writing(void *arg)
{
	int *fd = arg;

	pause_ms(3);
	*fd = open(FIFO, O_WRONLY);
	return NULL;
}

/* Opens for writing, says one word, goes: while the other may not even have woken. */
static void writes_and_goes(void *arg)
{
	int fd = open(FIFO, O_WRONLY);

	_exit(fd >= 0 && write(fd, arg, 5) == 5 ? 0 : 1);
}

static void test_opening(void)
{
	int reader, writer, both;
	pthread_t t;
	char c;

	unlink(FIFO);
	ok(syscall(SYS_mknodat, (long)CWD, FIFO, (long)IS_FIFO, 0l) == 0, "mknod makes a FIFO");
	ok(gives(open(FIFO, O_WRONLY | O_NONBLOCK), ENXIO), "a writer that will not wait, and nobody reads: ENXIO");
	reader = open(FIFO, O_RDONLY | O_NONBLOCK);
	ok(reader >= 0 && read(reader, &c, 1) == 0 && ready(reader) == 0, "a reader that will not wait: nothing there, and no end either");
	writer = open(FIFO, O_WRONLY | O_NONBLOCK);
	ok(writer >= 0 && gives(read(reader, &c, 1), EAGAIN), "with a writer there may be something later: EAGAIN");
	ok(write(writer, "x", 1) == 1 && ready(reader) == IN && read(reader, &c, 1) == 1 && c == 'x', "which comes through");
	close(writer);
	ok(ready(reader) == HUP && read(reader, &c, 1) == 0, "the writer has gone: the end");
	close(reader);
	both = open(FIFO, O_RDWR);
	ok(both >= 0 && write(both, "y", 1) == 1 && read(both, &c, 1) == 1 && c == 'y', "both ends in one: no waiting");
	write(both, "z", 1);
	close(both);
	reader = open(FIFO, O_RDONLY | O_NONBLOCK);
	ok(read(reader, &c, 1) == 0, "when all have gone, so has what was in it");
	close(reader);
	if (pthread_create(&t, NULL, opens_writing, &writer))
		exit(2);
	reader = open(FIFO, O_RDONLY);
	pthread_join(t, NULL);
	ok(reader >= 0 && writer >= 0 && write(writer, "w", 1) == 1 && read(reader, &c, 1) == 1, "a reader waits for a writer");
	close(reader);
	close(writer);
}

static void test_passing(void)
{
	static char words[5][6] = { "one..", "two..", "three", "four.", "five." };
	int good = 1, status;

	for (int i = 0; i < 5; i++) {
		char buf[8] = { 0 };
		pid_t pid;
		int fd;

		fflush(stdout);
		pid = fork();
		if (pid == 0)
			writes_and_goes(words[i]);
		fd = open(FIFO, O_RDONLY);
		good &= fd >= 0 && read(fd, buf, 8) == 5 && !memcmp(buf, words[i], 5) && read(fd, buf, 8) == 0;
		close(fd);
		waitpid(pid, &status, 0);
		good &= status == 0;
	}
	ok(good, "a writer that comes and goes is not missed");
	unlink(FIFO);
}

static void test_vectors(void)
{
	struct piece v[3] = { { "abc", 3 }, { "", 0 }, { "defg", 4 } };
	char buf[32] = { 0 };
	int fd = open(PLAIN, O_RDWR | O_CREAT | O_TRUNC, 0600);

	ok(fd >= 0 && syscall(SYS_pwritev, (long)fd, v, 3l, 2l, 0l) == 7 && lseek(fd, 0, SEEK_CUR) == 0, "pwritev leaves the position");
	ok(pread(fd, buf, 32, 0) == 9 && !memcmp(buf, "\0\0abcdefg", 9), "and writes where it is told");
	ok(syscall(SYS_pwritev2, (long)fd, v, 1l, 0l, 0l, 16l) == 3 && pread(fd, buf, 32, 0) == 12 && !memcmp(buf + 9, "abc", 3),
	   "RWF_APPEND: at the end");
	ok(lseek(fd, 0, SEEK_CUR) == 0, "the position stays");
	ok(syscall(SYS_pwritev2, (long)fd, v, 3l, -1l, 0l, 2l) == 7 && lseek(fd, 0, SEEK_CUR) == 7, "at its own position, with RWF_DSYNC");
	ok(syscall(SYS_pwritev2, (long)fd, v, 1l, -1l, 0l, 16l) == 3 && lseek(fd, 0, SEEK_CUR) == 15 && pread(fd, buf, 32, 0) == 15 &&
		   !memcmp(buf, "abcdefg", 7) && !memcmp(buf + 12, "abc", 3),
	   "RWF_APPEND at its own position: that is the new end then");
	close(fd);
}

static void meets_limit(void *arg)
{
	struct {
		uint64_t cur, max;
	} limit = { 10, 100 };
	int fd = open(PLAIN, O_RDWR | O_TRUNC);

	signal(SIGXFSZ, arg ? SIG_IGN : SIG_DFL);
	if (syscall(SYS_prlimit64, 0l, 1l, &limit, 0l) || write(fd, "0123456789abcdef", 16) != 10)
		_exit(1);
	_exit(gives(write(fd, "x", 1), EFBIG) && pwrite(fd, "yy", 2, 9) == 1 && pwrite(fd, "y", 1, 3) == 1 ? 7 : 2);
}

static void test_limit(void)
{
	int status = in_child(meets_limit, "ignored");

	ok(WIFEXITED(status) && WEXITSTATUS(status) == 7, "RLIMIT_FSIZE cuts a write, then gives EFBIG (%#x)", status);
	status = in_child(meets_limit, NULL);
	ok(killed_by(status, SIGXFSZ), "and SIGXFSZ");
	unlink(PLAIN);
}

int main(void)
{
	test_opening();
	test_passing();
	test_vectors();
	test_limit();
	return tap_done();
}
