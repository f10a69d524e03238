/* SPDX-License-Identifier: MIT */
/* The page lock, mm/page_lock.c, under every schedule: each policy, waiters that are killed or give up, waiters without a reference. */
#include "tests/explore/pageworld.h"

/* One for each policy. In the cache, which has the one reference. */
#define SETUP(name, policy_value, parks)                                                           \
	static void setup_##name(void)                                                             \
	{                                                                                          \
		setup(policy_value, PAGE_READY, 1);                                                \
		most_parks = parks;                                                                \
	}

SETUP(unfair, UNFAIR, UINT32_MAX)
SETUP(fair, FAIR, 1)
SETUP(bounded, BOUNDED, 2)
SETUP(deadline, DEADLINE, UINT32_MAX)

/* Another policy comes. */
static void setup_fair_first(void)
{
	setup(FAIR, PAGE_READY, 1);
	ghost_begin(GHOST_OFF);
}

static void setup_deadline_first(void)
{
	setup(DEADLINE, PAGE_READY, 1);
	ghost_begin(GHOST_OFF);
}

/* Threads 0, 1 and 2 have a reference each. */
static void setup_shared(void)
{
	setup(BOUNDED, PAGE_READY, 4);
}

static void setup_shared_deadline(void)
{
	setup(DEADLINE, PAGE_READY, 4);
}

static void setup_shared_2(void)
{
	setup(FAIR, PAGE_READY, 3);
}

static void setup_shared_2_deadline(void)
{
	setup(DEADLINE, PAGE_READY, 3);
}

/* ---- locking ---- */

static void lock_twice(void)
{
	lock_once();
	page_lock(&pages[0]);
	enter();
	leave();
	page_unlock(&pages[0]);
}

static void try_once(void)
{
	if (page_trylock(&pages[0]))
		use();
}

/* It may end without the lock, in a way that the caller has to look at. */
static int locked(int err)
{
	if (err)
		ghost_left();
	else
		use();
	return err;
}

static void lock_killable(void)
{
	int err;

	ghost_may_leave();
	err = locked(page_lock_killable(&pages[0]));
	must(err == 0 || err == -EINTR);
}

static void lock_for_a_while(void)
{
	int err;

	ghost_may_leave();
	err = locked(page_lock_until(&pages[0], WAIT_FOREVER, 1));
	must(err == 0 || err == -ETIMEDOUT);
}

