/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: a list of sleepers under a spinlock.
 *
 * Why no wakeup is lost: a sleeper is on the queue before it looks at its condition; a waker changes the condition before
 * it takes the queue's lock. Whichever held that lock first, the other sees what it did; and between look and sleep
 * the park token keeps the wake.
 *
 * The queue must outlive its wakers: seeing the condition does not say that the waker has left waitq_wake_all. A queue on a stack
 * needs a lock that the waker holds over both, and that the sleeper takes before it returns.
 */
#ifndef KERNEL_WAIT_H
#define KERNEL_WAIT_H

#include "kernel/thread.h"

struct waitq {
	struct spinlock lock;
	struct list waiters; /* struct waiter.link, oldest first (lock) */
};

/* (Q) the queue's lock, (C) constant while queued */
struct waiter {
	struct list link;		 /*							(Q) */
	struct thread *thread;		 /* who is unparked, unless					(C) */
	bool (*wake)(struct waiter *w);	 /* this is to be called instead, under the queue's lock; true: that is enough for the exclusive (C) */
	bool exclusive;			 /* of those with `wake`: one of them is called, and if it is not enough the next	(C) */
	void *arg;			 /* its own							(C) */
};

#define WAITQ_INIT(name) { SPINLOCK_INIT(LOCK_WAITQ), LIST_INIT((name).waiters) }

void waitq_init(struct waitq *q);
void waitq_add(struct waitq *q, struct waiter *w);    /* current, at the back */
void waitq_add_callback(struct waitq *q, struct waiter *w, bool (*wake)(struct waiter *w)); /* for waitq_wake_all only */
bool waitq_busy(struct waitq *q); /* does somebody wait just now? */
void waitq_remove(struct waitq *q, struct waiter *w); /* whether or not still queued */
void waitq_wake_all(struct waitq *q);		      /* any context: unparks all; they leave by themselves */
void waitq_wake_one(struct waitq *q);		      /* unparks the oldest and moves it to the back */

/* Sleeps until cond: 0. Or -EINTR or -ERESTARTSYS by mode, or -ETIMEDOUT, while cond is false. cond is evaluated without
 * locks, at least once, and is true at most once. */
#define wait_until(q, why, mode, deadline, cond)                                                   \
	({                                                                                         \
		struct waiter wait_self;                                                           \
		bool wait_more = false;                                                            \
		uint64_t wait_deadline = (deadline);                                               \
		int wait_err = 0;                                                                  \
		waitq_add(q, &wait_self);                                                          \
		for (;;) {                                                                         \
			if (cond) {                                                                \
				wait_err = 0;                                                      \
				break;                                                             \
			}                                                                          \
			if (wait_err)                                                              \
				break;                                                             \
			wait_err = (wait_more ? thread_park_on : thread_park)(why, mode, wait_deadline); \
			wait_more = true;                                                          \
		}                                                                                  \
		waitq_remove(q, &wait_self);                                                       \
		wait_err;                                                                          \
	})

#endif
