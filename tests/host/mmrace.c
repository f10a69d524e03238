/* SPDX-License-Identifier: MIT */
/* mm where threads meet on the same pages: nothing written is lost, nobody sees half a change, a child's memory is its own. */
#include "kernel/sched.h"
#include "kernel/stats.h"
#include "kernel/uaccess.h"
#include "lib/prng.h"
#include "mm/reclaim.h"
#include "mm/mm.h"
#include "mm/policy.h"
#include "mm/shmem.h"
#include "tests/host/mmfile.h"
#include "tests/host/mmspace.h"
#include "tests/host/port.h"
#include <string.h>

#define WORKERS 5
#define BASE 0x7ff8000ul /* pages on both sides of a boundary between tables */
#define PAGES 16
#define HOT 4 /* of these, in which much happens at once */
#define MANY 100
#define FAR 0x40000000ul

static uint64_t seed;
static struct mm *mm;
static struct test_file *file_a, *file_b;
static _Atomic bool stop;
static _Atomic uint64_t total;

/* One more in the counter at `at`, as an atomic instruction of a program would do it. */
static void user_increment(uintptr_t at)
{
	uint32_t seen = user_load(at), old;

	do {
		old = seen;
		check(!arch_user_cmpxchg32((uint32_t *)at, old, old + 1, &seen));
	} while (seen != old);
	atomic_fetch_add(&total, 1);
}

static void run(void (*fn)(unsigned i))
{
	atomic_store(&stop, false);
	atomic_store(&total, 0);
	mm = mm_create();
	mm->mmap_top = USER_TOP;
	enter(mm);
	fn(WORKERS); /* sets up */
	port_parallel(WORKERS, fn);
}

static void finish(void)
{
	enter(NULL);
	mm_put(mm);
	port_settle();
}

static uint32_t counters_sum(void)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < PAGES; i++)
		sum += user_load(BASE + i * PAGE_SIZE);
	return sum;
}

/* ---- counters in private memory, while the address space is forked again and again ---- */

static void child_looks(void)
{
	uint32_t before[PAGES];

	for (unsigned i = 0; i < PAGES; i++)
		before[i] = user_load(BASE + i * PAGE_SIZE);
	user_increment(BASE + 3 * PAGE_SIZE);
	atomic_fetch_sub(&total, 1);
	for (unsigned i = 0; i < 20; i++)
		thread_yield();
	for (unsigned i = 0; i < PAGES; i++)
		check(user_load(BASE + i * PAGE_SIZE) == before[i] + (i == 3));
}

static void forking(unsigned who)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS) {
		check(map_at(BASE, PAGES, VMA_READ | VMA_WRITE, NULL, 0) == BASE);
		return;
	}
	enter(mm);
	if (who == 0) {
		for (unsigned i = 0; i < 300; i++) {
			struct mm *child = mm_fork(mm);

			check(child);
			if (i % 6 == 0) {
				enter(child);
				child_looks();
				enter(mm);
			}
			mm_put(child);
		}
		atomic_store(&stop, true);
	} else {
		while (!atomic_load(&stop))
			user_increment(BASE + prng_below(&rng, HOT) * PAGE_SIZE);
	}
	enter(NULL);
}

/* ---- counters in shared memory, which is also mapped, unmapped, protected and reclaimed ---- */

static struct mapping *shared;

static void sharing(unsigned who)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS) {
		check(map_at(BASE, PAGES, VMA_READ | VMA_WRITE | VMA_SHARED, shared, 0) == BASE);
		return;
	}
	enter(mm);
	for (unsigned i = 0; i < 600; i++) {
		unsigned page = prng_below(&rng, PAGES);
		uintptr_t own = FAR * (who + 1);

		switch (prng_below(&rng, 8)) {
		case 0: page_reclaim(1 + prng_below(&rng, 20)); break;
		case 1: /* through another address, mapped for this one use */
			check(map_at(own, PAGES, VMA_READ | VMA_WRITE | VMA_SHARED, shared, 0) == (long)own);
			user_increment(own + page * PAGE_SIZE);
			check(!mm_unmap(mm, own, PAGES * PAGE_SIZE));
			break;
		case 2: check(!mm_protect(mm, BASE + page * PAGE_SIZE, PAGE_SIZE, VMA_READ | VMA_WRITE | VMA_EXEC, false)); break;
		case 3: check(map_at(BASE + page * PAGE_SIZE, 1, VMA_READ | VMA_WRITE | VMA_SHARED, shared, page) > 0); break;
		case 4: mm_discard(mm, BASE + page * PAGE_SIZE, 3 * PAGE_SIZE); break;
		default: user_increment(BASE + page * PAGE_SIZE); break;
		}
	}
	enter(NULL);
}

/* ---- one mapping replaced by another, under readers: they see the one or the other ---- */

