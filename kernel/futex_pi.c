/* SPDX-License-Identifier: MIT */
/*
 * Priority-inheriting futexes, without priorities: a fair lock whose word is in user memory, and whose owner is known.
 *
 *	(new) --join--> waits --unlock by the owner: has_it, the word is the waiter's--> (gone)
 *	                |   \--futex_pi_leave (timeout, signal)--> (gone)
 *	                \--the owner ends: owner == NULL; the first one stores the word itself: has_it--> (gone)
 *
 * 1. One lock guards every queue, who waits for whom, and each change of a word by the kernel. A program changes a word without it only
 *    from 0 to its tid and back; both fail as soon as FUTEX_WAITERS is set, which a waiter does, under the lock, before it queues. So while
 *    somebody waits, the word is the kernel's; if it is not what it must be, the program has broken it: EINVAL.
 * 2. The lock is never free while somebody waits. An unlock stores the first waiter's tid in place of its own, in one compare-exchange,
 *    and makes it the owner of those behind it in the same critical section. A newcomer finds a queue, and stands at its end.
 * 3. No waiter is left with a dead owner. A thread that ends first marks the words of its robust list, then, under the lock, sets pi_gone
 *    and takes itself out as the owner of all who wait for it. Who came before is told; who comes after finds pi_gone, and the word still
 *    with the tid (ESRCH), or without it: then it takes it.
 * 4. The dead owner cannot store its heir's tid: it does not know the word's address in its own memory, if it still has any. So the first
 *    in the queue stores it, as soon as it runs; until then newcomers stand behind it whatever the word says. If it leaves instead, it
 *    wakes the next.
 * 5. A cycle of owners who wait would never end: before it queues, a thread follows owner and pi_wait from the one it would wait for. All of
 *    that is under the one lock, so of two threads that would close a cycle one comes second, and is refused. Hence there is none to follow
 *    for ever.
 * 6. `owner` needs no reference: a thread takes itself out (point 3) before it can be freed. Nor has `thread`: it waits.
 *
 * One lock, because cycles run across queues and because only contended locks come here.
 */
#include "kernel/futex_pi.h"

#include "kernel/restart.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define QUEUES 64

static struct spinlock lock = SPINLOCK_INIT(LOCK_FUTEX_PI);
static struct list queues[QUEUES]; /* struct pi_waiter.same_word	(lock) */

void futex_pi_init(void)
{
	for (unsigned i = 0; i < QUEUES; i++)
		list_init(&queues[i]);
}

void futex_pi_fill(struct pi_waiter *w, const struct futex *at)
{
	*w = (struct pi_waiter){ .at = *at, .thread = current };
	list_init(&w->same_word);
	list_init(&w->same_owner);
}

/* ---- queues; lock held ---- */

static struct list *queue_of(const struct futex_key *key)
{
	return &queues[futex_hash(key) % QUEUES];
}

/* Who waited longest for this word, or NULL. */
static struct pi_waiter *first_at(const struct futex_key *key)
{
	struct pi_waiter *w;

	list_for_each(w, queue_of(key), same_word)
		if (futex_same(&w->at.key, key))
			return w;
	return NULL;
}

static void set_owner(struct pi_waiter *w, struct thread *owner)
{
	list_remove(&w->same_owner);
	w->owner = owner;
	if (owner)
		list_append(&owner->pi_waiters, &w->same_owner);
}

static void queue(struct pi_waiter *w, struct thread *owner)
{
	set_owner(w, owner);
	list_append(queue_of(&w->at.key), &w->same_word);
	w->thread->pi_wait = w;
}

static void unqueue(struct pi_waiter *w)
{
	set_owner(w, NULL);
	list_remove(&w->same_word);
	w->thread->pi_wait = NULL;
}

/* The word is w's already: those behind it wait for it from now on. */
static void give(struct pi_waiter *w)
{
	struct pi_waiter *other;

	unqueue(w);
	w->has_it = true;
	list_for_each(other, queue_of(&w->at.key), same_word)
		if (futex_same(&other->at.key, &w->at.key))
			set_owner(other, w->thread);
}

/* Does t wait, over however many others, for `whom`? */
static bool waits_for(const struct thread *t, const struct thread *whom)
{
	while (t && t != whom)
		t = t->pi_wait ? t->pi_wait->owner : NULL;
	return t;
}

/* ---- the word; lock held ---- */

/* If its program has changed it in the meantime that is -EFAULT_AGAIN too: the caller comes again without the lock, or a program that keeps storing
 * could keep us in here. */
static int word_set(uintptr_t user, uint32_t from, uint32_t to)
{
	uint32_t seen;

	if (user_cmpxchg32(user, from, to, &seen))
		return -EFAULT_AGAIN;
	return seen == from ? 0 : -EFAULT_AGAIN;
}

/* Point 1. An owner that ends has marked the word perhaps, and is still waited for. */
static bool is_right(uint32_t word, const struct pi_waiter *first)
{
	uint32_t tid = word & FUTEX_TID_MASK;

	return !first->owner || tid == first->owner->tid || (!tid && word & FUTEX_OWNER_DIED);
}

