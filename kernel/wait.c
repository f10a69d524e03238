/* SPDX-License-Identifier: MIT */
#include "kernel/wait.h"

void waitq_init(struct waitq *q)
{
	spin_init(&q->lock, LOCK_WAITQ);
	list_init(&q->waiters);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	irqflags_t flags = spin_lock_irq(&q->lock);

	w->thread = current;
	list_append(&q->waiters, &w->link);
	spin_unlock_irq(&q->lock, flags);
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	irqflags_t flags = spin_lock_irq(&q->lock);

	list_remove(&w->link);
	spin_unlock_irq(&q->lock, flags);
}

void waitq_wake_all(struct waitq *q)
{
	irqflags_t flags = spin_lock_irq(&q->lock);
	struct waiter *w;

	list_for_each(w, &q->waiters, link)
		thread_unpark(w->thread);
	spin_unlock_irq(&q->lock, flags);
}

void waitq_wake_one(struct waitq *q)
{
	irqflags_t flags = spin_lock_irq(&q->lock);

	if (!list_empty(&q->waiters)) {
		struct waiter *w = list_first(&q->waiters, struct waiter, link);

		list_remove(&w->link);
		list_append(&q->waiters, &w->link);
		thread_unpark(w->thread);
	}
	spin_unlock_irq(&q->lock, flags);
}
