/* SPDX-License-Identifier: MIT */
/* eventfd, timerfd, epoll: counts, times, levels, edges, one-shots, ends of files, epolls in epolls. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "tap.h"

enum { IN = 1, OUT = 4, ERR = 8, HUP = 16, ADD = 1, DEL, MOD, NONBLOCK = 04000, CLOEXEC = 02000000 };
#define ONESHOT (1u << 30)
#define EDGE (1u << 31)

struct event {
	uint32_t events;
	uint64_t data;
#ifdef __x86_64__
} __attribute__((packed));
#else
};
#endif

static struct event got[64];

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static long control(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct event e = { events, data };

	return syscall(SYS_epoll_ctl, (long)ep, (long)op, (long)fd, &e);
}

static long wait_for(int ep, int n, int ms)
{
	memset(got, 0, sizeof(got));
	return syscall(SYS_epoll_pwait, (long)ep, got, (long)n, (long)ms, 0l, 8l);
}

static int new_epoll(void)
{
	return (int)syscall(SYS_epoll_create1, (long)CLOEXEC);
}

static int new_event(unsigned count, int flags)
{
	return (int)syscall(SYS_eventfd2, (long)count, (long)flags);
}

/* ---- eventfd ---- */

static void test_eventfd(void)
{
	int fd = new_event(3, NONBLOCK), sem = new_event(2, NONBLOCK | 1);
	uint64_t v = 4, most = UINT64_MAX - 1, all = UINT64_MAX;

	ok(fd >= 0 && write(fd, &v, 8) == 8 && read(fd, &v, 8) == 8 && v == 7, "a counter adds up");
	ok(gives(read(fd, &v, 8), EAGAIN), "and is empty then: EAGAIN");
	ok(gives(read(fd, &v, 7), EINVAL) && gives(write(fd, &v, 4), EINVAL) && gives(write(fd, &all, 8), EINVAL),
	   "less than 8 bytes, all ones: EINVAL");
	v = 1;
	ok(write(fd, &most, 8) == 8 && gives(write(fd, &v, 8), EAGAIN), "full: EAGAIN");
	ok(read(sem, &v, 8) == 8 && v == 1 && read(sem, &v, 8) == 8 && v == 1 && gives(read(sem, &v, 8), EAGAIN), "a semaphore gives one at a time");
	ok(gives(new_event(0, 8), EINVAL), "unknown flags: EINVAL");
	close(fd);
	close(sem);
}

static void *adds_later(void *arg)
{
	uint64_t one = 1;

	pause_ms(3);
	if (write(*(int *)arg, &one, 8) != 8)
		_exit(3);
	return NULL;
}

/* ---- timerfd ---- */

struct setting {
	struct timespec interval, value;
};

static void test_timerfd(void)
{
	int fd = (int)syscall(SYS_timerfd_create, 1l, 0l), calendar = (int)syscall(SYS_timerfd_create, 0l, (long)NONBLOCK);
	struct setting once = { { 0, 0 }, { 0, 2000000 } }, often = { { 0, 1000000 }, { 0, 1 } }, old, never = { { 0, 0 }, { 0, 0 } };
	struct setting past = { { 0, 0 }, { 0, 1 } }, bad = { { 0, 0 }, { 0, 1000000000 } };
	uint64_t n = 0;

	ok(fd >= 0 && syscall(SYS_timerfd_settime, (long)fd, 0l, &once, &old) == 0 && old.value.tv_nsec == 0, "a timer of 2 ms");
	ok(syscall(SYS_timerfd_gettime, (long)fd, &old) == 0 && old.value.tv_sec == 0 && old.value.tv_nsec <= 2000000, "no more than that is left");
	ok(read(fd, &n, 8) == 8 && n == 1, "it goes off once");
	syscall(SYS_timerfd_settime, (long)fd, 0l, &often, NULL);
	pause_ms(5);
	ok(read(fd, &n, 8) == 8 && n >= 4, "every millisecond: four times and more in 5 ms");
	ok(syscall(SYS_timerfd_settime, (long)fd, 0l, &never, &old) == 0 && old.interval.tv_nsec == 1000000, "stopped; what it was comes back");
	ok(syscall(SYS_timerfd_settime, (long)calendar, 1l, &past, NULL) == 0, "a moment of the calendar that has passed");
	pause_ms(5);
	ok(read(calendar, &n, 8) == 8 && n == 1, "goes off");
	ok(gives(read(calendar, &n, 8), EAGAIN), "once");
	ok(gives(syscall(SYS_timerfd_settime, (long)fd, 0l, &bad, NULL), EINVAL) &&
		   gives(syscall(SYS_timerfd_settime, 0l, 0l, &once, NULL), EINVAL),
	   "a bad time, no timer: EINVAL");
	ok(gives(syscall(SYS_timerfd_create, 55l, 0l), EINVAL) && gives(syscall(SYS_timerfd_settime, (long)fd, 0l, 8l, NULL), EFAULT),
	   "no such clock: EINVAL; nowhere: EFAULT");
	close(fd);
	close(calendar);
}

