/* SPDX-License-Identifier: MIT */
/*
 * The page lock and its wait queues used by many threads at once: each policy, each kind of waiter, threads killed at any moment. Runs in every
 * variant of the port: as race-pagelock the threads are pthreads, and what the lock guards is written plainly, for ThreadSanitizer to see.
 *
 * That nobody is left asleep shows in that the test ends.
 */
#include "kernel/sched.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "mm/page_lock.h"
#include "mm/policy.h"
#include "tests/host/port.h"

#define THREADS 8
#define PAGES 2
#define ROUNDS 150
#define LIVES 60   /* of a page, from read to truncate */
#define VICTIMS 4
#define INDEX 7
#define SHORT 20000u /* ns */

static uint64_t seed;
static struct mapping *const a_mapping = (struct mapping *)0x1000; /* is only compared */

static struct slot {
	struct page *page;
	unsigned long count, again; /* written by who has the lock, one after the other */
} slots[PAGES];
static _Atomic unsigned long taken, interrupted, timed_out;

static const struct policy_name {
	const char *name;
	uint32_t value;
} policies[] = {
	{ "unfair", PAGELOCK_UNFAIR },
	{ "fair", PAGELOCK_FAIR },
	{ "bounded:2", PAGELOCK_BOUNDED | 2u << POLICY_NUMBER },
	{ "deadline:20", PAGELOCK_DEADLINE | 20u << POLICY_NUMBER },
};

/* ---- pages ---- */

static void slot_begin(struct slot *s, enum page_state state)
{
	*s = (struct slot){ .page = page_alloc(0) };
	check(s->page);
	check(page_trylock(s->page));
	atomic_store_explicit(&s->page->mapping, a_mapping, memory_order_relaxed);
	atomic_store_explicit(&s->page->index, INDEX, memory_order_relaxed);
	page_set_state(s->page, PAGE_READING);
	if (state == PAGE_READY) {
		page_set_state(s->page, PAGE_READY);
		page_unlock(s->page);
	}
}

/* Nobody waits, nobody has it, and all references are given back. */
static void slot_end(struct slot *s)
{
	struct page *page = s->page;

	check(!page->waiters && !page_flag(page, PG_LOCKED | PG_WAITERS));
	check(page_refs(page) == 1 && s->count == s->again);
	page_lock(page);
	page_set_state(page, PAGE_DYING);
	atomic_store_explicit(&page->mapping, NULL, memory_order_relaxed);
	page_unlock(page);
	page_put(page);
}

/* With the lock. */
static void use(struct slot *s, struct prng *r)
{
	s->count++;
	if (prng_below(r, 8) == 0)
		thread_yield();
	if (prng_below(r, 64) == 0)
		thread_sleep_until(clock_ns() + prng_below(r, SHORT), WAIT_FOREVER);
	s->again++;
	check(s->count == s->again);
	atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
	page_unlock(s->page);
}

/* ---- every way to lock it ---- */

/* 0: locked, and `extra` is a reference to give back. */
static int lock_some_way(struct slot *s, enum wait_mode mode, struct prng *r, bool *extra)
{
	int err;

	*extra = false;
	switch (prng_below(r, 5)) {
	case 0:
		return page_trylock(s->page) ? 0 : -EAGAIN;
	case 1:
		return page_lock_until(s->page, mode, clock_ns() + prng_below(r, SHORT));
	case 2:
		page_get(s->page);
		err = page_lock_unpinned(s->page, a_mapping, INDEX, mode);
		*extra = !err;
		return err;
	default:
		return page_lock_mode(s->page, mode);
	}
}

static void lock_and_use(struct slot *s, enum wait_mode mode, struct prng *r)
{
	bool extra;
	int err = lock_some_way(s, mode, r, &extra);

	check(!err || err == -EAGAIN || err == -ETIMEDOUT || (err == -EINTR && mode == WAIT_KILLABLE));
	atomic_fetch_add_explicit(&interrupted, err == -EINTR, memory_order_relaxed);
	atomic_fetch_add_explicit(&timed_out, err == -ETIMEDOUT, memory_order_relaxed);
	if (!err)
		use(s, r);
	if (extra)
		page_put(s->page);
}

static void user(unsigned i)
{
	struct prng r;

	prng_seed(&r, seed * 64 + i);
	for (unsigned n = 0; n < ROUNDS; n++)
		lock_and_use(&slots[prng_below(&r, PAGES)], WAIT_FOREVER, &r);
}

static unsigned long slots_run(void (*fn)(unsigned i), unsigned n)
{
	unsigned long sum = 0;

	atomic_store(&taken, 0);
	for (unsigned i = 0; i < PAGES; i++)
		slot_begin(&slots[i], PAGE_READY);
	port_parallel(n, fn);
	for (unsigned i = 0; i < PAGES; i++) {
		sum += slots[i].count;
		slot_end(&slots[i]);
	}
	check(sum == atomic_load(&taken));
	return sum;
}

static void locking(void)
{
	for (const struct policy_name *p = policies; p < policies + ARRAY_SIZE(policies); p++) {
		unsigned long sum;

		atomic_store(&policy.pagelock, p->value);
		sum = slots_run(user, THREADS);
		ok(sum, "%s: the lock was had %lu times, by one thread at a time", p->name, sum);
	}
}