static void lock_for_a_while_killable(void)
{
	int err;

	ghost_may_leave();
	err = locked(page_lock_until(&pages[0], WAIT_KILLABLE, 1));
	must(err == 0 || err == -ETIMEDOUT || err == -EINTR);
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

/* Time passes while it is held, so that a deadline does. */
static void lock_long(void)
{
	page_lock(&pages[0]);
	enter();
	host_clock();
	leave();
	page_unlock(&pages[0]);
}

static void lock_long_twice(void)
{
	lock_long();
	lock_long();
}

static void change_policy(void)
{
	page_lock(&pages[0]);
	enter();
	policy.pagelock = policy.pagelock == FAIR ? DEADLINE : FAIR;
	leave();
	page_unlock(&pages[0]);
}

/* A token is left over from something else that it slept for. */
static void lock_with_token(void)
{
	thread_unpark(explore_thread(explore_self()));
	page_lock(&pages[0]);
	use();
}

/* ---- with a reference to give up ---- */

static void pinned(void)
{
	lock_once();
	put();
}

static void unpinned_mode(enum wait_mode mode)
{
	int err;

	if (mode == WAIT_KILLABLE)
		ghost_may_leave();
	err = page_lock_unpinned(&pages[0], a_mapping, INDEX, mode);
	must(err == 0 || err == -EAGAIN || (err == -EINTR && mode == WAIT_KILLABLE));
	if (err) {
		ghost_left();
		return;
	}
	must(page_state(&pages[0]) == PAGE_READY);
	use();
	put();
}

static void unpinned(void)
{
	unpinned_mode(WAIT_FOREVER);
}

static void unpinned_killable(void)
{
	unpinned_mode(WAIT_KILLABLE);
}

/* As truncate takes a page away. */
static void truncate(void)
{
	page_lock(&pages[0]);
	enter();
	page_set_state(&pages[0], PAGE_DYING);
	atomic_store_explicit(&pages[0].mapping, NULL, memory_order_relaxed);
	put(); /* the cache's */
	leave();
	page_unlock(&pages[0]);
	put();
}

/* The page is going, and who has its lock lets go of it. */
static void setup_dying(void)
{
	setup(DEADLINE, PAGE_DYING | PG_LOCKED, 2);
	atomic_store_explicit(&pages[0].mapping, NULL, memory_order_relaxed);
}

static void let_it_go(void)
{
	page_unlock(&pages[0]);
	put();
}

/* Without a sleep, then. */
static void unpinned_dying(void)
{
	must(page_lock_unpinned(&pages[0], a_mapping, INDEX, WAIT_FOREVER) == -EAGAIN);
	must(!explore_parks());
}

/* Another page has come to be where this one was expected, or this one has gone elsewhere. */
static void unpinned_elsewhere(void)
{
	must(page_lock_unpinned(&pages[0], a_mapping, INDEX + 1, WAIT_FOREVER) == -EAGAIN);
}

static void unpinned_other_file(void)
{
	must(page_lock_unpinned(&pages[0], NULL, INDEX, WAIT_FOREVER) == -EAGAIN);
}

/* ---- tests ---- */

/* The same under each policy. */
#define TEST_POLICIES(id, what, n, last, ...)                                                      \
	TEST(id##_unfair, what ", unfair", n, setup_unfair, last, __VA_ARGS__);                    \
	TEST(id##_fair, what ", fair", n, setup_fair, last, __VA_ARGS__);                          \
	TEST(id##_bounded, what ", bounded:1", n, setup_bounded, last, __VA_ARGS__);               \
	TEST(id##_deadline, what ", deadline", n, setup_deadline, last, __VA_ARGS__)

TEST_POLICIES(lock2, "two threads lock and unlock, twice", 2, end_cached, lock_twice, lock_twice);
TEST_POLICIES(lock3, "three threads lock and unlock", 3, end_cached, lock_once, lock_once, lock_once);
TEST_POLICIES(lock_try, "two threads lock, one tries", 3, end_cached, lock_once, lock_once, try_once);
TEST_POLICIES(lock_kill, "a waiter is killed, at any moment", 3, end_cached, lock_once, lock_killable, kill_1);
TEST_POLICIES(lock_kill_handoff, "a waiter is killed by the holder, another waits", 3, end_cached, lock_then_kill_1, lock_killable, lock_once);
TEST_POLICIES(lock_timeout, "a waiter gives up, another waits", 3, end_cached, lock_once, lock_for_a_while, lock_once);
TEST_POLICIES(lock_both, "a waiter may be killed and may give up, another waits", 3, end_cached, lock_then_kill_1,
	      lock_for_a_while_killable, lock_once);
TEST_POLICIES(lock_long2, "two threads lock for long, twice", 2, end_cached, lock_long_twice, lock_long_twice);
TEST_POLICIES(lock_long3, "two threads lock for long, one waits", 3, end_cached, lock_long_twice, lock_long, lock_once);
TEST(lock_token, "threads that come with a token left over, bounded:1", 3, setup_shared, end_shared, lock_twice, lock_with_token,
     lock_with_token);
TEST(lock_token_deadline, "the same, deadline", 3, setup_shared_deadline, end_shared, lock_twice, lock_with_token, lock_with_token);
TEST(lock3x2_bounded, "three threads lock and unlock, twice, bounded:1", 3, setup_bounded, end_cached, lock_twice, lock_twice, lock_twice);
TEST(lock_policy, "the policy changes while a thread waits", 3, setup_fair_first, end_cached, lock_once, change_policy, lock_once);
TEST(lock_policy_back, "the same, the other way", 3, setup_deadline_first, end_cached, lock_once, change_policy, lock_once);

TEST(unpinned2, "two threads lock, unpinned", 2, setup_shared_2, end_cached, unpinned, unpinned);
TEST(unpinned_lock, "two threads lock, unpinned, one with a reference", 3, setup_shared, end_cached, unpinned, unpinned, pinned);
TEST(unpinned_kill, "an unpinned waiter is killed by the holder", 3, setup_shared_2, end_cached, lock_then_kill_1, unpinned_killable, pinned);
TEST(unpinned_kill_late, "the same, at any moment", 3, setup_shared_2_deadline, end_cached, pinned, unpinned_killable, kill_1);
TEST(truncate1, "the page goes while a thread waits for it, unpinned", 2, setup_shared_2, end_freed, truncate, unpinned);
TEST(truncate2, "the page goes while two threads wait, unpinned", 3, setup_shared, end_freed, truncate, unpinned, unpinned);
TEST(truncate_mixed, "the page goes while one waits with a reference, one without", 3, setup_shared, end_freed, truncate, unpinned, pinned);
TEST(truncate_deadline, "the same, deadline", 3, setup_shared_deadline, end_freed, truncate, pinned, unpinned);

TEST(truncate2_deadline, "the page goes while two threads wait, unpinned, deadline", 3, setup_shared_deadline, end_freed, truncate, unpinned,
     unpinned);
TEST(dying, "a page is going, its lock held, when a thread wants it unpinned", 2, setup_dying, end_freed, let_it_go, unpinned_dying);
TEST(elsewhere, "two want a page unpinned that is not where they think, one locks", 3, setup_shared, end_cached, unpinned_elsewhere,
     unpinned_other_file, pinned);

#define POLICIES(id) &id##_unfair, &id##_fair, &id##_bounded, &id##_deadline

const struct explore_test *const explore_tests[] = {
	POLICIES(lock2), POLICIES(lock3), POLICIES(lock_try), POLICIES(lock_kill), POLICIES(lock_kill_handoff), POLICIES(lock_timeout),
	POLICIES(lock_both), POLICIES(lock_long2), POLICIES(lock_long3),
	&lock_token, &lock_token_deadline, &lock3x2_bounded, &lock_policy, &lock_policy_back,
	&unpinned2, &unpinned_lock, &unpinned_kill, &unpinned_kill_late,
	&truncate1, &truncate2, &truncate_mixed, &truncate_deadline, &truncate2_deadline, &dying, &elsewhere, NULL
};
