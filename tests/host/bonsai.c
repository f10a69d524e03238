/* SPDX-License-Identifier: MIT */
/* lib/bonsai against a plain sorted array, with memory that ends at random; and a thread that reads while another writes. */
#include "lib/bonsai.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "tests/host/tap.h"
#include <pthread.h>
#include <string.h>

#define MAX 400
#define TOP 40000

struct range {
	uintptr_t start, end;
	void *value;
};

/* The model: ranges in order. */
struct model {
	struct range r[MAX + 8];
	unsigned n;
};

static struct prng rng;
static unsigned fail_one_in;
static int nodes_live, nodes_waiting;
static void *waiting[4000000];

static void *node_alloc(size_t n)
{
	if (fail_one_in && !prng_below(&rng, fail_one_in))
		return NULL;
	nodes_live++;
	return malloc(n);
}

static void node_free(void *node)
{
	nodes_live--;
	free(node);
}

static void nodes_retire(struct bonsai_node *first)
{
	for (struct bonsai_node *node = first; node; node = node->chain)
		waiting[nodes_waiting++] = node;
}

static void grace_period(void)
{
	while (nodes_waiting)
		node_free(waiting[--nodes_waiting]);
}

static const struct bonsai_mem mem = { node_alloc, node_free, nodes_retire };

static void model_insert(struct model *m, unsigned at, struct range r)
{
	memmove(&m->r[at + 1], &m->r[at], (m->n - at) * sizeof(r));
	m->r[at] = r;
	m->n++;
}

static void model_remove(struct model *m, unsigned at)
{
	m->n--;
	memmove(&m->r[at], &m->r[at + 1], (m->n - at) * sizeof(m->r[0]));
}

static unsigned model_next(const struct model *m, uintptr_t addr) /* the first with end > addr */
{
	unsigned i = 0;

	while (i < m->n && m->r[i].end <= addr)
		i++;
	return i;
}

static uintptr_t lower_limit(const struct model *m, unsigned i) /* how far down range i, or one put before it, may reach */
{
	return i ? m->r[i - 1].end : 0;
}

static uintptr_t upper_limit(const struct model *m, unsigned i)
{
	return i < m->n ? m->r[i].start : TOP;
}

static void compare_looks(const struct bonsai_node *root, const struct model *m)
{
	for (int k = 0; k < 8; k++) {
		uintptr_t addr = prng_below(&rng, TOP);
		unsigned i = model_next(m, addr), p = m->n;
		bool inside = i < m->n && m->r[i].start <= addr;

		check(bonsai_find(root, addr) == (inside ? m->r[i].value : NULL));
		check(bonsai_next(root, addr) == (i < m->n ? m->r[i].value : NULL));
		while (p && m->r[p - 1].start >= addr)
			p--;
		check(bonsai_prev(root, addr) == (p ? m->r[p - 1].value : NULL));
	}
}

/* Every gap in turn, plainly. */
static bool model_gap(const struct model *m, uintptr_t low, uintptr_t high, size_t size, size_t align, bool down, uintptr_t *at)
{
	for (unsigned k = 0; k <= m->n; k++) {
		unsigned i = down ? m->n - k : k;
		uintptr_t l = lower_limit(m, i), h = i < m->n ? m->r[i].start : UINTPTR_MAX;

		l = l > low ? l : low;
		h = h < high ? h : high;
		l = (l + align - 1) / align * align;
		if (h < l || h - l < size)
			continue;
		*at = down ? (h - size) / align * align : l;
		return true;
	}
	return false;
}

static void compare_gaps(const struct bonsai_node *root, const struct model *m)
{
	uintptr_t low = prng_below(&rng, TOP), high = low + prng_below(&rng, TOP), want = 0, got = 0;
	size_t size = 1 + prng_below(&rng, prng_below(&rng, 2) ? 20 : 2000), align = 1u << prng_below(&rng, 8);
	bool found = model_gap(m, low, high, size, align, true, &want);

	check(bonsai_gap_down(root, low, high, size, align, &got) == found && (!found || got == want));
	found = model_gap(m, low, high, size, align, false, &want);
	check(bonsai_gap_up(root, low, high, size, align, &got) == found && (!found || got == want));
}

static void *new_value(void)
{
	return (void *)(uintptr_t)(prng_next(&rng) | 1);
}

static int change_insert(struct bonsai_update *u, struct model *m)
{
	unsigned i = prng_below(&rng, m->n + 1);
	uintptr_t low = lower_limit(m, i), high = upper_limit(m, i);
	struct range r = { .value = new_value() };

	if (high - low < 1 || m->n == MAX)
		return 0;
	r.start = low + prng_below(&rng, (uint32_t)(high - low));
	r.end = r.start + 1 + prng_below(&rng, (uint32_t)(high - r.start < 60 ? high - r.start : 60));
	if (r.end > high)
		r.end = high;
	model_insert(m, i, r);
	return bonsai_insert(u, r.start, r.end, r.value);
}