/* Nobody waits, and the word is somebody's: whose, after it says that somebody will wait. */
static int owner_of(uintptr_t user, uint32_t word, struct thread *(*find)(unsigned tid), struct thread **owner)
{
	int err = word_set(user, word, word | FUTEX_WAITERS);

	if (err)
		return err;
	*owner = find(word & FUTEX_TID_MASK);
	return *owner && !(*owner)->pi_gone ? 0 : -ESRCH;
}

/* ---- locking ---- */

static int join_once(struct pi_waiter *w, uintptr_t user, bool try, struct thread *(*find)(unsigned tid))
{
	struct pi_waiter *first = first_at(&w->at.key);
	struct thread *owner = first ? first->owner : NULL;
	uint32_t word;
	int err = 0;

	if (user_load32(user, &word))
		return -EFAULT_AGAIN;
	if ((word & FUTEX_TID_MASK) == w->thread->tid)
		return -EDEADLK;
	if (!first && !(word & FUTEX_TID_MASK))
		return word_set(user, word, (word & FUTEX_OWNER_DIED) | w->thread->tid);
	if (first)
		err = is_right(word, first) ? 0 : -EINVAL;
	else
		err = owner_of(user, word, find, &owner);
	if (err)
		return err;
	if (try)
		return -EAGAIN;
	if (waits_for(owner, w->thread))
		return -EDEADLK;
	queue(w, owner);
	return -EINPROGRESS;
}

static int join(struct pi_waiter *w, uintptr_t user, bool try, struct thread *(*find)(unsigned tid))
{
	int err;

	spin_lock(&lock);
	err = join_once(w, user, try, find);
	w->has_it = !err;
	spin_unlock(&lock);
	return err;
}

int futex_pi_lock(struct pi_waiter *w, bool try, struct thread *(*find)(unsigned tid))
{
	return join(w, w->at.user, try, find);
}

int futex_pi_join(struct pi_waiter *w, uintptr_t user, struct thread *(*find)(unsigned tid))
{
	return join(w, user, false, find);
}

/* Lock held. Point 4: w is the first, and nobody has the lock. */
static int inherit(struct pi_waiter *w)
{
	uint32_t word;
	int err;

	if (user_load32(w->at.user, &word))
		return -EFAULT_AGAIN;
	err = word_set(w->at.user, word, FUTEX_WAITERS | FUTEX_OWNER_DIED | w->thread->tid);
	if (!err)
		give(w);
	return err;
}

/* 0: it has the lock; -EINPROGRESS. */
static int look(struct pi_waiter *w)
{
	int err = -EINPROGRESS;

	spin_lock(&lock);
	if (w->has_it)
		err = 0;
	else if (!w->owner && first_at(&w->at.key) == w)
		err = inherit(w);
	spin_unlock(&lock);
	return err;
}

int futex_pi_wait(struct pi_waiter *w, uint64_t deadline)
{
	struct wait_why why = { .what = "futex with an owner", .lasting = true, .object = (void *)w->at.user };
	int err = 0, seen;

	while ((seen = look(w)) == -EINPROGRESS && !err)
		err = thread_park(&why, WAIT_SIGNAL, deadline);
	if (seen != -EINPROGRESS)
		return seen;
	return err == -ERESTARTSYS ? -ERESTARTNOINTR : err;
}

/* Lock held, in a read section. Nobody has the lock: the first one is to take it. */
static void call_heir(const struct futex_key *key)
{
	struct pi_waiter *first = first_at(key);

	if (first)
		thread_unpark(first->thread);
}

bool futex_pi_leave(struct pi_waiter *w)
{
	bool orphan, left;

	spin_lock(&lock);
	left = !w->has_it;
	orphan = left && !w->owner;
	if (left)
		unqueue(w);
	if (orphan)
		call_heir(&w->at.key);
	spin_unlock(&lock);
	return left;
}

/* ---- unlocking ---- */

/* *heir: who is to be woken, or NULL. */
static int unlock_once(const struct futex *f, struct thread **heir)
{
	struct pi_waiter *first = first_at(&f->key);
	uint32_t word;
	int err;

	if (user_load32(f->user, &word))
		return -EFAULT_AGAIN;
	if ((word & FUTEX_TID_MASK) != current->tid)
		return -EPERM;
	if (first && first->owner != current)
		return -EINVAL;
	err = word_set(f->user, word, first ? FUTEX_WAITERS | first->thread->tid : 0);
	if (err || !first)
		return err;
	*heir = first->thread;
	give(first);
	return 0;
}

int futex_pi_unlock(const struct futex *f)
{
	struct thread *heir = NULL;
	int err;

	rcu_read_lock();
	spin_lock(&lock);
	err = unlock_once(f, &heir);
	spin_unlock(&lock);
	if (heir)
		thread_unpark(heir);
	rcu_read_unlock();
	return err;
}

void futex_pi_release(bool ends)
{
	struct pi_waiter *w;

	spin_lock(&lock);
	current->pi_gone = ends;
	while (!list_empty(&current->pi_waiters)) {
		w = list_first(&current->pi_waiters, struct pi_waiter, same_owner);
		set_owner(w, NULL);
		call_heir(&w->at.key);
	}
	spin_unlock(&lock);
}
