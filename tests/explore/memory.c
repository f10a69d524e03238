/* SPDX-License-Identifier: MIT */
/*
 * What memory shows to whom.
 *
 * Sequential consistency: every operation acts on the real memory, at once.
 *
 * Weak: the real memory holds the newest value; beside it each location that is accessed atomically has the stores before it that somebody may still
 * see (*messages*), oldest first. A message carries the view its writer gave along. A view says for each location the oldest message that may
 * still be seen. A thread has three: `now`; `heard`, of the messages read, which an acquire fence adds to `now`; `said`, which a release fence
 * sets, and which relaxed stores give along.
 *
 *	load	may show any message its thread's `now` allows; acquire: the message's view is added to `now`; else to `heard`
 *	store	is the newest; release: gives `now` along; else `said`
 *	RMW	reads the newest and is the newest; its message carries the one it read along (release sequence)
 *	fence	acquire, release as above; seq_cst also meets all other seq_cst fences
 *	lock	a location with one message: taking it is an acquire, leaving it a release; park and unpark the same
 *
 * This is RC11 without load buffering, and with stores appended in the order they are done (no 2+2W). arm64 is multi-copy atomic, so it allows less
 * than this where two readers disagree on the order of two writers. Not modelled: load buffering, mixed-size accesses, instruction fetch.
 *
 * Messages that nobody can see any more are dropped at once and the rest renumbered, so that loops close.
 *
 * In random search views carry vector clocks too, and plain accesses that no clock orders are data races (FastTrack, Flanagan and Freund, PLDI 2009).
 */
#include "tests/explore/engine.h"

#include <stdio.h>
#include <string.h>

#define LOCATIONS 24
#define MESSAGES 6

bool model_weak, model_races;

struct view {
	uint8_t oldest[LOCATIONS];
	uint32_t clock[FIBERS]; /* random search only */
};

struct message {
	uint64_t value;
	struct view view;
};

struct location {
	uintptr_t at; /* 0: free */
	uint32_t size;
	uint32_t count;
	struct message messages[MESSAGES]; /* count of them; the rest is 0 */
};

struct lock {
	uintptr_t at;
	uint64_t taken; /* by 1 + fiber */
	struct view view;
};

#define LOCKS 6

static struct memory {
	struct lock locks[LOCKS];
	struct {
		struct view now, heard, said;
	} fibers[FIBERS];
	struct view tokens[FIBERS]; /* what unpark gave along */
	struct view fence;	    /* of seq_cst fences */
	uint32_t nr;		    /* locations in use, the first ones; a thread-local one may be free in between */
	struct location locations[LOCATIONS];
} memory;

char *memory_state(void)
{
	return (char *)&memory;
}

/* Without the weak model nothing but locks is in use. */
size_t memory_state_size(void)
{
	if (!model_weak && !model_races)
		return sizeof(memory.locks);
	return offsetof(struct memory, locations) + memory.nr * sizeof(struct location);
}

void memory_state_from(const char *saved)
{
	if (model_weak || model_races)
		memcpy(&memory.nr, saved + offsetof(struct memory, nr), sizeof(memory.nr));
}

static void races_reset(void);

void memory_reset(void)
{
	memset(&memory, 0, sizeof(memory));
	for (unsigned i = 0; i < FIBERS; i++)
		memory.fibers[i].now.clock[i] = 1;
	races_reset();
}

/* ---- views ---- */

static void view_add(struct view *to, const struct view *from)
{
	for (unsigned i = 0; i < LOCATIONS; i++)
		if (to->oldest[i] < from->oldest[i])
			to->oldest[i] = from->oldest[i];
	for (unsigned i = 0; model_races && i < FIBERS; i++)
		if (to->clock[i] < from->clock[i])
			to->clock[i] = from->clock[i];
}

static bool acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void hear(unsigned f, const struct view *view, int order)
{
	view_add(acquires(order) ? &memory.fibers[f].now : &memory.fibers[f].heard, view);
	if (acquires(order))
		view_add(&memory.fibers[f].heard, view);
}

/* What f gives along; its clock moves on. */
static struct view tell(unsigned f, int order)
{
	struct view view = releases(order) ? memory.fibers[f].now : memory.fibers[f].said;

	if (model_races && releases(order))
		memory.fibers[f].now.clock[f]++;
	return view;
}

/* ---- locations ---- */

static uint64_t peek(uintptr_t at, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, (const void *)at, size);
	return v;
}

static void poke(uintptr_t at, unsigned size, uint64_t v)
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
static void prune(struct location *loc)
{
	unsigned l = (unsigned)(loc - memory.locations), least = loc->count - 1;

	for (unsigned f = 0; f < test->threads; f++)
		if (!world.fibers[f].done && memory.fibers[f].now.oldest[l] < least)
			least = memory.fibers[f].now.oldest[l];
	drop_oldest(loc, least);
}

