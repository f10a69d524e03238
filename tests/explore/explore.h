/* SPDX-License-Identifier: MIT */
/*
 * The explorer: runs the kernel's own sources under every schedule.
 *
 * A test makes a small world (setup), a few threads that use it, and says what must hold at the end (and, if it likes, at every step). The
 * kernel's files are compiled with -fsanitize=thread, which makes the compiler call us (hooks.c) before every memory access. Each atomic
 * operation, fence, spinlock, park and unpark is a *point*: the thread stops before it, and the search (search.c) decides who goes on, and, where
 * the operation has several outcomes (memory.c), with which.
 *
 * A state is the kernel's data, the test's, the threads' stacks from the stack pointer up, and what the memory model knows. It is
 * copied to come back to it, and hashed to know it again. So nothing of it may lie elsewhere: no malloc, no static data in files that are
 * not linked into the world (tests/explore/rules.mk renames the sections of those that are).
 *
 * What is found: a failed assertion, a thread asleep that nobody will wake (deadlock, lost wakeup), a use of another thread's stack after it
 * has returned, a step bound exceeded (livelock); in random search also data races of plain accesses.
 */
#ifndef TESTS_EXPLORE_H
#define TESTS_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIBERS 6
#define STACK_SIZE 16384u

struct explore_test {
	const char *name, *about;
	unsigned threads;
	void (*setup)(void);		/* one thread, no points */
	void (*run[FIBERS])(void);	/* what each thread does */
	void (*step)(void);		/* asserts what holds at every point; may be NULL */
	void (*end)(void);		/* asserts what holds when all threads have ended; may be NULL */
};

extern const struct explore_test *const explore_tests[]; /* NULL at the end */

/* ---- for tests ---- */

#define must(expr)                                                                                 \
	do {                                                                                       \
		if (!(expr))                                                                       \
			explore_fail("%s:%d: %s", __FILE__, __LINE__, #expr);                      \
	} while (0)

_Noreturn void explore_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Reports call this memory by a name. setup only. */
void explore_name(const void *at, size_t size, const char *name);

/* Counts and the like: accesses are no points, read 0 and change nothing. setup only. */
void explore_ignore(const void *at, size_t size);

/* Nobody writes it any more: accesses are no points. setup only. */
void explore_constant(const void *at, size_t size);

uint64_t explore_now(void); /* what time it is, without asking the clock */

unsigned explore_self(void);		/* which thread runs: 0, 1, ... */
bool explore_hurried(unsigned thread);	/* has it been woken to be the next one on its CPU? */
unsigned explore_parks(void);		/* how often it has parked */
void explore_kill(unsigned thread);	/* a fatal signal for it: a point of the caller */
struct thread *explore_thread(unsigned i);
struct spinlock;
bool explore_lock_free(const struct spinlock *l);

/* The test's: a frame has been freed. */
void explore_freed(uint64_t pfn);

#endif
