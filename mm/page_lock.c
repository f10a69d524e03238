/* SPDX-License-Identifier: MIT */
/*
 * The page lock: who gets it when, and how long that can take (law 1).
 *
 * State: PG_LOCKED and PG_WAITERS in page->flags; the page's queue of those who want the lock, oldest first. Its *head* is the one whose turn is
 * next, and alone may try. It is *called* when it has been woken to try, and *owed* the lock when the next unlock must give it to it.
 *
 *	arrival			LOCKED clear		LOCKED set
 *	page_trylock		takes it		false
 *	page_lock, ..._until	takes it, even if others wait (steals it); queues, sleeps
 *	page_lock_unpinned	the same		the same; its reference goes when it is queued
 *
 *	page_unlock, nobody waits		clears LOCKED by one compare-exchange
 *	... state waiters			wakes them all (mm/page_wait.c), and goes on
 *	... the head is owed the lock		hands it over: LOCKED is never clear in between, so nobody can steal it
 *	... it is not owed			clears LOCKED; calls the head, unless that has been done
 *	... the page is DYING			wakes all unpinned waiters: -EAGAIN. Who holds a reference stays and gets the lock in turn
 *
 *	the head is called, LOCKED clear	takes it and leaves the queue
 *	... LOCKED set				has lost a race; sleeps again, and may be owed the lock now
 *	any waiter killed, or out of time	leaves the queue; the lock handed to it meanwhile it passes on
 *
 * A policy says when the head is owed the lock: how many races it may lose, and for how long it may be the head (`rules`).
 *
 *	unfair		never						after which nothing is promised
 *	fair		always						position x (section + switch)
 *	bounded:N	it has lost N races				position x (N + 1) x (section + switch)
 *	deadline:USEC	it has been the head for that long; or it has	position x (deadline + section + switch)
 *			lost a race after being called for that
 *
 * The third column bounds the wait of who arrives as number `position` in the queue. Section: the longest time the lock is held by one owner who
 * runs; switch: the longest from waking a thread until it runs. Proof: let T(k) be when the k-th becomes head, T(1) = 0. The head is not passed by
 * any waiter, since only it tries and only it is handed the lock. It is called by the first unlock, at most a section after T(k), and runs a switch
 * later; if it loses, the lock is held, so an unlock comes within a section and calls again. bounded: after N such rounds it is owed the lock, and
 * the next unlock, within a section, hands it over; its switch is the last. deadline: an unlock later than T(k) + deadline hands it over. If the
 * lock is held then, that is within a section. If it is free, the head has been called, and has the lock a switch later unless it is held when it
 * runs; then again an unlock is a section away. Then the (k+1)-th is head. Leaving early only makes positions smaller.
 *
 * Why `deadline`: a lock handed to a sleeper is held, and of use to nobody, until that sleeper runs. A lock left free is of use to whoever
 * runs, without a switch: so the head is called early, while the lock can be stolen, and its switch overlaps the work of others; stealing is free as
 * long as the head can wait. Whom it wakes goes to the front of its CPU's run queue: that keeps `switch` short. A bound in time is what a waiter
 * cares about; one in lost races grows with the length of the section. Tried and dropped: not to call the head while all CPUs have work, and to
 * set a timer for its deadline. That halves the switches, but timers cost more than it saves, and waits become twice as long.
 *
 * 1. No wakeup is lost. Both bits share a word. A waiter holds the queue lock and sets WAITERS by a read-modify-write: if that finds LOCKED clear
 *    it has the lock; else the unlocker's compare-exchange, later in the order of that word, sees WAITERS, takes the queue lock and finds it queued.
 * 2. A free lock does not stay with a sleeping head. When the queue lock is let go with LOCKED clear and a head there, the head has been called.
 *    LOCKED becomes clear with WAITERS set only under that lock: in an unlock (which calls), and a head that leaves its place to the next while
 *    LOCKED is clear calls it. A call ends in a try under the queue lock: it takes the lock, or finds LOCKED set, and then the owner's unlock
 *    comes later and finds WAITERS.
 * 3. An unpinned waiter's page is not freed. It had a reference when it queued, with LOCKED set and the page not DYING. A page is freed after
 *    it has become DYING, under the lock; the unlock of that owner sees WAITERS and wakes all such waiters. As long as one is queued the cache
 *    has its reference, or somebody has the lock who will let it go: so the unlocker, or the head that takes the lock, may take one more.
 *
 * Not promised: that a lock is obtained in the order of asking, except under `fair`; that a page is still what it was when the lock was asked
 * for, except by page_lock_unpinned; anything under `unfair`.
 */