static struct location *location_find(uintptr_t at)
{
	for (unsigned i = 0; i < memory.nr; i++)
		if (memory.locations[i].at == at)
			return &memory.locations[i];
	return NULL;
}

static struct location *location(uintptr_t at, unsigned size)
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
static void location_forget(uintptr_t at, size_t size)
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

static void append(struct location *loc, uint64_t value, struct view view)
{
	unsigned l = (unsigned)(loc - memory.locations);

	if (loc->count == MESSAGES)
		drop_oldest(loc, 1); /* somebody could still have seen it: this much is left out */
	view.oldest[l] = (uint8_t)loc->count;
	loc->messages[loc->count++] = (struct message){ value, view };
}

static void saw(unsigned f, struct location *loc, unsigned m, int order)
{
	unsigned l = (unsigned)(loc - memory.locations);

	memory.fibers[f].now.oldest[l] = (uint8_t)m;
	hear(f, &loc->messages[m].view, order);
	prune(loc);
}

/* ---- locks ---- */

static struct lock *lock_of(uintptr_t at)
{
	struct lock *unused = NULL;

	for (unsigned i = 0; i < LOCKS; i++) {
		if (memory.locks[i].at == at)
			return &memory.locks[i];
		if (!memory.locks[i].at && !unused)
			unused = &memory.locks[i];
	}
	if (!unused)
		fiber_fail("the explorer knows at most %d spinlocks", LOCKS);
	unused->at = at;
	return unused;
}

static uint64_t lock_take(unsigned f, uintptr_t at, bool only_try)
{
	struct lock *lock = lock_of(at);

	if (only_try && lock->taken)
		return 0;
	lock->taken = 1 + f;
	hear(f, &lock->view, __ATOMIC_ACQUIRE);
	return 1;
}

static uint64_t lock_leave(unsigned f, uintptr_t at)
{
	struct lock *lock = lock_of(at);

	if (lock->taken != 1 + f)
		fiber_fail("thread %u leaves a spinlock it does not hold", f);
	lock->taken = 0;
	lock->view = tell(f, __ATOMIC_RELEASE);
	return 0;
}

bool explore_lock_free(const struct spinlock *l)
{
	for (unsigned i = 0; i < LOCKS; i++)
		if (memory.locks[i].at == (uintptr_t)l)
			return !memory.locks[i].taken;
	return true;
}

/* ---- parking ---- */

static uint64_t park(unsigned f)
{
	struct fiber *fiber = &world.fibers[f];

	if (!fiber->token)
		return 0; /* killed */
	fiber->token = false;
	hear(f, &memory.tokens[f], __ATOMIC_ACQUIRE);
	memory.tokens[f] = (struct view){ 0 };
	return 1;
}

static uint64_t unpark(unsigned f, unsigned to)
{
	struct view view = tell(f, __ATOMIC_RELEASE);

	view_add(&memory.tokens[to], &view);
	world.fibers[to].token = true;
	return 0;
}

/* ---- operations ---- */

unsigned memory_outcomes(unsigned f, const struct op *op)
{
	const struct fiber *fiber = &world.fibers[f];
	struct location *loc;

	switch (op->kind) {
	case OP_LOCK:
		return explore_lock_free((const struct spinlock *)op->at);
	case OP_PARK:
		return fiber->token || (op->may_end && fiber->killed);
	case OP_LOAD:
		loc = model_weak ? location_find(op->at) : NULL;
		return loc ? loc->count - memory.fibers[f].now.oldest[loc - memory.locations] : 1;
	default:
		return 1;
	}
}

/* Outcome 0 is the newest message. */
static uint64_t load(unsigned f, const struct op *op, unsigned outcome)
{
	struct location *loc = location(op->at, op->size);
	unsigned m = loc->count - 1 - outcome;
	uint64_t value = loc->messages[m].value;

	saw(f, loc, m, op->order);
	return value;
}

static void store(unsigned f, const struct op *op)
{
	struct location *loc = location(op->at, op->size);

	poke(op->at, op->size, op->operand);
	append(loc, op->operand, tell(f, op->order));
	memory.fibers[f].now.oldest[loc - memory.locations] = (uint8_t)(loc->count - 1);
	prune(loc);
}

static uint64_t rmw_value(const struct op *op, uint64_t old)
{
	switch (op->expected) { /* which RMW it is: hooks.c */
	case '=':
		return op->operand;
	case '+':
		return old + op->operand;
	case '-':
		return old - op->operand;
	case '&':
		return old & op->operand;
	case '|':
		return old | op->operand;
	default:
		return old ^ op->operand;
	}
}

