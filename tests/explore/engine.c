/* SPDX-License-Identifier: MIT */
/*
 * Threads of a test as stacks to switch between, and the state they make together: saved, restored, hashed.
 *
 * A thread stops in op_do, before its operation, with everything it knows on its stack; the engine runs on the process's stack. One switch
 * back, and the operation is done with the outcome that was chosen. What the thread does until its next point nobody can observe.
 */
#include "tests/explore/engine.h"

#include "arch/host/fiber.h"
#include "kernel/stats.h"
#include "kernel/thread.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

struct world world;
const struct explore_test *test;

static char stacks[FIBERS][STACK_SIZE] __attribute__((aligned(64)));
static struct thread threads[FIBERS + 1]; /* the last is the engine's own; only names for the code under test, so no part of the state */
static void *engine_sp;
static bool in_fiber;
static jmp_buf outside; /* where a failure of setup, step or end goes */
static char failure[400];

extern char __start_xdata[], __stop_xdata[], __start_xbss[], __stop_xbss[]; /* of the files that make up the world */

struct thread *host_current(void)
{
	return &threads[in_fiber ? world.running : FIBERS];
}

struct thread *explore_thread(unsigned i)
{
	return &threads[i];
}

unsigned explore_self(void)
{
	return world.running;
}

unsigned explore_parks(void)
{
	return world.fibers[world.running].parks;
}

bool in_world(void)
{
	return in_fiber;
}

/* ---- failures ---- */

const char *world_failure(void)
{
	return failure[0] ? failure : NULL;
}

static _Noreturn void fail(const char *format, va_list args)
{
	void *nowhere;

	if (!failure[0])
		vsnprintf(failure, sizeof(failure), format, args);
	if (!in_fiber)
		longjmp(outside, 1);
	switch_stacks(&nowhere, engine_sp);
	__builtin_unreachable();
}

void fiber_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(format, args);
}

void explore_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(format, args);
}

/* ---- threads ---- */

#if defined(__x86_64__)
struct switch_frame { /* as arch/host/switch.S pops it */
	uint64_t r15, r14, r13, r12, rbx, fp, pc;
};
#define TOP_GAP 8
#else
struct switch_frame {
	uint64_t x19_28[10], fp, pc, d8_15[8];
};
#define TOP_GAP 16
#endif

static _Noreturn void fiber_main(void)
{
	unsigned self = world.running;
	void *nowhere;

	test->run[self]();
	world.fibers[self].done = true;
	world.fibers[self].op = (struct op){ .kind = OP_DONE };
	switch_stacks(&nowhere, engine_sp);
	__builtin_unreachable();
}

static void fiber_init(unsigned i)
{
	struct switch_frame *f = (struct switch_frame *)(stacks[i + 1] - TOP_GAP) - 1;

	memset(stacks[i], 0, STACK_SIZE);
	*f = (struct switch_frame){ .pc = (uintptr_t)fiber_main };
	world.fibers[i] = (struct fiber){ .sp = f, .op.kind = OP_START };
}

uint64_t op_do(const struct op *op)
{
	struct fiber *f = &world.fibers[world.running];
	unsigned outcome;

	f->op = *op;
	switch_stacks(&f->sp, engine_sp);
	outcome = f->outcome;
	f->outcome = 0;
	return memory_do((unsigned)(f - world.fibers), op, outcome);
}

static void outside_threads(void (*fn)(void))
{
	if (fn && !setjmp(outside))
		fn();
}

/* ---- a thread that never comes to a point ---- */

#define PATIENCE_S 1 /* of processor time */

static volatile sig_atomic_t steps_seen, steps_made;

static void look_whether_it_moves(int signal)
{
	if (in_fiber && steps_seen == steps_made)
		fiber_fail("thread %u runs on and on without a point", world.running);
	steps_seen = steps_made;
}

void watch_begin(void)
{
	struct sigaction action = { .sa_handler = look_whether_it_moves, .sa_flags = SA_NODEFER };
	struct itimerval each = { { PATIENCE_S, 0 }, { PATIENCE_S, 0 } };

	sigaction(SIGVTALRM, &action, NULL);
	setitimer(ITIMER_VIRTUAL, &each, NULL);
}

/* ---- steps ---- */

void world_step(struct step s)
{
	struct fiber *f = &world.fibers[s.fiber];

	f->outcome = s.outcome;
	steps_made++;
	world.running = s.fiber;
	in_fiber = true;
	switch_stacks(&engine_sp, f->sp);
	in_fiber = false;
	if (!failure[0])
		outside_threads(test->step);
	if (!failure[0] && world_over())
		outside_threads(test->end);
}

bool world_over(void)
{
	for (unsigned i = 0; i < test->threads; i++)
		if (!world.fibers[i].done)
			return false;
	return true;
}

unsigned fiber_outcomes(unsigned i)
{
	const struct fiber *f = &world.fibers[i];

	if (f->done)
		return 0;
	if (f->op.kind == OP_START)
		return 1;
	return memory_outcomes(i, &f->op);
}

void world_stuck(void)
{
	size_t used = 0;
	char name[80];

	for (unsigned i = 0; i < test->threads; i++) {
		const struct op *op = &world.fibers[i].op;

		if (!world.fibers[i].done && used < sizeof(failure))
			used += (size_t)snprintf(failure + used, sizeof(failure) - used, "%sthread %u %s %s", used ? "; " : "nobody can go on: ", i,
						 op->kind == OP_PARK ? "is asleep" : "wants", op->kind == OP_PARK ? "and nobody will wake it" :
						 name_of(op->at, name, sizeof(name)));
	}
}

