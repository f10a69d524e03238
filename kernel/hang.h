/* SPDX-License-Identifier: MIT */
/*
 * Why does a thread not get on? One look at it, the chain of those it waits for, and the name of what that amounts to.
 *
 * Nothing here takes a lock or sleeps: it may be called however badly the rest hangs. All in an RCU read section.
 */
#ifndef KERNEL_HANG_H
#define KERNEL_HANG_H

#include "kernel/thread.h"

/*	kind		what it means */
#define HANGS(X)                                                                                   \
	X(cycle, "each of several threads waits for what the next one has")                        \
	X(lost_wakeup, "what is waited for is free")                                               \
	X(livelock, "an operation begins again and again, and nothing completes")                  \
	X(request, "a device has not completed a request")                                         \
	X(starvation, "others get it again and again, one waits")                                  \
	X(holder, "who has it does not give it back, and waits for nobody")                        \
	X(unknown, "who could end the wait is not known")

enum hang {
	HANG_none,
#define X(name, means) HANG_##name,
	HANGS(X)
#undef X
	HANG_KINDS
};

#define HANG_RETRIES 1000 /* of one operation: from here on it counts as a livelock */
#define HANG_PASSED 16	  /* woken so often without getting it: starvation */
#define HANG_CHAIN 12
#define HANG_STEPS 64 /* a search for a cycle looks at no more threads */

/* A copy, made by one look. Its maker's. */
struct hang_look {
	struct wait_why why; /* if it sleeps */
	bool sleeps;
	uint64_t since; /* when the wait, or the operation that is retried, began */
	uint32_t parks, retries;
	enum wait_on on;
	char object[112]; /* what `describe` says of why.object */
};

/* Threads, each waiting for what the next one has. Its maker's. */
struct hang_chain {
	struct thread *link[HANG_CHAIN];
	unsigned n;
	unsigned loop; /* of a cycle: where it begins */
	unsigned steps; /* how many threads have been looked at */
};

/* Where lines go. */
struct hang_sink {
	void (*line)(void *arg, const char *line);
	void *arg;
};

/* false: it runs and does not retry, or it was not to be read in one piece. */
bool hang_look(struct thread *t, struct hang_look *look);

/* Should what it waits for, or retries, have an end? */
static inline bool hang_should_end(const struct hang_look *look)
{
	return look->retries || (look->sleeps && !look->why.lasting);
}

/* What hangs t, and through whom. */
enum hang hang_follow(struct thread *t, struct hang_chain *chain);
const char *hang_name(enum hang kind);

/* One machine-readable line, then who holds it, the queue, and the stacks. */
void hang_show(struct thread *t, enum hang kind, const struct hang_chain *chain, const struct hang_sink *to);

/* /proc/fault/waiters: every sleeper and everybody who retries, a line each; of the first 64 that should get on, all that hang_show has. */
void hang_show_all(const struct hang_sink *to);

/* Set at boot: says what the devices have not completed for longest. Any context, takes no lock. May be NULL. */
extern void (*hang_device)(char *buf, size_t size);

#endif
