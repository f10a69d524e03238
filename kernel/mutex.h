/* SPDX-License-Identifier: MIT */
/* Sleeping locks: a mutex with an owner, and a reader-writer semaphore in which a waiting writer stops new readers. Both hand
 * over in order of arrival. */
#ifndef KERNEL_MUTEX_H
#define KERNEL_MUTEX_H

#include "kernel/wait.h"

struct mutex {
	_Atomic(struct thread *) owner; /* NULL: free	(A) */
	_Atomic unsigned waiting;	/* sleepers	(A) */
	struct waitq q;
	uint8_t class;			/*		(C) */
};

void mutex_init(struct mutex *m, enum lock_class class);
void mutex_lock(struct mutex *m);	  /* sleeps */
int mutex_lock_killable(struct mutex *m); /* 0 or -EINTR */
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_held(const struct mutex *m); /* by current */

struct rwsem {
	struct spinlock lock;
	unsigned readers;	/* inside	(lock) */
	struct thread *writer;	/* inside	(lock) */
	struct list waiters;	/* in order	(lock) */
	uint8_t class;		/*		(C) */
};

void rwsem_init(struct rwsem *s, enum lock_class class);
void rwsem_read_lock(struct rwsem *s);
int rwsem_read_lock_killable(struct rwsem *s);
bool rwsem_read_trylock(struct rwsem *s);
void rwsem_read_unlock(struct rwsem *s);
void rwsem_write_lock(struct rwsem *s);
int rwsem_write_lock_killable(struct rwsem *s);
void rwsem_write_unlock(struct rwsem *s);
bool rwsem_write_held(const struct rwsem *s); /* by current */

#endif
