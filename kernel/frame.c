/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator. A free block of 1 << order frames, aligned to its size, is on the list of its order; its two list
 * words are its own first bytes. Blocks split in halves and a freed half joins its buddy, if that is free and whole.
 *
 * One byte a frame says what block begins there. Bytes inside a block are stale and never believed: whoever frees a block
 * asks only about its buddy, which lies outside it, and is either a block (free or used), the inside of a smaller one (then
 * the byte of its first frame says so), or not ours (then the byte is 0 for ever).
 *
 * Single frames go through a small stack for each CPU, which is that CPU's alone while interrupts are off. A frame in it
 * counts as used for the buddy allocator. An empty stack is filled from whole blocks, which are cut up at once. While memory is
 * short (fewer free than the reserve) frames go straight to the lists, so that the reserve is not spent by those who may not dip into it.
 *
 * Debug builds fill freed frames with a pattern and look for it when they are handed out, so that a write after the free
 * is reported with its frame; and tell a frame that is freed twice.
 */
#include "kernel/frame_zone.h"

#include "kernel/assert.h"
#include "kernel/thread.h"
#include "lib/list.h"

enum frame_state {
	STATE_ORDER = 15,     /* four bits */
	STATE_FREE = 1 << 4,  /* heads a free block */
	STATE_USED = 2 << 4,  /* heads an allocated one */
	STATE_CACHED = 3 << 4, /* debug: in a CPU's stack */
	STATE_KIND = 3 << 4,
	STATE_POISON = 1 << 7, /* debug: holds the pattern since it was freed; of this frame alone */
};

#define CACHE_FRAMES 64
#define CACHE_BATCH 32
#define POISON 0x6b6b6b6b6b6b6b6bull
#define LINK_WORDS 2 /* of a free block's head: struct list */

struct frame_cache {
	_Atomic unsigned n;	    /* that CPU, interrupts off, to write */
	pfn_t frames[CACHE_FRAMES]; /* that CPU, interrupts off */
} __attribute__((aligned(64)));

struct frame_zone zone;

static struct spinlock zone_lock = SPINLOCK_INIT(LOCK_ZONE);
static struct list zone_free[FRAME_MAX_ORDER + 1]; /* zone_lock */
static _Atomic uint64_t zone_nr_free;		    /* frames on the lists: zone_lock to write */
static struct frame_cache frame_caches[MAX_CPUS];

static inline uint64_t nr_free(void)
{
	return atomic_load_explicit(&zone_nr_free, memory_order_relaxed);
}

static inline void nr_free_add(int64_t n)
{
	atomic_store_explicit(&zone_nr_free, nr_free() + (uint64_t)n, memory_order_relaxed); /* zone_lock held */
}

/* Relaxed: zone_lock, or owning the frame, orders what matters; a look at a buddy that is somebody's must only not tear. */
static inline unsigned state_get(pfn_t pfn)
{
	return atomic_load_explicit(&zone.state[pfn - zone.first], memory_order_relaxed);
}

static inline void state_put(pfn_t pfn, unsigned byte)
{
	atomic_store_explicit(&zone.state[pfn - zone.first], (uint8_t)byte, memory_order_relaxed);
}

static inline void state_set(pfn_t pfn, unsigned state)
{
	state_put(pfn, (DEBUG ? state_get(pfn) & STATE_POISON : 0) | state);
}

static inline bool state_is(pfn_t pfn, unsigned state)
{
	return pfn >= zone.first && pfn < zone.end && (state_get(pfn) & ~STATE_POISON) == state;
}

/* ---- debug: poison ---- */

static void poison_fill(pfn_t pfn, unsigned order)
{
	uint64_t *word = pfn_to_virt(pfn);

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*word) << order; i++)
		word[i] = POISON;
	for (pfn_t p = pfn; p < pfn + (1ull << order); p++)
		state_put(p, state_get(p) | STATE_POISON);
}

static void poison_check_frame(pfn_t pfn)
{
	const uint64_t *word = pfn_to_virt(pfn);

	if (!(state_get(pfn) & STATE_POISON))
		return; /* never used since boot */
	state_put(pfn, state_get(pfn) & ~STATE_POISON);
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		if (word[i] != POISON)
			panic("frame %llx was written after it was freed: offset %zx holds %016llx",
			      (unsigned long long)pfn, i * sizeof(*word), (unsigned long long)word[i]);
}

