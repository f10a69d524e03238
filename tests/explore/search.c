/* SPDX-License-Identifier: MIT */
/*
 * Who goes on: three ways to choose.
 *
 * search_all visits every state there is, depth first, and knows a state again by its hash (128 bits, of which 120 are kept: two
 * states taken for one among 2^32 have a chance of 2^-57). With a bound on preemptions (switching away from a thread that could go on) a
 * state counts as visited only if it was with as many left, and who ran last belongs to the state; bounds are tried from 0 up, so the
 * first failure found has as few as possible.
 *
 * search_random is PCT (Burckhardt, Kothari, Musuvathi, Nagarakatti, ASPLOS 2010): random priorities, and `depth` - 1 places at which
 * the one who runs becomes last. A bug of that depth is found with probability 1 / (n k^(depth-1)) a run.
 *
 * search_replay does what a list says.
 */
#include "tests/explore/engine.h"

#include "lib/prng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEPTH_MAX 20000u
#define CHOICES (FIBERS * 8)

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- the visited ---- */

struct entry {
	uint64_t a;
	uint64_t b_left; /* upper 56 bits of the second hash, and below them the preemptions left + 1; 0: free */
};

static struct entry *table;
static uint64_t table_size, table_used;

static void table_clear(void)
{
	free(table);
	table_size = 1 << 16;
	table_used = 0;
	table = calloc(table_size, sizeof(*table));
}

static struct entry *slot(struct hash h)
{
	uint64_t i = h.a & (table_size - 1);

	while (table[i].b_left && (table[i].a != h.a || (table[i].b_left ^ h.b) >> 8))
		i = (i + 1) & (table_size - 1);
	return &table[i];
}

static void table_grow(void)
{
	struct entry *old = table;
	uint64_t n = table_size;

	table_size *= 2;
	table = calloc(table_size, sizeof(*table));
	if (!table) {
		fprintf(stderr, "explore: no memory for the table of states\n");
		exit(125);
	}
	for (uint64_t i = 0; i < n; i++)
		if (old[i].b_left)
			*slot((struct hash){ old[i].a, old[i].b_left }) = old[i];
	free(old);
}

/* true: it was here before, with at least as many preemptions left. */
static bool visited(unsigned left)
{
	struct hash h = state_hash();
	struct entry *e;
	unsigned more = left < 254 ? left + 1 : 255;

	if (table_used * 4 > table_size * 3)
		table_grow();
	e = slot(h);
	if (e->b_left && (e->b_left & 255) >= more)
		return true;
	if (!e->b_left)
		table_used++;
	*e = (struct entry){ h.a, (h.b & ~255ull) | more };
	return false;
}

/* ---- choices ---- */

/* The steps possible now, of at most `left` preemptions: who ran last first. */
static unsigned choices(struct step *out, unsigned left, unsigned *cost)
{
	unsigned n = 0, running = world.running;
	bool goes_on = fiber_outcomes(running) > 0;

	for (unsigned k = 0; k < test->threads; k++) {
		unsigned i = (running + k) % test->threads, outcomes = fiber_outcomes(i);

		if (i != running && goes_on && !left)
			continue;
		for (unsigned o = 0; o < outcomes && n < CHOICES; o++) {
			cost[n] = i != running && goes_on;
			out[n++] = (struct step){ (uint8_t)i, (uint8_t)o };
		}
	}
	return n;
}

/* ---- all ---- */

struct frame {
	void *state;
	unsigned next, left;
	struct step taken;
};

static struct frame *path;

static void take_schedule(struct result *r, unsigned depth)
{
	r->failed = true;
	snprintf(r->why, sizeof(r->why), "%s", world_failure());
	r->length = depth;
	r->schedule = malloc((depth + 1) * sizeof(*r->schedule));
	for (unsigned i = 0; i < depth; i++)
		r->schedule[i] = path[i].taken;
}

static void push(unsigned depth, unsigned left)
{
	path[depth].state = malloc(state_size());
	path[depth].next = 0;
	path[depth].left = left;
	state_save(path[depth].state);
}

/* The next step from the state on top of the path: false, there is none left. */
static bool advance(unsigned depth, unsigned bound, unsigned *left)
{
	struct frame *f = &path[depth];
	struct step possible[CHOICES];
	unsigned cost[CHOICES], n;

	state_load(f->state);
	n = choices(possible, f->left, cost);
	if (!n && !world_over() && !f->next)
		world_stuck();
	if (f->next >= n)
		return false;
	f->taken = possible[f->next];
	*left = f->left - (bound == UINT32_MAX ? 0 : cost[f->next]);
	f->next++;
	world_step(f->taken);
	return true;
}

static struct result search_bounded(unsigned bound, const struct limits *limits, double until)
{
	struct result r = { .complete = true };
	unsigned depth = 0, left = bound;

