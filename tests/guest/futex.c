/* SPDX-License-Identifier: MIT */
/* futex(2), operation by operation: who is woken, who is moved, who meets whom, what a dead owner leaves, what bad arguments give. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

enum { WAIT, WAKE, REQUEUE = 3, CMP_REQUEUE, WAKE_OP, WAIT_BITSET = 9, WAKE_BITSET, PRIVATE = 128, REALTIME = 256 };

#define WAITERS 5
#define OWNER_DIED 0x40000000u
#define HAS_WAITERS 0x80000000u

typedef _Atomic uint32_t word;

static long futex(word *at, int op, uint32_t value, const void *timeout, word *second, uint32_t value3)
{
	return syscall(SYS_futex, at, op, (long)value, timeout, second, (long)value3);
}


static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

/* ---- arguments ---- */

static void test_arguments(void)
{
	word w = 1, *odd = (word *)((char *)&w + 1), *nowhere = (word *)8, *kernel = (word *)-4096l;
	struct timespec bad = { 0, 1000000000 }, negative = { -1, 0 };

	ok(gives(futex(&w, WAIT, 2, NULL, NULL, 0), EAGAIN), "WAIT: another value, EAGAIN");
	ok(gives(futex(odd, WAIT, 2, NULL, NULL, 0), EINVAL) && gives(futex(odd, WAKE, 1, NULL, NULL, 0), EINVAL), "not aligned: EINVAL");
	ok(gives(futex(nowhere, WAIT, 2, NULL, NULL, 0), EFAULT) && gives(futex(kernel, WAIT, 2, NULL, NULL, 0), EFAULT), "WAIT nowhere: EFAULT");
	ok(gives(futex(nowhere, WAKE, 1, NULL, NULL, 0), EFAULT) && futex(nowhere, WAKE | PRIVATE, 1, NULL, NULL, 0) == 0,
	   "WAKE nowhere: EFAULT if shared, nobody if private");
	ok(gives(futex(kernel, WAKE | PRIVATE, 1, NULL, NULL, 0), EFAULT), "WAKE of a kernel address: EFAULT");
	ok(gives(futex(&w, WAIT, 1, &bad, NULL, 0), EINVAL) && gives(futex(&w, WAIT, 1, &negative, NULL, 0), EINVAL), "bad times: EINVAL");
	ok(gives(futex(&w, WAIT, 1, (void *)8, NULL, 0), EFAULT), "a time nowhere: EFAULT");
	ok(gives(futex(&w, WAIT_BITSET, 1, NULL, NULL, 0), EINVAL) && gives(futex(&w, WAKE_BITSET, 1, NULL, NULL, 0), EINVAL), "no bit: EINVAL");
	ok(gives(futex(&w, WAKE | REALTIME, 1, NULL, NULL, 0), ENOSYS), "WAKE by the calendar: ENOSYS");
	ok(gives(futex(&w, 77, 1, NULL, NULL, 0), ENOSYS), "no such operation: ENOSYS");
	ok(gives(futex(&w, REQUEUE, (uint32_t)-1, NULL, &w, 0), EINVAL), "REQUEUE of a negative number: EINVAL");
	ok(gives(futex(&w, CMP_REQUEUE, 1, (void *)1, &w, 7), EAGAIN), "CMP_REQUEUE: another value, EAGAIN");
	ok(gives(futex(&w, WAKE_OP, 1, NULL, nowhere, 0), EFAULT), "WAKE_OP nowhere: EFAULT");
	ok(futex(&w, WAKE, INT_MAX, NULL, NULL, 0) == 0, "WAKE of nobody: 0");
}

static void test_timeouts(void)
{
	struct timespec ms = { 0, 2000000 }, past = { 0, 1 }, now, later;
	word w = 1;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ok(gives(futex(&w, WAIT, 1, &ms, NULL, 0), ETIMEDOUT), "WAIT for 2 ms: ETIMEDOUT");
	clock_gettime(CLOCK_MONOTONIC, &later);
	ok((later.tv_sec - now.tv_sec) * 1000000000l + later.tv_nsec - now.tv_nsec >= 2000000, "and not before");
	ok(gives(futex(&w, WAIT_BITSET, 1, &past, NULL, 1), ETIMEDOUT), "until a moment that has passed: ETIMEDOUT");
	ok(gives(futex(&w, WAIT_BITSET | REALTIME, 1, &past, NULL, 1), ETIMEDOUT), "by the calendar too");
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_nsec += 3000000;
	if (now.tv_nsec >= 1000000000) {
		now.tv_nsec -= 1000000000;
		now.tv_sec++;
	}
	ok(gives(futex(&w, WAIT_BITSET | REALTIME | PRIVATE, 1, &now, NULL, 1), ETIMEDOUT), "until a moment of the calendar: ETIMEDOUT");
	clock_gettime(CLOCK_REALTIME, &later);
	ok(later.tv_sec > now.tv_sec || (later.tv_sec == now.tv_sec && later.tv_nsec >= now.tv_nsec), "and it is that late");
}

