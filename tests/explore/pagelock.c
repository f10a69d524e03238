/* SPDX-License-Identifier: MIT */
/* The page lock and waiting for a page's state, mm/page_lock.c, under every schedule. */
#include "tests/explore/explore.h"

#include "lib/errno.h"
#include "mm/page_lock.h"


static struct page pages[1];
static unsigned inside;	  /* threads that have the lock */
static unsigned taken;	  /* how often it was had */
static _Atomic unsigned data; /* what the lock guards: the same, as memory shows it to whoever has the lock */
static struct mapping *const a_mapping = (struct mapping *)0x1000;

static void setup_free(void)
{
	page_map = pages;
	atomic_store_explicit(&pages[0].word, PAGE_REF, memory_order_relaxed);
	atomic_store_explicit(&pages[0].flags, PAGE_READY, memory_order_relaxed);
	explore_name(&pages[0].flags, sizeof(pages[0].flags), "page.flags");
	explore_name(&data, sizeof(data), "data");
	explore_name(&pages[0].word, sizeof(pages[0].word), "page.word");
	explore_name(&pages[0].waiters, sizeof(pages[0].waiters), "page.waiters");
}

/* As cache_add leaves it: on its way from the device. */
static void setup_reading(void)
{
	setup_free();
	atomic_store_explicit(&pages[0].mapping, a_mapping, memory_order_relaxed);
	atomic_store_explicit(&pages[0].index, 7, memory_order_relaxed);
	atomic_store_explicit(&pages[0].flags, PAGE_READING | PG_LOCKED, memory_order_relaxed);
}

static void enter(void)
{
	must(inside == 0);
	must(atomic_load_explicit(&data, memory_order_relaxed) == taken);
	inside++;
}

static void leave(void)
{
	inside--;
	taken++;
	atomic_store_explicit(&data, taken, memory_order_relaxed);
}

static void lock_once(void)
{
	page_lock(&pages[0]);
	enter();
	leave();
	page_unlock(&pages[0]);
}

static void lock_twice(void)
{
	lock_once();
	lock_once();
}

static void try_once(void)
{
	if (!page_trylock(&pages[0]))
		return;
	enter();
	leave();
	page_unlock(&pages[0]);
}

static void lock_killable(void)
{
	if (page_lock_killable(&pages[0]))
		return;
	enter();
	leave();
	page_unlock(&pages[0]);
}

static void kill_1(void)
{
	explore_kill(1);
}

static void lock_then_kill_1(void)
{
	page_lock(&pages[0]);
	enter();
	explore_kill(1);
	leave();
	page_unlock(&pages[0]);
}

static void wait_state(void)
{
	struct page_waiter w;

	if (page_wait_begin(&w, &pages[0], a_mapping, 7))
		must(page_wait_end(&w, WAIT_FOREVER) == 0);
	must(page_state(&pages[0]) == PAGE_READY);
	must(atomic_load_explicit(&data, memory_order_relaxed) >= 1);
}

static void wait_state_killable(void)
{
	struct page_waiter w;

	if (page_wait_begin(&w, &pages[0], a_mapping, 7)) {
		int err = page_wait_end(&w, WAIT_KILLABLE);

		must(err == 0 || err == -EINTR);
	}
}

static void read_ends(void)
{
	atomic_store_explicit(&data, 1, memory_order_relaxed);
	taken = 1;
	page_set_state(&pages[0], PAGE_READY);
	page_unlock_io(&pages[0], 0);
}

/* Nobody is left, and nothing that looks as if somebody were. */
static void end_free(void)
{
	must(!page_locked(&pages[0]));
	must(!pages[0].waiters);
	must(inside == 0);
}


#define TEST(id, what, n, first, last, ...)                                                        \
	static const struct explore_test id = {                                                    \
		.name = #id, .about = what, .threads = n, .setup = first, .run = { __VA_ARGS__ }, .end = last                \
	}

TEST(lock2, "two threads lock and unlock, twice", 2, setup_free, end_free, lock_twice, lock_twice);
TEST(lock3, "three threads lock and unlock", 3, setup_free, end_free, lock_once, lock_once, lock_once);
TEST(lock3x2, "three threads lock and unlock, twice", 3, setup_free, end_free, lock_twice, lock_twice, lock_twice);
TEST(lock_try, "two threads lock, one tries", 3, setup_free, end_free, lock_once, lock_once, try_once);
TEST(lock_kill, "a waiter is killed, at any moment", 3, setup_free, end_free, lock_once, lock_killable, kill_1);
TEST(lock_kill_handoff, "a waiter is killed by the holder, another waits", 3, setup_free, end_free, lock_then_kill_1, lock_killable, lock_once);
TEST(state, "two threads wait for a read to end", 3, setup_reading, end_free, read_ends, wait_state, wait_state);
TEST(state_lock, "one waits for the read, one for the lock", 3, setup_reading, end_free, read_ends, wait_state, lock_once);
TEST(state_kill, "a state waiter is killed", 4, setup_reading, end_free, read_ends, wait_state_killable, kill_1, wait_state);

const struct explore_test *const explore_tests[] = { &lock2, &lock3, &lock3x2, &lock_try, &lock_kill, &lock_kill_handoff, &state, &state_lock,
						     &state_kill, NULL };