static void poison_check(pfn_t pfn, unsigned order)
{
	for (pfn_t p = pfn; p < pfn + (1ull << order); p++)
		poison_check_frame(p);
}

/* A block that leaves its list has two words in it that are not the pattern. */
static void poison_links(pfn_t pfn)
{
	uint64_t *word = pfn_to_virt(pfn);

	for (unsigned i = 0; i < LINK_WORDS; i++)
		word[i] = POISON;
}

static void check_used(pfn_t pfn, unsigned order)
{
	const char *is = "in use, of another order";

	if (state_is(pfn, STATE_USED | order))
		return;
	if (!frame_managed(pfn))
		is = "not ours";
	else if (state_is(pfn, STATE_CACHED) || (state_get(pfn) & STATE_KIND) == STATE_FREE)
		is = "free already";
	else if ((state_get(pfn) & STATE_KIND) != STATE_USED)
		is = "inside another block";
	panic("frame %llx freed with order %u, but it is %s", (unsigned long long)pfn, order, is);
}

/* ---- the lists: zone_lock held ---- */

static void block_link(pfn_t pfn, unsigned order)
{
	list_push(&zone_free[order], pfn_to_virt(pfn));
	state_set(pfn, STATE_FREE | order);
	nr_free_add(1ll << order);
}

static void block_unlink(pfn_t pfn, unsigned order)
{
	list_remove(pfn_to_virt(pfn));
	state_set(pfn, 0);
	nr_free_add(-(1ll << order));
	if (DEBUG)
		poison_links(pfn);
}

/* Frees a block, joined with its buddy, and their buddy, as far as it goes. */
static void block_give(pfn_t pfn, unsigned order)
{
	state_set(pfn, 0);
	for (; order < FRAME_MAX_ORDER; order++) {
		pfn_t buddy = pfn ^ 1ull << order;

		if (!state_is(buddy, STATE_FREE | order))
			break;
		block_unlink(buddy, order);
		pfn &= ~(1ull << order);
	}
	block_link(pfn, order);
}

/* A block of this order, the upper halves of a larger one given back; NO_FRAME: none. */
static pfn_t block_take(unsigned order)
{
	unsigned from = order;
	pfn_t pfn;

	while (from <= FRAME_MAX_ORDER && list_empty(&zone_free[from]))
		from++;
	if (from > FRAME_MAX_ORDER)
		return NO_FRAME;
	pfn = virt_to_phys(zone_free[from].next) >> PAGE_SHIFT;
	block_unlink(pfn, from);
	while (from-- > order)
		block_link(pfn + (1ull << from), from);
	state_set(pfn, STATE_USED | order);
	return pfn;
}

/* As block_take, unless that would touch the reserve and the caller may not. */
static pfn_t block_take_for(unsigned order, unsigned flags)
{
	uint64_t keep = flags & FRAME_RESERVE ? 0 : zone.reserve;

	return nr_free() < keep + (1ull << order) ? NO_FRAME : block_take(order);
}

void zone_give(pfn_t start, pfn_t end)
{
	if (!zone_free[0].next)
		for (unsigned order = 0; order <= FRAME_MAX_ORDER; order++)
			list_init(&zone_free[order]);
	while (start < end) {
		unsigned order = 0;

		while (order < FRAME_MAX_ORDER && !(start & ((2ull << order) - 1)) && start + (2ull << order) <= end)
			order++;
		block_link(start, order);
		start += 1ull << order;
	}
}

/* ---- who is told that there are few ---- */

static _Atomic(struct thread *) low_thread;
static _Atomic bool low_told;

void frame_tell_low(struct thread *t)
{
	/* release: the thread is whole; pairs with watch_low */
	atomic_store_explicit(&low_thread, t, memory_order_release);
}

bool frame_low_seen(void)
{
	return atomic_exchange_explicit(&low_told, false, memory_order_relaxed);
}

/* No lock of this file held. */
static void watch_low(void)
{
	struct thread *t;

	if (likely(nr_free() >= zone.low))
		return;
	t = atomic_load_explicit(&low_thread, memory_order_acquire);
	if (t && !atomic_exchange_explicit(&low_told, true, memory_order_relaxed))
		thread_unpark(t);
}

uint64_t frame_high(void)
{
	return zone.high;
}

uint64_t frame_reserve(void)
{
	return zone.reserve;
}

uint64_t frame_free_now(void)
{
	return nr_free();
}

/* ---- a CPU's own frames: interrupts off ---- */

