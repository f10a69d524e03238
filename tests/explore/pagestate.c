/* SPDX-License-Identifier: MIT */
/* Waiting for a page's state, mm/page_wait.c, beside those who want its lock, under every schedule. */
#include "tests/explore/pageworld.h"

/* As cache_add leaves it: on its way from the device. */
static void setup_reading(void)
{
	setup(DEADLINE, PAGE_READING | PG_LOCKED, 1);
}

static void setup_reading_fair(void)
{
	setup(FAIR, PAGE_READING | PG_LOCKED, 1);
}

static void setup_writing(void)
{
	setup(BOUNDED, PAGE_READY | PG_WRITEBACK, 2);
}

static void setup_frozen(void)
{
	setup(UNFAIR, PAGE_READY, 1);
}

static void kill_1(void)
{
	explore_kill(1);
}

/* ---- waiting for states ---- */

static void wait_state_mode(enum wait_mode mode)
{
	struct page_waiter w;
	int err;

	err = page_wait_begin(&w, &pages[0], a_mapping, INDEX) ? page_wait_end(&w, mode) : 0;
	if (err) {
		must(err == -EINTR && mode == WAIT_KILLABLE);
		return;
	}
	must(page_state(&pages[0]) == PAGE_READY);
	must(atomic_load_explicit(&data, memory_order_relaxed) >= 1);
}

static void wait_state(void)
{
	wait_state_mode(WAIT_FOREVER);
}

static void wait_state_killable(void)
{
	wait_state_mode(WAIT_KILLABLE);
}

/* Sleeps for something else in between, which takes the token of a wake that has come. */
static void wait_state_busy(void)
{
	static const struct wait_why why = { .what = "something else" };
	struct page_waiter w;
	bool queued = page_wait_begin(&w, &pages[0], a_mapping, INDEX);

	thread_park(&why, WAIT_FOREVER, 1);
	must(!queued || page_wait_end(&w, WAIT_FOREVER) == 0);
}

static void wait_state_for_a_while(void)
{
	struct page_waiter w;
	int err;

	if (!page_wait_begin(&w, &pages[0], a_mapping, INDEX))
		return;
	err = page_wait_end_until(&w, WAIT_FOREVER, 1);
	must(err == 0 || err == -ETIMEDOUT);
}

static void wait_frozen(void)
{
	struct page_waiter w;

	if (!page_wait_begin(&w, &pages[0], a_mapping, INDEX))
		return;
	must(page_wait_end(&w, WAIT_FOREVER) == 0);
	must(atomic_load_explicit(&data, memory_order_relaxed) >= 1);
}

static void wait_failed_read(void)
{
	struct page_waiter w;

	if (page_wait_begin(&w, &pages[0], a_mapping, INDEX))
		must(page_wait_end(&w, WAIT_FOREVER) == -EIO);
}

static void wait_other_page(void)
{
	struct page_waiter w;

	must(!page_wait_begin(&w, &pages[0], a_mapping, INDEX + 1));
	must(!page_wait_begin(&w, &pages[0], NULL, INDEX));
}

static void wait_written(void)
{
	struct page_waiter w;

	if (page_wait_begin_written(&w, &pages[0], a_mapping, INDEX))
		must(page_wait_end(&w, WAIT_FOREVER) == 0);
	must(!page_flag(&pages[0], PG_WRITEBACK));
}

static void wait_written_killable(void)
{
	struct page_waiter w;

	if (page_wait_begin_written(&w, &pages[0], a_mapping, INDEX))
		page_wait_end(&w, WAIT_KILLABLE);
}

static void read_ends(void)
{
	atomic_store_explicit(&data, 1, memory_order_relaxed);
	taken = 1;
	page_set_state(&pages[0], PAGE_READY);
	page_unlock_io(&pages[0], 0);
}

static void read_fails(void)
{
	page_set_state(&pages[0], PAGE_DYING);
	atomic_store_explicit(&pages[0].mapping, NULL, memory_order_relaxed);
	page_unlock_io(&pages[0], -EIO);
	put();
}

static void write_ends(void)
{
	page_end_write(&pages[0]);
	put();
}

static void freeze(void)
{
	page_lock(&pages[0]);
	enter();
	page_freeze(&pages[0]);
	leave();
	page_unfreeze(&pages[0]);
	page_unlock(&pages[0]);
}

/* ---- tests ---- */

TEST(state, "two threads wait for a read to end", 3, setup_reading, end_cached, read_ends, wait_state, wait_state);
TEST(state_lock, "one waits for the read, one for the lock, fair", 3, setup_reading_fair, end_cached, read_ends, wait_state, lock_once);
TEST(state_lock_deadline, "the same, deadline", 3, setup_reading, end_cached, read_ends, wait_state, lock_once);
TEST(state_kill, "a state waiter is killed", 4, setup_reading, end_cached, read_ends, wait_state_killable, kill_1, wait_state);
TEST(state_timeout, "a state waiter gives up, another waits", 3, setup_reading, end_cached, read_ends, wait_state_for_a_while, wait_state);
TEST(state_busy, "a state waiter sleeps for something else before", 3, setup_reading, end_cached, read_ends, wait_state_busy, wait_state);
TEST(state_failed, "a read fails while two wait", 3, setup_reading, end_freed, read_fails, wait_failed_read, wait_failed_read);
TEST(state_other, "a waiter for another page, and one for this", 3, setup_reading, end_cached, read_ends, wait_other_page, wait_state);
TEST(state_frozen, "a thread waits while the page is FROZEN", 3, setup_frozen, end_cached, freeze, wait_frozen, lock_once);
TEST(written, "two threads wait for a write to end", 3, setup_writing, end_cached, write_ends, wait_written, wait_written);
TEST(written_lock, "one waits for the write, two lock", 4, setup_writing, end_cached, write_ends, wait_written, lock_once, lock_once);
TEST(written_kill, "a waiter for the write is killed, one locks", 4, setup_writing, end_cached, write_ends, wait_written_killable, kill_1, lock_once);

const struct explore_test *const explore_tests[] = {
	&state, &state_lock, &state_lock_deadline, &state_kill, &state_timeout, &state_busy, &state_failed, &state_other, &state_frozen,
	&written, &written_lock, &written_kill, NULL
};
