/* SPDX-License-Identifier: MIT */
/*
 * The reader-writer semaphore: counts under a spinlock, and a queue.
 *
 *	state			reader arrives		writer arrives
 *	free, nobody waits	enters			enters
 *	readers, nobody waits	enters			queues
 *	writer inside		queues			queues
 *	anybody waits		queues			queues
 *
 * Whoever leaves lets in the head of the queue as far as it goes: one writer, or all readers up to the next writer. So order of
 * arrival is kept, a writer waits for no reader that came after it, and nobody starves. The semaphore is given: it
 * is the waiter's before it wakes.
 *
 * A killed waiter looks once more under the lock. If it was let in meanwhile, it is in: 0, not -EINTR. If not, it leaves the queue, and
 * lets in those behind it, who may have waited for it only.
 *
 * Everything is ordered by the spinlock, and by `granted` for those let in.
 */
#include "kernel/lock_wait.h"
#include "kernel/mutex.h"
#include "lib/errno.h"
#include "lib/format.h"

static struct thread *writer(const struct rwsem *s)
{
	return atomic_load_explicit(&s->writer, memory_order_relaxed);
}

static void writer_set(struct rwsem *s, struct thread *t)
{
	atomic_store_explicit(&s->writer, t, memory_order_relaxed);
}

/* Readers are not known by name. */
static struct thread *owner(const void *object)
{
	return writer(object);
}

static void describe(const void *object, char *buf, size_t size)
{
	const struct rwsem *s = object;

	snprintf(buf, size, "rwsem %s", lock_class_name((enum lock_class)s->class));
}

void rwsem_init(struct rwsem *s, enum lock_class class)
{
	spin_init(&s->lock, LOCK_WAITQ);
	s->readers = 0;
	writer_set(s, NULL);
	list_init(&s->waiters);
	s->class = (uint8_t)class;
}

/* ---- lock held ---- */

static bool enter(struct rwsem *s, struct thread *t, bool as_writer)
{
	if (writer(s) || (as_writer && s->readers))
		return false;
	if (as_writer)
		writer_set(s, t);
	else
		s->readers++;
	return true;
}

static void let_in(struct rwsem *s)
{
	while (!list_empty(&s->waiters)) {
		struct lock_waiter *w = list_first(&s->waiters, struct lock_waiter, link);

		if (!enter(s, w->thread, w->writer))
			break;
		thread_unpark(lock_grant(w));
	}
}

/* ---- taking ---- */

static bool try(struct rwsem *s, bool as_writer)
{
	irqflags_t flags = spin_lock_irq(&s->lock);
	bool in = list_empty(&s->waiters) && enter(s, current, as_writer);

	spin_unlock_irq(&s->lock, flags);
	return in;
}

/* After a kill: true if we had been let in before we could leave. */
static bool leave(struct rwsem *s, struct lock_waiter *w)
{
	irqflags_t flags = spin_lock_irq(&s->lock);
	bool granted = lock_granted(w);

	if (!granted) {
		list_remove(&w->link);
		let_in(s);
	}
	spin_unlock_irq(&s->lock, flags);
	return granted;
}

static int lock_slow(struct rwsem *s, bool as_writer, enum wait_mode mode)
{
	const struct wait_why why = { .what = as_writer ? "rwsem for writing" : "rwsem for reading",
				      .object = s,
				      .owner = owner,
				      .describe = describe };
	struct lock_waiter w = { .thread = current, .writer = as_writer };
	irqflags_t flags = spin_lock_irq(&s->lock);
	bool in = list_empty(&s->waiters) && enter(s, current, as_writer);

	if (!in)
		list_append(&s->waiters, &w.link);
	spin_unlock_irq(&s->lock, flags);
	if (!in && lock_wait(&w, &why, mode) && !leave(s, &w))
		return -EINTR;
	return 0;
}

static int lock(struct rwsem *s, bool as_writer, enum wait_mode mode)
{
	int err;

	might_sleep();
	lock_note_want((enum lock_class)s->class, s);
	err = lock_slow(s, as_writer, mode);
	if (!err)
		lock_note_acquire((enum lock_class)s->class, s, false);
	return err;
}

void rwsem_read_lock(struct rwsem *s)
{
	lock(s, false, WAIT_FOREVER);
}

int rwsem_read_lock_killable(struct rwsem *s)
{
	return lock(s, false, WAIT_KILLABLE);
}

bool rwsem_read_trylock(struct rwsem *s)
{
	bool in = try(s, false);

	if (in)
		lock_note_acquire((enum lock_class)s->class, s, true);
	return in;
}

void rwsem_write_lock(struct rwsem *s)
{
	lock(s, true, WAIT_FOREVER);
}

int rwsem_write_lock_killable(struct rwsem *s)
{
	return lock(s, true, WAIT_KILLABLE);
}

/* ---- leaving ---- */

void rwsem_read_unlock(struct rwsem *s)
{
	irqflags_t flags;

	lock_note_release((enum lock_class)s->class, s);
	flags = spin_lock_irq(&s->lock);
	assert(s->readers > 0);
	s->readers--;
	let_in(s);
	spin_unlock_irq(&s->lock, flags);
}

void rwsem_write_unlock(struct rwsem *s)
{
	irqflags_t flags;

	assert(rwsem_write_held(s));
	lock_note_release((enum lock_class)s->class, s);
	flags = spin_lock_irq(&s->lock);
	writer_set(s, NULL);
	let_in(s);
	spin_unlock_irq(&s->lock, flags);
}

bool rwsem_write_held(const struct rwsem *s)
{
	return writer(s) == current;
}
