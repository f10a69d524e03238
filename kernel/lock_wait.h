/* SPDX-License-Identifier: MIT */
/*
 * Sleeping for a mutex or a semaphore: the part both share.
 *
 *	QUEUED --lock_choose--> CHOSEN --lock_grant--> GRANTED
 *
 * QUEUED: on the lock's list; under the lock's spinlock. CHOSEN: the lock is the waiter's, who does not know it yet; on a list of
 * whoever chose it, who has left the spinlock or is about to: waking may mean to interrupt another CPU, and nobody else should spin
 * for the lock meanwhile. GRANTED: stored last; the waiter and what it stands on may be gone at once. Its thread is woken in
 * the same RCU read section, so struct thread is still there.
 *
 * A killed waiter that is QUEUED leaves. One that is CHOSEN has the lock, waits to be told, and keeps it.
 */
#ifndef KERNEL_LOCK_WAIT_H
#define KERNEL_LOCK_WAIT_H

#include "kernel/thread.h"

enum lock_wait_state { LOCK_QUEUED, LOCK_CHOSEN, LOCK_GRANTED };

struct lock_waiter {
	struct list link;	/* (the lock's spinlock; who chose it) */
	struct thread *thread;	/* (C) */
	bool writer;		/* rwsem: wants it alone (C) */
	_Atomic unsigned state; /* (the lock's spinlock; who chose it) to write */
};

/* Spinlock held. */
static inline void lock_choose(struct lock_waiter *w, struct list *chosen)
{
	atomic_store_explicit(&w->state, LOCK_CHOSEN, memory_order_relaxed);
	list_remove(&w->link);
	list_append(chosen, &w->link);
}

/* Spinlock no longer held. */
static inline void lock_grant(struct list *chosen)
{
	while (!list_empty(chosen)) {
		struct lock_waiter *w = list_first(chosen, struct lock_waiter, link);
		struct thread *t = w->thread;

		list_remove(&w->link);
		rcu_read_lock();
		/* release: pairs with lock_granted; what was done under the lock is seen by its new owner */
		atomic_store_explicit(&w->state, LOCK_GRANTED, memory_order_release);
		thread_unpark(t);
		rcu_read_unlock();
	}
}

static inline bool lock_granted(const struct lock_waiter *w)
{
	return atomic_load_explicit(&w->state, memory_order_acquire) == LOCK_GRANTED; /* pairs with lock_grant */
}

/* Sleeps until granted: 0; or -EINTR, after which the caller looks under the spinlock whether it may leave. */
static inline int lock_wait(struct lock_waiter *w, const struct wait_why *why, enum wait_mode mode)
{
	int err = lock_granted(w) ? 0 : thread_park(why, mode, UINT64_MAX);

	while (!lock_granted(w) && !err)
		err = thread_park_on(why, mode, UINT64_MAX);
	return err;
}

#endif