static int change_remove(struct bonsai_update *u, struct model *m)
{
	unsigned i = prng_below(&rng, m->n ? m->n : 1);
	uintptr_t start;

	if (!m->n)
		return 0;
	start = m->r[i].start;
	model_remove(m, i);
	return bonsai_remove(u, start);
}

static int change_replace(struct bonsai_update *u, struct model *m)
{
	unsigned i = prng_below(&rng, m->n ? m->n : 1);
	uintptr_t old, low, high;

	if (!m->n)
		return 0;
	old = m->r[i].start;
	low = lower_limit(m, i);
	high = upper_limit(m, i + 1);
	m->r[i].start = low + prng_below(&rng, (uint32_t)(high - low));
	m->r[i].end = m->r[i].start + 1 + prng_below(&rng, (uint32_t)(high - m->r[i].start));
	m->r[i].value = new_value();
	return bonsai_replace(u, old, m->r[i].start, m->r[i].end, m->r[i].value);
}

static int change(struct bonsai_update *u, struct model *m, unsigned bias)
{
	unsigned what = prng_below(&rng, 10);

	if (what < bias)
		return change_insert(u, m);
	return what < 8 ? change_remove(u, m) : change_replace(u, m);
}

/* A few changes in one update, kept or dropped; the snapshot from before is as it was either way. */
static void random_update(struct bonsai *t, struct model *m, unsigned bias)
{
	const struct bonsai_node *before = bonsai_root(t);
	static struct model old, new;
	struct bonsai_update u;
	int err = 0;

	old = new = *m;
	bonsai_begin(&u, t);
	for (unsigned n = prng_below(&rng, 4); n && !err; n--)
		err = change(&u, &new, bias);
	if (err || !prng_below(&rng, 8)) {
		bonsai_abort(&u);
		check(bonsai_root(t) == before);
	} else {
		check(bonsai_size(u.root) == new.n);
		bonsai_commit(&u);
		*m = new;
	}
	compare_looks(before, &old);
	compare_looks(bonsai_root(t), m);
	compare_gaps(bonsai_root(t), m);
}

static void against_the_model(unsigned updates)
{
	static struct model m;
	struct bonsai t;
	unsigned bias = 5;

	m.n = 0;
	bonsai_init(&t, &mem);
	for (unsigned i = 0; i < updates; i++) {
		if (i % 5000 == 0)
			bias = 1 + prng_below(&rng, 7);
		random_update(&t, &m, bias);
		if (i % 16 == 0) {
			check(bonsai_sound(bonsai_root(&t)));
			check(bonsai_size(bonsai_root(&t)) == m.n);
			grace_period();
			check(nodes_live == (int)m.n);
		}
	}
	bonsai_clear(&t);
	grace_period();
	ok(!nodes_live && !bonsai_root(&t), "%u updates, balance and gaps as promised, no node lost", updates);
}

/*
 * One writer moves a window of ranges; in every commit the values of all ranges are the same number. A reader that sees two
 * numbers in one snapshot has seen half an update. Nodes are kept to the end: their life is RCU's business.
 */
#define ROUNDS 20000
static _Atomic bool writer_done;
static struct bonsai shared;

static void *reader(void *arg)
{
	unsigned long torn = 0;

	(void)arg;
	while (!atomic_load(&writer_done)) {
		const struct bonsai_node *root = bonsai_root(&shared);
		void *first = bonsai_find(root, 0);

		for (uintptr_t at = 0; root && at < 64; at += 2)
			torn += bonsai_find(root, at) != first || !first;
	}
	return (void *)torn;
}

static void write_round(uintptr_t round)
{
	struct bonsai_update u;

	bonsai_begin(&u, &shared);
	for (uintptr_t at = 0; at < 64; at += 2) {
		void *value = (void *)(round + 1);

		if (!round) {
			bonsai_insert(&u, at, at + 2, value);
		} else if ((round + at) % 3) {
			bonsai_replace(&u, at, at, at + 2, value);
		} else {
			bonsai_remove(&u, at);
			bonsai_insert(&u, at, at + 1, value);
			bonsai_replace(&u, at, at, at + 2, value);
		}
	}
	bonsai_commit(&u);
}

static void concurrent_snapshots(void)
{
	pthread_t thread;
	void *torn;

	bonsai_init(&shared, &mem);
	write_round(0);
	pthread_create(&thread, NULL, reader, NULL);
	for (uintptr_t i = 1; i < ROUNDS; i++)
		write_round(i);
	atomic_store(&writer_done, true);
	pthread_join(thread, &torn);
	ok(!torn, "readers see whole updates (%lu torn)", (unsigned long)torn);
	bonsai_clear(&shared);
	grace_period();
}

int main(int argc, char **argv)
{
	prng_seed(&rng, tap_seed(argc, argv, 1));
	against_the_model(300000);
	fail_one_in = 20;
	against_the_model(150000);
	fail_one_in = 0;
	concurrent_snapshots();
	tap_end();
}
