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

/* Locked, frozen and being written: something to wait for of each kind. */
static void setup_all(void)
{
	setup(DEADLINE, PAGE_READY | PG_WRITEBACK | PG_LOCKED, 2);
	atomic_fetch_or_explicit(&pages[0].word, PAGE_FROZEN, memory_order_relaxed);
}

static void setup_all_fair(void)
{
	setup_all();
	policy.pagelock = FAIR;
	ghost_begin(FAIR);
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

/* ---- what goes along with a bit ---- */

/* As cache_add makes it: to be found by its mapping and index once it is READING. Its read ends when thread 1 has looked. */
static void setup_fresh(void)
{
	setup(DEADLINE, PAGE_EMPTY | PG_LOCKED, 1);
	atomic_store_explicit(&pages[0].mapping, NULL, memory_order_relaxed);
}

static void read_fresh(void)
{
	static const struct wait_why why = { .what = "the other" };

	atomic_store_explicit(&pages[0].mapping, a_mapping, memory_order_relaxed);
	page_set_state(&pages[0], PAGE_READING);
	thread_park(&why, WAIT_FOREVER, TIME_NEVER);
	read_ends();
}

static void wait_fresh(void)
{
	bool reading = (atomic_load_explicit(&pages[0].flags, memory_order_relaxed) & PG_STATE) == PAGE_READING;
	struct page_waiter w;

	if (reading)
		must(page_wait_begin(&w, &pages[0], a_mapping, INDEX));
	thread_unpark(explore_thread(0));
	if (reading)
		must(page_wait_end(&w, WAIT_FOREVER) == 0);
}

/* Written plainly, for the search for races. */
static unsigned contents;

static void write_out(void)
{
	must(!contents);
	write_ends();
}

static void change_when_written(void)
{
	if (page_flag(&pages[0], PG_WRITEBACK))
		return;
	atomic_thread_fence(memory_order_acquire);
	contents = 1;
}

static void thaw(void)
{
	page_unfreeze(&pages[0]);
	page_unlock(&pages[0]);
}

static void thaw_then_write_ends(void)
{
	thaw();
	write_ends();
}

static void wait_thaw(void)
{
	struct page_waiter w;

	if (page_wait_begin(&w, &pages[0], a_mapping, INDEX))
		must(page_wait_end(&w, WAIT_FOREVER) == 0);
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

TEST(state_fresh, "a page is found as soon as it is READING", 2, setup_fresh, end_cached, read_fresh, wait_fresh);
TEST(written_change, "who sees the write over changes the page", 2, setup_writing, end_cached, write_out, change_when_written);
TEST(all_kinds, "one waits for each event: thaw, lock, write", 4, setup_all, end_cached, thaw_then_write_ends, wait_thaw, lock_once, wait_written);
TEST(all_kinds_fair, "the same, fair, one wants the lock and one waits for the write", 4, setup_all_fair, end_cached, thaw, lock_once, wait_written,
     write_ends);

const struct explore_test *const explore_tests[] = {
	&state, &state_lock, &state_lock_deadline, &state_kill, &state_timeout, &state_busy, &state_failed, &state_other, &state_frozen,
	&written, &written_lock, &written_kill, &state_fresh, &written_change, &all_kinds, &all_kinds_fair, NULL
};
