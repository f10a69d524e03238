/* SPDX-License-Identifier: MIT */
/*
 * Included by kernel/thread.h. The ticket lock.
 *
 * States: next == owner is free; else tickets owner .. next - 1 are drawn, `owner` is inside and the rest wait in that order.
 * To take: draw a ticket from `next` by one read-modify-write, wait until `owner` shows it. To leave: owner + 1, which only the
 * holder writes.
 *
 * Mutual exclusion: tickets differ, and owner shows a value once in a turn of 65536, which no more waiters than CPUs can fill.
 * Order: the load of owner that shows our ticket is an acquire and reads the last holder's release store, so everything done
 * under the lock before is seen. Drawing is relaxed: it may even be reordered with that load, for whoever draws ticket T
 * after owner was T has it still, since only the holder of T moves owner on.
 */
#ifndef KERNEL_SPINLOCK_INLINE_H
#define KERNEL_SPINLOCK_INLINE_H

/* ---- the bare lock: for the console, which must work where there is no current yet; interrupts off ---- */

static inline void ticket_wait(struct spinlock *l, uint16_t ticket)
{
	/* acquire: pairs with ticket_leave */
	while (atomic_load_explicit(&l->owner, memory_order_acquire) != ticket)
		arch_cpu_relax();
}

static inline void ticket_take(struct spinlock *l)
{
	ticket_wait(l, atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed));
}

/* Draws a ticket only if it would be served at once. */
static inline bool ticket_try(struct spinlock *l)
{
	uint16_t ticket = atomic_load_explicit(&l->owner, memory_order_relaxed);

	if (!atomic_compare_exchange_strong_explicit(&l->next, &ticket, (uint16_t)(ticket + 1), memory_order_relaxed,
						     memory_order_relaxed))
		return false;
	ticket_wait(l, ticket); /* for its order; it is our turn */
	return true;
}

static inline void ticket_leave(struct spinlock *l)
{
	uint16_t ticket = atomic_load_explicit(&l->owner, memory_order_relaxed);

	/* release: pairs with ticket_wait */
	atomic_store_explicit(&l->owner, (uint16_t)(ticket + 1), memory_order_release);
}

/* ---- the lock ---- */

static inline void spin_lock(struct spinlock *l)
{
	preempt_disable();
	lock_note_acquire((enum lock_class)l->class, l, false);
	ticket_take(l);
}

/* To the validator a trylock, which is exempt from the order of classes. */
static inline void spin_lock_second(struct spinlock *l)
{
	preempt_disable();
	lock_note_acquire((enum lock_class)l->class, l, true);
	ticket_take(l);
}

static inline bool spin_trylock(struct spinlock *l)
{
	preempt_disable();
	if (ticket_try(l)) {
		lock_note_acquire((enum lock_class)l->class, l, true);
		return true;
	}
	preempt_enable();
	return false;
}

static inline void spin_unlock(struct spinlock *l)
{
	lock_note_release((enum lock_class)l->class, l);
	ticket_leave(l);
	preempt_enable();
}

static inline irqflags_t spin_lock_irq(struct spinlock *l)
{
	irqflags_t flags = arch_irq_save();

	spin_lock(l);
	return flags;
}

/* Interrupts first: a reschedule that is due happens in preempt_enable, which needs them on. */
static inline void spin_unlock_irq(struct spinlock *l, irqflags_t flags)
{
	lock_note_release((enum lock_class)l->class, l);
	ticket_leave(l);
	arch_irq_restore(flags);
	preempt_enable();
}

#endif
