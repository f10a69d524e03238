/* SPDX-License-Identifier: MIT */
#include "tests/explore/pageworld.h"

struct policy policy;

struct page pages[1];
struct mapping *const a_mapping = (struct mapping *)0x1000;
unsigned taken;
unsigned most_parks;
_Atomic unsigned data;
static unsigned inside; /* threads that have the lock */
static bool freed;

#define POISON 0x5a5a5a00u /* flags of a freed page */

void explore_freed(uint64_t pfn)
{
	(void)pfn;
	must(!freed && !page_locked(&pages[0]));
	freed = true;
	atomic_store_explicit(&pages[0].flags, POISON, memory_order_relaxed);
}

static void alive(void)
{
	must(!freed && page_refs(&pages[0]));
}

/* ---- first states ---- */

void setup(uint32_t pagelock, uint32_t flags, unsigned refs)
{
	page_map = pages;
	policy.pagelock = pagelock;
	policy.pagelock_watch = 1;
	ghost_begin(pagelock);
	most_parks = UINT32_MAX;
	atomic_store_explicit(&pages[0].word, refs * PAGE_REF, memory_order_relaxed);
	atomic_store_explicit(&pages[0].mapping, a_mapping, memory_order_relaxed);
	atomic_store_explicit(&pages[0].index, INDEX, memory_order_relaxed);
	atomic_store_explicit(&pages[0].flags, flags, memory_order_relaxed);
	explore_constant(&policy, sizeof(policy));
	explore_constant(&page_map, sizeof(page_map));
	explore_name(&pages[0].flags, sizeof(pages[0].flags), "page.flags");
	explore_name(&data, sizeof(data), "data");
	explore_name(&pages[0].word, sizeof(pages[0].word), "page.word");
	explore_name(&pages[0].waiters, sizeof(pages[0].waiters), "page.waiters");
}

/* ---- with the lock ---- */

void enter(void)
{
	must(inside == 0);
	must(atomic_load_explicit(&data, memory_order_relaxed) == taken);
	alive();
	inside++;
}

void leave(void)
{
	alive();
	inside--;
	taken++;
	atomic_store_explicit(&data, taken, memory_order_relaxed);
}

/* Who looks from outside makes no data race. */
#define OUTSIDE __attribute__((no_sanitize("thread"), noinline))

OUTSIDE static struct page_waiter *head_now(void)
{
	return pages[0].waiters ? pages[0].waiters->first[PAGE_LOCK] : NULL;
}

OUTSIDE static bool is_owed(const struct page_waiter *w)
{
	return w && (w->may_lose == 0 || explore_now() >= w->due);
}

/* A head that is owed the lock when an unlock begins must have it when that ends. */
static void unlock(void)
{
	struct page_waiter *head = explore_lock_free(page_queue_lock(&pages[0])) ? head_now() : NULL;
	bool owed = is_owed(head);

	page_unlock(&pages[0]);
	must(!owed || head_now() != head);
}

void use(void)
{
	enter();
	leave();
	unlock();
}

void lock_once(void)
{
	page_lock(&pages[0]);
	must(explore_parks() <= most_parks);
	use();
}

void put(void)
{
	alive();
	page_put(&pages[0]);
}

/* ---- last states ---- */

/* Nobody is left, and nothing that looks as if somebody were. */
static void end(unsigned refs, bool is_freed)
{
	must(!pages[0].waiters);
	must(inside == 0);
	must(page_refs(&pages[0]) == refs && freed == is_freed);
	if (freed)
		must(atomic_load_explicit(&pages[0].flags, memory_order_relaxed) == POISON);
	else
		must(!page_flag(&pages[0], PG_LOCKED | PG_WAITERS));
}

void end_cached(void)
{
	end(1, false);
}

/* The threads have kept their references. */
void end_shared(void)
{
	end(4, false);
}

void end_freed(void)
{
	end(0, true);
}
