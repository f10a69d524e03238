/* SPDX-License-Identifier: MIT */
/*
 * Futexes: a hash table of queues, each bucket a spinlock and a list in order of arrival. A waiter is on its sleeper's stack.
 *
 *	(new) --queue_if, bucket lock--> queued --wake, bucket lock--> woken (bucket == NULL)
 *	                                  |  ^ \--timeout or signal, bucket lock--> gone
 *	                                  \--/ requeue, both bucket locks: another key
 *
 * 1. No wakeup is lost. A sleeper looks at the word and queues itself in one critical section of the bucket. A waker has stored to the word,
 *    then calls; it walks the queue in a critical section of the same bucket. If the waker's comes first, its unlock releases the
 *    store and our lock acquires it: we see the new value and do not sleep. If ours comes first, the waker finds us. The lock alone
 *    orders the word, whatever the machine's memory order; no barrier stands anywhere else, and there is no count of waiters that
 *    could be looked at without the lock, which would need one. Between queueing and sleeping the park token keeps the wake.
 * 2. The word is read with faults disabled, under the lock: a fault would sleep. If it is not there nothing has happened; the caller faults
 *    it in and comes again.
 * 3. A wake counts once and is not wasted. Who takes a waiter off its queue owns that wake, under the lock: the waker, who then clears
 *    `bucket`; or the sleeper itself, at a timeout or signal. Not on the queue any more when it gives up means woken: 0, and the signal
 *    is looked at on the way to user mode.
 * 4. A waiter is its sleeper's again as soon as `bucket` is NULL. The waker reads `thread` before that store and is in an RCU read section,
 *    which keeps the thread's memory until it has been unparked.
 * 5. A requeue changes `bucket` while the sleeper may be giving up: who wants the lock of its bucket loads it, locks, and looks again. It
 *    changes only under both locks, so the second look is final.
 * 6. Two buckets are locked in order of address.
 * 7. A key's object number is never used again. So a key pins neither file nor address space, and cannot come to mean another one.
 */
#include "kernel/futex.h"

#include "kernel/futex_pi.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define BUCKETS 256
#define FEW 8

struct futex_bucket {
	struct spinlock lock;
	struct list waiters; /* struct futex_waiter.link, oldest first	(lock) */
} __attribute__((aligned(64)));

static struct futex_bucket buckets[BUCKETS];

void futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, LOCK_FUTEX);
		list_init(&buckets[i].waiters);
	}
	futex_pi_init();
}

uint64_t futex_object_id(_Atomic uint64_t *id)
{
	static _Atomic uint64_t last;
	uint64_t is = atomic_load_explicit(id, memory_order_relaxed), fresh;

	if (is)
		return is;
	fresh = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
	return atomic_compare_exchange_strong_explicit(id, &is, fresh, memory_order_relaxed, memory_order_relaxed) ? fresh : is;
}

/* ---- buckets ---- */

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	return &buckets[futex_hash(key) % BUCKETS];
}

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock_second(a < b ? &b->lock : &a->lock);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* ---- waking ---- */

/* Those taken off under the lock and unparked after it: waking may mean to interrupt another CPU. */
struct wakes {
	unsigned n;
	struct thread *few[FEW];
};

/* Lock held, in a read section. From the store on, w is its sleeper's. */
static void take_off(struct futex_waiter *w, struct wakes *wakes)
{
	struct thread *t = w->thread;

	list_remove(&w->link);
	/* release: the sleeper that sees it does so after the last of our accesses to w; pairs with is_queued */
	atomic_store_explicit(&w->bucket, NULL, memory_order_release);
	if (wakes->n < FEW)
		wakes->few[wakes->n++] = t;
	else
		thread_unpark(t);
}

/* Lock held. How many of at most n. */
static int wake_some(struct futex_bucket *b, const struct futex_key *key, unsigned n, uint32_t bits, struct wakes *wakes)
{
	struct futex_waiter *w, *tmp;
	int woken = 0;

	list_for_each_safe(w, tmp, &b->waiters, link) {
		if ((unsigned)woken == n)
			break;
		if (!futex_same(&w->key, key) || !(w->bits & bits) || w->pi)
			continue; /* pi: it waits to be moved */
		take_off(w, wakes);
		woken++;
	}
	return woken;
}

static void unpark(const struct wakes *wakes)
{
	for (unsigned i = 0; i < wakes->n; i++)
		thread_unpark(wakes->few[i]);
}

