/* SPDX-License-Identifier: MIT */
/* futex(2) as a C library calls it: for the tests of locks that have an owner, and of conditions. */
#ifndef FUTEXES_H
#define FUTEXES_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "tap.h"

enum { WAIT, WAKE, LOCK = 6, UNLOCK, TRYLOCK, WAIT_REQUEUE = 11, CMP_REQUEUE, LOCK2, PRIVATE = 128, REALTIME = 256 };

#define OWNER_DIED 0x40000000u
#define HAS_WAITERS 0x80000000u
#define TID 0x3fffffffu
#define WAITERS 5

typedef _Atomic uint32_t word;

static inline long futex(word *at, int op, uint32_t value, const void *timeout, word *second, uint32_t value3)
{
	return syscall(SYS_futex, at, op, (long)value, timeout, second, (long)value3);
}

static inline long op(word *at, int what)
{
	return futex(at, what, 0, NULL, NULL, 0);
}

static inline int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static inline uint32_t self(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

/* As a C library does it. */
static inline int take(word *w)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong(w, &free, self()) || op(w, LOCK | PRIVATE) == 0;
}

static inline int leave(word *w)
{
	uint32_t mine = self();

	return atomic_compare_exchange_strong(w, &mine, 0) || op(w, UNLOCK | PRIVATE) == 0;
}

static inline void until_waiters(word *w)
{
	while (!(*w & HAS_WAITERS))
		pause_ms(1);
}

static inline pthread_t go(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, arg))
		exit(2);
	return t;
}

#endif
