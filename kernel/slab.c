/* SPDX-License-Identifier: MIT */
/*
 * A slab is one frame: a header, then objects of one size. A free object's first word links it to the next free one; objects
 * that were never handed out are not linked, they begin at `fresh`. A cache keeps the slabs that have something free on its
 * list, fullest-first by habit; full ones are on no list. The header is found from an object by rounding down to the frame.
 *
 * An empty slab goes back to the frame allocator, unless it is the only one with room.
 *
 * Debug builds put a guard word behind every object. It says whether the object is in use, so that a double free, a free of
 * something else and an overrun are told; and freed objects hold a pattern that is checked when they are handed out again.
 */
#include "kernel/slab.h"
#include "kernel/assert.h"
#include "kernel/frame.h"
#include "lib/bits.h"
#include "lib/string.h"

#define GUARD_USED 0x5a11ab1e0b1ec7edull
#define GUARD_FREE 0xf4eef4ee0b1ec7f4ull
#define POISON_BYTE 0x6b

static _Atomic(struct slab_cache *) all_caches; /* pushed to, never removed from */

struct slab {
	struct list link;	   /* cache->partial; on no list if full	(cache->lock) */
	struct slab_cache *cache;  /*						constant */
	void *free;		   /* objects once used, linked			(cache->lock) */
	uint16_t used;		   /* objects handed out			(cache->lock) */
	uint16_t fresh;		   /* objects from here on were never used	(cache->lock) */
	uint16_t capacity;	   /*						constant */
} __attribute__((aligned(64)));

static uint32_t stride(const struct slab_cache *c)
{
	uint32_t room = c->size < sizeof(void *) ? sizeof(void *) : c->size;

	return (uint32_t)align_up(room + (DEBUG ? sizeof(uint64_t) : 0), c->align < 8 ? 8 : c->align);
}

static void *object_at(struct slab *s, unsigned i)
{
	return (char *)(s + 1) + (size_t)i * stride(s->cache);
}

static struct slab *slab_of(const void *object)
{
	return (struct slab *)align_down((uintptr_t)object, PAGE_SIZE);
}

/* ---- debug ---- */

static uint64_t *guard_of(const struct slab_cache *c, void *object)
{
	return (uint64_t *)((char *)object + stride(c)) - 1;
}

/* All but the link word and the guard. */
static void poison(struct slab_cache *c, void *object)
{
	memset((char *)object + sizeof(void *), POISON_BYTE, stride(c) - sizeof(void *) - sizeof(uint64_t));
	*guard_of(c, object) = GUARD_FREE;
}

static void check_free(struct slab_cache *c, void *object)
{
	const uint8_t *byte = object;

	for (size_t i = sizeof(void *); i < stride(c) - sizeof(uint64_t); i++)
		if (byte[i] != POISON_BYTE)
			panic("%s object %p was written after it was freed: offset %zu holds %02x", c->name, object, i,
			      byte[i]);
	if (*guard_of(c, object) != GUARD_FREE)
		panic("%s object %p: the word behind it was overwritten while it was free", c->name, object);
	*guard_of(c, object) = GUARD_USED;
}

static void check_used(struct slab_cache *c, void *object)
{
	size_t offset = (uintptr_t)object - (uintptr_t)(slab_of(object) + 1);

	if (slab_of(object)->cache != c || offset % stride(c))
		panic("%p is freed as a %s object, but is none", object, c->name);
	if (*guard_of(c, object) == GUARD_FREE)
		panic("%s object %p is freed twice", c->name, object);
	if (*guard_of(c, object) != GUARD_USED)
		panic("%s object %p: the word behind it was overwritten", c->name, object);
}

/* ---- slabs ---- */

static struct slab *slab_new(struct slab_cache *c)
{
	pfn_t pfn = frame_alloc(0, FRAME_RESERVE);
	struct slab *s;

	if (pfn == NO_FRAME)
		return NULL;
	s = pfn_to_virt(pfn);
	*s = (struct slab){ .cache = c, .capacity = (uint16_t)((PAGE_SIZE - sizeof(*s)) / stride(c)) };
	assert(s->capacity);
	for (unsigned i = 0; DEBUG && i < s->capacity; i++)
		poison(c, object_at(s, i));
	return s;
}

