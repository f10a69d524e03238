/* SPDX-License-Identifier: MIT */
/* mremap under those who use the memory: the steps at the head of mm/mremap.c, each of which is missed here if it is left out. */
#include "kernel/sched.h"
#include "kernel/uaccess.h"
#include "lib/prng.h"
#include "mm/pt.h"
#include "mm/vma.h"
#include "mm/shmem.h"
#include "tests/host/mmspace.h"
#include "tests/host/port.h"
#include <string.h>

#define WORKERS 5
#define BASE 0x7ff8000ul /* pages on both sides of a boundary between tables */
#define PAGES 16

static uint64_t seed;
static struct mm *mm;
static _Atomic bool stop;
static _Atomic uint64_t total;

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

/* ---- memory that is moved to and fro under those who use it: nothing is lost, and every entry can be found at every moment ---- */

#define THERE (BASE + 0x600000ul - 5 * PAGE_SIZE) /* tables begin elsewhere in it than at BASE */

static struct mapping *shared;

static void move_some(uintptr_t from, uintptr_t to, unsigned first, unsigned n)
{
	struct remap_request r = { .from = from + first * PAGE_SIZE, .to = to + first * PAGE_SIZE, .old_len = n * PAGE_SIZE,
				   .new_len = n * PAGE_SIZE, .flags = REMAP_MAYMOVE | REMAP_FIXED };

	check(mm_remap(mm, &r) == (long)r.to);
}

static void move_to_and_fro(struct prng *rng)
{
	unsigned half = 1 + prng_below(rng, PAGES - 1);

	for (unsigned i = 0; i < 2; i++) {
		uintptr_t from = i ? THERE : BASE, to = i ? BASE : THERE;

		move_some(from, to, 0, half);
		move_some(from, to, half, PAGES - half);
	}
}

/* The page is in one of two places, or on its way. */
static void increment_where_it_is(unsigned page)
{
	uint32_t seen, old;

	for (unsigned i = 0;; i++) {
		uintptr_t at = (i % 2 ? THERE : BASE) + page * PAGE_SIZE;

		if (copy_from_user(&old, at, sizeof(old)))
			continue;
		if (!arch_user_cmpxchg32((uint32_t *)at, old, old + 1, &seen) && seen == old)
			break;
	}
	atomic_fetch_add(&total, 1);
}

/* Does a walk of the reverse map meet an entry for this page of `shared`, and only one? */
static bool entry_found(pgoff_t index)
{
	pte_t *found = NULL;
	bool two = false;
	struct vma *vma;

	mutex_lock(&shared->mappers_lock);
	rcu_read_lock();
	list_for_each(vma, &shared->mappers, mapper) {
		uintptr_t va = vma->start + ((index - vma->pgoff) << PAGE_SHIFT);
		pte_t *slot = index < vma->pgoff || va >= vma->end ? NULL : arch_pte_find(&vma->mm->arch, va);

		if (slot && !arch_pte_none(arch_pte_read(slot))) {
			two |= found && found != slot;
			found = slot;
		}
		host_point(HOST_AT_ACCESS);
	}
	rcu_read_unlock();
	mutex_unlock(&shared->mappers_lock);
	return found && !two;
}

static void moving(unsigned who, struct mapping *m)
{
	uint32_t zero = 0;
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS) {
		check(map_at(BASE, PAGES, VMA_READ | VMA_WRITE | (m ? VMA_SHARED : 0), m, 0) == BASE);
		for (unsigned i = 0; i < PAGES; i++) /* memory that was never touched changes its offset when it is moved */
			check(!copy_to_user(BASE + i * PAGE_SIZE, &zero, sizeof(zero)));
		return;
	}
	enter(mm);
	for (unsigned i = 0; who == 0 && i < 150; i++)
		move_to_and_fro(&rng);
	if (who == 0)
		atomic_store(&stop, true);
	while (!atomic_load(&stop)) {
		unsigned page = prng_below(&rng, PAGES);

		if (m && who == 1)
			check(entry_found(page));
		else
			increment_where_it_is(page);
	}
	enter(NULL);
}

static void moving_private(unsigned who)
{
	moving(who, NULL);
}

static void moving_shared(unsigned who)
{
	moving(who, shared);
}

/* Fresh memory is moved while its first pages, and their tables, come. */
static void moving_fresh(unsigned who)
{
	struct prng rng;

	prng_seed(&rng, seed * 100 + who);
	if (who == WORKERS)
		return;
	enter(mm);
	for (unsigned i = 0; who == 0 && i < 300; i++) {
		check(map_at(BASE, PAGES, VMA_READ | VMA_WRITE, NULL, 0) == BASE);
		for (unsigned n = prng_below(&rng, 3); n; n--)
			thread_yield();
		move_some(BASE, THERE, 0, PAGES);
		check(!entries_present(mm, BASE, PAGES));
		check(!mm_unmap(mm, THERE, PAGES * PAGE_SIZE));
	}
	if (who == 0)
		atomic_store(&stop, true);
	while (!atomic_load(&stop)) {
		uint64_t v = who;

		if (copy_to_user(BASE + prng_below(&rng, PAGES) * PAGE_SIZE, &v, sizeof(v)))
			thread_yield();
	}
	enter(NULL);
}

static void test(void)
{
	uint32_t sum;

	run(moving_private);
	sum = counters_sum();
	finish();
	ok(sum == total, "private memory that is moved loses no write: %u counted, %lu done", sum, total);

	shared = shmem_create(PAGES * PAGE_SIZE);
	run(moving_shared);
	sum = counters_sum();
	finish();
	shared->ops->put(shared);
	ok(sum == total, "shared memory that is moved is always found: %u counted, %lu done", sum, total);

	run(moving_fresh);
	finish();
	ok(true, "memory is moved while its first pages come");
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
