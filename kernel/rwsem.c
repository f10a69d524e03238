/* SPDX-License-Identifier: MIT */
/*
 * The reader-writer semaphore: a word and a queue.
 *
 *	word			reader arrives		writer arrives		leaves
 *	0			CAS to READER		CAS to WRITER		-
 *	n * READER		CAS to one more		sets WAITS, queues	reader: one less
 *	WRITER			sets WAITS, queues	sets WAITS, queues	writer: CAS to 0
 *	any, with WAITS		queues			queues			lets in, if nobody else is inside
 *
 * Whoever lets in takes the head of the queue as far as it goes: one writer, or all readers up to the next writer. So order of
 * arrival is kept, a writer waits for no reader that came after it, and nobody starves.
 *
 * 1. WAITS is set and cleared under `lock` only. While it is set nobody enters but those let in, under `lock` too: the rest of the word can
 *    only become less under the feet of who holds `lock`.
 * 2. Nobody is left behind. Arriving sets WAITS by a read-modify-write. Either that sees that there is room, then we enter and take
 *    WAITS back; or whoever makes room comes later in the order of that word, sees WAITS, takes `lock` and finds us queued.
 * 3. A killed waiter looks once more under `lock`. If it was chosen meanwhile it is in: 0, not -EINTR. If not, it leaves the queue, and
 *    lets in those behind it, who may have waited for it only.
 * 4. What earlier owners did is seen: all changes of the word are read-modify-writes, those that leave release and those that
 *    enter or let in acquire, so they see all that left before, not only the last; GRANTED (lock_wait.h) passes it on.
 */
#include "kernel/lock_wait.h"
#include "kernel/mutex.h"
#include "lib/errno.h"
#include "lib/format.h"

#define WAITS 1ul
#define WRITER 2ul
#define READER 4ul

static uintptr_t word_of(const struct rwsem *s)
{
	return atomic_load_explicit(&s->word, memory_order_relaxed);
}

static void writer_set(struct rwsem *s, struct thread *t)
{
	atomic_store_explicit(&s->writer, t, memory_order_relaxed);
}

/* Readers are not known by name. */
static struct thread *owner(const void *object)
{
	const struct rwsem *s = object;

	return atomic_load_explicit(&s->writer, memory_order_relaxed);
}

static enum wait_on wait_on(const void *object)
{
	return word_of(object) & ~WAITS ? WAIT_ON_THREAD : WAIT_ON_NOBODY;
}

static void describe(const void *object, char *buf, size_t size)
{
	const struct rwsem *s = object;

	snprintf(buf, size, "lock=%s", lock_class_name((enum lock_class)s->class));
}

void rwsem_init(struct rwsem *s, enum lock_class class)
{
	spin_init(&s->lock, LOCK_WAITQ);
	atomic_store_explicit(&s->word, 0, memory_order_relaxed);
	writer_set(s, NULL);
	list_init(&s->waiters);
	s->class = (uint8_t)class;
}

/* Is there room in a semaphore with this word, WAITS aside? */
static bool room(uintptr_t word, bool as_writer)
{
	return as_writer ? !(word & ~WAITS) : !(word & WRITER);
}

static uintptr_t share(bool as_writer)
{
	return as_writer ? WRITER : READER;
}

/* ---- lock held ---- */

static void let_in(struct rwsem *s, struct list *chosen)
{
	while (!list_empty(&s->waiters)) {
		struct lock_waiter *w = list_first(&s->waiters, struct lock_waiter, link);

		if (!room(word_of(s), w->writer))
			return;
		atomic_fetch_add_explicit(&s->word, share(w->writer), memory_order_acquire); /* point 4 */
		if (w->writer)
			writer_set(s, w->thread);
		lock_choose(w, chosen);
	}
	atomic_fetch_and_explicit(&s->word, ~WAITS, memory_order_relaxed);
}

/* Enters after all, or sets WAITS and queues: false. */
static bool enter_or_queue(struct rwsem *s, struct lock_waiter *w)
{
	uintptr_t old = atomic_fetch_or_explicit(&s->word, WAITS, memory_order_relaxed);

	if (old & WAITS || !room(old, w->writer)) {
		list_append(&s->waiters, &w->link);
		return false;
	}
	atomic_fetch_add_explicit(&s->word, share(w->writer) - WAITS, memory_order_acquire); /* point 4 */
	return true;
}