static void replacing(unsigned who)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS) {
		check(map_at(BASE, PAGES, VMA_READ, &file_a->mapping, 0) == BASE);
		return;
	}
	enter(mm);
	for (unsigned i = 0; who == 0 && i < 400; i++) {
		unsigned from = prng_below(&rng, PAGES), n = 1 + prng_below(&rng, PAGES - from);
		struct test_file *f = prng_below(&rng, 2) ? file_a : file_b;

		check(map_at(BASE + from * PAGE_SIZE, n, VMA_READ, &f->mapping, from) > 0);
	}
	if (who == 0)
		atomic_store(&stop, true);
	while (!atomic_load(&stop)) {
		unsigned page = prng_below(&rng, PAGES);
		uint64_t v;

		if (!prng_below(&rng, 20))
			page_reclaim(4);
		if (copy_from_user(&v, BASE + page * PAGE_SIZE, sizeof(v))) {
			check(file_a->bad[page] || file_b->bad[page]);
			continue;
		}
		check(v == file_a->now[page][0] || v == file_b->now[page][0]);
	}
	enter(NULL);
}

/* ---- private copies of file pages, made and dropped under each other's eyes ---- */

static void copying(unsigned who)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS) {
		check(map_at(BASE, PAGES, VMA_READ | VMA_WRITE, &file_a->mapping, 0) == BASE);
		return;
	}
	enter(mm);
	for (unsigned i = 0; i < 500; i++) {
		unsigned page = prng_below(&rng, PAGES);
		uintptr_t at = BASE + page * PAGE_SIZE;
		uint64_t v, mark = 0x1234567800000000 + page;

		if (file_a->bad[page])
			continue;
		switch (prng_below(&rng, 8)) {
		case 0: page_reclaim(3); break;
		case 1: check(!mm_discard(mm, at, PAGE_SIZE)); break;
		case 2:
		case 3: check(!copy_to_user(at + 1928, &mark, sizeof(mark))); break;
		default:
			check(!copy_from_user(&v, at + 1928, sizeof(v)));
			check(v == file_a->now[page][1] || v == mark);
			check(!copy_from_user(&v, at + 4088, sizeof(v)) && v == file_a->now[page][2]);
		}
	}
	enter(NULL);
}

/* ---- memory that comes and goes while it is used: once unmapped it has no entries ---- */

static void unmapping(unsigned who)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS)
		return;
	enter(mm);
	for (unsigned i = 0; who == 0 && i < 300; i++) {
		struct mapping *m = prng_below(&rng, 2) ? &file_a->mapping : NULL;

		check(map_at(BASE, PAGES, VMA_READ | VMA_WRITE | (prng_below(&rng, 2) ? VMA_SHARED : 0) * !!m, m, 0) == BASE);
		for (unsigned n = prng_below(&rng, 6); n; n--)
			thread_yield();
		check(!mm_unmap(mm, BASE, PAGES * PAGE_SIZE));
		check(!entries_present(mm, BASE, PAGES));
	}
	if (who == 0)
		atomic_store(&stop, true);
	while (!atomic_load(&stop)) {
		uintptr_t at = BASE + prng_below(&rng, PAGES) * PAGE_SIZE + 8;
		uint64_t v = who;

		if (prng_below(&rng, 2) ? copy_from_user(&v, at, sizeof(v)) : copy_to_user(at, &v, sizeof(v)))
			thread_yield();
	}
	enter(NULL);
}

/* ---- pages taken back under those who map them ---- */

static void reclaiming(unsigned who)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS) {
		check(map_at(BASE, PAGES, VMA_READ | VMA_WRITE, &file_a->mapping, 0) == BASE);
		return;
	}
	enter(mm);
	for (unsigned i = 0; i < 800; i++) {
		unsigned page = prng_below(&rng, PAGES);
		uintptr_t at = BASE + page * PAGE_SIZE;
		uint64_t v, other = i;

		if (who < 2) { /* and the frame becomes another file's page */
			page_reclaim(1 + prng_below(&rng, 4));
			mapping_read_kernel(&file_b->mapping, prng_below(&rng, MANY) * PAGE_SIZE, &v, sizeof(v));
		} else if (!file_a->bad[page] && prng_below(&rng, 3) == 0) {
			check(mapping_read_kernel(&file_a->mapping, page * PAGE_SIZE + 1928, &v, sizeof(v)) == sizeof(v));
			check(v == file_a->now[page][1]);
		} else if (prng_below(&rng, 2)) {
			check(!mm_discard(mm, BASE, PAGES * PAGE_SIZE));
		} else if (!file_a->bad[page] && prng_below(&rng, 3)) {
			check(!copy_from_user(&v, at + 1928, sizeof(v)) && v == file_a->now[page][1]);
		} else if (!file_a->bad[page]) { /* makes a copy of the file's page */
			check(!copy_to_user(at + 8, &other, sizeof(other)));
			check(!copy_from_user(&v, at + 4088, sizeof(v)) && v == file_a->now[page][2]);
		}
	}
	enter(NULL);
}

