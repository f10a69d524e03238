/* SPDX-License-Identifier: MIT */
#include "mm/page_waits.h"

#include "kernel/assert.h"
#include "lib/list.h"

#define PER_OCTAVE 4
#define BUCKETS (48 * PER_OCTAVE)

static _Atomic uint64_t buckets[BUCKETS], worst[WORSTS];

static unsigned bucket_of(uint64_t ns)
{
	unsigned top = 63u - (unsigned)__builtin_clzll(ns | PER_OCTAVE), at = (top - 2) * PER_OCTAVE + (unsigned)(ns >> (top - 2));

	return at < BUCKETS ? at : BUCKETS - 1;
}

/* The lowest value of bucket i. */
static uint64_t bucket_edge(unsigned i)
{
	return i < PER_OCTAVE ? i : (uint64_t)(PER_OCTAVE + i % PER_OCTAVE) << (i / PER_OCTAVE - 1);
}

static void worst_note(enum page_worst which, uint64_t value)
{
	uint64_t old = atomic_load_explicit(&worst[which], memory_order_relaxed);

	while (unlikely(value > old) &&
	       !atomic_compare_exchange_weak_explicit(&worst[which], &old, value, memory_order_relaxed, memory_order_relaxed))
		;
}

void page_waits_queued(struct page_waiter *w)
{
	struct page_waiter *head = page_queue_head(w->page, PAGE_LOCK);

	w->asked = clock_ns();
	w->blocked = head == w ? w->asked : 0;
	w->ticket = head == w ? 0 : w->prev->ticket + 1;
	w->position = w->ticket - head->ticket + 1;
}

void page_waits_held(struct page_waiter *w)
{
	w->blocked = clock_ns();
}

void page_waits_unlocked(struct page_waiter *w)
{
	if (w->blocked)
		worst_note(WORST_SECTION, clock_ns() - w->blocked);
	w->blocked = 0;
}

void page_waits_called(struct page_waiter *w)
{
	uint64_t now = clock_ns();

	w->woken = now < w->due ? now : w->due;
}

void page_waits_runs(const struct page_waiter *w)
{
	worst_note(WORST_SWITCH, clock_ns() - w->woken);
}

void page_waits_ended(const struct page_waiter *w)
{
	uint64_t ns = clock_ns() - w->asked;

	atomic_fetch_add_explicit(&buckets[bucket_of(ns)], 1, memory_order_relaxed);
	worst_note(WORST_WAIT, ns);
	worst_note(WORST_PLACE, ns / w->position);
	worst_note(WORST_POSITION, w->position);
}

uint64_t page_waits_worst(enum page_worst which)
{
	return atomic_load_explicit(&worst[which], memory_order_relaxed);
}

uint64_t page_waits_count(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		sum += atomic_load_explicit(&buckets[i], memory_order_relaxed);
	return sum;
}

uint64_t page_waits_quantile(unsigned per_mille)
{
	uint64_t want = (page_waits_count() * per_mille + 999) / 1000, seen = 0, most = page_waits_worst(WORST_WAIT);

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += atomic_load_explicit(&buckets[i], memory_order_relaxed);
		if (seen >= want)
			return bucket_edge(i + 1) < most ? bucket_edge(i + 1) : most;
	}
	return most;
}

void page_waits_reset(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		atomic_store_explicit(&buckets[i], 0, memory_order_relaxed);
	for (unsigned i = 0; i < WORSTS; i++)
		atomic_store_explicit(&worst[i], 0, memory_order_relaxed);
}
