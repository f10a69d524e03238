/* SPDX-License-Identifier: MIT */
/* Which orders of two lock classes have been seen since boot, and where each was first seen. Debug builds. */
#ifndef KERNEL_LOCK_SEEN_H
#define KERNEL_LOCK_SEEN_H

#include "kernel/thread.h"

/* (C) constant once seen */
struct lock_seen {
	struct site held, taken; /* where each was taken	(C) */
	uint8_t from, to;	  /* enum lock_class		(C) */
	bool tried;		  /* `to` by trylock		(C) */
	_Atomic bool whole;	  /* all of it is there		(A) */
};

/* `class` is being taken, at `site`, by a thread that has this one. Any context. */
void lock_seen_note(const struct held_lock *held, enum lock_class class, const struct site *site, bool tried);

/* If `to` has been taken while `from` was held, says where. */
void lock_seen_log(enum lock_class from, enum lock_class to);

/* The i-th that was seen; NULL: there are no more. */
const struct lock_seen *lock_seen_at(unsigned i);

#endif
