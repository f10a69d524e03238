/* SPDX-License-Identifier: MIT */
/* kernel/frame: which memory is taken; random allocation and freeing by several threads, no frame given out twice, none lost; what
 * debug builds must notice. */
#include "kernel/frame.h"
#include "kernel/kstack.h"
#include "kernel/sched.h"
#include "lib/prng.h"
#include "tests/host/port.h"
#include <string.h>
#include <sys/mman.h>

#define WORKERS 6
#define ROUNDS 6000
#define HELD 300

static uint64_t seed;
static _Atomic uint8_t owner[HOST_RAM_MAX >> PAGE_SHIFT]; /* of each frame: 0, or the worker that has it */

static void claim(pfn_t pfn, unsigned order, uint8_t who)
{
	for (pfn_t p = pfn; p < pfn + (1ul << order); p++) {
		check(frame_managed(p));
		check(atomic_exchange(&owner[p], who) == 0);
	}
	memset(pfn_to_virt(pfn), who, 64);
}

static void release(pfn_t pfn, unsigned order, uint8_t who)
{
	const uint8_t *byte = pfn_to_virt(pfn);

	for (int i = 0; i < 64; i++)
		check(byte[i] == who);
	for (pfn_t p = pfn; p < pfn + (1ul << order); p++)
		check(atomic_exchange(&owner[p], 0) == who);
	check(frame_order(pfn) == order);
	frame_free(pfn, order);
}

static void worker(unsigned w)
{
	struct { pfn_t pfn; unsigned order; } held[HELD];
	struct prng rng;
	unsigned n = 0;

	prng_seed(&rng, seed + w);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned order = prng_below(&rng, 3) ? 0 : prng_below(&rng, prng_below(&rng, 8) ? 4 : FRAME_MAX_ORDER + 1);
		unsigned at = n ? prng_below(&rng, n) : 0;

		if (n < HELD && prng_below(&rng, 2)) {
			pfn_t pfn = frame_alloc(order, prng_below(&rng, 4) ? FRAME_NORMAL : FRAME_RESERVE);

			if (pfn == NO_FRAME)
				continue;
			check(pfn % (1ul << order) == 0);
			claim(pfn, order, (uint8_t)(w + 1));
			held[n].pfn = pfn;
			held[n++].order = order;
		} else if (n) {
			release(held[at].pfn, held[at].order, (uint8_t)(w + 1));
			held[at] = held[--n];
		}
	}
	while (n--)
		release(held[n].pfn, held[n].order, (uint8_t)(w + 1));
}

/* Everything that can be had, one by one, and back. */
static void to_the_last(void)
{
	static pfn_t all[HOST_RAM_MAX >> PAGE_SHIFT];
	uint64_t before = frame_available(), n = 0, normal;

	while ((all[n] = frame_alloc(0, FRAME_NORMAL)) != NO_FRAME)
		n++;
	normal = n;
	while ((all[n] = frame_alloc(0, FRAME_RESERVE)) != NO_FRAME)
		n++;
	ok(n - normal >= 200 && n <= before && before - n < 64ul * MAX_CPUS,
	   "of %lu frames %lu are for all, %lu more for those with FRAME_RESERVE", before, normal, n - normal);
	while (n)
		frame_free(all[--n], 0);
	ok(frame_available() == before, "all back");
	pfn_t big = frame_alloc(FRAME_MAX_ORDER, FRAME_NORMAL);

	ok(big != NO_FRAME, "freed single frames join to the largest block again");
	frame_free(big, FRAME_MAX_ORDER);
}

/* ---- what debug builds notice ---- */

static void free_twice(void)
{
	pfn_t pfn = frame_alloc(0, 0);

	frame_free(pfn, 0);
	frame_free(pfn, 0);
}

static void free_block_twice(void)
{
	pfn_t pfn = frame_alloc(3, 0);

	frame_free(pfn, 3);
	frame_free(pfn, 3);
}

static void free_as_larger(void)
{
	frame_free(frame_alloc(2, 0), 3);
}

static void free_inside(void)
{
	frame_free(frame_alloc(2, 0) + 1, 0);
}

static void free_hole(void)
{
	frame_free(1, 0);
}

static void write_after_free(void)
{
	pfn_t pfn = frame_alloc(0, 0);

	frame_free(pfn, 0);
	((char *)pfn_to_virt(pfn))[100] = 1;
	for (int i = 0; i < 1000; i++)
		frame_alloc(0, 0);
}

static void write_after_block_free(void)
{
	pfn_t pfn = frame_alloc(5, 0);

	frame_free(pfn, 5);
	((char *)pfn_to_virt(pfn + 17))[24] = 1;
	while (frame_alloc(0, 0) != NO_FRAME)
		;
}

static void debug_tests(void)
{
	ok(port_panics(free_twice, "is free already"), "a frame freed twice");
	ok(port_panics(free_block_twice, "freed with order 3, but it is"), "a block freed twice");
	ok(port_panics(free_as_larger, "in use, of another order"), "freed with another order");
	ok(port_panics(free_inside, "freed with order 0, but it is"), "the middle of a block freed");
	ok(port_panics(free_hole, "not ours"), "a frame freed that is not ours");
	ok(port_panics(write_after_free, "was written after it was freed: offset 60"), "a write to a freed frame");
	ok(port_panics(write_after_block_free, "was written after it was freed: offset 18"), "a write to a freed block");
}

/* ---- kernel stacks ---- */

static void stack_tests(void)
{
	void *a = kstack_alloc(), *b = kstack_alloc(), *c;
	uint64_t before;

	memset(a, 1, KSTACK_SIZE);
	memset(b, 2, KSTACK_SIZE);
	ok(a != b && msync((char *)a - PAGE_SIZE, PAGE_SIZE, MS_ASYNC) && msync((char *)b - PAGE_SIZE, PAGE_SIZE, MS_ASYNC),
	   "the page below a stack is not mapped");
	kstack_free(a);
	before = frame_available();
	c = kstack_alloc();
	ok(c == a && frame_available() == before, "a freed stack is used again");
	kstack_free(b);
	kstack_free(c);
}

static void test(void)
{
	uint64_t before;

	ok(frame_total() <= 64 << 20 >> PAGE_SHIFT && frame_total() > 61 << 20 >> PAGE_SHIFT, "64 MiB: %lu frames", frame_total());
	ok(!frame_managed(0) && !frame_managed(frame_first() - 1) && frame_managed(frame_end() - 1) && !frame_managed(frame_end()),
	   "the disk and what is below are not managed");
	to_the_last();
	stack_tests();
	debug_tests();
	port_parallel(WORKERS, worker);
	before = frame_available();
	port_parallel(WORKERS, worker);
	ok(frame_available() == before, "%d threads: no frame given out twice, none lost", WORKERS);
}

/* ---- machines that cannot do ---- */

static void small_machine(void)
{
	static const struct host_config config = { .cpus = 1, .ram = 16 << 20 };

	port_run(&config, test);
}

int main(int argc, char **argv)
{
	static struct host_config config = { .cpus = 4, .ram = 64 << 20, .disk = 4 << 20 };

	seed = config.seed = tap_seed(argc, argv, 1);
	ok(port_panics(small_machine, "too little memory: 16 MiB given, at least 32 MiB needed: try --mem 64M"), "16 MiB are too little");
	sched_slice_ns = 3000;
	sched_jitter_ns = 2000;
	port_run(&config, test);
}
