/* SPDX-License-Identifier: MIT */
/*
 * The page lock, and waiting for a page's state.
 *
 * State: PG_LOCKED and PG_WAITERS in page->flags, and a queue that hangs on the page (page->waiters, oldest first) under one of
 * QUEUES spinlocks, chosen by the page. Waiters of other pages are never seen, and an unlock of a page without waiters takes no lock.
 *
 *	arrival			LOCKED clear		LOCKED set
 *	page_trylock		takes it		false
 *	page_lock		takes it		queues, sleeps, is handed the lock
 *	page_wait_begin		false			queues if the page is READING or FROZEN; woken at the unlock
 *	..._begin_written	queues if PG_WRITEBACK is set, locked or not; woken by page_end_write
 *
 *	page_unlock		no WAITERS: clears LOCKED by one compare-exchange
 *				WAITERS: under the queue lock wakes all who only wait, then hands the lock to the first who wants
 *				it: LOCKED is never clear in between. Nobody wants it: clears LOCKED, and WAITERS if nobody is left
 *
 * 1. No wakeup is lost. Both bits share a word. A waiter holds the queue lock and sets WAITERS by a read-modify-write: if that
 *    finds LOCKED clear it does not sleep; else the unlocker's compare-exchange, later in the order of that word, sees WAITERS, takes
 *    the queue lock and finds the waiter queued.
 * 2. Who only waits (READING, FROZEN) holds no reference (law 5). The page cannot be freed under it: it was LOCKED when WAITERS was
 *    set, both states end before the unlock that ends that hold, and this unlock empties the queue of such waiters. A frame that was
 *    reused before shows another (mapping, index), and the waiter does not queue.
 * 3. A waiter's memory is its stack. The waker takes it off the queue and stores `outcome` last; the thread it then unparks may
 *    be gone, but its struct thread is freed by RCU, and the queue lock is a read section.
 *    The same holds for a wait for write-back: PG_WRITEBACK was set when WAITERS was, the page stays where it is as long, and
 *    page_end_write, which clears it by a read-modify-write of that word, empties the queue of such waiters before the last reference goes.
 * 4. A killed waiter takes itself off under the queue lock. If it finds itself handed the lock already, it has it: a handoff is never lost.
 *
 * Not promised: that a lock is obtained sooner than everybody in front has had it (it is strictly first come first served).
 */
#include "mm/page_lock.h"

#include "kernel/stats.h"
#include "lib/errno.h"
#include "mm/backing.h"

#define QUEUES 64

static struct spinlock queue_locks[QUEUES] = { [0 ... QUEUES - 1] = SPINLOCK_INIT(LOCK_PAGE_QUEUE) };

static struct spinlock *queue_lock(const struct page *page)
{
	return &queue_locks[page_to_pfn(page) % QUEUES];
}

/* ---- the queue; queue lock held ---- */

static void queue_append(struct page_waiter *w)
{
	struct page_waiter *first = w->page->waiters;

	if (!first) {
		w->next = w->prev = w;
		w->page->waiters = w;
		return;
	}
	w->next = first;
	w->prev = first->prev;
	first->prev->next = w;
	first->prev = w;
}

static void queue_remove(struct page_waiter *w)
{
	struct page *page = w->page;

	if (w->next == w) {
		page->waiters = NULL;
		return;
	}
	if (page->waiters == w)
		page->waiters = w->next;
	w->prev->next = w->next;
	w->next->prev = w->prev;
}

static void wake(struct page_waiter *w, int outcome)
{
	struct thread *thread = w->thread;

	queue_remove(w);
	/* release: what the page became is seen with the outcome; pairs with waiter_sleep. w is gone after this. */
	atomic_store_explicit(&w->outcome, outcome, memory_order_release);
	thread_unpark(thread);
}

/* Wakes everybody who waits for this event; returns the first who wants the lock. */
static struct page_waiter *wake_all(struct page *page, enum page_event event, int outcome)
{
	struct page_waiter *keep = NULL, *heir = NULL, *w;

	while ((w = page->waiters) && w != keep) {
		if (w->event == event) {
			wake(w, outcome);
			continue;
		}
		if (!keep)
			keep = w;
		if (!heir && w->event == PAGE_LOCK)
			heir = w;
		page->waiters = w->next; /* rotate: come round to keep again */
	}
	return heir;
}

/* ---- waiting ---- */

static struct thread *page_owner(const void *page)
{
	(void)page;
	return NULL;
}

static int waiter_sleep(struct page_waiter *w, enum wait_mode mode)
{
	static const char *const what[] = { "page state", "page lock", "page write-back" };
	const struct wait_why why = { .what = what[w->event], .object = w->page, .owner = page_owner };
	int outcome, err = 0;

	/* acquire: pairs with wake */
	while ((outcome = atomic_load_explicit(&w->outcome, memory_order_acquire)) == PAGE_WAITING && !err)
		err = thread_park(&why, mode, UINT64_MAX);
	if (outcome != PAGE_WAITING)
		return outcome;

	irqflags_t flags = spin_lock_irq(queue_lock(w->page));

	outcome = atomic_load_explicit(&w->outcome, memory_order_relaxed); /* stored under this lock */
	if (outcome == PAGE_WAITING)
		queue_remove(w);
	spin_unlock_irq(queue_lock(w->page), flags);
	return outcome == PAGE_WAITING ? err : outcome;
}