	table_clear();
	world_reset();
	path = calloc(DEPTH_MAX + 1, sizeof(*path));
	push(0, bound);
	for (;;) {
		bool went = advance(depth, bound, &left);

		r.steps += went;
		if (world_failure()) {
			take_schedule(&r, depth + went);
			break;
		}
		if (!went) {
			free(path[depth].state);
			if (!depth--)
				break;
			continue;
		}
		if (bound == UINT32_MAX)
			world.running = 0; /* who ran last makes no difference then */
		if (visited(bound == UINT32_MAX ? 0 : left))
			continue;
		if (++depth == DEPTH_MAX || ++r.states >= limits->states || (!(r.states & 4095) && now() > until)) {
			r.complete = false;
			break;
		}
		push(depth, left);
	}
	return r;
}

struct result search_all(const struct limits *limits)
{
	double until = now() + limits->seconds;
	struct result r = { 0 };
	uint64_t states = 0, steps = 0;

	for (unsigned bound = 0;; bound++) {
		r = search_bounded(bound > 4 || bound > limits->preemptions ? limits->preemptions : bound, limits, until);
		states += r.states;
		steps += r.steps;
		if (r.failed || bound > 4 || bound >= limits->preemptions || !r.complete)
			break;
	}
	r.states = states;
	r.steps = steps;
	return r;
}

/* ---- random ---- */

struct priorities {
	unsigned of[FIBERS];
	unsigned lowest;
	uint64_t change_at[8];
	unsigned changes;
};

static struct priorities priorities_draw(struct prng *random, unsigned depth, uint64_t length)
{
	struct priorities p = { .lowest = FIBERS, .changes = depth - 1 };

	for (unsigned i = 0; i < FIBERS; i++)
		p.of[i] = FIBERS + 1 + i;
	for (unsigned i = test->threads; i > 1; i--) {
		unsigned k = prng_below(random, i), t = p.of[k];

		p.of[k] = p.of[i - 1];
		p.of[i - 1] = t;
	}
	for (unsigned i = 0; i < p.changes; i++)
		p.change_at[i] = prng_below(random, (uint32_t)length);
	return p;
}

static bool pick(struct prng *random, struct priorities *p, uint64_t at, struct step *out)
{
	unsigned best = FIBERS, outcomes;

	for (unsigned i = 0; i < test->threads; i++)
		if (fiber_outcomes(i) && (best == FIBERS || p->of[i] > p->of[best]))
			best = i;
	if (best == FIBERS)
		return false;
	for (unsigned i = 0; i < p->changes; i++)
		if (p->change_at[i] == at)
			p->of[best] = p->lowest ? p->lowest-- : 0;
	outcomes = fiber_outcomes(best);
	*out = (struct step){ (uint8_t)best, (uint8_t)(prng_below(random, 2) ? prng_below(random, outcomes) : 0) };
	return true;
}

static unsigned run_random(struct prng *random, unsigned depth, uint64_t length)
{
	struct priorities p = priorities_draw(random, depth, length);
	unsigned n = 0;

	world_reset();
	while (!world_failure() && !world_over()) {
		if (n == DEPTH_MAX || !pick(random, &p, n, &path[n].taken)) {
			world_stuck();
			break;
		}
		world_step(path[n++].taken);
	}
	return n;
}

struct result search_random(uint64_t seed, unsigned runs, unsigned depth, double seconds)
{
	double until = now() + seconds;
	struct result r = { 0 };
	struct prng random;
	uint64_t length = 100;

	prng_seed(&random, seed);
	path = calloc(DEPTH_MAX + 1, sizeof(*path));
	for (r.schedules = 0; r.schedules < runs && now() < until; r.schedules++) {
		unsigned n = run_random(&random, depth, length);

		r.steps += n;
		length = n + 1;
		if (world_failure()) {
			take_schedule(&r, n);
			break;
		}
	}
	r.complete = !r.failed;
	return r;
}

struct result search_replay(const struct step *schedule, unsigned length, void (*show)(unsigned n, struct step s))
{
	struct result r = { 0 };

	path = calloc(length + 1, sizeof(*path));
	world_reset();
	for (unsigned n = 0; n < length && !world_failure(); n++) {
		path[n].taken = schedule[n];
		if (schedule[n].fiber >= test->threads || schedule[n].outcome >= fiber_outcomes(schedule[n].fiber)) {
			snprintf(r.why, sizeof(r.why), "the schedule does not fit: step %u cannot be done", n);
			return r;
		}
		show(n, schedule[n]);
		world_step(schedule[n]);
	}
	if (!world_failure() && !world_over()) {
		struct step possible[CHOICES];
		unsigned cost[CHOICES];

		if (!choices(possible, UINT32_MAX, cost))
			world_stuck();
	}
	if (world_failure())
		take_schedule(&r, length);
	return r;
}
