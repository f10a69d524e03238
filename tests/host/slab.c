/* SPDX-License-Identifier: MIT */
/* kernel/slab and kmalloc: objects do not overlap, keep their contents, and their frames come back; what debug builds must notice. */
#include "kernel/slab.h"
#include "kernel/frame.h"
#include "kernel/sched.h"
#include "lib/prng.h"
#include "tests/host/port.h"
#include <string.h>

#define WORKERS 5
#define ROUNDS 8000
#define HELD 200

struct odd {
	char bytes[37];
};

struct aligned {
	char bytes[192];
} __attribute__((aligned(64)));

static struct slab_cache odd_cache = SLAB_CACHE("odd", struct odd);
static struct slab_cache aligned_cache = SLAB_CACHE("aligned", struct aligned);
static uint64_t seed;

struct block {
	uint8_t *p;
	size_t n;
	int kind; /* 0 kmalloc, 1 odd, 2 aligned */
	uint8_t mark;
};

static bool block_new(struct block *b, struct prng *rng)
{
	b->kind = (int)prng_below(rng, 4) - 1;
	b->mark = (uint8_t)prng_next(rng);
	if (b->kind == 1) {
		b->n = sizeof(struct odd);
		b->p = slab_alloc(&odd_cache);
	} else if (b->kind == 2) {
		b->n = sizeof(struct aligned);
		b->p = slab_zalloc(&aligned_cache);
		check(!b->p || ((uintptr_t)b->p % 64 == 0 && !b->p[0] && !b->p[b->n - 1]));
	} else {
		b->kind = 0;
		b->n = 1 + prng_below(rng, prng_below(rng, 8) ? 2100 : 40000);
		b->p = kmalloc(b->n);
		check((uintptr_t)b->p % (b->n >= PAGE_SIZE ? PAGE_SIZE : 16) == 0);
	}
	if (b->p)
		memset(b->p, b->mark, b->n);
	return b->p;
}

static void block_end(struct block *b)
{
	for (size_t i = 0; i < b->n; i++)
		check(b->p[i] == b->mark);
	if (b->kind == 1)
		slab_free(&odd_cache, b->p);
	else if (b->kind == 2)
		slab_free(&aligned_cache, b->p);
	else
		kfree(b->p);
}

static void worker(unsigned w)
{
	struct block held[HELD];
	struct prng rng;
	unsigned n = 0;

	prng_seed(&rng, seed + w);
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (n < HELD && prng_below(&rng, 100) < (i / 1000 % 2 ? 70 : 30)) {
			if (block_new(&held[n], &rng))
				n++;
		} else if (n) {
			unsigned at = prng_below(&rng, n);

			block_end(&held[at]);
			held[at] = held[--n];
		}
	}
	while (n--)
		block_end(&held[n]);
}

/* ---- what debug builds notice ---- */

static void free_twice(void)
{
	void *p = kmalloc(40);

	kmalloc(40);
	kfree(p);
	kfree(p);
}

static void overrun(void)
{
	char *p = slab_alloc(&odd_cache);

	memset(p, 1, 100);
	slab_free(&odd_cache, p);
}

static void write_after_free(void)
{
	char *p = kmalloc(100), *q = kmalloc(100);

	kfree(p);
	p[50] = 1;
	for (int i = 0; i < 100; i++)
		kmalloc(100);
	(void)q;
}

static void wrong_cache(void)
{
	slab_free(&aligned_cache, slab_alloc(&odd_cache));
}

static void not_an_object(void)
{
	slab_free(&aligned_cache, (char *)slab_alloc(&aligned_cache) + 8);
}

static void debug_tests(void)
{
	ok(port_panics(free_twice, "is freed twice"), "an object freed twice");
	ok(port_panics(overrun, "the word behind it was overwritten"), "an object overrun");
	ok(port_panics(write_after_free, "was written after it was freed: offset 50"), "a write to a freed object");
	ok(port_panics(wrong_cache, "is freed as a aligned object, but is none"), "an object of another cache");
	ok(port_panics(not_an_object, "is freed as a aligned object, but is none"), "the middle of an object");
}

static void test(void)
{
	uint64_t before;
	void *big = kmalloc(4 << 20), *too_big = kmalloc((4 << 20) + 1);

	kfree(NULL);
	ok(big && !too_big, "4 MiB at most");
	kfree(big);
	debug_tests();
	port_parallel(WORKERS, worker);
	before = frame_available();
	port_parallel(WORKERS, worker);
	port_parallel(WORKERS, worker);
	ok(frame_available() + 8 >= before, "%d threads: contents kept, no frame lost", WORKERS); /* a cache may keep an empty slab */
	ok(!odd_cache.used && !aligned_cache.used && odd_cache.slabs <= 1 && aligned_cache.slabs <= 1,
	   "empty caches keep one slab at most");
}

int main(int argc, char **argv)
{
	static struct host_config config = { .cpus = 4, .ram = 64 << 20 };

	seed = config.seed = tap_seed(argc, argv, 1);
	sched_slice_ns = 3000;
	sched_jitter_ns = 2000;
	port_run(&config, test);
}
