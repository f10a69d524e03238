/* SPDX-License-Identifier: MIT */
/*
 * A radix tree from a 64-bit key to a pointer: the page cache's index. 64 slots a node, as many levels as the highest
 * key needs. NULL is "nothing there". Readers take no lock, writers are serialised by the caller.
 *
 * Why a reader never sees a half-made node
 *  1. A node's shift, its owner's words and its slots are set before the release store that puts it into its parent (or the
 *     root); a reader gets to it by an acquire load of that very word. shift never changes afterwards.
 *  2. A leaf's slot is written by a release store and read by an acquire load: what the value points to is seen whole.
 *  3. Growing puts a node above the old root whose slot 0 is that old root, then publishes it as root. A reader that
 *     began at the old root goes on in a tree that is complete for the keys it covers.
 *  4. Shrinking publishes slot 0 of the root as the new root and leaves the old root as it was. A reader in it goes on
 *     through slot 0; its other slots were empty.
 *  5. Any other node is unhooked only when it is empty. It stays as it is, and like the old root of 4 it is given to
 *     mem->free, which must wait for the readers (RCU). So a leaf found in a read section may be read until the end of
 *     that section, and once unhooked it reads NULL.
 *
 * What a reader may miss: anything stored or deleted while it walks. Before or after is both right, and two keys may be seen
 * in different order by two readers. An entry that is there all the time is found. A slot's address
 * (radix_slot) may be loaded again later in the same section: if it still holds the value first seen, then that value is
 * in the tree at that moment (a leaf that has left the tree reads NULL, see 5).
 *
 * Tags: three bits for each entry, kept in bitmaps of its node and, as "some entry below has it", in all nodes above. Set and
 * cleared by writers; readers without the lock get a hint. A tag belongs to the key: storing another value over a value
 * keeps it, deleting clears it.
 */
#ifndef LIB_RADIX_H
#define LIB_RADIX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RADIX_BITS 6
#define RADIX_SLOTS (1u << RADIX_BITS)

enum radix_tag { RADIX_DIRTY, RADIX_WRITEBACK, RADIX_WANTED, RADIX_TAGS };

/* (C) constant once published, (W) the caller's writer lock, (R) writer lock to write, read section to read */
struct radix_node {
	void *reclaim[2];		      /* the owner's from mem->free on: room for an rcu_head	(W) */
	unsigned shift;			      /* 0: a leaf; bits of the key below this node's six	(C) */
	unsigned count;			      /* slots that are not NULL			(W) */
	struct radix_node *parent;	      /* NULL: the root					(W) */
	_Atomic uint64_t tags[RADIX_TAGS];    /* bit i: of slot i				(R) */
	_Atomic(void *) slots[RADIX_SLOTS];   /* nodes; values in a leaf			(R) */
};

struct radix_mem {
	void *(*alloc)(size_t size); /* NULL: none. Called by writers, so it may not sleep if they may not */
	void (*free)(void *node);    /* after every reader of today is gone; node->reclaim is free for use */
};

struct radix {
	_Atomic(struct radix_node *) root; /* (R) */
	const struct radix_mem *mem;	   /* (C) */
};

static inline void radix_init(struct radix *r, const struct radix_mem *mem)
{
	atomic_store_explicit(&r->root, NULL, memory_order_relaxed);
	r->mem = mem;
}

static inline bool radix_empty(const struct radix *r)
{
	return !atomic_load_explicit(&r->root, memory_order_relaxed);
}

/*
 * Where the value of key is or would be; NULL if no leaf is there. The slots of the 64 keys that differ only in the low
 * six bits lie side by side. Read section. The acquire loads pair with the release stores of radix.c (1 and 2 above).
 */
static inline _Atomic(void *) *radix_slot(const struct radix *r, uint64_t key)
{
	struct radix_node *node = atomic_load_explicit(&r->root, memory_order_acquire);

	if (!node || key >> node->shift >> RADIX_BITS)
		return NULL;
	for (unsigned shift = node->shift; shift; shift -= RADIX_BITS) {
		node = atomic_load_explicit(&node->slots[(key >> shift) % RADIX_SLOTS], memory_order_acquire);
		if (!node)
			return NULL;
	}
	return &node->slots[key % RADIX_SLOTS];
}

/* What the slot holds, from radix_slot or NULL. Same read section. */
static inline void *radix_slot_load(_Atomic(void *) *slot)
{
	return slot ? atomic_load_explicit(slot, memory_order_acquire) : NULL;
}

/* The value of key, or NULL. Read section, or under the writer lock. */
static inline void *radix_load(const struct radix *r, uint64_t key)
{
	return radix_slot_load(radix_slot(r, key));
}

/* Writer. 0, or -ENOMEM with nothing changed. value == NULL deletes (and cannot fail). */
int radix_store(struct radix *r, uint64_t key, void *value);

/* The value of the lowest key in [*key, last] that has one; *key is set to it. NULL: none. Read section, or writer. */
void *radix_next(const struct radix *r, uint64_t *key, uint64_t last);

/* Writer; the key has a value, otherwise nothing happens. */
void radix_tag_set(struct radix *r, uint64_t key, enum radix_tag tag);
void radix_tag_clear(struct radix *r, uint64_t key, enum radix_tag tag);

/* Exact for a writer, a hint for a reader. */
bool radix_tag_get(const struct radix *r, uint64_t key, enum radix_tag tag);
void *radix_next_tagged(const struct radix *r, uint64_t *key, uint64_t last, enum radix_tag tag);

/* Writer. Is any entry tagged at all? One load. */
bool radix_tagged(const struct radix *r, enum radix_tag tag);

#endif
