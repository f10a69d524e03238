/* SPDX-License-Identifier: MIT */
/*
 * Threads that sleep for a word of user memory. What the word means is their program's affair: here it is only compared. Who finds whom is a
 * matter of the key, which says where the word lies whatever its address is: init/futex.c makes keys. The statement is in futex.c.
 */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include "kernel/thread.h"
#include "lib/prng.h"

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

static inline bool futex_same(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

static inline uint64_t futex_hash(const struct futex_key *key)
{
	return prng_mix(key->object * 0x9e3779b97f4a7c15ull ^ key->offset);
}

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

/* The same for several words at once, each with its value. The number of one that was woken, or as above. v is this function's meanwhile. */
struct futex_any;
int futex_wait_any(struct futex_any *v, unsigned n, uint64_t deadline);

/* Wakes at most n who wait with one of these bits, oldest first: how many. */
int futex_wake(const struct futex *f, unsigned n, uint32_t bits);

struct futex_bucket;
struct pi_waiter;

/* (F) its bucket's lock, (C) constant */
struct futex_waiter {
	struct list link;		  /*				(F) */
	struct futex_key key;		  /*				(F) */
	uint32_t bits;			  /*				(C) */
	struct thread *thread;		  /*				(C) */
	struct pi_waiter *pi;		  /* as what it goes on waiting when it is moved, or NULL	(C) */
	_Atomic(struct futex_bucket *) bucket; /* where it is queued; NULL: woken	(F) to write */
};

struct futex_any {
	struct futex at;
	uint32_t value;
	struct futex_waiter waiter;
};

/* What one call does to two words. */
struct futex_move {
	struct futex from, to;
	unsigned wake, move; /* at most so many of those at `from` are woken; of the rest, moved to `to` */
	const uint32_t *value; /* unless NULL: only if the word at `from` is that; else -EAGAIN */
};

/* How many were woken or moved. -EINVAL: somebody there waits for a priority-inheriting one (kernel/futex_pi.h). */
int futex_requeue(const struct futex_move *m);

/* The word's old value by what `change` makes of it; `wake` of those at `from` are woken, and then, if `compare` likes the old value, `move` of
 * those at `to`, whose word it is. How many. */
struct futex_change {
	uint32_t (*change)(uint32_t old, uint32_t arg);
	bool (*compare)(uint32_t old, uint32_t arg);
	uint32_t change_arg, compare_arg;
};

int futex_wake_change(const struct futex_move *m, const struct futex_change *c);

/* ---- the way from a plain word to a priority-inheriting one ---- */

/* As futex_wait. 0: moved, and w, which the caller has filled in, goes on in futex_pi_wait. */
int futex_wait_then_pi(const struct futex *f, uint32_t value, struct pi_waiter *w, uint64_t deadline);

/* The first who waits at `from` takes the word at `to` if it is free; the others, and it too if it is not, wait there: m->move of them and
 * it. How many; -EINVAL: somebody waits there for something else. find: see futex_pi_join. */
int futex_requeue_pi(const struct futex_move *m, struct thread *(*find)(unsigned tid));

#endif
