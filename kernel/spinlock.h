/* SPDX-License-Identifier: MIT */
/*
 * Ticket spinlocks: served strictly in order of arrival. Holding one raises current->preempt, so its
 * holder is also an RCU reader. A lock that an interrupt handler takes too is always taken with interrupts off
 * (spin_lock_irq, or spin_lock where they are off already); the validator checks that, by class.
 */
#ifndef KERNEL_SPINLOCK_H
#define KERNEL_SPINLOCK_H

#include "arch/arch.h"
#include "kernel/lock_order.h"
#include <stdatomic.h>

struct spinlock {
	_Atomic uint16_t next;	/* the ticket the next arrival draws	(A) */
	_Atomic uint16_t owner; /* the ticket being served		(A) */
	uint8_t class;		/* enum lock_class			(C) */
};

#define SPINLOCK_INIT(c) { .class = (c) }

static inline void spin_init(struct spinlock *l, enum lock_class class)
{
	*l = (struct spinlock)SPINLOCK_INIT(class);
}

static inline bool spin_is_locked(struct spinlock *l)
{
	return atomic_load_explicit(&l->next, memory_order_relaxed) !=
	       atomic_load_explicit(&l->owner, memory_order_relaxed);
}

static inline void spin_lock(struct spinlock *l);
static inline void spin_lock_second(struct spinlock *l); /* of the same class, in an order its user argues for */
static inline bool spin_trylock(struct spinlock *l);
static inline void spin_unlock(struct spinlock *l);
static inline irqflags_t spin_lock_irq(struct spinlock *l);
static inline void spin_unlock_irq(struct spinlock *l, irqflags_t flags);

#include "kernel/thread.h" /* ends with the inlines: they need current */

#endif