/* ---- threads that wait ---- */

static struct sleeper {
	word *at;
	int op;
	uint32_t value, bits;
	_Atomic int woken;
} sleepers[WAITERS];

static pthread_t threads[WAITERS];

static void *sleep_on(void *arg)
{
	struct sleeper *s = arg;

	s->woken = futex(s->at, s->op, s->value, NULL, NULL, s->bits) == 0 ? 1 : -errno;
	return NULL;
}

static void start(int i, word *at, int op, uint32_t bits)
{
	sleepers[i].at = at;
	sleepers[i].op = op;
	sleepers[i].value = *at;
	sleepers[i].bits = bits;
	sleepers[i].woken = 0;
	if (pthread_create(&threads[i], NULL, sleep_on, &sleepers[i]))
		exit(2);
}

static int join_all(void)
{
	int woken = 0;

	for (int i = 0; i < WAITERS; i++) {
		pthread_join(threads[i], NULL);
		woken += sleepers[i].woken == 1;
	}
	return woken;
}

/* Until n have been woken, one way or another. */
static int wake_until(long n, word *at, int op, uint32_t each, uint32_t bits)
{
	long most = 0;

	while (n > 0) {
		long woken = futex(at, op, each, NULL, NULL, bits);

		if (woken < 0)
			return 0;
		if (woken > most)
			most = woken;
		n -= woken;
		if (!woken)
			pause_ms(1);
	}
	return n == 0 && most <= (long)each;
}

static void test_wake(void)
{
	static word w;

	for (int i = 0; i < WAITERS; i++)
		start(i, &w, WAIT | PRIVATE, 0);
	ok(wake_until(WAITERS, &w, WAKE | PRIVATE, 1, 0), "five wait and are woken one by one");
	ok(join_all() == WAITERS, "all of them by a wake");
	for (int i = 0; i < WAITERS; i++)
		start(i, &w, WAIT, 0);
	ok(wake_until(WAITERS, &w, WAKE, 2, 0), "two by two");
	ok(join_all() == WAITERS && futex(&w, WAKE, 9, NULL, NULL, 0) == 0, "and nobody is left");
}

static void test_bits(void)
{
	static word w;
	int odd = 0;

	for (int i = 0; i < WAITERS; i++)
		start(i, &w, WAIT_BITSET | PRIVATE, i & 1 ? 2 : 5);
	ok(wake_until(2, &w, WAKE_BITSET | PRIVATE, 9, 10), "those of one bit are woken");
	while (sleepers[1].woken + sleepers[3].woken < 2)
		pause_ms(1);
	for (int i = 0; i < WAITERS; i += 2)
		odd += sleepers[i].woken;
	ok(!odd && futex(&w, WAKE_BITSET | PRIVATE, 9, NULL, NULL, 8) == 0, "and no others");
	ok(wake_until(3, &w, WAKE | PRIVATE, 9, 0) && join_all() == WAITERS, "WAKE is for all bits");
}

static void test_requeue(int flags)
{
	static word a, b;
	long moved = 0, n;

	a = 3;
	for (int i = 0; i < WAITERS; i++)
		start(i, &a, WAIT | flags, 0);
	ok(gives(futex(&a, CMP_REQUEUE | flags, 1, (void *)9, &b, 4), EAGAIN), "CMP_REQUEUE looks at the word first");
	while (moved < WAITERS) {
		n = futex(&a, CMP_REQUEUE | flags, 0, (void *)2, &b, 3);
		if (n < 0 || n > 2)
			break;
		moved += n;
		if (!n)
			pause_ms(1);
	}
	ok(moved == WAITERS && futex(&a, WAKE | flags, 9, NULL, NULL, 0) == 0, "all are moved, two at a time; nobody waits at the first word");
	ok(futex(&b, WAKE | flags, 1, NULL, NULL, 0) == 1, "at the second they do");
	ok(futex(&b, REQUEUE | flags, 1, (void *)1, &a, 0) == 2, "REQUEUE: one woken, one moved back");
	ok(futex(&b, WAKE | flags, 9, NULL, NULL, 0) == 2 && futex(&a, WAKE | flags, 9, NULL, NULL, 0) == 1, "two were left, and one came");
	ok(join_all() == WAITERS, "all were woken");
}