static struct frame_cache *own_cache(void)
{
	return &frame_caches[atomic_load_explicit(&current->cpu, memory_order_relaxed)];
}

static inline unsigned cache_count(const struct frame_cache *c)
{
	return atomic_load_explicit(&c->n, memory_order_relaxed);
}

static void cache_push(struct frame_cache *c, pfn_t pfn)
{
	unsigned n = cache_count(c);

	c->frames[n] = pfn;
	atomic_store_explicit(&c->n, n + 1, memory_order_relaxed);
	if (DEBUG)
		state_set(pfn, STATE_CACHED);
}

static pfn_t cache_pop(struct frame_cache *c)
{
	unsigned n = cache_count(c) - 1;

	atomic_store_explicit(&c->n, n, memory_order_relaxed);
	if (DEBUG)
		state_set(c->frames[n], STATE_USED);
	return c->frames[n];
}

/* The order of the next block to be cut into `most` frames at most: the smallest there is, so that larger ones stay whole. zone_lock held. */
static unsigned fill_order(unsigned most)
{
	unsigned order = 0;

	if (nr_free() < zone.reserve + most)
		return 0; /* the reserve is near, and is asked frame by frame */
	while (2u << order <= most && list_empty(&zone_free[order]))
		order++;
	return order;
}

static void cache_fill(struct frame_cache *c, unsigned flags)
{
	spin_lock(&zone_lock);
	while (cache_count(c) < CACHE_BATCH) {
		unsigned order = fill_order(CACHE_BATCH - cache_count(c));
		pfn_t pfn = block_take_for(order, flags);

		if (pfn == NO_FRAME)
			break;
		for (pfn_t p = pfn; p < pfn + (1ull << order); p++) {
			state_set(p, STATE_USED);
			cache_push(c, p);
		}
		flags = FRAME_NORMAL; /* one from the reserve is enough */
	}
	spin_unlock(&zone_lock);
}

static void cache_drain(struct frame_cache *c, unsigned keep)
{
	spin_lock(&zone_lock);
	while (cache_count(c) > keep)
		block_give(cache_pop(c), 0);
	spin_unlock(&zone_lock);
}

static pfn_t single_alloc(unsigned flags)
{
	irqflags_t irq = arch_irq_save();
	struct frame_cache *c = own_cache();
	bool empty = !cache_count(c);
	pfn_t pfn;

	if (empty)
		cache_fill(c, flags);
	pfn = cache_count(c) ? cache_pop(c) : NO_FRAME;
	arch_irq_restore(irq);
	if (empty)
		watch_low();
	return pfn;
}

static void single_free(pfn_t pfn)
{
	irqflags_t irq = arch_irq_save();
	struct frame_cache *c = own_cache();

	cache_push(c, pfn);
	if (unlikely(nr_free() < zone.reserve))
		cache_drain(c, 0);
	else if (cache_count(c) == CACHE_FRAMES)
		cache_drain(c, CACHE_FRAMES - CACHE_BATCH);
	arch_irq_restore(irq);
}

static pfn_t block_alloc(unsigned order, unsigned flags)
{
	irqflags_t irq = spin_lock_irq(&zone_lock);
	pfn_t pfn = block_take_for(order, flags);

	spin_unlock_irq(&zone_lock, irq);
	watch_low();
	return pfn;
}

static void block_free(pfn_t pfn, unsigned order)
{
	irqflags_t irq = spin_lock_irq(&zone_lock);

	block_give(pfn, order);
	spin_unlock_irq(&zone_lock, irq);
}

/* ---- the interface ---- */

pfn_t frame_alloc(unsigned order, unsigned flags)
{
	pfn_t pfn = order ? block_alloc(order, flags) : single_alloc(flags);

	if (DEBUG && pfn != NO_FRAME)
		poison_check(pfn, order);
	return pfn;
}

void frame_free(pfn_t pfn, unsigned order)
{
	if (DEBUG) {
		check_used(pfn, order);
		poison_fill(pfn, order);
	}
	if (order)
		block_free(pfn, order);
	else
		single_free(pfn);
}

unsigned frame_order(pfn_t pfn)
{
	assert((state_get(pfn) & STATE_KIND) == STATE_USED);
	return state_get(pfn) & STATE_ORDER;
}

uint64_t frame_available(void)
{
	uint64_t n = nr_free();

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		n += cache_count(&frame_caches[cpu]);
	return n;
}
