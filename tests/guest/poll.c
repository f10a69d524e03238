/* SPDX-License-Identifier: MIT */
/* ppoll and pselect6 (poll and select where they are): what is ready, what wakes, times, masks, bad arguments. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

enum { IN = 1, PRI = 2, OUT = 4, ERR = 8, HUP = 16, NVAL = 32, RDNORM = 0x40, WRNORM = 0x100 };

struct pollfd {
	int fd;
	short events, revents;
};

static int pipes[2];

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static long poll_now(struct pollfd *fds, unsigned n, struct timespec *ts)
{
	return syscall(SYS_ppoll, fds, (long)n, ts, 0l, 8l);
}

/* What one descriptor has ready now. */
static int ready(int fd, int events)
{
	struct timespec none = { 0, 0 };
	struct pollfd p = { fd, (short)events, -1 };
	long n = poll_now(&p, 1, &none);

	return n == (p.revents != 0) ? p.revents : -1;
}

static void fresh(void)
{
	if (pipe(pipes))
		exit(2);
}

static void drop(void)
{
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- what is ready ---- */

static void test_pipe(void)
{
	char buf[65536];

	memset(buf, 0, sizeof(buf));
	fresh();
	ok(ready(pipes[0], IN) == 0 && ready(pipes[1], OUT | IN) == OUT, "an empty pipe: room, nothing to read");
	ok(write(pipes[1], buf, 1) == 1 && ready(pipes[0], IN | RDNORM) == (IN | RDNORM), "with a byte: something to read");
	ok(ready(pipes[0], OUT) == 0 && ready(pipes[0], 0) == 0, "only what was asked for is told");
	fcntl(pipes[1], F_SETFL, O_NONBLOCK);
	while (write(pipes[1], buf, 4096) > 0)
		;
	ok(ready(pipes[1], OUT) == 0, "a full pipe: no room");
	ok(read(pipes[0], buf, 4096) == 4096 && ready(pipes[1], OUT | WRNORM) == (OUT | WRNORM), "room for a page: room");
	close(pipes[1]);
	ok(ready(pipes[0], IN) == (IN | HUP) && ready(pipes[0], 0) == HUP, "the writer has gone: HUP, asked for or not");
	while (read(pipes[0], buf, sizeof(buf)) > 0)
		;
	ok(ready(pipes[0], IN) == HUP, "and nothing else when all is read");
	close(pipes[0]);
	fresh();
	close(pipes[0]);
	ok(ready(pipes[1], OUT) == (OUT | ERR), "the reader has gone: ERR");
	ok(ready(pipes[0], IN) == NVAL && ready(-1, IN) == 0, "a closed descriptor: NVAL; a negative one: nothing");
	close(pipes[1]);
}

static void test_others(void)
{
	int file = open("/data/one", O_RDONLY), dir = open("/data", O_RDONLY), null = open("/dev/null", O_RDWR);

	ok(ready(file, IN | OUT) == (IN | OUT) && ready(dir, IN) == IN, "files and directories are always ready");
	ok(ready(null, IN | OUT) == (IN | OUT), "so is /dev/null");
	close(file);
	close(dir);
	close(null);
}

/* ---- what wakes ---- */

static void *writes_later(void *arg)
{
	pause_ms(3);
	if (write(*(int *)arg, "x", 1) != 1)
		_exit(3);
	return NULL;
}

static void *closes_later(void *arg)
{
	pause_ms(3);
	close(*(int *)arg);
	return NULL;
}

static void *reads_later(void *arg)
{
	char page[4096];

	pause_ms(3);
	if (read(*(int *)arg, page, sizeof(page)) != sizeof(page))
		_exit(4);
	return NULL;
}

static long wait_while(void *(*does)(void *), int *fd, struct pollfd *fds, unsigned n)
{
	pthread_t t;
	long got;

	if (pthread_create(&t, NULL, does, fd))
		exit(2);
	got = poll_now(fds, n, NULL);
	pthread_join(t, NULL);
	return got;
}

static void test_wakes(void)
{
	struct pollfd fds[3];
	char page[4096];
	int other[2];

	memset(page, 0, sizeof(page));
	fresh();
	if (pipe(other))
		exit(2);
	fds[0] = (struct pollfd){ other[0], IN, 9 };
	fds[1] = (struct pollfd){ pipes[0], IN, 9 };
	fds[2] = (struct pollfd){ -5, IN, 9 };
	ok(wait_while(writes_later, &pipes[1], fds, 3) == 1 && fds[0].revents == 0 && fds[1].revents == IN && fds[2].revents == 0,
	   "of three one becomes readable");
	if (read(pipes[0], page, 1) != 1)
		exit(2);
	ok(wait_while(closes_later, &pipes[1], fds, 2) == 1 && fds[1].revents == HUP, "the last writer closes: HUP");
	fcntl(other[1], F_SETFL, O_NONBLOCK);
	while (write(other[1], page, sizeof(page)) > 0)
		;
	fds[0] = (struct pollfd){ other[1], OUT, 0 };
	ok(wait_while(reads_later, &other[0], fds, 1) == 1 && fds[0].revents == OUT, "a page is read: room");
	ok(wait_while(closes_later, &other[0], (fds[0].events = 0, fds), 1) == 1 && fds[0].revents == ERR, "the reader closes: ERR");
	close(pipes[0]);
	close(other[1]);
}

/* Many pipes, one byte travels: each time the right one is found. */
static void test_many(void)
{
	enum { MANY = 200 };
	static struct pollfd fds[MANY];
	static int ends[MANY];
	int good = 1;
	char byte;

	for (int i = 0; i < MANY; i++) {
		fresh();
		fds[i] = (struct pollfd){ pipes[0], IN, 0 };
		ends[i] = pipes[1];
	}
	for (int i = 0; i < MANY; i += 7) {
		good &= write(ends[i], "y", 1) == 1 && poll_now(fds, MANY, NULL) == 1 && fds[i].revents == IN;
		good &= read(fds[i].fd, &byte, 1) == 1;
	}
	ok(good, "one of 200 pipes");
	for (int i = 0; i < MANY; i++) {
		close(fds[i].fd);
		close(ends[i]);
	}
}

/* ---- times and arguments ---- */

static void test_times(void)
{
	struct timespec ts = { 0, 3000000 }, bad = { 0, -1 }, now, later;
	struct pollfd p = { 0, 0, 0 };

	fresh();
	p.fd = pipes[0];
	p.events = IN;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ok(poll_now(&p, 1, &ts) == 0 && ts.tv_sec == 0 && ts.tv_nsec == 0, "nothing in 3 ms: 0, and no time is left");
	clock_gettime(CLOCK_MONOTONIC, &later);
	ok((later.tv_sec - now.tv_sec) * 1000000000l + later.tv_nsec - now.tv_nsec >= 3000000, "not before they have passed");
	ts.tv_sec = 100;
	if (write(pipes[1], "z", 1) != 1)
		exit(2);
	ok(poll_now(&p, 1, &ts) == 1 && (ts.tv_sec == 99 || ts.tv_sec == 100), "ready at once: the time that is left comes back");
	ok(poll_now(NULL, 0, (ts.tv_sec = 0, ts.tv_nsec = 1000, &ts)) == 0, "of nothing at all: a sleep");
	ok(gives(poll_now(&p, 1, &bad), EINVAL), "a bad time: EINVAL");
	ok(gives(poll_now((void *)8, 1, &ts), EFAULT) && gives(syscall(SYS_ppoll, &p, 1l, 8l, 0l, 8l), EFAULT), "bad pointers: EFAULT");
	ok(gives(syscall(SYS_ppoll, &p, 1l, 0l, &ts, 4l), EINVAL), "a mask of another size: EINVAL");
	ok(gives(poll_now(&p, 100000000, &ts), EINVAL), "more than there may be descriptors: EINVAL");
	drop();
}

#ifdef SYS_poll
static void test_old(void)
{
	struct timeval tv = { 100, 0 };
	struct pollfd p;
	uint64_t set = 1;

	fresh();
	p = (struct pollfd){ pipes[0], IN, 0 };
	ok(syscall(SYS_poll, &p, 1l, 0l) == 0 && syscall(SYS_poll, &p, 1l, 2l) == 0, "poll: nothing, at once and after 2 ms");
	set = 1ull << pipes[1];
	ok(syscall(SYS_select, (long)pipes[1] + 1, 0l, &set, 0l, &tv) == 1 && set == 1ull << pipes[1] && tv.tv_sec >= 99,
	   "select: room, and the time left");
	ok(gives(syscall(SYS_select, 1l, 0l, 0l, 0l, (tv.tv_sec = -1, &tv)), EINVAL), "a negative time: EINVAL");
	drop();
}
#else
static void test_old(void)
{
}
#endif

/* ---- select ---- */

static long select_now(int n, void *r, void *w, void *e, struct timespec *ts)
{
	return syscall(SYS_pselect6, (long)n, r, w, e, ts, 0l);
}

static void test_select(void)
{
	struct timespec none = { 0, 0 }, bad = { 0, 1000000000 };
	uint64_t r[16] = { 0 }, w[16] = { 0 }, e[16] = { 0 };
	uint64_t bit0, bit1;

	fresh();
	bit0 = 1ull << pipes[0];
	bit1 = 1ull << pipes[1];
	r[0] = e[0] = bit0;
	w[0] = bit1;
	ok(select_now(pipes[1] + 1, r, w, e, NULL) == 1 && r[0] == 0 && w[0] == bit1 && e[0] == 0, "pselect6: room to write");
	if (write(pipes[1], "q", 1) != 1)
		exit(2);
	r[0] = bit0;
	ok(select_now(pipes[1] + 1, r, w, NULL, NULL) == 2 && r[0] == bit0 && w[0] == bit1, "and something to read: two");
	r[0] = bit0;
	w[0] = bit1;
	ok(select_now(pipes[0] + 1, r, w, NULL, NULL) == 1 && r[0] == bit0, "n is the highest and one");
	close(pipes[0]);
	r[0] = 0;
	w[0] = bit1;
	ok(select_now(pipes[1] + 1, NULL, w, NULL, &none) == 1 && w[0] == bit1, "the reader has gone: writable, for the error to be seen");
	r[0] = bit0;
	ok(gives(select_now(pipes[1] + 1, r, NULL, NULL, &none), EBADF) && r[0] == bit0, "a closed descriptor: EBADF, the sets as they were");
	ok(gives(select_now(-1, NULL, NULL, NULL, &none), EINVAL) && gives(select_now(1, NULL, NULL, NULL, &bad), EINVAL),
	   "a negative n, a bad time: EINVAL");
	ok(gives(select_now(1, (void *)8, NULL, NULL, &none), EFAULT), "a set nowhere: EFAULT");
	r[0] = 0;
	ok(select_now(900, r, NULL, NULL, &none) == 0, "n beyond what is open");
	close(pipes[1]);
	fresh();
	r[0] = 1ull << pipes[0];
	ok(select_now(pipes[0] + 1, r, NULL, NULL, (none.tv_nsec = 2000000, &none)) == 0 && r[0] == 0 && none.tv_nsec == 0,
	   "nothing in 2 ms: empty sets");
	drop();
}

int main(void)
{
	test_pipe();
	test_others();
	test_wakes();
	test_many();
	test_times();
	test_old();
	test_select();
	return tap_done();
}
