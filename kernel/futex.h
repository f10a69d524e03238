/* SPDX-License-Identifier: MIT */
/*
 * Threads that sleep for a word of user memory. What the word means is their program's affair: here it is only compared. Who finds whom is a
 * matter of the key, which says where the word lies whatever its address is: init/futex.c makes keys. The statement is in futex.c.
 */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include "kernel/thread.h"

#define FUTEX_BITS_ALL UINT32_MAX

/* Equal for two addresses if and only if they are the same word. */
struct futex_key {
	uint64_t object; /* futex_object_id of the address space, or of the file, that the word belongs to */
	uint64_t offset; /* its address, or its place in the file */
};

/* A word: where it can be read from now, and who it is. The address is aligned. */
struct futex {
	uintptr_t user;
	struct futex_key key;
};

void futex_init(void); /* before the first process */

/* A number for an object that has none yet (*id is 0), never used for another one: so a key pins nothing. Any context. */
uint64_t futex_object_id(_Atomic uint64_t *id);

/*
 * All: thread context, nothing held. The word is read, or changed, with faults disabled: -EFAULT_AGAIN says that it could not be, that nothing
 * has happened, and that the caller is to fault it in, make the key anew and call again.
 */
enum { EFAULT_AGAIN = 4000 }; /* never seen by user space */

/* Sleeps if the word is `value`. 0: woken; -EAGAIN: it is not; -EINTR: a signal; -ETIMEDOUT: it is past deadline (clock_ns scale). */
int futex_wait(const struct futex *f, uint32_t value, uint32_t bits, uint64_t deadline);

/* Wakes at most n who wait with one of these bits, oldest first: how many. */
int futex_wake(const struct futex *f, unsigned n, uint32_t bits);

/* What one call does to two words. */
struct futex_move {
	struct futex from, to;
	unsigned wake, move; /* at most so many of those at `from` are woken; of the rest, moved to `to` */
	const uint32_t *value; /* unless NULL: only if the word at `from` is that; else -EAGAIN */
};

/* How many were woken or moved. */
int futex_requeue(const struct futex_move *m);

/* The word's old value by what `change` makes of it; `wake` of those at `from` are woken, and then, if `compare` likes the old value, `move` of
 * those at `to`, whose word it is. How many. */
struct futex_change {
	uint32_t (*change)(uint32_t old, uint32_t arg);
	bool (*compare)(uint32_t old, uint32_t arg);
	uint32_t change_arg, compare_arg;
};

int futex_wake_change(const struct futex_move *m, const struct futex_change *c);

#endif
