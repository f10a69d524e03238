/* SPDX-License-Identifier: MIT */
/* In the explorer's world a spinlock is one point, and its waiters do not spin. */
#ifndef KERNEL_SPINLOCK_INLINE_H
#define KERNEL_SPINLOCK_INLINE_H

void explore_spin_lock(struct spinlock *l);
bool explore_spin_trylock(struct spinlock *l);
void explore_spin_unlock(struct spinlock *l);

static inline void spin_lock(struct spinlock *l)
{
	explore_spin_lock(l);
}

static inline void spin_lock_second(struct spinlock *l)
{
	explore_spin_lock(l);
}

static inline bool spin_trylock(struct spinlock *l)
{
	return explore_spin_trylock(l);
}

static inline void spin_unlock(struct spinlock *l)
{
	explore_spin_unlock(l);
}

static inline irqflags_t spin_lock_irq(struct spinlock *l)
{
	explore_spin_lock(l);
	return true;
}

static inline void spin_unlock_irq(struct spinlock *l, irqflags_t flags)
{
	(void)flags;
	explore_spin_unlock(l);
}

#endif
