/* SPDX-License-Identifier: MIT */
/*
 * RCU, the classic kind: a reader is a thread that may not be preempted, so a CPU that has switched threads, idled, or
 * ticked in user mode has finished every read section that was open when the grace period began.
 *
 * Publish with a release store, read with rcu_load (acquire): the pair orders what the object holds.
 */
#ifndef KERNEL_RCU_H
#define KERNEL_RCU_H

#include <stdatomic.h>
#include <stdbool.h>

struct rcu_head {
	struct rcu_head *next;
	void (*fn)(struct rcu_head *head);
};

static inline void rcu_read_lock(void);
static inline void rcu_read_unlock(void);
bool rcu_read_held(void); /* debug: true also under any spinlock */

/* pairs with the release store (rcu_store) that published the object */
#define rcu_load(ptr) atomic_load_explicit(ptr, memory_order_acquire)
#define rcu_store(ptr, value) atomic_store_explicit(ptr, value, memory_order_release)

/* Calls fn(head) in a thread after every read section open now has ended, at most some milliseconds later if CPUs do not
 * stay in one. Any context. fn may not sleep long. */
void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head));

/* Returns when every read section open now has ended. Sleeps. At once where all other CPUs are idle. */
void rcu_synchronize(void);

/* Returns when every rcu_call made before has been called. Sleeps. */
void rcu_barrier(void);

/* Starts the thread that calls back. Once, when threads can be made; rcu_call may be used before. */
void rcu_init(void);

#include "kernel/thread.h" /* ends with the inlines: they need current */

#endif
