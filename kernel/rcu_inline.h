/* SPDX-License-Identifier: MIT */
/* Included by kernel/thread.h. A read section is a stretch without preemption; kernel/rcu.c says why that is enough. */
#ifndef KERNEL_RCU_INLINE_H
#define KERNEL_RCU_INLINE_H

static inline void rcu_read_lock(void)
{
	preempt_disable();
}

static inline void rcu_read_unlock(void)
{
	preempt_enable();
}

#endif
