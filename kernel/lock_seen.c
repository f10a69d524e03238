/* SPDX-License-Identifier: MIT */
/*
 * A word a class says which classes have been taken after it, so an order that is known costs one load. Who sets a bit for the first time
 * draws a row of the table, fills it in and publishes it with `whole`; rows never change afterwards, and are read without a lock.
 */
#include "kernel/lock_seen.h"

#include "kernel/log.h"

#define ROWS (DEBUG ? 640 : 1)

static _Atomic uint64_t after[LOCK_CLASSES]; /* bit n of after[m]: n has been taken while m was held */
static struct lock_seen rows[ROWS];
static _Atomic unsigned drawn;

void lock_seen_note(const struct held_lock *held, enum lock_class class, const struct site *site, bool tried)
{
	uint64_t bit = 1ull << class;
	unsigned i;

	if (likely(atomic_load_explicit(&after[held->class], memory_order_relaxed) & bit))
		return;
	if (atomic_fetch_or_explicit(&after[held->class], bit, memory_order_relaxed) & bit)
		return;
	i = atomic_fetch_add_explicit(&drawn, 1, memory_order_relaxed);
	if (i >= ROWS)
		return;
	rows[i].held = held->site;
	rows[i].taken = *site;
	rows[i].from = held->class;
	rows[i].to = (uint8_t)class;
	rows[i].tried = tried;
	/* release: pairs with lock_seen_at */
	atomic_store_explicit(&rows[i].whole, true, memory_order_release);
}

const struct lock_seen *lock_seen_at(unsigned i)
{
	/* acquire: pairs with lock_seen_note */
	return i < ROWS && atomic_load_explicit(&rows[i].whole, memory_order_acquire) ? &rows[i] : NULL;
}

void lock_seen_log(enum lock_class from, enum lock_class to)
{
	const struct lock_seen *seen;

	for (unsigned i = 0; (seen = lock_seen_at(i)); i++) {
		if (seen->from != from || seen->to != to)
			continue;
		log_line("but %s%s while %s is held, first", lock_class_name(to), seen->tried ? " was tried" : " was taken",
			 lock_class_name(from));
		site_log(&seen->taken);
		log_line("which was taken at");
		site_log(&seen->held);
	}
}