/* ---- epoll ---- */

static void test_arguments(void)
{
	int ep = new_epoll(), file = open("/bin/events", O_RDONLY), fd = new_event(0, 0);

	ok(gives(syscall(SYS_epoll_create1, 1l), EINVAL), "unknown flags: EINVAL");
	ok(gives(control(ep, ADD, 999, IN, 0), EBADF) && gives(control(999, ADD, fd, IN, 0), EBADF), "a closed descriptor: EBADF");
	ok(gives(control(ep, ADD, ep, IN, 0), EINVAL) && gives(control(fd, ADD, ep, IN, 0), EINVAL), "itself, or what is no epoll: EINVAL");
	ok(gives(control(ep, ADD, file, IN, 0), EPERM), "a regular file: EPERM");
	ok(control(ep, ADD, fd, IN, 0) == 0 && gives(control(ep, ADD, fd, IN, 0), EEXIST), "twice: EEXIST");
	ok(control(ep, DEL, fd, 0, 0) == 0 && gives(control(ep, DEL, fd, 0, 0), ENOENT) && gives(control(ep, MOD, fd, 0, 0), ENOENT),
	   "not there: ENOENT");
	ok(gives(control(ep, 9, fd, 0, 0), EINVAL) && gives(syscall(SYS_epoll_ctl, (long)ep, 1l, (long)fd, 8l), EFAULT),
	   "no such operation: EINVAL; nowhere: EFAULT");
	ok(gives(wait_for(ep, 0, 0), EINVAL) && gives(wait_for(fd, 1, 0), EINVAL) && gives(wait_for(999, 1, 0), EBADF),
	   "waiting for nothing, at what is no epoll");
	ok(wait_for(ep, 5, 0) == 0 && wait_for(ep, 5, 2) == 0, "of nothing: nothing");
	close(ep);
	close(file);
	close(fd);
}

static void test_level_and_edge(void)
{
	int ep = new_epoll(), level = new_event(1, NONBLOCK), edge = new_event(1, NONBLOCK), once = new_event(1, NONBLOCK);
	uint64_t v = 1;

	control(ep, ADD, level, IN, 10);
	ok(wait_for(ep, 9, 0) == 1 && got[0].events == IN && got[0].data == 10 && wait_for(ep, 9, 0) == 1, "a level is told as long as it lasts");
	read(level, &v, 8);
	ok(wait_for(ep, 9, 0) == 0, "and no longer");
	control(ep, ADD, edge, IN | EDGE, 11);
	ok(wait_for(ep, 9, 0) == 1 && got[0].data == 11 && wait_for(ep, 9, 0) == 0, "an edge is told once");
	v = 1;
	write(edge, &v, 8);
	ok(wait_for(ep, 9, 0) == 1 && wait_for(ep, 9, 0) == 0, "each time");
	control(ep, ADD, once, IN | ONESHOT, 12);
	ok(wait_for(ep, 9, 0) == 1 && got[0].data == 12, "a one-shot");
	write(once, &v, 8);
	ok(wait_for(ep, 9, 0) == 0, "is told once, whatever happens");
	ok(control(ep, MOD, once, IN | ONESHOT, 13) == 0 && wait_for(ep, 9, 0) == 1 && got[0].data == 13, "until it is asked for again");
	ok(control(ep, MOD, level, OUT, 14) == 0 && wait_for(ep, 9, 0) == 1 && got[0].events == OUT && got[0].data == 14, "other events from now on");
	close(ep);
	close(level);
	close(edge);
	close(once);
}

