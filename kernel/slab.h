/* SPDX-License-Identifier: MIT */
/* Slab caches for objects of one size, and kmalloc over a row of them. None sleeps; all may return NULL. Debug builds poison
 * freed objects and check the poison when they are handed out again. */
#ifndef KERNEL_SLAB_H
#define KERNEL_SLAB_H

#include "kernel/spinlock.h"
#include "lib/list.h"

struct slab_cache {
	const char *name;
	uint32_t size;	/* object size, rounded up to align			(C) */
	uint32_t align; /*							(C) */
	struct spinlock lock;
	struct list partial; /* slabs with free and used objects		(lock) */
	uint32_t used;	     /* objects handed out, for leak checks		(lock) */
	uint32_t slabs;	     /* frames held					(lock) */
	struct slab_cache *all_next; /* all caches that were ever used	(C) once `known` */
	_Atomic bool known;  /* is or will be on that list			(A) */
};

#define SLAB_CACHE(n, type) { .name = (n), .size = sizeof(type), .align = _Alignof(type), .lock = SPINLOCK_INIT(LOCK_SLAB) }

/* A static cache needs no further initialisation. */
void *slab_alloc(struct slab_cache *c);	       /* contents unspecified */
void *slab_zalloc(struct slab_cache *c);
void slab_free(struct slab_cache *c, void *p);

/* Every cache that was ever used, latest first. Any context; the counts are read without the locks. */
void slab_for_each(void (*fn)(const struct slab_cache *c, void *arg), void *arg);
uint32_t slab_object_size(const struct slab_cache *c); /* with what is between objects */

/* Which cache an object came from. */
struct slab_cache *slab_cache_of(const void *p);

void *kmalloc(size_t n); /* any size up to 4 MiB; 16-byte aligned, page aligned from 4 KiB on */
void *kzalloc(size_t n);
void kfree(void *p); /* NULL is fine */

#endif
