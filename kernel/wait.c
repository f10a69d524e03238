/* SPDX-License-Identifier: MIT */
#include "kernel/wait.h"

#define FEW 4

void waitq_init(struct waitq *q)
{
	spin_init(&q->lock, LOCK_WAITQ);
	list_init(&q->waiters);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	irqflags_t flags = spin_lock_irq(&q->lock);

	w->thread = current;
	w->wake = NULL;
	list_append(&q->waiters, &w->link);
	spin_unlock_irq(&q->lock, flags);
}

void waitq_add_callback(struct waitq *q, struct waiter *w, bool (*wake)(struct waiter *w))
{
	irqflags_t flags = spin_lock_irq(&q->lock);

	w->thread = NULL;
	w->wake = wake;
	list_append(&q->waiters, &w->link);
	spin_unlock_irq(&q->lock, flags);
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	irqflags_t flags = spin_lock_irq(&q->lock);

	list_remove(&w->link);
	spin_unlock_irq(&q->lock, flags);
}

bool waitq_busy(struct waitq *q)
{
	irqflags_t flags = spin_lock_irq(&q->lock);
	bool busy = !list_empty(&q->waiters);

	spin_unlock_irq(&q->lock, flags);
	return busy;
}

/* The first few are woken after the lock is free: waking may mean to interrupt another CPU, and each of them takes the lock when it
 * leaves. The read section keeps struct thread of one that ends meanwhile. */
void waitq_wake_all(struct waitq *q)
{
	struct thread *few[FEW];
	struct waiter *w;
	irqflags_t flags;
	unsigned n = 0;
	bool enough = false;

	rcu_read_lock();
	flags = spin_lock_irq(&q->lock);
	list_for_each(w, &q->waiters, link) {
		if (w->wake)
			enough |= (!enough || !w->exclusive) && w->wake(w);
		else if (n < FEW)
			few[n++] = w->thread;
		else
			thread_unpark(w->thread);
	}
	spin_unlock_irq(&q->lock, flags);
	for (unsigned i = 0; i < n; i++)
		thread_unpark(few[i]);
	rcu_read_unlock();
}

/* The oldest, which goes to the back. */
static struct thread *rotate(struct waitq *q)
{
	struct waiter *w;

	if (list_empty(&q->waiters))
		return NULL;
	w = list_first(&q->waiters, struct waiter, link);
	list_remove(&w->link);
	list_append(&q->waiters, &w->link);
	return w->thread;
}

void waitq_wake_one(struct waitq *q)
{
	struct thread *oldest;
	irqflags_t flags;

	rcu_read_lock();
	flags = spin_lock_irq(&q->lock);
	oldest = rotate(q);
	spin_unlock_irq(&q->lock, flags);
	if (oldest)
		thread_unpark(oldest);
	rcu_read_unlock();
}