static void test_wakes(void)
{
	int ep = new_epoll(), fds[20], good = 1;
	pthread_t t;

	for (int i = 0; i < 20; i++) {
		fds[i] = new_event(0, NONBLOCK);
		control(ep, ADD, fds[i], IN | (i & 1 ? EDGE : 0), (uint64_t)i);
	}
	if (pthread_create(&t, NULL, adds_later, &fds[7]))
		exit(2);
	ok(wait_for(ep, 9, -1) == 1 && got[0].data == 7, "a sleeper is woken by one of twenty");
	pthread_join(t, NULL);
	for (int i = 0; i < 20; i++)
		adds_later(&fds[i]);
	ok(wait_for(ep, 5, 0) == 5 && wait_for(ep, 64, 0) >= 15, "as many as are asked for");
	for (int i = 0; i < 20; i += 2)
		close(fds[i]);
	good = wait_for(ep, 64, 0);
	ok(good == 0, "closed files are watched no more (%d)", good);
	close(ep);
	for (int i = 1; i < 20; i += 2)
		close(fds[i]);
}

static void test_pipes(void)
{
	int ep = new_epoll(), fd[2], copy;

	if (pipe(fd))
		exit(2);
	control(ep, ADD, fd[0], IN | EDGE, 1);
	control(ep, ADD, fd[1], OUT | EDGE, 2);
	ok(wait_for(ep, 9, 0) == 1 && got[0].data == 2 && got[0].events == OUT, "an empty pipe: room");
	write(fd[1], "x", 1);
	ok(wait_for(ep, 9, 0) >= 1 && wait_for(ep, 9, 0) == 0, "a byte: an edge");
	copy = dup(fd[0]);
	close(fd[1]);
	ok(wait_for(ep, 9, 0) == 1 && got[0].data == 1 && got[0].events == (IN | HUP), "the writer has gone");
	close(fd[0]);
	ok(control(ep, MOD, copy, IN, 3) == -1 && errno == ENOENT, "another descriptor is another item");
	close(copy);
	ok(wait_for(ep, 9, 0) == 0, "with the last descriptor the item goes");
	close(ep);
}

static void test_nested(void)
{
	int outer = new_epoll(), inner = new_epoll(), fd = new_event(0, NONBLOCK);
	pthread_t t;
	uint64_t v;

	control(inner, ADD, fd, IN, 5);
	ok(control(outer, ADD, inner, IN, 6) == 0 && wait_for(outer, 9, 0) == 0, "an epoll in an epoll");
	if (pthread_create(&t, NULL, adds_later, &fd))
		exit(2);
	ok(wait_for(outer, 9, -1) == 1 && got[0].data == 6, "is ready when it has something to tell");
	pthread_join(t, NULL);
	ok(wait_for(inner, 9, 0) == 1 && got[0].data == 5, "which it does");
	read(fd, &v, 8);
	ok(wait_for(outer, 9, 0) == 0, "and is not when it has not");
	ok(gives(control(inner, ADD, outer, IN, 0), ELOOP), "no circles: ELOOP");
	close(inner);
	close(fd);
	close(outer);
}

#define DEEP 5

