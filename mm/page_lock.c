/* SPDX-License-Identifier: MIT */
/*
 * The page lock: who gets it when, and how long that can take (law 1).
 *
 * State: PG_LOCKED and PG_WAITERS in page->flags; the page's queue of those who want the lock, oldest first. Its *head* is the one whose turn is
 * next, and alone may try. It is *called* while it is awake to try, and *owed* the lock when the next unlock must give it to it.
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
 *	the head is called			watches the lock until that is clear or handed over, if the policy says so, `looks` times at most;
 *						then tries. One that comes as the head counts as called, if it is to watch
 *	... and tries, LOCKED clear		takes it and leaves the queue
 *	... LOCKED set				has lost a race; sleeps, and may be owed the lock now
 *	any waiter killed, or out of time	leaves the queue; the lock handed to it meanwhile it passes on
 *
 * A policy says when the head is owed the lock: how many races it may lose, and for how long it may be the head (`rules`).
 *
 *	unfair		never						after which nothing is promised
 *	fair		always						position x (section + switch)
 *	bounded:N	it has lost N races				position x (N + 1) x (section + switch)
 *	deadline:USEC	it has been the head for that long		position x (deadline + section + switch)
 *
 * The third column, and one switch more, bounds the wait of who arrives as number `position` in the queue. Section: the longest time the lock is
 * held by an owner who runs; switch: the longest that a thread that is awake waits for its CPU. Proof: let T(k) be when the k-th becomes head, T(1)
 * = 0, and T(k+1) when it has the lock. No waiter passes the head, since only it tries and only it is handed the lock. A held lock is unlocked
 * within a section, and a switch if its owner has been handed it and does not run yet. fair: that unlock hands it over, so T(k+1) <= T(k) + switch +
 * section. bounded: it calls the head, which tries within a switch; if it loses, the thief runs, and unlocks within a section; after N such rounds
 * that hands it over. deadline: an unlock later than T(k) + deadline hands it over. If the lock is held then, that is within a switch and a section.
 * If it is free, the head has been called and tries within a switch: it takes the lock, or a thief has it who runs. So the lock is its own by
 * T(position + 1), and a switch later it runs. Leaving early only makes positions smaller. Watching changes nothing in this: the head counts as
 * called until it has tried.
 *
 * Why `deadline`: a lock handed to a sleeper is held, and of use to nobody, until that sleeper runs. A lock left free is of use to whoever runs,
 * without a switch: so the head is called early, while the lock can be stolen, and its switch overlaps the work of others; stealing is free as long
 * as the head can wait. What is left to pay for is lost races: two switches and a wake each. So a called head watches. Most sections are shorter
 * than a switch, and a look is a load; it watches about half as long as a switch takes (policy pagelock_watch), which is lost where sections are
 * long or their owner does not run. Whom it wakes goes to the front of its CPU's run queue: that keeps `switch` short. A bound in time is what a
 * waiter cares about; one in lost races grows with the section. Tried and dropped: not to call the head while all CPUs have work, and to set a timer
 * for its deadline: that halves the switches, but timers cost more than it saves, and waits become twice as long.
 *
 * 1. No wakeup is lost. Both bits share a word. A waiter holds the queue lock and sets WAITERS by a read-modify-write: if that finds LOCKED clear
 *    it has the lock; else the unlocker's compare-exchange, later in the order of that word, sees WAITERS, takes the queue lock and finds it queued.
 * 2. A free lock does not stay with a sleeping head. When the queue lock is let go with LOCKED clear and a head there, the head is called.
 *    LOCKED becomes clear with WAITERS set only under that lock: in an unlock (which calls), and a head that leaves its place to the next while
 *    LOCKED is clear calls it. Who is called tries under the queue lock before it sleeps: it takes the lock, or finds LOCKED set, and then the
 *    owner's unlock comes later and finds WAITERS.
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
	bool watch;	      /* awake, it watches a held lock for a while before it sleeps */
} rules[] = {
	[PAGELOCK_UNFAIR] = { ENDLESS, ENDLESS, false, false },
	[PAGELOCK_FAIR] = { 0, ENDLESS, false, false },
	[PAGELOCK_BOUNDED] = { GIVEN, ENDLESS, false, false },
	[PAGELOCK_DEADLINE] = { ENDLESS, GIVEN, true, true },
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
	atomic_store_explicit(&w->looks, rule->watch ? policy_get(&policy.pagelock_watch) : 0, memory_order_relaxed);
	w->may_lose = rule->losses == GIVEN ? number : rule->losses;
	if (rule->deadline_us != ENDLESS)
		w->due = clock_ns() + (rule->deadline_us == GIVEN ? number : rule->deadline_us) * NSEC_PER_USEC;
}

/* It has come as the head, awake: if it is going to watch, and then to try, that is as good as having been called. */
static void head_comes(struct page_waiter *w)
{
	head_begin(w);
	if (!atomic_load_explicit(&w->looks, memory_order_relaxed))
		return;
	w->called = true;
	page_waits_called(w);
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
		head_comes(w);
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

	if (!outcome) { /* handed over while it watched */
		page_waits_runs(w);
	} else if (outcome == PAGE_WAITING && err) {
		waiter_leaves(w);
		outcome = err;
	} else if (outcome == PAGE_WAITING && head_takes(w)) {
		outcome = 0;
	}
	spin_unlock_irq(page_queue_lock(w->page), flags);
	return outcome;
}

/* Until the lock is free, or handed to w, or has been looked at often enough. The page may be gone by then, its struct stays. False: not to watch. */
static bool waiter_watches(const struct page_waiter *w)
{
	uint32_t looks = atomic_load_explicit(&w->looks, memory_order_relaxed);

	for (uint32_t n = looks; n && page_locked(w->page); n--) {
		if (atomic_load_explicit(&w->outcome, memory_order_relaxed) != PAGE_WAITING)
			break; /* waiter_looks takes the queue lock, under which it was stored */
		arch_cpu_relax();
	}
	return looks;
}

/* Sleeps, and what there is to do then. */
static int waiter_wakes(struct page_waiter *w, enum wait_mode mode, uint64_t until, int *err)
{
	int outcome = page_waiter_sleep(w, mode, until, err);

	if (!outcome)
		page_waits_runs(w);
	if (outcome != PAGE_WAITING)
		return outcome;
	if (!*err)
		waiter_watches(w);
	return waiter_looks(w, *err);
}

/* Until w has the lock: 0. Or why not. */
static int waiter_wait(struct page_waiter *w, enum wait_mode mode, uint64_t until)
{
	int err = 0, outcome = waiter_watches(w) ? waiter_looks(w, 0) : PAGE_WAITING;

	stat_inc(STAT_page_lock_waits);
	while (outcome == PAGE_WAITING)
		outcome = waiter_wakes(w, mode, until, &err);
	if (outcome)
		return outcome;
	page_waits_ended(w);
	if (err) { /* handed over just then */
		page_unlock_outcome(w->page, 0);
		if (w->unpinned)
			page_put(w->page);
	}
	return err;
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