static uint32_t code(unsigned op, unsigned arg, unsigned compare, unsigned compare_arg)
{
	return op << 28 | compare << 24 | (arg & 0xfff) << 12 | (compare_arg & 0xfff);
}

/* One waiter on each word: whether the second is woken says what the comparison was. */
static void test_wake_op(void)
{
	static const struct {
		unsigned op, arg, compare, compare_arg;
		uint32_t before, after;
		int second;
	} rows[] = {
		{ 0, 5, 0, 7, 7, 5, 1 },       { 1, 3, 1, 7, 7, 10, 0 },      { 1, 0xfff, 4, 6, 7, 6, 1 },
		{ 2, 8, 2, 7, 7, 15, 0 },      { 3, 5, 3, 7, 7, 2, 1 },	      { 4, 15, 5, 8, 7, 8, 0 },
		{ 8, 4, 2, 0, 0xfffffff0, 16, 1 }, { 9, 31, 5, 0xff0, 7, 0x80000007, 1 },
	};
	static word a, b;
	int good = 1;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		long woken = 0;

		a = 0;
		b = rows[i].before;
		start(0, &a, WAIT | PRIVATE, 0);
		start(1, &b, WAIT | PRIVATE, 0);
		while (sleepers[0].woken == 0 && futex(&a, REQUEUE | PRIVATE, 0, (void *)9, &a, 0) == 0)
			pause_ms(1);
		while (futex(&b, REQUEUE | PRIVATE, 0, (void *)9, &b, 0) == 0)
			pause_ms(1);
		woken = futex(&a, WAKE_OP | PRIVATE, 1, (void *)1, &b,
			      code(rows[i].op, rows[i].arg, rows[i].compare, rows[i].compare_arg));
		good &= woken == 1 + rows[i].second && b == rows[i].after;
		if (!good)
			printf("# row %u: woken %ld, word %#x\n", i, woken, (unsigned)b);
		futex(&b, WAKE | PRIVATE, 9, NULL, NULL, 0);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
	}
	ok(good, "WAKE_OP: every operation, every comparison");
	ok(gives(futex(&a, WAKE_OP, 1, NULL, &b, code(7, 0, 0, 0)), ENOSYS), "no such operation: ENOSYS");
}

/* ---- processes ---- */

static void *map(int fd, int prot, int flags)
{
	void *p = mmap(NULL, 2 * PAGE, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		exit(3);
	return p;
}

static void wait_in_child(void *at)
{
	word *w = at;

	_exit(futex(w, WAIT, *w, NULL, NULL, 0) == 0 ? 0 : errno);
}

/* A child waits at one address, we wake at another. */
static int meet(word *child, word *parent)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		wait_in_child(child);
	while (futex(parent, WAKE, 1, NULL, NULL, 0) == 0)
		pause_ms(1);
	waitpid(pid, &status, 0);
	return status == 0;
}

