/* SPDX-License-Identifier: MIT */
/* Sleeping locks: a mutex with an owner, and a reader-writer semaphore in which a waiting writer stops new readers. Both hand
 * over in order of arrival: how, is at the heads of mutex.c and rwsem.c. Thread context only. Their memory must outlive the
 * call that unlocks, not just the hold: whoever unlocks may still be in it when the next owner is done. */
#ifndef KERNEL_MUTEX_H
#define KERNEL_MUTEX_H

#include "kernel/wait.h"

struct mutex {
	_Atomic uintptr_t word; /* owner's struct thread, 0 if free; bit 0: somebody waits	(A) */
	struct waitq q;		/* struct lock_waiter, in order			(q.lock) */
	uint8_t class;		/* enum lock_class				(C) */
};

void mutex_init(struct mutex *m, enum lock_class class);
void mutex_lock(struct mutex *m);	  /* sleeps */
int mutex_lock_killable(struct mutex *m); /* 0 or -EINTR */
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_held(const struct mutex *m); /* by current */

struct rwsem {
	_Atomic uintptr_t word;		 /* who is inside, and whether anybody waits: see rwsem.c	(A) */
	_Atomic(struct thread *) writer; /* inside							(A) */
	struct spinlock lock;
	struct list waiters;		 /* struct lock_waiter, in order				(lock) */
	uint8_t class;			 /* enum lock_class						(C) */
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

/* As rwsem_write_lock and unlock, for the validator a lock of another class this time: several of one kind at once, in an order that
 * their user argues for. */
void rwsem_write_lock_as(struct rwsem *s, enum lock_class class);
void rwsem_write_unlock_as(struct rwsem *s, enum lock_class class);

#endif