/* ---- entering ---- */

static bool try_enter(struct rwsem *s, bool as_writer)
{
	uintptr_t word = word_of(s);

	while (!(word & WAITS) && room(word, as_writer))
		/* acquire: point 4 */
		if (atomic_compare_exchange_weak_explicit(&s->word, &word, word + share(as_writer),
							  memory_order_acquire, memory_order_relaxed))
			return true;
	return false;
}

/* After a kill: true if we had been chosen before we could leave. */
static bool leave_queue(struct rwsem *s, struct lock_waiter *w)
{
	struct list chosen = LIST_INIT(chosen);
	irqflags_t flags = spin_lock_irq(&s->lock);
	bool queued = atomic_load_explicit(&w->state, memory_order_relaxed) == LOCK_QUEUED;

	if (queued) {
		list_remove(&w->link);
		let_in(s, &chosen);
	}
	spin_unlock_irq(&s->lock, flags);
	lock_grant(&chosen);
	return !queued;
}

static int enter_slow(struct rwsem *s, bool as_writer, enum wait_mode mode)
{
	const struct wait_why why = { .what = as_writer ? "rwsem for writing" : "rwsem for reading",
				      .object = s,
				      .on = wait_on,
				      .owner = owner,
				      .describe = describe };
	struct lock_waiter w = { .thread = current, .writer = as_writer };
	irqflags_t flags = spin_lock_irq(&s->lock);
	bool in = enter_or_queue(s, &w);

	spin_unlock_irq(&s->lock, flags);
	if (in || !lock_wait(&w, &why, mode))
		return 0;
	if (!leave_queue(s, &w))
		return -EINTR;
	return lock_wait(&w, &why, WAIT_FOREVER);
}

static int enter_as(struct rwsem *s, bool as_writer, enum wait_mode mode, enum lock_class class)
{
	int err = 0;

	might_sleep();
	lock_note_want(class, s);
	if (!try_enter(s, as_writer))
		err = enter_slow(s, as_writer, mode);
	if (err)
		return err;
	if (as_writer)
		writer_set(s, current);
	lock_note_acquire(class, s, false);
	return 0;
}

static int enter(struct rwsem *s, bool as_writer, enum wait_mode mode)
{
	return enter_as(s, as_writer, mode, (enum lock_class)s->class);
}

void rwsem_read_lock(struct rwsem *s)
{
	enter(s, false, WAIT_FOREVER);
}

int rwsem_read_lock_killable(struct rwsem *s)
{
	return enter(s, false, WAIT_KILLABLE);
}

bool rwsem_read_trylock(struct rwsem *s)
{
	bool in = try_enter(s, false);

	if (in)
		lock_note_acquire((enum lock_class)s->class, s, true);
	return in;
}

void rwsem_write_lock(struct rwsem *s)
{
	enter(s, true, WAIT_FOREVER);
}

void rwsem_write_lock_as(struct rwsem *s, enum lock_class class)
{
	enter_as(s, true, WAIT_FOREVER, class);
}

int rwsem_write_lock_killable(struct rwsem *s)
{
	return enter(s, true, WAIT_KILLABLE);
}

/* ---- leaving ---- */

static void leave(struct rwsem *s, uintptr_t our_share)
{
	struct list chosen = LIST_INIT(chosen);
	irqflags_t flags;
	/* acq_rel: point 4; acquire because we may let in others */
	uintptr_t left = atomic_fetch_sub_explicit(&s->word, our_share, memory_order_acq_rel) - our_share;

	if (left != WAITS) /* nobody waits, or somebody is still inside */
		return;
	flags = spin_lock_irq(&s->lock);
	let_in(s, &chosen);
	spin_unlock_irq(&s->lock, flags);
	lock_grant(&chosen);
}

void rwsem_read_unlock(struct rwsem *s)
{
	assert(word_of(s) >= READER);
	lock_note_release((enum lock_class)s->class, s);
	leave(s, READER);
}

void rwsem_write_unlock_as(struct rwsem *s, enum lock_class class)
{
	assert(rwsem_write_held(s));
	lock_note_release(class, s);
	writer_set(s, NULL);
	leave(s, WRITER);
}

void rwsem_write_unlock(struct rwsem *s)
{
	rwsem_write_unlock_as(s, (enum lock_class)s->class);
}

bool rwsem_write_held(const struct rwsem *s)
{
	return owner(s) == current;
}