#include "mm/page_lock.h"

#include "kernel/stats.h"
#include "lib/errno.h"
#include "mm/page_waits.h"
#include "mm/policy.h"

/* ---- policies ---- */

#define ENDLESS UINT32_MAX
#define GIVEN (UINT32_MAX - 1) /* the policy's number */

static const struct rule {
	uint32_t losses;      /* so many races the head may lose */
	uint32_t deadline_us; /* for so long it may be the head */
	bool hurry;	      /* woken, it is the next one on its CPU */
} rules[] = {
	[PAGELOCK_UNFAIR] = { ENDLESS, ENDLESS, false },
	[PAGELOCK_FAIR] = { 0, ENDLESS, false },
	[PAGELOCK_BOUNDED] = { GIVEN, ENDLESS, false },
	[PAGELOCK_DEADLINE] = { ENDLESS, GIVEN, true },
};

static void head_call(struct page_waiter *w)
{
	w->called = true;
	page_waits_called(w);
	page_waiter_unpark(w->thread, w->hurry);
}

/* What the policy in force says, from now on, for the new head. Queue lock held. */
static void head_begin(struct page_waiter *w)
{
	uint32_t is = policy_get(&policy.pagelock), number = is >> POLICY_NUMBER;
	const struct rule *rule = &rules[is & POLICY_WORD];

	w->hurry = rule->hurry;
	w->may_lose = rule->losses == GIVEN ? number : rule->losses;
	if (rule->deadline_us != ENDLESS)
		w->due = clock_ns() + (rule->deadline_us == GIVEN ? number : rule->deadline_us) * NSEC_PER_USEC;
}

static bool head_owed(const struct page_waiter *w)
{
	return !w->may_lose || (w->due != TIME_NEVER && clock_ns() >= w->due);
}

/* Called in vain. */
static void head_lost(struct page_waiter *w)
{
	if (!w->called)
		return; /* an old token */
	w->called = false;
	stat_inc(STAT_page_lock_lost);
	if (w->may_lose != ENDLESS)
		w->may_lose--;
}

/* ---- the queue; its lock held ---- */

static void queue_join(struct page_waiter *w)
{
	page_queue_append(w);
	page_waits_queued(w);
	if (page_queue_head(w->page, PAGE_LOCK) == w)
		head_begin(w);
}

/* With the lock or without. */
static void queue_leave(struct page_waiter *w)
{
	struct page_waiter *head = page_queue_head(w->page, PAGE_LOCK), *next;

	page_queue_remove(w);
	next = page_queue_head(w->page, PAGE_LOCK);
	if (head == w && next)
		head_begin(next);
}

static void hand_over(struct page_waiter *w)
{
	struct page *page = w->page;
	struct page_waiter *next;

	page_waits_called(w);
	if (w->unpinned)
		page_get(page);
	page_queue_wake(w, 0);
	stat_inc(STAT_page_lock_handoffs);
	next = page_queue_head(page, PAGE_LOCK);
	if (next)
		head_begin(next);
}

/* The page leaves its place for good: who waits without a reference has to look again. */
static void wake_unpinned(struct page *page)
{
	struct page_waiter *w = page_queue_head(page, PAGE_LOCK), *first = w, *next;
	struct page_waiter *last = w ? w->prev : NULL;

	for (bool more = w; more; w = next) {
		next = w->next;
		more = w != last;
		if (w->unpinned)
			page_queue_wake(w, -EAGAIN);
	}
	w = page_queue_head(page, PAGE_LOCK);
	if (w && w != first)
		head_begin(w);
}

/* ---- unlocking ---- */

/* LOCKED becomes clear. Queue lock held. Counts a steal, unless head_takes finds that it was none. */
static void let_go(struct page *page, struct page_waiter *head)
{
	uint32_t clear = PG_LOCKED | (page->waiters ? 0 : PG_WAITERS);

	/* release: as in page_unlock_outcome */
	atomic_fetch_and_explicit(&page->flags, ~clear, memory_order_release);
	if (!head)
		return;
	stat_inc(STAT_page_lock_steals);
	if (!head->called)
		head_call(head);
}

void page_unlock_slow(struct page *page, int outcome)
{
	irqflags_t flags = spin_lock_irq(page_queue_lock(page));
	struct page_waiter *head;

	page_queue_wake_all(page, PAGE_SETTLED, outcome);
	if (page_state(page) == PAGE_DYING)
		wake_unpinned(page);
	head = page_queue_head(page, PAGE_LOCK);
	if (head)
		page_waits_unlocked(head);
	if (head && head_owed(head))
		hand_over(head);
	else
		let_go(page, head);
	spin_unlock_irq(page_queue_lock(page), flags);
}

