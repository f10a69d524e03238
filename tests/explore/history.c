/* SPDX-License-Identifier: MIT */
/* Histories: which stores somebody may still see, and what each carries along. The rules are at the head of memory.c. */
#include "tests/explore/memory.h"

#include <string.h>

/* ---- views ---- */

void view_add(struct view *to, const struct view *from)
{
	for (unsigned i = 0; i < LOCATIONS; i++)
		if (to->oldest[i] < from->oldest[i])
			to->oldest[i] = from->oldest[i];
	for (unsigned i = 0; model_races && i < FIBERS; i++)
		if (to->clock[i] < from->clock[i])
			to->clock[i] = from->clock[i];
}

bool acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

void hear(unsigned f, const struct view *view, int order)
{
	view_add(acquires(order) ? &memory.fibers[f].now : &memory.fibers[f].heard, view);
	if (acquires(order))
		view_add(&memory.fibers[f].heard, view);
}

/* What f gives along; its clock moves on. */
struct view tell(unsigned f, int order)
{
	struct view view = releases(order) ? memory.fibers[f].now : memory.fibers[f].said;

	if (model_races && releases(order))
		memory.fibers[f].now.clock[f]++;
	return view;
}

/* ---- locations ---- */

uint64_t peek(uintptr_t at, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, (const void *)at, size);
	return v;
}

void poke(uintptr_t at, unsigned size, uint64_t v)
{
	memcpy((void *)at, &v, size);
}

/* Views that mention message numbers of location l move down by n. */
static void shift(struct view *view, unsigned l, unsigned n)
{
	view->oldest[l] = view->oldest[l] > n ? (uint8_t)(view->oldest[l] - n) : 0;
}

static void shift_all(unsigned l, unsigned n)
{
	for (unsigned f = 0; f < FIBERS; f++) {
		shift(&memory.fibers[f].now, l, n);
		shift(&memory.fibers[f].heard, l, n);
		shift(&memory.fibers[f].said, l, n);
		shift(&memory.tokens[f], l, n);
	}
	for (unsigned k = 0; k < LOCKS; k++)
		shift(&memory.locks[k].view, l, n);
	shift(&memory.fence, l, n);
	for (unsigned k = 0; k < memory.nr; k++)
		for (unsigned m = 0; m < memory.locations[k].count; m++)
			shift(&memory.locations[k].messages[m].view, l, n);
}

static void drop_oldest(struct location *loc, unsigned n)
{
	if (!n)
		return;
	loc->count -= n;
	memmove(loc->messages, loc->messages + n, loc->count * sizeof(loc->messages[0]));
	memset(loc->messages + loc->count, 0, n * sizeof(loc->messages[0]));
	shift_all((unsigned)(loc - memory.locations), n);
}

/* Drops what no thread can see any more. */
void prune(struct location *loc)
{
	unsigned l = (unsigned)(loc - memory.locations), least = loc->count - 1;

	for (unsigned f = 0; f < test->threads; f++)
		if (!world.fibers[f].done && memory.fibers[f].now.oldest[l] < least)
			least = memory.fibers[f].now.oldest[l];
	drop_oldest(loc, least);
}

struct location *location_find(uintptr_t at)
{
	for (unsigned i = 0; i < memory.nr; i++)
		if (memory.locations[i].at == at)
			return &memory.locations[i];
	return NULL;
}

struct location *location(uintptr_t at, unsigned size)
{
	struct location *loc = location_find(at);

	if (loc)
		return loc;
	loc = location_find(0);
	if (!loc) {
		if (memory.nr == LOCATIONS)
			fiber_fail("the explorer knows at most %d atomic locations at a time", LOCATIONS);
		loc = &memory.locations[memory.nr++];
	}
	*loc = (struct location){ .at = at, .size = size, .count = 1, .messages[0].value = peek(at, size) };
	return loc;
}

/* A plain write begins a new life of this memory: nobody may still be looking at the old one. */
void location_forget(uintptr_t at, size_t size)
{
	for (unsigned i = 0; i < memory.nr; i++) {
		struct location *loc = &memory.locations[i];

		if (loc->at < at || loc->at >= at + size)
			continue;
		drop_oldest(loc, loc->count - 1);
		shift_all(i, 1);
		memset(loc, 0, sizeof(*loc));
	}
	while (memory.nr && !memory.locations[memory.nr - 1].at)
		memory.nr--;
}

void append(struct location *loc, uint64_t value, struct view view)
{
	unsigned l = (unsigned)(loc - memory.locations);

	if (loc->count == MESSAGES)
		drop_oldest(loc, 1); /* somebody could still have seen it: this much is left out */
	view.oldest[l] = (uint8_t)loc->count;
	loc->messages[loc->count++] = (struct message){ value, view };
}

void saw(unsigned f, struct location *loc, unsigned m, int order)
{
	unsigned l = (unsigned)(loc - memory.locations);

	memory.fibers[f].now.oldest[l] = (uint8_t)m;
	hear(f, &loc->messages[m].view, order);
	prune(loc);
}