/* ---- read-only memory replaced by writable: once a write succeeds it is in the new memory, and stays ---- */

static _Atomic unsigned go, acks;

static void upgrading(unsigned who)
{
	unsigned round = 0;

	if (who == WORKERS) {
		atomic_store(&go, 0);
		return;
	}
	enter(mm);
	while (round < 120) {
		uintptr_t at = BASE + who * PAGE_SIZE + 16;
		uint32_t v = ++round * 10 + who, seen;

		if (who == 0) {
			check(map_at(BASE, PAGES, VMA_READ, NULL, 0) == BASE);
			for (unsigned i = 0; i < PAGES; i++)
				user_load(BASE + i * PAGE_SIZE);
			atomic_store(&acks, 0);
			atomic_store(&go, round);
			check(map_at(BASE, PAGES, VMA_READ | VMA_WRITE, NULL, 0) == BASE);
			while (atomic_load(&acks) < WORKERS - 1)
				thread_yield();
			continue;
		}
		while (atomic_load(&go) < round)
			thread_yield();
		while (copy_to_user(at, &v, sizeof(v)))
			thread_yield();
		for (unsigned i = 0; i < 3; i++) {
			seen = user_load(at);
			check(seen == v);
			thread_yield();
		}
		atomic_fetch_add(&acks, 1);
	}
	enter(NULL);
}

/* ---- each page is written once, through a mapping that exists for that alone; none may be taken back before or after as clean ---- */

static void dirtying(unsigned who)
{
	uintptr_t own = FAR * (who + 1);
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS)
		return;
	enter(mm);
	for (pgoff_t i = who; i < MANY; i += WORKERS) {
		uint64_t v = i + 1;

		if (file_b->bad[i])
			continue;
		check(map_at(own, 1, VMA_READ | VMA_WRITE | VMA_SHARED, &file_b->mapping, i) == (long)own);
		for (unsigned n = prng_below(&rng, 3); n; n--)
			page_reclaim(MANY);
		check(!copy_to_user(own + 8, &v, sizeof(v)));
		check(!mm_unmap(mm, own, PAGE_SIZE));
		if (prng_below(&rng, 2))
			page_reclaim(MANY);
	}
	enter(NULL);
}

static unsigned dirty_lost(void)
{
	unsigned lost = 0;

	for (pgoff_t i = 0; i < MANY; i++) {
		uint64_t v = 0;

		if (!file_b->bad[i])
			lost += mapping_read_kernel(&file_b->mapping, i * PAGE_SIZE + 8, &v, sizeof(v)) != 8 || v != i + 1;
	}
	return lost;
}

static void scenarios(const char *around)
{
	unsigned lost;

	char why[100];
	uint32_t sum;

	check(!policy_set("around", around, why, sizeof(why)));
	file_a = test_file_new(1, PAGES + 1, &seed);
	file_b = test_file_new(2, MANY + 1, &seed);
	run(forking);
	sum = counters_sum();
	finish();
	ok(sum == total, "around=%s: fork loses no write: %u counted, %lu done", around, sum, total);

	shared = shmem_create(PAGES * PAGE_SIZE);
	run(sharing);
	sum = counters_sum();
	finish();
	shared->ops->put(shared);
	ok(sum == total, "around=%s: shared memory loses no write: %u counted, %lu done", around, sum, total);

	run(replacing);
	finish();
	ok(true, "around=%s: a replaced mapping is the old one or the new one", around);
	run(copying);
	finish();
	ok(true, "around=%s: private pages are the file's or a copy", around);
	run(unmapping);
	ok(!atomic_load(&mm->rss), "around=%s: what is unmapped stays unmapped", around);
	finish();
	run(reclaiming);
	finish();
	ok(true, "around=%s: a page that is taken back is mapped nowhere", around);
	run(upgrading);
	finish();
	ok(true, "around=%s: a write to memory that has replaced other memory stays", around);
	run(dirtying);
	finish();
	lost = dirty_lost();
	ok(!lost, "around=%s: no page is taken back that was written to (%u lost)", around, lost);
	test_file_put(file_a);
	test_file_put(file_b);
	port_settle();
}

static void test(void)
{
	uint64_t before;

	scenarios("lockless");
	before = frame_available();
	scenarios("trylock");
	scenarios("off");
	ok(frame_available() + 40 >= before && !stat_read(STAT_cache_pages), "no frame lost: %ld more than before",
	   (long)(frame_available() - before));
}

int main(int argc, char **argv)
{
	static struct host_config config = { .cpus = 4, .ram = 64 << 20 };

	seed = config.seed = tap_seed(argc, argv, 1);
	config.turn_one_in = port_turns(seed);
	host_access_flag = seed % 2;
	sched_slice_ns = 6000;
	sched_jitter_ns = 5900;
	port_run(&config, test);
}