/* ---- waiting ---- */

/* The head tries. Queue lock held. */
static bool head_takes(struct page_waiter *w)
{
	if (page_queue_head(w->page, PAGE_LOCK) != w)
		return false;
	if (w->called)
		page_waits_runs(w);
	if (!page_lock_take(w->page)) {
		page_waits_held(w);
		head_lost(w);
		return false;
	}
	if (w->unpinned)
		page_get(w->page);
	stat_add(STAT_page_lock_steals, -1);
	queue_leave(w);
	page_queue_settle(w->page);
	return true;
}

/* Off the queue without the lock. The call it may have got is for the next one. Queue lock held. */
static void waiter_leaves(struct page_waiter *w)
{
	struct page *page = w->page;
	struct page_waiter *head;

	queue_leave(w);
	page_queue_settle(page);
	head = page_queue_head(page, PAGE_LOCK);
	if (head && !head->called && !page_locked(page))
		head_call(head);
}

/* Awake, and not handed the lock a moment ago. err: the wait has to end. The outcome, if there is one. */
static int waiter_looks(struct page_waiter *w, int err)
{
	irqflags_t flags = spin_lock_irq(page_queue_lock(w->page));
	int outcome = atomic_load_explicit(&w->outcome, memory_order_relaxed); /* stored under this lock */

	if (outcome == PAGE_WAITING && err) {
		waiter_leaves(w);
		outcome = err;
	} else if (outcome == PAGE_WAITING && head_takes(w)) {
		outcome = 0;
	}
	spin_unlock_irq(page_queue_lock(w->page), flags);
	return outcome;
}

/* Sleeps until w has the lock: 0. Or why not. */
static int waiter_wait(struct page_waiter *w, enum wait_mode mode, uint64_t until)
{
	int outcome, err;

	stat_inc(STAT_page_lock_waits);
	do {
		outcome = page_waiter_sleep(w, mode, until, &err);
		if (!outcome)
			page_waits_runs(w);
		if (outcome == PAGE_WAITING)
			outcome = waiter_looks(w, err);
	} while (outcome == PAGE_WAITING);
	if (!outcome)
		page_waits_ended(w);
	if (!outcome && err) { /* handed over just then */
		page_unlock_outcome(w->page, 0);
		if (w->unpinned)
			page_put(w->page);
		return err;
	}
	return outcome;
}

/* PAGE_WAITING: queued. 0: the lock was free, and is ours. -EAGAIN: the page goes, and we hold nothing that keeps it. */
static int waiter_queues(struct page_waiter *w)
{
	struct page *page = w->page;
	irqflags_t flags = spin_lock_irq(page_queue_lock(page));
	/* acquire: as in page_lock_take */
	uint32_t old = atomic_fetch_or_explicit(&page->flags, PG_WAITERS | PG_LOCKED, memory_order_acquire);
	int outcome = 0;

	if (old & PG_LOCKED)
		outcome = w->unpinned && (old & PG_STATE) == PAGE_DYING ? -EAGAIN : PAGE_WAITING;
	if (outcome == PAGE_WAITING)
		queue_join(w);
	else
		page_queue_settle(page);
	spin_unlock_irq(page_queue_lock(page), flags);
	return outcome;
}

static int lock_slow(struct page *page, bool unpinned, enum wait_mode mode, uint64_t until)
{
	struct page_waiter w;
	int outcome;

	page_waiter_init(&w, page, PAGE_LOCK);
	w.unpinned = unpinned;
	outcome = waiter_queues(&w);
	if (unpinned && outcome)
		page_put(page);
	return outcome == PAGE_WAITING ? waiter_wait(&w, mode, until) : outcome;
}

int page_lock_slow(struct page *page, enum wait_mode mode, uint64_t until)
{
	return lock_slow(page, false, mode, until);
}

int page_lock_unpinned(struct page *page, struct mapping *m, pgoff_t index, enum wait_mode mode)
{
	int err = 0;

	might_sleep();
	lock_note_want(LOCK_PAGE, page);
	if (!page_lock_take(page))
		err = lock_slow(page, true, mode, TIME_NEVER);
	if (err)
		return err;
	page_note_acquire(page, false);
	if (atomic_load_explicit(&page->mapping, memory_order_relaxed) == m &&
	    atomic_load_explicit(&page->index, memory_order_relaxed) == index)
		return 0;
	page_unlock(page);
	page_put(page);
	return -EAGAIN;
}