static void test_shared(void)
{
	int fd = open("/bin/futex", O_RDONLY);
	word *shared = map(-1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	word *private = map(-1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	word *one = map(fd, PROT_READ, MAP_SHARED), *two = map(fd, PROT_READ, MAP_SHARED);
	struct timespec ms = { 0, 30000000 };
	int status;
	pid_t pid;

	ok(meet(shared + 5, shared + 5), "processes meet at shared memory");
	ok(meet(one + 1025, two + 1025), "and at two addresses of one file");
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(gives(futex(private, WAIT, 0, &ms, NULL, 0), ETIMEDOUT) ? 0 : 1);
	for (int i = 0; i < 5; i++) {
		if (futex(private, WAKE, 1, NULL, NULL, 0))
			kill(pid, SIGKILL);
		pause_ms(1);
	}
	waitpid(pid, &status, 0);
	ok(status == 0, "but not at one address of memory that is private");
	ok(gives(futex(two + 1, WAKE_OP, 1, NULL, two + 2, 0), EFAULT), "WAKE_OP on memory that may not be written: EFAULT");
}

static word *crossing[2];

static void move_in_child(void *arg)
{
	(void)arg;
	while (futex(crossing[0], CMP_REQUEUE, 0, (void *)9, crossing[1], 0) == 0)
		pause_ms(1);
}

/* The waiter's word comes to be another file's. */
static void test_move_between(void)
{
	int status;
	pid_t pid;

	crossing[0] = map(-1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	crossing[1] = map(-1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		wait_in_child(crossing[0]);
	status = in_child(move_in_child, NULL);
	munmap(crossing[0], 2 * PAGE);
	ok(status == 0 && futex(crossing[1], WAKE, 9, NULL, NULL, 0) == 1, "a third process moves a waiter to other shared memory");
	waitpid(pid, &status, 0);
	ok(status == 0, "where it is woken");
}

/* ---- robust lists ---- */

struct robust {
	struct robust *next;
	word lock;
};

struct head {
	struct robust *next;
	long offset;
	struct robust *pending;
};

struct death {
	struct head head;
	struct robust mutex[4];
};

/* Dies with three mutexes: held, held with waiters, somebody else's; and one that it was about to take. */
static void die_holding(void *arg)
{
	struct death *d = arg;
	uint32_t tid = (uint32_t)syscall(SYS_gettid);

	d->head.offset = (long)offsetof(struct robust, lock);
	d->head.next = &d->mutex[0];
	d->mutex[0].next = &d->mutex[1];
	d->mutex[1].next = &d->mutex[2];
	d->mutex[2].next = (struct robust *)&d->head;
	d->mutex[0].lock = tid;
	d->mutex[2].lock = tid + 1;
	d->head.pending = &d->mutex[3];
	d->mutex[3].lock = tid;
	syscall(SYS_set_robust_list, &d->head, sizeof(d->head));
	d->mutex[1].lock = tid | HAS_WAITERS;
	pause_ms(5);
}

static void *wait_for_owner(void *arg)
{
	struct robust *m = arg;
	uint32_t seen;

	while (!((seen = m->lock) & OWNER_DIED))
		futex(&m->lock, WAIT, seen, NULL, NULL, 0);
	return NULL;
}

static void test_robust(void)
{
	struct death *d = map(-1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	size_t size = 0;
	void *list = NULL;
	pthread_t waiter;
	uint32_t other;

	if (pthread_create(&waiter, NULL, wait_for_owner, &d->mutex[1]))
		exit(2);
	ok(in_child(die_holding, d) == 0, "a process dies with robust mutexes");
	pthread_join(waiter, NULL);
	ok(d->mutex[0].lock == OWNER_DIED && d->mutex[1].lock == (OWNER_DIED | HAS_WAITERS), "they say so, and who waited is woken");
	other = d->mutex[2].lock;
	ok(!(other & OWNER_DIED) && d->mutex[3].lock == OWNER_DIED, "another's is left alone, the pending one is not");
	ok(gives(syscall(SYS_set_robust_list, &d->head, 8), EINVAL), "a head of another size: EINVAL");
	syscall(SYS_set_robust_list, &d->head, sizeof(d->head));
	ok(syscall(SYS_get_robust_list, 0, &list, &size) == 0 && list == &d->head && size == sizeof(d->head), "get_robust_list gives what was set");
	syscall(SYS_set_robust_list, 0l, sizeof(d->head));
	ok(gives(syscall(SYS_get_robust_list, 0x3fffffff, &list, &size), ESRCH), "of nobody: ESRCH");
}

/* A list without end, one that leads nowhere. */
static void die_badly(void *arg)
{
	struct death *d = arg;

	d->head.offset = (long)offsetof(struct robust, lock);
	d->head.next = &d->mutex[0];
	d->mutex[0].next = &d->mutex[0];
	d->mutex[0].lock = 1;
	d->head.pending = (struct robust *)8;
	syscall(SYS_set_robust_list, &d->head, sizeof(d->head));
}

static void die_nowhere(void *arg)
{
	(void)arg;
	syscall(SYS_set_robust_list, 0xffff800000000000ul, sizeof(struct head));
}

static void test_bad_lists(void)
{
	struct death *d = map(-1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);

	ok(in_child(die_badly, d) == 0 && d->mutex[0].lock == 1, "an endless list ends nobody but its owner");
	ok(in_child(die_nowhere, d) == 0, "nor does one that is nowhere");
}

int main(void)
{
	test_arguments();
	test_timeouts();
	test_wake();
	test_bits();
	test_requeue(PRIVATE);
	test_requeue(0);
	test_wake_op();
	test_shared();
	test_move_between();
	test_robust();
	test_bad_lists();
	return tap_done();
}
