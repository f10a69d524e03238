/* SPDX-License-Identifier: MIT */
/* signalfd: what it reads of which signal, who reads it, waiting, polling and epoll; its errors. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "ready.h"
#include "tap.h"

#if defined __x86_64__ && !defined SYS_signalfd
#define SYS_signalfd 282
#endif

enum { NONBLOCK = 04000, CLOEXEC = 02000000 };

struct record {
	uint32_t signo;
	int32_t error, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t tid, band, overrun, trapno;
	int32_t status, value;
	uint64_t pointer, utime, stime, addr;
	uint8_t rest[48];
};

static uint64_t bit(int sig)
{
	return 1ull << (sig - 1);
}

static long signalfd4(int fd, uint64_t mask, unsigned flags)
{
	return syscall(SYS_signalfd4, fd, &mask, 8l, flags);
}

static void block(uint64_t mask)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8l);
}

/* The old call, where there is one. */
static void test_old(void)
{
#ifdef SYS_signalfd
	uint64_t mask = bit(SIGUSR1);
	int fd = (int)syscall(SYS_signalfd, -1, &mask, 8l);

	ok(fd >= 0 && fcntl(fd, F_GETFD) == 0, "signalfd");
	close(fd);
#endif
}

static void test_errors(void)
{
	uint64_t mask = bit(SIGUSR1);
	int fd = (int)signalfd4(-1, mask, CLOEXEC), pipes[2];
	struct record r;

	ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC, "signalfd4 with SFD_CLOEXEC");
	ok(gives(syscall(SYS_signalfd4, -1, &mask, 4l, 0), EINVAL), "a mask of another size: EINVAL");
	ok(gives(syscall(SYS_signalfd4, -1, (void *)8, 8l, 0), EFAULT), "nowhere: EFAULT");
	ok(gives(signalfd4(-1, mask, 1), EINVAL), "unknown flags: EINVAL");
	if (pipe(pipes))
		exit(2);
	ok(gives(signalfd4(pipes[0], mask, 0), EINVAL) && gives(signalfd4(777, mask, 0), EBADF), "a pipe: EINVAL; nothing: EBADF");
	ok(gives(read(fd, &r, sizeof(r) - 1), EINVAL), "a read of less than one record: EINVAL");
	ok(gives(write(fd, &r, sizeof(r)), EINVAL), "write: EINVAL");
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
}

static void test_records(void)
{
	int fd = (int)signalfd4(-1, bit(SIGUSR1) | bit(SIGRTMIN) | bit(SIGCHLD), NONBLOCK);
	union sigval value = { 0 };
	struct record r[4];
	pid_t child;

	ok(gives(read(fd, r, sizeof(r)), EAGAIN), "nothing is pending: EAGAIN");
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	value.sival_int = 42;
	sigqueue(getpid(), SIGRTMIN, value);
	ok(read(fd, r, sizeof(r)) == 2 * sizeof(r[0]), "two that it reads, one that it does not: two records");
	ok(r[0].signo == SIGUSR1 && r[0].code == 0 && r[0].pid == (uint32_t)getpid() && r[0].uid == (uint32_t)syscall(SYS_getuid),
	   "of kill: who sent it");
	ok((int)r[1].signo == SIGRTMIN && r[1].code == -1 && r[1].value == 42 && r[1].pid == (uint32_t)getpid(), "of sigqueue: the value");
	kill(getpid(), SIGUSR1);
	ok(gives(syscall(SYS_read, fd, 8l, sizeof(r)), EFAULT), "a record that cannot be stored: EFAULT");
	ok(gives(read(fd, r, sizeof(r)), EAGAIN), "and is lost");
	child = fork();
	if (!child)
		_exit(3);
	while (read(fd, r, sizeof(r)) < 0 && errno == EAGAIN)
		pause_ms(1);
	ok(r[0].signo == SIGCHLD && r[0].code == 1 && r[0].pid == (uint32_t)child && r[0].status == 3, "of SIGCHLD: the status");
	waitpid(child, NULL, 0);
	kill(getpid(), SIGUSR1);
	ok(signalfd4(fd, bit(SIGUSR2), 0) == fd && read(fd, r, sizeof(r)) == sizeof(r[0]) && r[0].signo == SIGUSR2,
	   "with another mask it reads others");
	ok(gives(read(fd, r, sizeof(r)), EAGAIN), "and the others no more");
	signalfd4(fd, ~0ull, 0);
	ok(read(fd, r, sizeof(r)) == sizeof(r[0]) && r[0].signo == SIGUSR1, "they stay pending");
	close(fd);
}

/* ---- waiting ---- */

static int wait_fd;
static struct record got;

static void *reader(void *arg)
{
	return read(wait_fd, &got, sizeof(got)) == sizeof(got) ? arg : NULL;
}

static void test_waiting(void)
{
	void *result;
	pthread_t t;

	wait_fd = (int)signalfd4(-1, bit(SIGUSR1), 0);
	if (pthread_create(&t, NULL, reader, &got))
		exit(2);
	pause_ms(5);
	kill(getpid(), SIGUSR1);
	pthread_join(t, &result);
	ok(result && got.signo == SIGUSR1, "a reader that waits is woken");
	if (pthread_create(&t, NULL, reader, &got))
		exit(2);
	pause_ms(5);
	signalfd4(wait_fd, bit(SIGUSR2), 0);
	kill(getpid(), SIGUSR2);
	pthread_join(t, &result);
	ok(result && got.signo == SIGUSR2, "by a change of the mask, too");
}

static void test_polling(void)
{
	int ep = epoll_of(wait_fd, IN);

	ok(!ready(wait_fd, IN | OUT, 0) && !epoll_ready(ep, 0), "not ready");
	kill(getpid(), SIGUSR2);
	ok(ready(wait_fd, IN | OUT, 1) == IN, "poll: POLLIN");
	ok(epoll_ready(ep, 1) == IN, "epoll: EPOLLIN");
	ok(read(wait_fd, &got, sizeof(got)) == sizeof(got) && !ready(wait_fd, IN, 0) && !epoll_ready(ep, 0), "until it is read");
	close(ep);
}

/* The reader's signals count, not the opener's. */
static void in_the_child(void *arg)
{
	struct record r;

	(void)arg;
	kill(getppid(), SIGUSR2);
	if (fcntl(wait_fd, F_SETFL, O_NONBLOCK) || !gives(read(wait_fd, &r, sizeof(r)), EAGAIN))
		_exit(1);
	kill(getpid(), SIGUSR2);
	_exit(read(wait_fd, &r, sizeof(r)) == sizeof(r) && r.pid == (uint32_t)getpid() ? 0 : 2);
}

static void test_child(void)
{
	ok(in_child(in_the_child, NULL) == 0, "a child reads its own signals, not its parent's");
	ok(read(wait_fd, &got, sizeof(got)) == sizeof(got) && got.signo == SIGUSR2, "which the parent has yet");
}

int main(void)
{
	block(bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGRTMIN) | bit(SIGCHLD));
	test_old();
	test_errors();
	test_records();
	test_waiting();
	test_polling();
	test_child();
	return tap_done();
}