int futex_wake(const struct futex *f, unsigned n, uint32_t bits)
{
	struct futex_bucket *b = bucket_of(&f->key);
	struct wakes wakes = { 0 };
	int woken;

	rcu_read_lock();
	spin_lock(&b->lock);
	woken = wake_some(b, &f->key, n, bits, &wakes);
	spin_unlock(&b->lock);
	unpark(&wakes);
	rcu_read_unlock();
	return woken;
}

/* ---- waiting ---- */

/* Lock held. */
static int word_is(uintptr_t user, uint32_t value)
{
	uint32_t seen;

	if (user_load32(user, &seen))
		return -EFAULT_AGAIN;
	return seen == value ? 0 : -EAGAIN;
}

/* On the queue, if the word is `value`. */
static int queue_if(struct futex_waiter *w, uintptr_t user, uint32_t value)
{
	struct futex_bucket *b = bucket_of(&w->key);
	int err;

	spin_lock(&b->lock);
	err = word_is(user, value);
	if (!err) {
		atomic_store_explicit(&w->bucket, b, memory_order_relaxed);
		list_append(&b->waiters, &w->link);
	}
	spin_unlock(&b->lock);
	return err;
}

static bool is_queued(const struct futex_waiter *w)
{
	/* acquire: pairs with take_off */
	return atomic_load_explicit(&w->bucket, memory_order_acquire);
}

/* true: it was still queued. false: woken. Point 5. */
static bool give_up(struct futex_waiter *w)
{
	struct futex_bucket *b;
	bool still;

	/* acquire: pairs with take_off */
	while ((b = atomic_load_explicit(&w->bucket, memory_order_acquire))) {
		spin_lock(&b->lock);
		still = atomic_load_explicit(&w->bucket, memory_order_relaxed) == b;
		if (still)
			list_remove(&w->link);
		spin_unlock(&b->lock);
		if (still)
			return true;
	}
	return false;
}

/* Queued if the word has the value, until it is woken. */
static int wait_queued(struct futex_waiter *w, const struct futex *f, uint32_t value, uint64_t deadline)
{
	struct wait_why why = { .what = "futex", .lasting = true, .object = (void *)f->user };
	int err = queue_if(w, f->user, value);

	if (err)
		return err;
	while (!err && is_queued(w))
		err = thread_park(&why, WAIT_SIGNAL, deadline);
	return give_up(w) ? err : 0;
}

int futex_wait(const struct futex *f, uint32_t value, uint32_t bits, uint64_t deadline)
{
	struct futex_waiter w = { .key = f->key, .bits = bits, .thread = current };

	return wait_queued(&w, f, value, deadline);
}

/* ---- waiting for one of several ---- */

/* The last one that was woken, or -1; all are off their queues. */
static int give_up_all(struct futex_any *v, unsigned n)
{
	int woken = -1;

	for (unsigned i = 0; i < n; i++)
		if (!give_up(&v[i].waiter))
			woken = (int)i;
	return woken;
}

static bool any_woken(const struct futex_any *v, unsigned n)
{
	while (n--)
		if (!is_queued(&v[n].waiter))
			return true;
	return false;
}

int futex_wait_any(struct futex_any *v, unsigned n, uint64_t deadline)
{
	struct wait_why why = { .what = "futexes", .lasting = true, .object = (void *)v[0].at.user };
	unsigned queued = 0;
	int err = 0, woken;

	while (!err && queued < n) {
		struct futex_any *a = &v[queued];

		a->waiter = (struct futex_waiter){ .key = a->at.key, .bits = FUTEX_BITS_ALL, .thread = current };
		err = queue_if(&a->waiter, a->at.user, a->value);
		queued += !err;
	}
	while (!err && !any_woken(v, n))
		err = thread_park(&why, WAIT_SIGNAL, deadline);
	woken = give_up_all(v, queued);
	return woken >= 0 ? woken : err;
}

/* ---- two words ---- */

/* Both locks held. */
static void move_to(struct futex_waiter *w, struct futex_bucket *to, const struct futex_key *key)
{
	list_remove(&w->link);
	w->key = *key;
	list_append(&to->waiters, &w->link);
	/* relaxed: give_up looks again under the lock */
	atomic_store_explicit(&w->bucket, to, memory_order_relaxed);
}