bool stack_dead(uintptr_t at)
{
	uintptr_t base = (uintptr_t)stacks;
	unsigned i = (unsigned)((at - base) / STACK_SIZE);

	return at >= base && i < FIBERS && i != world.running && (world.fibers[i].done || at < (uintptr_t)world.fibers[i].sp);
}

/* ---- the first state ---- */

static char *pristine; /* data of the world before any test */

static size_t data_size(void)
{
	return (size_t)(__stop_xdata - __start_xdata);
}

static void data_reset(void)
{
	static char copy[1 << 20];

	if (!pristine) {
		if (data_size() > sizeof(copy))
			__builtin_trap();
		memcpy(copy, __start_xdata, data_size());
		pristine = copy;
	}
	memcpy(__start_xdata, pristine, data_size());
	memset(__start_xbss, 0, (size_t)(__stop_xbss - __start_xbss));
}

void world_reset(void)
{
	data_reset();
	failure[0] = 0;
	memset(&world, 0, sizeof(world));
	memory_reset();
	for (unsigned i = 0; i < FIBERS; i++) {
		threads[i].tid = i;
		fiber_init(i);
		world.fibers[i].done = i >= test->threads;
	}
	outside_threads(test->setup);
}

/* ---- states: the pieces of memory they are made of ---- */

#define PIECES (4 + FIBERS)

struct piece {
	char *at;
	size_t size;
};

static unsigned pieces(struct piece *p)
{
	unsigned n = 0;

	p[n++] = (struct piece){ (char *)&world, sizeof(world) };
	p[n++] = (struct piece){ memory_state(), memory_state_size() };
	p[n++] = (struct piece){ __start_xdata, data_size() };
	p[n++] = (struct piece){ __start_xbss, (size_t)(__stop_xbss - __start_xbss) };
	for (unsigned i = 0; i < test->threads; i++)
		if (!world.fibers[i].done)
			p[n++] = (struct piece){ world.fibers[i].sp, (size_t)(stacks[i] + STACK_SIZE - (char *)world.fibers[i].sp) };
	return n;
}

size_t state_size(void)
{
	struct piece p[PIECES];
	size_t size = 0;

	for (unsigned n = pieces(p); n--;)
		size += p[n].size;
	return size;
}

void state_save(void *to)
{
	struct piece p[PIECES];
	unsigned n = pieces(p);
	char *at = to;

	for (unsigned i = 0; i < n; i++) {
		memcpy(at, p[i].at, p[i].size);
		at += p[i].size;
	}
}

/* The world first: it says how long the stacks are. */
void state_load(const void *from)
{
	struct piece p[PIECES];
	const char *at = from;
	unsigned n;

	memcpy(&world, at, sizeof(world));
	memory_state_from(at + sizeof(world));
	n = pieces(p);
	for (unsigned i = 0; i < n; i++) {
		memcpy(p[i].at, at, p[i].size);
		at += p[i].size;
	}
	failure[0] = 0;
}

static uint64_t mix(uint64_t h, uint64_t v, uint64_t by)
{
	__uint128_t m = (__uint128_t)(h ^ v) * by;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static void hash_add(struct hash *h, const char *at, size_t size)
{
	uint64_t v;

	for (; size; at += sizeof(v), size -= size < sizeof(v) ? size : sizeof(v)) {
		v = 0;
		memcpy(&v, at, size < sizeof(v) ? size : sizeof(v));
		h->a = mix(h->a + 0x9e3779b97f4a7c15, v, 0xd6e8feb86659fd93);
		h->b = mix(h->b + 0xa0761d6478bd642f, v, 0xe7037ed1a0b428db);
	}
}

struct hash state_hash(void)
{
	struct hash h = { 1, 2 };
	struct piece p[PIECES];
	unsigned n = pieces(p);

	for (unsigned i = 0; i < n; i++)
		hash_add(&h, p[i].at, p[i].size);
	return h;
}

/* ---- names of memory ---- */

#define NAMES 64

static struct name {
	uintptr_t at;
	size_t size;
	const char *name; /* or one of these */
} names[NAMES];
static const char to_ignore[] = "", never_written[] = "";
static unsigned nr_names;

static void name_add(const void *at, size_t size, const char *name)
{
	for (unsigned i = 0; i < nr_names; i++)
		if (names[i].at == (uintptr_t)at && names[i].size == size)
			return;
	if (nr_names < NAMES)
		names[nr_names++] = (struct name){ (uintptr_t)at, size, name };
}

void explore_name(const void *at, size_t size, const char *name)
{
	name_add(at, size, name);
}

void explore_ignore(const void *at, size_t size)
{
	name_add(at, size, to_ignore);
}

void explore_constant(const void *at, size_t size)
{
	name_add(at, size, never_written);
}

static bool named(uintptr_t at, const char *name)
{
	for (unsigned i = 0; i < nr_names; i++)
		if (names[i].name == name && at - names[i].at < names[i].size)
			return true;
	return false;
}

bool ignored(uintptr_t at)
{
	if (at - (uintptr_t)threads < sizeof(threads) || at - (uintptr_t)stat_cpus < sizeof(stat_cpus))
		return true;
	return named(at, to_ignore);
}

bool constant(uintptr_t at)
{
	return named(at, never_written);
}

const char *name_of(uintptr_t at, char *buf, size_t size)
{
	for (unsigned i = 0; i < nr_names; i++)
		if (*names[i].name && at - names[i].at < names[i].size) {
			snprintf(buf, size, "%s", names[i].name);
			return buf;
		}
	if (at - (uintptr_t)stacks < sizeof(stacks))
		snprintf(buf, size, "stack %u+%#lx", (unsigned)((at - (uintptr_t)stacks) / STACK_SIZE), (at - (uintptr_t)stacks) % STACK_SIZE);
	else
		snprintf(buf, size, "%#lx", at);
	return buf;
}
