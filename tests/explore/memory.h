/* SPDX-License-Identifier: MIT */
/* What the memory model remembers. All of it is state. The model is described at the head of memory.c. */
#ifndef TESTS_EXPLORE_MEMORY_H
#define TESTS_EXPLORE_MEMORY_H

#include "tests/explore/engine.h"

#define LOCATIONS 24
#define MESSAGES 6

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

extern struct memory {
	struct lock locks[LOCKS];
	struct {
		struct view now, heard, said;
	} fibers[FIBERS];
	struct view tokens[FIBERS]; /* what unpark gave along */
	struct view fence;	    /* of seq_cst fences */
	uint32_t nr;		    /* locations in use, the first ones; a thread-local one may be free in between */
	struct location locations[LOCATIONS];
} memory;

/* ---- history.c: views and messages ---- */

void view_add(struct view *to, const struct view *from);
bool acquires(int order);
bool releases(int order);

/* Thread f has read a message that carries this view; what f gives along with a store. */
void hear(unsigned f, const struct view *view, int order);
struct view tell(unsigned f, int order);

/* The location at an address, made when first needed; NULL: none yet. */
struct location *location_find(uintptr_t at);
struct location *location(uintptr_t at, unsigned size);
void location_forget(uintptr_t at, size_t size);

void append(struct location *loc, uint64_t value, struct view view);
void prune(struct location *loc);

/* Thread f has seen message m of the location. */
void saw(unsigned f, struct location *loc, unsigned m, int order);

uint64_t peek(uintptr_t at, unsigned size);
void poke(uintptr_t at, unsigned size, uint64_t v);

/* ---- races.c ---- */

void races_reset(void);

#endif