/* Reads the newest, and adds a message behind it which carries along what that one did. */
static void exchange(unsigned f, struct location *loc, uint64_t value, int order)
{
	struct view before, view;

	saw(f, loc, loc->count - 1, order);
	before = loc->messages[loc->count - 1].view;
	view = tell(f, order);
	view_add(&view, &before);
	poke(loc->at, loc->size, value);
	append(loc, peek(loc->at, loc->size), view);
	memory.fibers[f].now.oldest[loc - memory.locations] = (uint8_t)(loc->count - 1);
	prune(loc);
}

static uint64_t rmw(unsigned f, const struct op *op)
{
	struct location *loc = location(op->at, op->size);
	uint64_t old = loc->messages[loc->count - 1].value;

	exchange(f, loc, rmw_value(op, old), op->order);
	return old;
}

static uint64_t cas(unsigned f, const struct op *op)
{
	struct location *loc = location(op->at, op->size);
	uint64_t old = loc->messages[loc->count - 1].value;

	if (old == op->expected)
		exchange(f, loc, op->operand, op->order);
	else
		saw(f, loc, loc->count - 1, __ATOMIC_RELAXED);
	return old;
}

static void fence(unsigned f, int order)
{
	struct view *now = &memory.fibers[f].now;

	if (acquires(order))
		view_add(now, &memory.fibers[f].heard);
	if (order == __ATOMIC_SEQ_CST) {
		view_add(now, &memory.fence);
		view_add(&memory.fence, now);
	}
	if (releases(order))
		memory.fibers[f].said = tell(f, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < memory.nr; i++)
		if (memory.locations[i].at)
			prune(&memory.locations[i]);
}

uint64_t memory_peek(const struct op *op)
{
	uint64_t old = peek(op->at, op->size);

	if (op->kind == OP_STORE)
		poke(op->at, op->size, op->operand);
	else if (op->kind == OP_RMW)
		poke(op->at, op->size, rmw_value(op, old));
	else if (op->kind == OP_CAS && old == op->expected)
		poke(op->at, op->size, op->operand);
	return old;
}

static uint64_t access(unsigned f, const struct op *op, unsigned outcome)
{
	if (!model_weak && !model_races)
		return memory_peek(op);
	switch (op->kind) {
	case OP_LOAD:
		return load(f, op, outcome);
	case OP_STORE:
		store(f, op);
		return 0;
	case OP_RMW:
		return rmw(f, op);
	default:
		return cas(f, op);
	}
}

uint64_t memory_do(unsigned f, const struct op *op, unsigned outcome)
{
	switch (op->kind) {
	case OP_LOCK:
		return lock_take(f, op->at, false);
	case OP_TRYLOCK:
		return lock_take(f, op->at, true);
	case OP_UNLOCK:
		return lock_leave(f, op->at);
	case OP_PARK:
		return park(f);
	case OP_UNPARK:
		return unpark(f, (unsigned)op->at);
	case OP_KILL:
		world.fibers[op->at].killed = true;
		return 0;
	case OP_FENCE:
		if (model_weak || model_races)
			fence(f, op->order);
		return 0;
	default:
		return access(f, op, outcome);
	}
}

/* ---- plain accesses ---- */

#define SHADOWS 65536 /* granules of 8 bytes, by hash */

static struct shadow {
	uintptr_t granule;
	uint32_t wrote, reads[FIBERS]; /* clock of the last write, and of each thread's last read */
	uint8_t writer;
} shadows[SHADOWS];

static void races_reset(void)
{
	if (model_races)
		memset(shadows, 0, sizeof(shadows));
}

static struct shadow *shadow_of(uintptr_t granule)
{
	struct shadow *s = &shadows[(granule * 0x9e3779b97f4a7c15ull) >> 48 & (SHADOWS - 1)];

	if (s->granule != granule)
		*s = (struct shadow){ .granule = granule }; /* what was there is forgotten: a race may be missed, never made up */
	return s;
}

static void race(unsigned f, unsigned with, uintptr_t at, uintptr_t pc)
{
	char name[80];

	fiber_fail("data race on %s: thread %u at pc %#lx, with thread %u", name_of(at, name, sizeof(name)), f, pc, with);
}

static void check_race(unsigned f, uintptr_t at, bool write, uintptr_t pc)
{
	const uint32_t *clock = memory.fibers[f].now.clock;
	struct shadow *s = shadow_of(at / 8);

	if (s->wrote > clock[s->writer])
		race(f, s->writer, at, pc);
	for (unsigned i = 0; write && i < FIBERS; i++)
		if (s->reads[i] > clock[i])
			race(f, i, at, pc);
	if (write) {
		s->wrote = clock[f];
		s->writer = (uint8_t)f;
	} else {
		s->reads[f] = clock[f];
	}
}

void memory_plain(unsigned f, uintptr_t at, size_t size, bool write, uintptr_t pc)
{
	if (model_races)
		check_race(f, at, write, pc);
	if (write && memory.nr)
		location_forget(at, size);
}
