/* SPDX-License-Identifier: MIT */
/* mm where threads meet on the same pages: nothing written is lost, nobody sees half a change, a child's memory is its own. */
#include "kernel/sched.h"
#include "kernel/stats.h"
#include "kernel/uaccess.h"
#include "lib/prng.h"
#include "mm/lru.h"
#include "mm/mm.h"
#include "mm/policy.h"
#include "mm/shmem.h"
#include "tests/host/mmfile.h"
#include "tests/host/port.h"
#include <string.h>

#define WORKERS 5
#define BASE 0x7ff8000ul /* pages on both sides of a boundary between tables */
#define PAGES 16
#define FAR 0x40000000ul

static uint64_t seed;
static struct mm *mm;
static struct test_file *file_a, *file_b;
static _Atomic bool stop;
static _Atomic uint64_t total;

static void enter(struct mm *to)
{
	thread_set_space(current, NULL);
	current->mm = to;
	thread_set_space(current, to ? &to->arch : NULL);
}

static long map(uintptr_t at, unsigned pages, unsigned flags, struct mapping *m, pgoff_t pgoff)
{
	struct map_request r = { .addr = at, .len = pages * PAGE_SIZE, .flags = flags | VMA_MAYWRITE, .fixed = true,
				 .mapping = m, .pgoff = pgoff };

	return mm_map(current->mm, &r);
}

static uint32_t user_load(uintptr_t at)
{
	uint32_t v;

	check(!copy_from_user(&v, at, sizeof(v)));
	return v;
}

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
		check(map(BASE, PAGES, VMA_READ | VMA_WRITE, NULL, 0) == BASE);
		return;
	}
	enter(mm);
	if (who == 0) {
		for (unsigned i = 0; i < 60; i++) {
			struct mm *child = mm_fork(mm);

			check(child);
			enter(child);
			child_looks();
			enter(mm);
			mm_put(child);
		}
		atomic_store(&stop, true);
	} else {
		while (!atomic_load(&stop))
			user_increment(BASE + prng_below(&rng, PAGES) * PAGE_SIZE);
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
		check(map(BASE, PAGES, VMA_READ | VMA_WRITE | VMA_SHARED, shared, 0) == BASE);
		return;
	}
	enter(mm);
	for (unsigned i = 0; i < 600; i++) {
		unsigned page = prng_below(&rng, PAGES);
		uintptr_t own = FAR * (who + 1);

		switch (prng_below(&rng, 8)) {
		case 0: page_reclaim(1 + prng_below(&rng, 20)); break;
		case 1: /* through another address, mapped for this one use */
			check(map(own, PAGES, VMA_READ | VMA_WRITE | VMA_SHARED, shared, 0) == (long)own);
			user_increment(own + page * PAGE_SIZE);
			check(!mm_unmap(mm, own, PAGES * PAGE_SIZE));
			break;
		case 2: check(!mm_protect(mm, BASE + page * PAGE_SIZE, PAGE_SIZE, VMA_READ | VMA_WRITE | VMA_EXEC)); break;
		case 3: check(map(BASE + page * PAGE_SIZE, 1, VMA_READ | VMA_WRITE | VMA_SHARED, shared, page) > 0); break;
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
		check(map(BASE, PAGES, VMA_READ, &file_a->mapping, 0) == BASE);
		return;
	}
	enter(mm);
	for (unsigned i = 0; who == 0 && i < 400; i++) {
		unsigned from = prng_below(&rng, PAGES), n = 1 + prng_below(&rng, PAGES - from);
		struct test_file *f = prng_below(&rng, 2) ? file_a : file_b;

		check(map(BASE + from * PAGE_SIZE, n, VMA_READ, &f->mapping, from) > 0);
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
		check(map(BASE, PAGES, VMA_READ | VMA_WRITE, &file_a->mapping, 0) == BASE);
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

static void scenarios(const char *around)
{
	char why[100];
	uint32_t sum;

	check(!policy_set("around", around, why, sizeof(why)));
	file_a = test_file_new(1, PAGES + 1, &seed);
	file_b = test_file_new(2, PAGES + 1, &seed);
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
	config.turn_one_in = 2 + (unsigned)(seed % 7);
	host_access_flag = seed % 2;
	sched_slice_ns = 6000;
	sched_jitter_ns = 5900;
	port_run(&config, test);
}