static void slab_release(struct slab *s)
{
	frame_free(virt_to_phys(s) >> PAGE_SHIFT, 0);
}

static void *slab_take(struct slab *s)
{
	void *object = s->free;

	if (object)
		s->free = *(void **)object;
	else
		object = object_at(s, s->fresh++);
	if (++s->used == s->capacity)
		list_remove(&s->link);
	return object;
}

static bool nothing_partial(const struct slab_cache *c)
{
	return !c->partial.next || list_empty(&c->partial); /* NULL: never used */
}

static void add_partial(struct slab_cache *c, struct slab *s)
{
	if (!c->partial.next)
		list_init(&c->partial);
	list_push(&c->partial, &s->link);
}

/* Puts the object back. The slab, if it is empty now and can be spared. */
static struct slab *slab_put(struct slab_cache *c, struct slab *s, void *object)
{
	bool was_full = s->used-- == s->capacity;

	*(void **)object = s->free;
	s->free = object;
	if (!s->used && !nothing_partial(c) && (was_full || c->partial.next != c->partial.prev)) {
		if (!was_full)
			list_remove(&s->link);
		c->slabs--;
		return s;
	}
	if (was_full)
		add_partial(c, s);
	return NULL;
}

/* ---- caches ---- */

static void cache_announce(struct slab_cache *c)
{
	if (atomic_exchange_explicit(&c->known, true, memory_order_relaxed))
		return;
	c->all_next = atomic_load_explicit(&all_caches, memory_order_relaxed);
	/* release: pairs with slab_for_each, which follows all_next */
	while (!atomic_compare_exchange_weak_explicit(&all_caches, &c->all_next, c, memory_order_release, memory_order_relaxed))
		;
}

void slab_for_each(void (*fn)(const struct slab_cache *c, void *arg), void *arg)
{
	/* acquire: pairs with cache_announce */
	for (const struct slab_cache *c = atomic_load_explicit(&all_caches, memory_order_acquire); c; c = c->all_next)
		fn(c, arg);
}

uint32_t slab_object_size(const struct slab_cache *c)
{
	return stride(c);
}

/* A frame is asked for without the lock, so another CPU may have added one as well: no harm. Seldom, so kept out of slab_alloc, which is short. */
static __attribute__((noinline)) bool cache_grow(struct slab_cache *c)
{
	struct slab *s = slab_new(c);
	irqflags_t irq;

	if (!s)
		return false;
	cache_announce(c);
	irq = spin_lock_irq(&c->lock);
	add_partial(c, s);
	c->slabs++;
	spin_unlock_irq(&c->lock, irq);
	return true;
}

static void *cache_take(struct slab_cache *c)
{
	irqflags_t irq = spin_lock_irq(&c->lock);
	void *object = NULL;

	if (!nothing_partial(c)) {
		object = slab_take(list_first(&c->partial, struct slab, link));
		c->used++;
	}
	spin_unlock_irq(&c->lock, irq);
	return object;
}

void *slab_alloc(struct slab_cache *c)
{
	void *object;

	while (unlikely(!(object = cache_take(c))))
		if (!cache_grow(c))
			return NULL;
	if (DEBUG)
		check_free(c, object);
	return object;
}

void *slab_zalloc(struct slab_cache *c)
{
	void *object = slab_alloc(c);

	return object ? memset(object, 0, c->size) : NULL;
}

void slab_free(struct slab_cache *c, void *object)
{
	struct slab *spare;
	irqflags_t irq;

	if (DEBUG) {
		check_used(c, object);
		poison(c, object);
	}
	irq = spin_lock_irq(&c->lock);
	c->used--;
	spare = slab_put(c, slab_of(object), object);
	spin_unlock_irq(&c->lock, irq);
	if (spare)
		slab_release(spare);
}

struct slab_cache *slab_cache_of(const void *p)
{
	return slab_of(p)->cache;
}
