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
#include "tests/explore/memory.h"

#include <string.h>

bool model_weak, model_races;
struct memory memory;

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

void memory_reset(void)
{
	memset(&memory, 0, sizeof(memory));
	for (unsigned i = 0; i < FIBERS; i++)
		memory.fibers[i].now.clock[i] = 1;
	races_reset();
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

#define PARKS_MOST 30 /* of a thread: more is a loop that others must end, and perhaps do not */

enum { PARK_WOKEN, PARK_KILLED, PARK_LATE };

static uint64_t park(unsigned f, const struct op *op)
{
	struct fiber *fiber = &world.fibers[f];

	if (++fiber->parks > PARKS_MOST)
		fiber_fail("thread %u is about to sleep for the %uth time", f, fiber->parks);
	if (!fiber->token)
		return op->may_end && fiber->killed ? PARK_KILLED : PARK_LATE;
	fiber->token = false;
	hear(f, &memory.tokens[f], __ATOMIC_ACQUIRE);
	memory.tokens[f] = (struct view){ 0 };
	return PARK_WOKEN;
}

/* A struct thread is freed by RCU, and who holds a spinlock is in a read section. */
static bool may_be_gone(unsigned f, unsigned thread)
{
	for (unsigned i = 0; i < LOCKS; i++)
		if (memory.locks[i].taken == 1 + f)
			return false;
	return world.fibers[thread].done;
}

static uint64_t unpark(unsigned f, unsigned to)
{
	struct view view = tell(f, __ATOMIC_RELEASE);

	if (may_be_gone(f, to))
		fiber_fail("thread %u wakes thread %u, which may be freed by now", f, to);
	view_add(&memory.tokens[to], &view);
	world.fibers[to].token = true;
	return 0;
}

/* ---- time ---- */

static uint64_t clock_read(unsigned step)
{
	world.now += step * CLOCK_STEP;
	world.clock_steps += step;
	return world.now;
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
		return fiber->token || (op->may_end && fiber->killed) || op->may_time_out;
	case OP_CLOCK:
		return world.clock_steps < CLOCK_STEPS ? 2 : 1;
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
		return park(f, op);
	case OP_UNPARK:
		return unpark(f, (unsigned)op->at);
	case OP_KILL:
		world.fibers[op->at].killed = true;
		return 0;
	case OP_CLOCK:
		return clock_read(outcome);
	case OP_FENCE:
		if (model_weak || model_races)
			fence(f, op->order);
		return 0;
	default:
		return access(f, op, outcome);
	}
}
