/* SPDX-License-Identifier: MIT */
/* What the explorer's files share. Words: a *step* is one operation of one thread, with one of its outcomes; a *schedule* is a list of steps. */
#ifndef TESTS_EXPLORE_ENGINE_H
#define TESTS_EXPLORE_ENGINE_H

#include "tests/explore/explore.h"

enum op_kind {
	OP_START, OP_LOAD, OP_STORE, OP_RMW, OP_CAS, OP_FENCE, OP_LOCK, OP_TRYLOCK, OP_UNLOCK, OP_PARK, OP_UNPARK, OP_KILL, OP_CLOCK,
	OP_DONE
};

/* What a thread is about to do. */
struct op {
	enum op_kind kind;
	int order;	     /* of memory, as the compiler says it: __ATOMIC_* */
	unsigned size;	     /* bytes */
	uintptr_t at;	     /* address, lock, or number of the thread meant */
	uint64_t operand, expected;
	uintptr_t pc;
	bool may_end;	     /* OP_PARK: a kill ends it too */
	bool may_time_out;   /* OP_PARK: so does time */
};

struct fiber {
	void *sp;	     /* where it goes on; valid while it is stopped */
	struct op op;	     /* what it is stopped before */
	unsigned outcome;    /* which of the outcomes was chosen */
	bool token, killed, done;
	bool hurried;	     /* has been woken to be the next one on its CPU */
	unsigned parks;	     /* sleeps, or tokens found */
};

struct step {
	uint8_t fiber, outcome;
};

#define CLOCK_STEP 100000 /* ns: by so much the clock may have moved on when it is read, */
#define CLOCK_STEPS 2	 /* but only so often in a schedule */

/* The one world. All of it is state. */
struct world {
	struct fiber fibers[FIBERS];
	unsigned running;	/* who ran last */
	unsigned clock_steps;	/* made */
	uint64_t now;
};

extern struct world world;
extern const struct explore_test *test;
extern bool model_weak;	 /* weak memory; else sequential consistency */
extern bool model_races; /* look for data races: random search only */

/* ---- engine.c: threads and states ---- */

void watch_begin(void);			/* a thread that loops without a point is a failure from now on */
void world_reset(void);			/* the test's first state */
void world_step(struct step s);		/* does it; the thread runs on to its next point */
unsigned fiber_outcomes(unsigned i);	/* how many its next operation has now; 0: it cannot go on */
bool world_over(void);			/* all have ended */
const char *world_failure(void);	/* what went wrong, or NULL */
void world_stuck(void);			/* nobody can go on, and not all have ended: says who sleeps for what */

size_t state_size(void);		/* of the present one */
void state_save(void *to);
void state_load(const void *from);
struct hash { uint64_t a, b; };
struct hash state_hash(void);

uint64_t op_do(const struct op *op);	/* hooks: stops before it, then it is done; its result */
void fiber_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
bool in_world(void);			/* does a thread of the test run, or the engine itself? */
bool stack_dead(uintptr_t at);		/* is it on a stack, below what its thread uses? */
const char *name_of(uintptr_t at, char *buf, size_t size);
bool ignored(uintptr_t at);
bool constant(uintptr_t at);

/* ---- memory.c: what memory shows ---- */

void memory_reset(void);
char *memory_state(void); /* its part of the state, as long as it is now */
size_t memory_state_size(void);
void memory_state_from(const char *saved); /* what it must know before the rest is copied */
unsigned memory_outcomes(unsigned fiber, const struct op *op);
uint64_t memory_do(unsigned fiber, const struct op *op, unsigned outcome);
uint64_t memory_peek(const struct op *op); /* at once, outside of the test's threads */
void memory_plain(unsigned fiber, uintptr_t at, size_t size, bool write, uintptr_t pc);
void memory_signal(unsigned from, unsigned to); /* unpark */
void memory_hear(unsigned fiber);		/* park took the token */

/* ---- search.c ---- */

struct limits {
	unsigned preemptions; /* UINT32_MAX: no bound */
	uint64_t states;
	double seconds;
};

struct result {
	bool failed, complete;
	uint64_t states, steps, schedules;
	char why[400];
	struct step *schedule;
	unsigned length;
};

struct result search_all(const struct limits *limits);
struct result search_random(uint64_t seed, unsigned runs, unsigned depth, double seconds);
struct result search_replay(const struct step *schedule, unsigned length, void (*show)(unsigned n, struct step s));

#endif
