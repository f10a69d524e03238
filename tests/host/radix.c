/* SPDX-License-Identifier: MIT */
/* lib/radix against a plain array, with memory that ends at random and a reader that holds an old tree. */
#include "lib/radix.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "tests/host/tap.h"
#include <string.h>

#define KEYS 6000

static struct prng rng;
static unsigned fail_one_in; /* 0: memory never ends */
static int nodes_live, nodes_waiting;
static void *waiting[100000]; /* freed, but readers may still look */

static void *node_alloc(size_t n)
{
	if (fail_one_in && !prng_below(&rng, fail_one_in))
		return NULL;
	nodes_live++;
	return malloc(n);
}

static void node_free(void *node)
{
	waiting[nodes_waiting++] = node;
}

static void grace_period(void)
{
	nodes_live -= nodes_waiting;
	while (nodes_waiting)
		free(waiting[--nodes_waiting]);
}

static const struct radix_mem mem = { node_alloc, node_free };

/* The model: keys[i] is the key of number i, ascending; small ones, clusters, and ones at the very end. */
static uint64_t keys[KEYS];
static unsigned nkeys;
static void *values[KEYS];
static bool tags[KEYS][RADIX_TAGS];

static int key_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void keys_make(void)
{
	for (unsigned i = 0; i < KEYS; i++) {
		unsigned kind = prng_below(&rng, 4);

		keys[i] = kind == 0 ? i : kind == 1 ? prng_below(&rng, 1 << 20) :
			  kind == 2 ? prng_next(&rng) >> prng_below(&rng, 60) : UINT64_MAX - prng_below(&rng, 5000);
	}
	qsort(keys, KEYS, sizeof(keys[0]), key_order);
	nkeys = 1;
	for (unsigned i = 1; i < KEYS; i++)
		if (keys[i] != keys[nkeys - 1])
			keys[nkeys++] = keys[i];
}

static unsigned model_next(uint64_t from, int tag)
{
	unsigned i = 0;

	while (i < nkeys && (keys[i] < from || !values[i] || (tag >= 0 && !tags[i][tag])))
		i++;
	return i;
}

static void compare_next(struct radix *r, int tag)
{
	unsigned at = prng_below(&rng, nkeys);
	uint64_t from = keys[at] + prng_below(&rng, 3) - 1, last, key = from;
	unsigned want = model_next(from, tag);
	void *got;

	last = prng_below(&rng, 2) ? UINT64_MAX : from + prng_below(&rng, 1000);
	if (last < from)
		last = UINT64_MAX;
	got = tag < 0 ? radix_next(r, &key, last) : radix_next_tagged(r, &key, last, (enum radix_tag)tag);
	if (want < nkeys && keys[want] <= last)
		check(got == values[want] && key == keys[want]);
	else
		check(!got && key == from);
}

static void compare_all(struct radix *r)
{
	bool any[RADIX_TAGS] = { false };

	for (unsigned i = 0; i < nkeys; i++) {
		check(radix_load(r, keys[i]) == values[i]);
		for (unsigned t = 0; t < RADIX_TAGS; t++) {
			check(radix_tag_get(r, keys[i], t) == tags[i][t]);
			any[t] |= tags[i][t];
		}
	}
	for (unsigned t = 0; t < RADIX_TAGS; t++)
		check(radix_tagged(r, t) == any[t]);
}

static void random_operation(struct radix *r)
{
	unsigned i = prng_below(&rng, nkeys), tag = prng_below(&rng, RADIX_TAGS);
	void *value = &values[prng_below(&rng, KEYS)];

	switch (prng_below(&rng, 6)) {
	case 0:
	case 1:
		if (!radix_store(r, keys[i], value))
			values[i] = value;
		break;
	case 2:
		check(!radix_store(r, keys[i], NULL));
		values[i] = NULL;
		memset(tags[i], 0, sizeof(tags[i]));
		break;
	case 3:
		radix_tag_set(r, keys[i], tag);
		tags[i][tag] = values[i];
		break;
	case 4:
		radix_tag_clear(r, keys[i], tag);
		tags[i][tag] = false;
		break;
	default:
		check(radix_load(r, keys[i]) == values[i]);
		compare_next(r, (int)prng_below(&rng, RADIX_TAGS + 1) - 1);
	}
}

static void against_the_model(unsigned operations)
{
	struct radix r;

	radix_init(&r, &mem);
	keys_make();
	for (unsigned i = 0; i < operations; i++) {
		random_operation(&r);
		if (i % 50000 == 0)
			compare_all(&r);
		if (nodes_waiting > 90000)
			grace_period();
	}
	compare_all(&r);
	fail_one_in = 0;
	for (unsigned i = 0; i < nkeys; i++) {
		radix_store(&r, keys[i], NULL);
		values[i] = NULL;
		memset(tags[i], 0, sizeof(tags[i]));
	}
	grace_period();
	ok(radix_empty(&r) && !nodes_live, "empty at the end, no node lost");
}

/* A reader in an old tree finds what was there all the time, and a leaf that left the tree reads NULL. */
static void old_readers(void)
{
	struct radix r, old;
	_Atomic(void *) *slot;

	radix_init(&r, &mem);
	radix_store(&r, 5, &r);
	slot = radix_slot(&r, 5);
	old = r;
	radix_store(&r, 1ull << 40, &old);
	ok(radix_load(&old, 5) == &r && !radix_load(&old, 1ull << 40), "the tree before it grew");
	old = r;
	radix_store(&r, 1ull << 40, NULL);
	ok(radix_load(&old, 5) == &r && radix_slot(&old, 5) == slot, "the tree before it shrank");
	radix_store(&r, 5, NULL);
	radix_store(&r, 5, &old);
	ok(!atomic_load(slot) && radix_slot(&r, 5) != slot, "a leaf that left the tree reads NULL");
	radix_store(&r, 5, NULL);
	grace_period();
}

int main(int argc, char **argv)
{
	prng_seed(&rng, tap_seed(argc, argv, 1));
	against_the_model(600000);
	fail_one_in = 3;
	against_the_model(600000);
	old_readers();
	tap_end();
}