/* Is the page, with these flags, on the way to the event? Queue lock held. */
static bool awaited(const struct page *page, uint32_t flags, enum page_event event)
{
	if (event == PAGE_WRITTEN)
		return flags & PG_WRITEBACK;
	return (flags & PG_LOCKED) && ((flags & PG_STATE) == PAGE_READING ||
				       (atomic_load_explicit(&page->word, memory_order_relaxed) & PAGE_FROZEN));
}

static bool wait_begin(struct page_waiter *w, struct mapping *m, pgoff_t index)
{
	struct page *page = w->page;
	irqflags_t flags = spin_lock_irq(queue_lock(page));
	/* acquire: mapping and index as cache_add stored them before READING */
	uint32_t old = atomic_fetch_or_explicit(&page->flags, PG_WAITERS, memory_order_acquire);
	bool same = awaited(page, old, w->event) &&
		    atomic_load_explicit(&page->mapping, memory_order_relaxed) == m &&
		    atomic_load_explicit(&page->index, memory_order_relaxed) == index;

	if (same)
		queue_append(w);
	else if (!page->waiters)
		page_flag_clear(page, PG_WAITERS);
	spin_unlock_irq(queue_lock(page), flags);
	return same;
}

bool page_wait_begin(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index)
{
	*w = (struct page_waiter){ .page = page, .thread = current, .event = PAGE_SETTLED, .outcome = PAGE_WAITING };
	return wait_begin(w, m, index);
}

bool page_wait_begin_written(struct page_waiter *w, struct page *page, struct mapping *m, pgoff_t index)
{
	*w = (struct page_waiter){ .page = page, .thread = current, .event = PAGE_WRITTEN, .outcome = PAGE_WAITING };
	return wait_begin(w, m, index);
}

int page_wait_end(struct page_waiter *w, enum wait_mode mode)
{
	stat_inc(STAT_page_waits);
	return waiter_sleep(w, mode);
}

/* ---- the lock ---- */

bool page_trylock(struct page *page)
{
	/* acquire: pairs with the release of the unlock before us */
	bool taken = !(atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_acquire) & PG_LOCKED);

	if (taken)
		lock_note_acquire(LOCK_PAGE, page, true);
	return taken;
}

static int page_lock_slow(struct page *page, enum wait_mode mode)
{
	struct page_waiter w = { .page = page, .thread = current, .event = PAGE_LOCK, .outcome = PAGE_WAITING };
	irqflags_t flags = spin_lock_irq(queue_lock(page));

	/* acquire: if it is free by now we take it here. WAITERS stays set for nothing then: one useless look at the unlock */
	if (!(atomic_fetch_or_explicit(&page->flags, PG_WAITERS | PG_LOCKED, memory_order_acquire) & PG_LOCKED)) {
		spin_unlock_irq(queue_lock(page), flags);
		return 0;
	}
	queue_append(&w);
	spin_unlock_irq(queue_lock(page), flags);
	stat_inc(STAT_page_lock_waits);
	return waiter_sleep(&w, mode);
}

int page_lock_mode(struct page *page, enum wait_mode mode)
{
	int err = 0;

	might_sleep();
	if (atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_acquire) & PG_LOCKED)
		err = page_lock_slow(page, mode);
	if (!err)
		lock_note_acquire(LOCK_PAGE, page, false);
	return err;
}

void page_lock(struct page *page)
{
	page_lock_mode(page, WAIT_FOREVER);
}

int page_lock_killable(struct page *page)
{
	return page_lock_mode(page, WAIT_KILLABLE);
}

static void unlock_slow(struct page *page, int outcome)
{
	irqflags_t flags = spin_lock_irq(queue_lock(page));
	struct page_waiter *heir = wake_all(page, PAGE_SETTLED, outcome);
	uint32_t clear = PG_LOCKED | (page->waiters ? 0 : PG_WAITERS);

	if (heir)
		wake(heir, 0);
	else /* release: as in the fast path */
		atomic_fetch_and_explicit(&page->flags, ~clear, memory_order_release);
	spin_unlock_irq(queue_lock(page), flags);
}

static void unlock(struct page *page, int outcome)
{
	uint32_t old = atomic_load_explicit(&page->flags, memory_order_relaxed);

	assert(old & PG_LOCKED);
	while (!(old & PG_WAITERS))
		/* release: what we did under the lock is seen by the next owner; pairs with page_trylock */
		if (atomic_compare_exchange_weak_explicit(&page->flags, &old, old & ~(uint32_t)PG_LOCKED,
							  memory_order_release, memory_order_relaxed))
			return;
	unlock_slow(page, outcome);
}

void page_unlock(struct page *page)
{
	lock_note_release(LOCK_PAGE, page);
	unlock(page, 0);
}

void page_lock_give_to_io(struct page *page)
{
	assert(page_locked(page));
	lock_note_release(LOCK_PAGE, page);
}

void page_unlock_io(struct page *page, int error)
{
	unlock(page, error);
}

/* ---- the end of write-back ---- */

void page_end_write(struct page *page)
{
	irqflags_t flags;
	/* release: the I/O is done with the contents; pairs with whoever sees the bit clear before changing them */
	uint32_t old = atomic_fetch_and_explicit(&page->flags, ~(uint32_t)PG_WRITEBACK, memory_order_release);

	assert(old & PG_WRITEBACK);
	if (!(old & PG_WAITERS))
		return;
	flags = spin_lock_irq(queue_lock(page));
	wake_all(page, PAGE_WRITTEN, 0);
	if (!page->waiters)
		page_flag_clear(page, PG_WAITERS);
	spin_unlock_irq(queue_lock(page), flags);
}
