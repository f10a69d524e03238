/* SPDX-License-Identifier: MIT */
/*
 * Sleeping for a mutex or a semaphore: the part both share.
 *
 * A waiter is on the lock's list, under its spinlock, until the lock is given to it. The giver takes it off, hands the lock over, and
 * stores `granted` last: the waiter may be gone at once, and with it the lock. Its thread is woken after that, in the same RCU read
 * section: struct thread outlives it, and others need not wait for the spinlock while a CPU is being woken.
 */
#ifndef KERNEL_LOCK_WAIT_H
#define KERNEL_LOCK_WAIT_H

#include "kernel/thread.h"

struct lock_waiter {
	struct list link;      /* (the lock's spinlock) */
	struct thread *thread; /* (C) */
	bool writer;	       /* rwsem: wants it alone (C) */
	_Atomic bool granted;  /* the lock is ours (the lock's spinlock to write) */
};

/* Spinlock held; the lock is the waiter's already. Returns whom to unpark, before the RCU read section ends. */
static inline struct thread *lock_grant(struct lock_waiter *w)
{
	struct thread *t = w->thread;

	list_remove(&w->link);
	/* release: pairs with lock_granted; what was done under the lock is seen by its new owner */
	atomic_store_explicit(&w->granted, true, memory_order_release);
	return t;
}

static inline bool lock_granted(const struct lock_waiter *w)
{
	return atomic_load_explicit(&w->granted, memory_order_acquire); /* pairs with lock_grant */
}

/* Sleeps until granted: 0; or -EINTR, after which the caller looks once more under the spinlock. */
static inline int lock_wait(struct lock_waiter *w, const struct wait_why *why, enum wait_mode mode)
{
	int err = 0;

	while (!lock_granted(w) && !err)
		err = thread_park(why, mode, UINT64_MAX);
	return err;
}

#endif
