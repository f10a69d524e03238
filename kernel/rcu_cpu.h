/* SPDX-License-Identifier: MIT */
/* RCU's part in the scheduler and in interrupts. The argument is at the head of rcu.c. All: this CPU, interrupts off. */
#ifndef KERNEL_RCU_CPU_H
#define KERNEL_RCU_CPU_H

#include "kernel/sched.h"

#define RCU_IDLE UINT64_MAX /* rcu_quiet of a CPU that is in no read section until rcu_idle_exit */

extern _Atomic uint64_t rcu_started; /* number of the newest grace period */

/* No read section is open here. */
static inline void rcu_quiescent(struct cpu *c)
{
	/* acquire: pairs with gp_start; sections from here on see what was unlinked before that grace period */
	uint64_t started = atomic_load_explicit(&rcu_started, memory_order_acquire);

	/* release: pairs with gp_passed; what sections up to here have done is over */
	if (unlikely(atomic_load_explicit(&c->rcu_quiet, memory_order_relaxed) != started))
		atomic_store_explicit(&c->rcu_quiet, started, memory_order_release);
}

static inline bool rcu_is_idle(const struct cpu *c)
{
	return atomic_load_explicit(&c->rcu_quiet, memory_order_relaxed) == RCU_IDLE;
}

static inline void rcu_idle_enter(struct cpu *c)
{
	/* release: as in rcu_quiescent */
	atomic_store_explicit(&c->rcu_quiet, RCU_IDLE, memory_order_release);
}

/* Before the first read section after idle: from idle itself, an interrupt in it, or the start of the CPU. */
static inline void rcu_idle_exit(struct cpu *c)
{
	rcu_quiescent(c);
	/* pairs with the fences of gp_start and others_idle: either they see that we are back, or our sections see
	 * what was unlinked before them */
	atomic_thread_fence(memory_order_seq_cst);
}

/* A grace period waits for this CPU. */
static inline bool rcu_wanted(const struct cpu *c)
{
	return atomic_load_explicit(&c->rcu_quiet, memory_order_relaxed) <
	       atomic_load_explicit(&rcu_started, memory_order_relaxed);
}

#endif
