/* SPDX-License-Identifier: MIT */
/*
 * Futexes whose word says who has them: the owner's tid, FUTEX_WAITERS if somebody may sleep here, FUTEX_OWNER_DIED. A program takes and
 * leaves a free one by itself; the rest is done here. There are no priorities to inherit: what is left is that the lock is handed over,
 * in order of arrival, and that an owner's end passes it on. The statement is in futex_pi.c.
 */
#ifndef KERNEL_FUTEX_PI_H
#define KERNEL_FUTEX_PI_H

#include "kernel/futex.h"

#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu

/* One sleeper, on its stack. (P) the lock of futex_pi.c, (C) constant */
struct pi_waiter {
	struct list same_word;	/* of the words of one hash, in order of arrival; alone: it does not wait	(P) */
	struct list same_owner;	/* owner->pi_waiters					(P) */
	struct futex at;	/* the word, and where its own memory has it		(C) */
	struct thread *thread;	/*							(C) */
	struct thread *owner;	/* for whom it waits. NULL: that one has ended, and nobody has the lock	(P) */
	bool has_it;		/*							(P) */
};

void futex_pi_init(void);

/* In thread context, nothing held, but for _join. -EFAULT_AGAIN: as in futex.h, of a word that is to be written. */

void futex_pi_fill(struct pi_waiter *w, const struct futex *at); /* for the calling thread */

/*
 * Takes the lock at once: 0; or waits from now on: -EINPROGRESS. -EAGAIN: it would have to wait, and is not to (try). -EDEADLK: it has it,
 * or its owner waits for it in the end; -ESRCH: the owner has ended; -EINVAL: the word is not what it must be. find: a thread of a program by
 * its tid, or NULL; it is called in an RCU read section, under spinlocks up to FUTEX_PI.
 */
int futex_pi_lock(struct pi_waiter *w, bool try, struct thread *(*find)(unsigned tid));

/* The same for another thread, whose w this is: `user` is where our memory has the word. Under a bucket's lock. */
int futex_pi_join(struct pi_waiter *w, uintptr_t user, struct thread *(*find)(unsigned tid));

/* Sleeps until it has the lock: 0; -ETIMEDOUT, -EINTR, -ERESTARTNOINTR, -EFAULT_AGAIN: it still waits, for another futex_pi_wait or
 * futex_pi_leave. */
int futex_pi_wait(struct pi_waiter *w, uint64_t deadline);
bool futex_pi_leave(struct pi_waiter *w); /* false: it has got the lock meanwhile */

/* 0; -EPERM: it is not ours; -EINVAL, as above. */
int futex_pi_unlock(const struct futex *f);

/* The calling thread has marked what is on its robust list, and lets go of the rest. ends: it will have nothing any more. */
void futex_pi_release(bool ends);

#endif
