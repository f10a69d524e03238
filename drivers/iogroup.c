/* SPDX-License-Identifier: MIT */
#include "drivers/iogroup.h"

#include "kernel/wait.h"
#include "lib/errno.h"

static struct spinlock lock = SPINLOCK_INIT(LOCK_IO_GROUP); /* every group, and thread->io_group */
static struct waitq waiting = WAITQ_INIT(waiting); /* who has asked for too much */

void io_group_limit(struct io_group *g, enum io_limit which, uint64_t per_second)
{
	irqflags_t flags = spin_lock_irq(&lock);

	*(which == IO_LIMIT_IOPS ? &g->iops : &g->bandwidth) = (struct throttle){ .per_second = per_second };
	g->changes++;
	spin_unlock_irq(&lock, flags);
	waitq_wake_all(&waiting);
}

struct io_group io_group_look(struct io_group *g)
{
	irqflags_t flags = spin_lock_irq(&lock);
	struct io_group now = *g;

	spin_unlock_irq(&lock, flags);
	return now;
}

/* Lock held. */
static void move(struct thread *t, struct io_group *to)
{
	struct io_group *from = atomic_load_explicit(&t->io_group, memory_order_relaxed);

	if (from)
		from->threads--;
	if (to)
		to->threads++;
	atomic_store_explicit(&t->io_group, to, memory_order_relaxed);
}

int io_group_join(struct thread *t, struct io_group *g)
{
	irqflags_t flags = spin_lock_irq(&lock);
	bool other = atomic_load_explicit(&t->io_group, memory_order_relaxed) != g;
	int err = g && g->closed ? -ENODEV : 0;

	if (!err)
		move(t, g);
	spin_unlock_irq(&lock, flags);
	if (other)
		waitq_wake_all(&waiting);
	return err;
}

void io_group_inherit(struct thread *t)
{
	irqflags_t flags;

	if (likely(!atomic_load_explicit(&current->io_group, memory_order_relaxed)))
		return;
	flags = spin_lock_irq(&lock);
	move(t, atomic_load_explicit(&current->io_group, memory_order_relaxed));
	spin_unlock_irq(&lock, flags);
}

bool io_group_close(struct io_group *g)
{
	irqflags_t flags = spin_lock_irq(&lock);

	g->closed = !g->threads;
	spin_unlock_irq(&lock, flags);
	return g->closed;
}

/* Until when it must sleep. Lock held. */
static uint64_t charge(struct io_group *g, uint64_t bytes, uint64_t now)
{
	uint64_t one = throttle_charge(&g->iops, 1, now), all = throttle_charge(&g->bandwidth, bytes, now);
	uint64_t until = one > all ? one : all;

	g->requests++;
	g->bytes += bytes;
	if (until > now) {
		g->waits++;
		g->waited_ns += until - now;
	}
	return until;
}

/* Who waits because of g as it was then: need he no more? */
static bool is_let_go(const struct io_group *g, unsigned changes)
{
	irqflags_t flags = spin_lock_irq(&lock);
	bool other = atomic_load_explicit(&current->io_group, memory_order_relaxed) != g || g->changes != changes;

	spin_unlock_irq(&lock, flags);
	return other;
}

void io_group_charge(uint64_t bytes)
{
	static const struct wait_why why = { .what = "what its group may ask of disks", .lasting = true };
	struct io_group *g = atomic_load_explicit(&current->io_group, memory_order_relaxed);
	uint64_t now = clock_ns(), until = 0;
	unsigned changes = 0;
	irqflags_t flags;

	if (likely(!g))
		return;
	flags = spin_lock_irq(&lock);
	g = atomic_load_explicit(&current->io_group, memory_order_relaxed); /* somebody may have moved us */
	if (g) {
		until = charge(g, bytes, now);
		changes = g->changes;
	}
	spin_unlock_irq(&lock, flags);
	if (until > now)
		wait_until(&waiting, &why, WAIT_KILLABLE, until, is_let_go(g, changes));
}
