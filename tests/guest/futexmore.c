/* SPDX-License-Identifier: MIT */
/* futex(2) from a condition to a lock with an owner, and futex_waitv(2), which waits for several words. */
#include "futexes.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

/* ---- from a condition to a lock ---- */

static word condition, mutex;
static _Atomic int got_mutex, about_to_wait;

static void *wait_for_condition(void *arg)
{
	uint32_t value = condition;

	about_to_wait++;
	if (futex(&condition, WAIT_REQUEUE | PRIVATE, value, NULL, &mutex, 0) || (mutex & TID) != self())
		return NULL;
	got_mutex++;
	return op(&mutex, UNLOCK | PRIVATE) ? NULL : arg;
}

/* n waiters, once with the lock held by who wakes and once without. */
static void test_requeue(int n, int with_lock)
{
	pthread_t t[WAITERS];
	int good = 1, moved = 0;

	mutex = 0;
	got_mutex = about_to_wait = 0;
	for (int i = 0; i < n; i++)
		t[i] = go(wait_for_condition, &mutex);
	while (about_to_wait < n)
		pause_ms(1);
	if (with_lock)
		take(&mutex);
	while (moved < n) {
		long more = futex(&condition, CMP_REQUEUE | PRIVATE, 1, (void *)(long)WAITERS, &mutex, condition);

		good &= more >= 0;
		moved += more > 0 ? (int)more : 0;
		pause_ms(1);
	}
	if (with_lock) {
		good &= got_mutex == 0;
		op(&mutex, UNLOCK | PRIVATE);
	}
	for (int i = 0; i < n; i++) {
		void *result;

		pthread_join(t[i], &result);
		good &= result != NULL;
	}
	ok(good && got_mutex == n && moved == n && mutex == 0, "%d wait for a condition and get the lock one after the other%s", n,
	   with_lock ? ", when it is left" : "");
}

static void test_requeue_arguments(void)
{
	struct timespec past = { 0, 1 };

	condition = 3;
	mutex = 0;
	ok(gives(futex(&condition, WAIT_REQUEUE, 3, NULL, &condition, 0), EINVAL), "WAIT_REQUEUE_PI with one word: EINVAL");
	ok(gives(futex(&condition, WAIT_REQUEUE, 4, NULL, &mutex, 0), EAGAIN), "with another value: EAGAIN");
	ok(gives(futex(&condition, WAIT_REQUEUE, 3, &past, &mutex, 0), ETIMEDOUT), "until a moment that has passed: ETIMEDOUT");
	ok(gives(futex(&condition, CMP_REQUEUE, 1, (void *)1, &condition, 3), EINVAL), "CMP_REQUEUE_PI with one word: EINVAL");
	ok(gives(futex(&condition, CMP_REQUEUE, 2, (void *)1, &mutex, 3), EINVAL), "to wake two: EINVAL");
	ok(gives(futex(&condition, CMP_REQUEUE, 1, (void *)1, &mutex, 4), EAGAIN), "with another value: EAGAIN");
	ok(futex(&condition, CMP_REQUEUE, 1, (void *)1, &mutex, 3) == 0 && mutex == 0, "nobody waits: 0");
}

/* ---- futex_waitv ---- */

struct waitv {
	uint64_t value, at;
	uint32_t flags, reserved;
};

enum { SIZE_32 = 2 };

static word several[4];
static _Atomic long which = -2;

static long waitv(struct waitv *v, unsigned n, unsigned flags, const struct timespec *timeout, int clock)
{
	return syscall(SYS_futex_waitv, v, n, flags, timeout, clock);
}

static void fill(struct waitv *v)
{
	for (int i = 0; i < 4; i++)
		v[i] = (struct waitv){ several[i], (uintptr_t)&several[i], SIZE_32 | PRIVATE, 0 };
}

static void *wait_for_several(void *arg)
{
	struct waitv v[4];

	fill(v);
	which = waitv(v, 4, 0, NULL, 0);
	return arg;
}

static void test_waitv(void)
{
	struct timespec past = { 0, 1 };
	struct waitv v[4];
	pthread_t t;

	fill(v);
	ok(gives(waitv(v, 0, 0, NULL, 0), EINVAL) && gives(waitv(v, 129, 0, NULL, 0), EINVAL) && gives(waitv(NULL, 1, 0, NULL, 0), EINVAL),
	   "futex_waitv for none, for too many, of nothing: EINVAL");
	ok(gives(waitv(v, 4, 1, NULL, 0), EINVAL), "unknown flags: EINVAL");
	ok(gives(waitv(v, 4, 0, &past, CLOCK_MONOTONIC), ETIMEDOUT) && gives(waitv(v, 4, 0, &past, CLOCK_REALTIME), ETIMEDOUT),
	   "until a moment that has passed: ETIMEDOUT");
	ok(gives(waitv(v, 4, 0, &past, 77), EINVAL), "no such clock: EINVAL");
	v[3].flags = PRIVATE;
	ok(gives(waitv(v, 4, 0, NULL, 0), EINVAL), "a word of no size: EINVAL");
	fill(v);
	v[3].reserved = 1;
	ok(gives(waitv(v, 4, 0, NULL, 0), EINVAL), "what is reserved is not 0: EINVAL");
	fill(v);
	v[2].value = 7;
	ok(gives(waitv(v, 4, 0, NULL, 0), EAGAIN), "another value: EAGAIN");
	fill(v);
	v[1].at = 8;
	ok(gives(waitv(v, 4, 0, NULL, 0), EFAULT), "a word nowhere: EFAULT");
	t = go(wait_for_several, NULL);
	while (futex(&several[2], WAKE | PRIVATE, 1, NULL, NULL, 0) == 0)
		pause_ms(1);
	pthread_join(t, NULL);
	ok(which == 2, "the third is woken: 2");
}

int main(void)
{
	test_requeue(1, 1);
	test_requeue(WAITERS, 1);
	test_requeue(1, 0);
	test_requeue(WAITERS, 0);
	test_requeue_arguments();
	test_waitv();
	return tap_done();
}
