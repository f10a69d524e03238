/* SPDX-License-Identifier: MIT */
/*
 * The mutex: a word and a queue.
 *
 *	word		arrives			unlock
 *	0		takes it by CAS		-
 *	T		sets WAITS, queues	CAS to 0
 *	T | WAITS	queues			gives it to the first waiter W: word = W, | WAITS if more wait
 *
 * 1. First come, first served: while anybody waits the word is never 0, so nobody can pass.
 * 2. WAITS is set and cleared under q.lock only, and is set exactly while the queue is not empty. If an unlocker's CAS from T fails
 *    then WAITS is set, and the waiter is, or is about to be, queued under the lock that the unlocker now takes.
 * 3. A killed waiter looks once more under q.lock. If it was chosen meanwhile it has the lock, and keeps it: 0, not -EINTR.
 *    If it was the last one it clears WAITS.
 * 4. What the last owner did is seen: through the word (release, acquire) if it was free, through GRANTED (lock_wait.h) if given.
 */
#include "kernel/mutex.h"

#include "kernel/lock_wait.h"
#include "lib/errno.h"
#include "lib/format.h"

#define WAITS 1ul

static uintptr_t self(void)
{
	return (uintptr_t)current;
}

static struct thread *owner(const void *object)
{
	const struct mutex *m = object;

	return (struct thread *)(atomic_load_explicit(&m->word, memory_order_relaxed) & ~WAITS);
}

static enum wait_on wait_on(const void *object)
{
	return owner(object) ? WAIT_ON_THREAD : WAIT_ON_NOBODY;
}

static void describe(const void *object, char *buf, size_t size)
{
	const struct mutex *m = object;

	snprintf(buf, size, "lock=%s", lock_class_name((enum lock_class)m->class));
}

void mutex_init(struct mutex *m, enum lock_class class)
{
	atomic_store_explicit(&m->word, 0, memory_order_relaxed);
	waitq_init(&m->q);
	m->class = (uint8_t)class;
}

static bool take(struct mutex *m)
{
	uintptr_t free = 0;

	/* acquire: pairs with give_up; point 4 */
	return atomic_compare_exchange_strong_explicit(&m->word, &free, self(), memory_order_acquire,
						       memory_order_relaxed);
}

static bool give_up(struct mutex *m)
{
	uintptr_t word = self();

	/* release: pairs with take */
	return atomic_compare_exchange_strong_explicit(&m->word, &word, 0, memory_order_release, memory_order_relaxed);
}

/* q.lock held. Tells the owner that somebody waits; false: there is none any more, and the lock is ours. */
static bool waits_set(struct mutex *m)
{
	/* acquire: as in take */
	if (atomic_fetch_or_explicit(&m->word, WAITS, memory_order_acquire) != 0)
		return true;
	/* the word is WAITS alone, which only the holder of q.lock changes; and nobody is queued */
	atomic_store_explicit(&m->word, self(), memory_order_relaxed);
	return false;
}

/* After a kill: true if the lock was given to us before we could leave the queue. */
static bool leave(struct mutex *m, struct lock_waiter *w)
{
	irqflags_t flags = spin_lock_irq(&m->q.lock);
	bool queued = atomic_load_explicit(&w->state, memory_order_relaxed) == LOCK_QUEUED;

	if (queued) {
		list_remove(&w->link);
		if (list_empty(&m->q.waiters))
			atomic_fetch_and_explicit(&m->word, ~WAITS, memory_order_relaxed);
	}
	spin_unlock_irq(&m->q.lock, flags);
	return !queued;
}

static int lock_slow(struct mutex *m, enum wait_mode mode)
{
	const struct wait_why why = { .what = "mutex", .object = m, .on = wait_on, .owner = owner, .describe = describe };
	struct lock_waiter w = { .thread = current };
	irqflags_t flags = spin_lock_irq(&m->q.lock);
	bool waits = waits_set(m);

	if (waits)
		list_append(&m->q.waiters, &w.link);
	spin_unlock_irq(&m->q.lock, flags);
	if (!waits || !lock_wait(&w, &why, mode))
		return 0;
	if (!leave(m, &w))
		return -EINTR;
	return lock_wait(&w, &why, WAIT_FOREVER);
}

static int lock(struct mutex *m, enum wait_mode mode)
{
	int err = 0;

	might_sleep();
	lock_note_want((enum lock_class)m->class, m);
	if (!take(m))
		err = lock_slow(m, mode);
	if (!err)
		lock_note_acquire((enum lock_class)m->class, m, false);
	return err;
}

void mutex_lock(struct mutex *m)
{
	lock(m, WAIT_FOREVER);
}

int mutex_lock_killable(struct mutex *m)
{
	return lock(m, WAIT_KILLABLE);
}

bool mutex_trylock(struct mutex *m)
{
	bool taken = take(m);

	if (taken)
		lock_note_acquire((enum lock_class)m->class, m, true);
	return taken;
}

/* q.lock held. To the first in the queue, if there is one. */
static void hand_over(struct mutex *m, struct list *chosen)
{
	struct lock_waiter *heir;
	uintptr_t word;

	if (list_empty(&m->q.waiters)) { /* the only one was killed, and has cleared WAITS */
		give_up(m);
		return;
	}
	heir = list_first(&m->q.waiters, struct lock_waiter, link);
	lock_choose(heir, chosen);
	word = (uintptr_t)heir->thread;
	if (!list_empty(&m->q.waiters))
		word |= WAITS;
	atomic_store_explicit(&m->word, word, memory_order_relaxed); /* GRANTED carries the order */
}

static void unlock_slow(struct mutex *m)
{
	struct list chosen = LIST_INIT(chosen);
	irqflags_t flags = spin_lock_irq(&m->q.lock);

	hand_over(m, &chosen);
	spin_unlock_irq(&m->q.lock, flags);
	lock_grant(&chosen);
}

void mutex_unlock(struct mutex *m)
{
	assert(mutex_held(m));
	lock_note_release((enum lock_class)m->class, m);
	if (!give_up(m))
		unlock_slow(m);
}

bool mutex_held(const struct mutex *m)
{
	return owner(m) == current;
}