/* ---- a page's life: read, written back, truncated, while others wait for each ---- */

static struct slot life;
static bool contents; /* plain: what the device brings */

static void device(void)
{
	contents = true;
	page_set_state(life.page, PAGE_READY);
	page_unlock_io(life.page, 0);
	page_lock(life.page);
	page_flag_set(life.page, PG_WRITEBACK);
	page_unlock(life.page);
	thread_yield();
	page_end_write(life.page);
	page_lock(life.page);
	page_set_state(life.page, PAGE_DYING);
	atomic_store_explicit(&life.page->mapping, NULL, memory_order_relaxed);
	page_unlock(life.page);
}

static void reader(void)
{
	struct page_waiter w;

	if (page_wait_begin(&w, life.page, a_mapping, INDEX)) {
		check(!page_wait_end(&w, WAIT_FOREVER));
		check(contents);
	}
	if (page_wait_begin_written(&w, life.page, a_mapping, INDEX))
		check(!page_wait_end(&w, WAIT_FOREVER));
}

static void locker(struct prng *r)
{
	for (int err = 0; !err;) {
		page_get(life.page);
		err = page_lock_unpinned(life.page, a_mapping, INDEX, WAIT_FOREVER);
		check(!err || err == -EAGAIN);
		if (!err) {
			check(contents);
			use(&life, r);
			page_put(life.page);
		}
	}
}

static void life_one(unsigned i)
{
	struct prng r;

	prng_seed(&r, seed * 64 + i);
	if (i == 0)
		device();
	else if (i % 2)
		reader();
	else
		locker(&r);
	page_put(life.page);
}

static void lives(void)
{
	for (unsigned n = 0; n < LIVES; n++) {
		atomic_store(&policy.pagelock, policies[n % ARRAY_SIZE(policies)].value);
		slot_begin(&life, PAGE_READING);
		contents = false;
		page_lock_give_to_io(life.page);
		for (unsigned i = 0; i < THREADS; i++)
			page_get(life.page);
		port_parallel(THREADS, life_one);
		check(page_refs(life.page) == 1 && !life.page->waiters && !page_flag(life.page, PG_LOCKED | PG_WAITERS));
		page_put(life.page);
	}
	ok(true, "%u pages are read, written back and truncated with waiters for each", LIVES);
}

/* ---- threads killed at any moment ---- */

static struct thread *_Atomic victims[VICTIMS];
static _Atomic bool killed[VICTIMS];
static _Atomic unsigned going; /* victims not killed yet */

static void victim(unsigned i, struct prng *r)
{
	atomic_store(&victims[i], current);
	while (!atomic_load(&killed[i]))
		lock_and_use(&slots[prng_below(r, PAGES)], WAIT_KILLABLE, r);
}

static void killer(struct prng *r)
{
	for (unsigned i = 0; i < VICTIMS; i++) {
		while (!atomic_load(&victims[i]))
			thread_yield();
		for (unsigned n = prng_below(r, 4); n--;)
			thread_yield();
		if (prng_below(r, 2))
			thread_sleep_until(clock_ns() + prng_below(r, SHORT), WAIT_FOREVER);
		thread_signal(atomic_load(&victims[i]), true);
		atomic_store(&killed[i], true);
		atomic_fetch_sub(&going, 1);
	}
}

/* Who has not been killed goes on as long as others are. */
static void survivor(struct prng *r)
{
	while (atomic_load(&going))
		lock_and_use(&slots[prng_below(r, PAGES)], WAIT_FOREVER, r);
}

static void kill_one(unsigned i)
{
	struct prng r;

	prng_seed(&r, seed * 64 + i);
	if (i < VICTIMS)
		victim(i, &r);
	else if (i == VICTIMS)
		killer(&r);
	else
		survivor(&r);
}

static void kills(unsigned groups)
{
	for (unsigned n = 0; n < groups; n++) {
		seed++;
		atomic_store(&policy.pagelock, policies[n % ARRAY_SIZE(policies)].value);
		atomic_store(&going, VICTIMS);
		for (unsigned i = 0; i < VICTIMS; i++) {
			atomic_store(&victims[i], NULL);
			atomic_store(&killed[i], false);
		}
		slots_run(kill_one, VICTIMS + 3);
	}
	ok(atomic_load(&interrupted), "%u threads are killed, which ends %lu waits: nobody is left asleep", groups * VICTIMS,
	   atomic_load(&interrupted));
	ok(atomic_load(&timed_out), "%lu waits were given up", atomic_load(&timed_out));
}

static unsigned groups;

static void test(void)
{
	locking();
	lives();
	kills(groups);
}

/* pagelock [SEED [GROUPS OF 4 KILLS]] */
int main(int argc, char **argv)
{
	static struct host_config machine = { .cpus = 4, .ram = 64 << 20 };

	seed = machine.seed = tap_seed(argc, argv, 1);
	machine.turn_one_in = port_turns(seed);
	groups = argc > 2 ? (unsigned)atoi(argv[2]) : host_real_time ? 100 : 2500;
	port_run(&machine, test);
}
