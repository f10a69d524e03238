/* SPDX-License-Identifier: MIT */
/*
 * kmalloc: a row of slab caches whose sizes fill a slab well, and whole frames above. An object is never page aligned (the
 * slab's header is in the way) and a block of frames always is, so kfree tells them apart by the address.
 */
#include "kernel/assert.h"
#include "kernel/frame.h"
#include "kernel/slab.h"
#include "lib/bits.h"
#include "lib/string.h"

#define CLASS(n) { .name = "kmalloc-" #n, .size = (n), .align = 16, .lock = SPINLOCK_INIT(LOCK_SLAB) }

static struct slab_cache classes[] = {
	CLASS(16),  CLASS(32),	CLASS(48),  CLASS(64),	CLASS(96),  CLASS(128),	 CLASS(192),  CLASS(256),
	CLASS(336), CLASS(448), CLASS(576), CLASS(672), CLASS(800), CLASS(1008), CLASS(1344), CLASS(2016),
};

static struct slab_cache *class_for(size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (n <= classes[i].size)
			return &classes[i];
	return NULL;
}

static void *kmalloc_frames(size_t n)
{
	unsigned order = log2_up((n + PAGE_SIZE - 1) >> PAGE_SHIFT);
	pfn_t pfn;

	if (order > FRAME_MAX_ORDER)
		return NULL;
	pfn = frame_alloc(order, FRAME_RESERVE);
	return pfn == NO_FRAME ? NULL : pfn_to_virt(pfn);
}

void *kmalloc(size_t n)
{
	struct slab_cache *c = class_for(n);

	return c ? slab_alloc(c) : kmalloc_frames(n);
}

void *kzalloc(size_t n)
{
	void *p = kmalloc(n);

	return p ? memset(p, 0, n) : NULL;
}

void kfree(void *p)
{
	pfn_t pfn = virt_to_phys(p) >> PAGE_SHIFT;

	if (!p)
		return;
	if (is_aligned((uintptr_t)p, PAGE_SIZE))
		frame_free(pfn, frame_order(pfn));
	else
		slab_free(slab_cache_of(p), p);
}