/* Both locks held. How many of at most m->move. Those who wait there already count, as on Linux. */
static int move_some(struct futex_bucket *from, struct futex_bucket *to, const struct futex_move *m)
{
	bool elsewhere = !futex_same(&m->from.key, &m->to.key);
	struct futex_waiter *w, *tmp;
	int moved = 0;

	list_for_each_safe(w, tmp, &from->waiters, link) {
		if ((unsigned)moved == m->move)
			break;
		if (!futex_same(&w->key, &m->from.key))
			continue;
		if (elsewhere)
			move_to(w, to, &m->to.key);
		moved++;
	}
	return moved;
}

static bool waits_for_pi(const struct futex_bucket *b, const struct futex_key *key)
{
	const struct futex_waiter *w;

	list_for_each(w, &b->waiters, link)
		if (futex_same(&w->key, key))
			return w->pi;
	return false;
}

int futex_requeue(const struct futex_move *m)
{
	struct futex_bucket *from = bucket_of(&m->from.key), *to = bucket_of(&m->to.key);
	struct wakes wakes = { 0 };
	int done;

	rcu_read_lock();
	lock_two(from, to);
	done = waits_for_pi(from, &m->from.key) ? -EINVAL : m->value ? word_is(m->from.user, *m->value) : 0;
	if (!done) {
		done = wake_some(from, &m->from.key, m->wake, FUTEX_BITS_ALL, &wakes);
		done += move_some(from, to, m);
	}
	unlock_two(from, to);
	unpark(&wakes);
	rcu_read_unlock();
	return done;
}

/* The word by what c makes of it; false: it is not there, may not be written, or its program has just changed it: the caller comes again without
 * the locks. Locks held. */
static bool word_change(uintptr_t user, const struct futex_change *c, uint32_t *old)
{
	uint32_t seen;

	if (user_load32(user, &seen))
		return false;
	*old = seen;
	return !user_cmpxchg32(user, *old, c->change(*old, c->change_arg), &seen) && seen == *old;
}

int futex_wake_change(const struct futex_move *m, const struct futex_change *c)
{
	struct futex_bucket *from = bucket_of(&m->from.key), *to = bucket_of(&m->to.key);
	struct wakes wakes = { 0 };
	int woken = -EFAULT_AGAIN;
	uint32_t old;

	rcu_read_lock();
	lock_two(from, to);
	if (word_change(m->to.user, c, &old)) {
		woken = wake_some(from, &m->from.key, m->wake, FUTEX_BITS_ALL, &wakes);
		if (c->compare(old, c->compare_arg))
			woken += wake_some(to, &m->to.key, m->move, FUTEX_BITS_ALL, &wakes);
	}
	unlock_two(from, to);
	unpark(&wakes);
	rcu_read_unlock();
	return woken;
}

/* ---- to a priority-inheriting word ---- */

int futex_wait_then_pi(const struct futex *f, uint32_t value, struct pi_waiter *pi, uint64_t deadline)
{
	struct futex_waiter w = { .key = f->key, .bits = FUTEX_BITS_ALL, .thread = current, .pi = pi };

	return wait_queued(&w, f, value, deadline);
}

/* Bucket lock held. How many of 1 + m->move. */
static int move_some_to_pi(struct futex_bucket *b, const struct futex_move *m, struct thread *(*find)(unsigned tid), struct wakes *wakes)
{
	struct futex_waiter *w, *tmp;
	struct wakes nobody = { .n = 0 };
	int moved = 0;

	list_for_each_safe(w, tmp, &b->waiters, link) {
		int err;

		if (!futex_same(&w->key, &m->from.key))
			continue;
		if ((unsigned)moved > m->move)
			break;
		err = w->pi && futex_same(&w->pi->at.key, &m->to.key) ? futex_pi_join(w->pi, m->to.user, find) : -EINVAL;
		if (err && err != -EINPROGRESS)
			return moved ? moved : err;
		nobody.n = 0;
		take_off(w, err ? &nobody : wakes);
		moved++;
	}
	return moved;
}

int futex_requeue_pi(const struct futex_move *m, struct thread *(*find)(unsigned tid))
{
	struct futex_bucket *from = bucket_of(&m->from.key);
	struct wakes wakes = { 0 };
	int done;

	rcu_read_lock();
	spin_lock(&from->lock);
	done = m->value ? word_is(m->from.user, *m->value) : 0;
	if (!done)
		done = move_some_to_pi(from, m, find, &wakes);
	spin_unlock(&from->lock);
	unpark(&wakes);
	rcu_read_unlock();
	return done;
}