static void test_deep(void)
{
	int ep[DEEP + 1], fd = new_event(0, NONBLOCK);
	pthread_t t;
	uint64_t v;

	for (int i = 0; i <= DEEP; i++)
		ep[i] = new_epoll();
	control(ep[0], ADD, fd, IN, 0);
	for (int i = 1; i < DEEP; i++)
		if (control(ep[i], ADD, ep[i - 1], IN, (uint64_t)i))
			exit(2);
	ok(gives(control(ep[DEEP], ADD, ep[DEEP - 1], IN, 0), ELOOP), "five epolls one in the other, and no more: ELOOP");
	ok(gives(control(ep[0], ADD, ep[DEEP - 1], IN, 0), ELOOP), "no circle of five either");
	ok(wait_for(ep[DEEP - 1], 9, 0) == 0, "nothing to tell");
	if (pthread_create(&t, NULL, adds_later, &fd))
		exit(2);
	ok(wait_for(ep[DEEP - 1], 9, -1) == 1 && got[0].data == DEEP - 1, "the outermost is ready");
	pthread_join(t, NULL);
	read(fd, &v, 8);
	ok(wait_for(ep[DEEP - 1], 9, 0) == 0, "until it is read");
	for (int i = 0; i <= DEEP; i++)
		close(ep[i]);
	close(fd);
}

#define EXCLUSIVE (1u << 28)

static void test_exclusive(void)
{
	int ep = new_epoll(), inner = new_epoll(), fd = new_event(0, NONBLOCK);
	pthread_t t;

	ok(gives(control(ep, ADD, fd, IN | EXCLUSIVE | ONESHOT, 0), EINVAL) && gives(control(ep, ADD, inner, IN | EXCLUSIVE, 0), EINVAL),
	   "exclusive and once, or an epoll: EINVAL");
	ok(control(ep, ADD, fd, IN | EXCLUSIVE, 4) == 0 && gives(control(ep, MOD, fd, IN, 4), EINVAL), "what is exclusive cannot be changed: EINVAL");
	if (pthread_create(&t, NULL, adds_later, &fd))
		exit(2);
	ok(wait_for(ep, 9, -1) == 1 && got[0].data == 4, "it is told");
	pthread_join(t, NULL);
	close(ep);
	close(inner);
	close(fd);
}

/* ---- many threads: each event is told to somebody, each once ---- */

#define MANY 4
#define EACH 300

static int shared_ep, shared_events[MANY];
static _Atomic int told;

static void *collects(void *arg)
{
	struct event e[3];
	uint64_t v;

	(void)arg;
	while (told < MANY * EACH) {
		long n = syscall(SYS_epoll_pwait, (long)shared_ep, e, 3l, 20l, 0l, 8l);

		for (long i = 0; i < n; i++)
			if (read((int)e[i].data, &v, 8) == 8)
				told += (int)v;
	}
	return NULL;
}

static void *adds(void *arg)
{
	uint64_t one = 1;

	for (int i = 0; i < EACH; i++)
		if (write(*(int *)arg, &one, 8) != 8)
			_exit(4);
	return NULL;
}

static void test_many(void)
{
	pthread_t t[2 * MANY];

	shared_ep = new_epoll();
	for (int i = 0; i < MANY; i++) {
		shared_events[i] = new_event(0, NONBLOCK);
		control(shared_ep, ADD, shared_events[i], IN | (i & 1 ? EDGE : 0), (uint64_t)shared_events[i]);
	}
	for (int i = 0; i < MANY; i++)
		if (pthread_create(&t[i], NULL, collects, NULL) || pthread_create(&t[MANY + i], NULL, adds, &shared_events[i]))
			exit(2);
	for (int i = 0; i < 2 * MANY; i++)
		pthread_join(t[i], NULL);
	ok(told == MANY * EACH, "four threads add, four collect: nothing is lost");
}

int main(void)
{
	test_eventfd();
	test_timerfd();
	test_arguments();
	test_level_and_edge();
	test_wakes();
	test_pipes();
	test_nested();
	test_deep();
	test_exclusive();
	test_many();
	return tap_done();
}
