/* SPDX-License-Identifier: MIT */
/* The statement is at the head of radix.h. Below: everything that changes the tree, and the ordered walk. */
#include "lib/radix.h"
#include "lib/errno.h"
#include "lib/string.h"

static inline unsigned slot_index(const struct radix_node *node, uint64_t key)
{
	return (unsigned)(key >> node->shift) % RADIX_SLOTS;
}

static inline void *slot_get(const struct radix_node *node, unsigned i)
{
	/* pairs with slot_set */
	return atomic_load_explicit(&node->slots[i], memory_order_acquire);
}

/* The only writer of slots: the count follows. */
static void slot_set(struct radix_node *node, unsigned i, void *value)
{
	void *old = atomic_load_explicit(&node->slots[i], memory_order_relaxed);

	node->count += !!value - !!old;
	/* what value points to is complete: pairs with slot_get and radix_slot */
	atomic_store_explicit(&node->slots[i], value, memory_order_release);
}

static inline struct radix_node *root_get(const struct radix *r)
{
	/* pairs with root_set */
	return atomic_load_explicit(&r->root, memory_order_acquire);
}

static void root_set(struct radix *r, struct radix_node *node)
{
	if (node)
		node->parent = NULL;
	/* the node is complete: pairs with root_get and radix_slot */
	atomic_store_explicit(&r->root, node, memory_order_release);
}

static inline bool covers(const struct radix_node *node, uint64_t key)
{
	return !(key >> node->shift >> RADIX_BITS);
}

static inline bool tag_test(const struct radix_node *node, unsigned tag, unsigned i)
{
	return atomic_load_explicit(&node->tags[tag], memory_order_relaxed) >> i & 1;
}

static void tag_write(struct radix_node *node, unsigned tag, unsigned i, bool on)
{
	uint64_t bits = atomic_load_explicit(&node->tags[tag], memory_order_relaxed);

	bits = on ? bits | 1ull << i : bits & ~(1ull << i);
	atomic_store_explicit(&node->tags[tag], bits, memory_order_relaxed);
}

static bool tag_any(const struct radix_node *node, unsigned tag)
{
	return atomic_load_explicit(&node->tags[tag], memory_order_relaxed);
}

static struct radix_node *node_new(struct radix *r, unsigned shift, struct radix_node *parent)
{
	struct radix_node *node = r->mem->alloc(sizeof(*node));

	if (!node)
		return NULL;
	memset(node, 0, sizeof(*node));
	node->shift = shift;
	node->parent = parent;
	return node;
}

/* A root above the old one. It inherits the tags. */
static struct radix_node *grow(struct radix *r, struct radix_node *old)
{
	struct radix_node *node = node_new(r, old->shift + RADIX_BITS, NULL);

	if (!node)
		return NULL;
	for (unsigned tag = 0; tag < RADIX_TAGS; tag++)
		tag_write(node, tag, 0, tag_any(old, tag));
	slot_set(node, 0, old);
	old->parent = node;
	root_set(r, node);
	return node;
}

/* While the root leads to slot 0 only, slot 0 is the better root. The old one keeps its slot: see 4 in radix.h. */
static void shrink(struct radix *r)
{
	struct radix_node *root = root_get(r);

	while (root->shift && root->count == 1 && slot_get(root, 0)) {
		struct radix_node *old = root;

		root = slot_get(old, 0);
		root_set(r, root);
		r->mem->free(old);
	}
}

/* Unhooks node if it is empty, then its parent if that made it empty, and so on. */
static void prune(struct radix *r, struct radix_node *node, uint64_t key)
{
	while (node && !node->count) {
		struct radix_node *parent = node->parent;

		if (parent)
			slot_set(parent, slot_index(parent, key), NULL);
		else
			root_set(r, NULL);
		r->mem->free(node);
		node = parent;
	}
	if (root_get(r))
		shrink(r);
}

/* A root that covers key; new or old. NULL: no memory, and what grew is as good as before. */
static struct radix_node *root_for(struct radix *r, uint64_t key)
{
	struct radix_node *root = root_get(r);

	if (!root) {
		unsigned shift = 0;

		while (key >> shift >> RADIX_BITS)
			shift += RADIX_BITS;
		root = node_new(r, shift, NULL);
		if (root)
			root_set(r, root);
	}
	while (root && !covers(root, key))
		root = grow(r, root);
	return root;
}

/* The leaf of key, made if it is not there. NULL: no memory, nothing left behind. */
static struct radix_node *leaf_make(struct radix *r, uint64_t key)
{
	struct radix_node *node = root_for(r, key), *child;

	while (node && node->shift) {
		child = slot_get(node, slot_index(node, key));
		if (!child) {
			child = node_new(r, node->shift - RADIX_BITS, node);
			if (!child) {
				prune(r, node, key);
				return NULL;
			}
			slot_set(node, slot_index(node, key), child);
		}
		node = child;
	}
	if (!node && root_get(r))
		shrink(r);
	return node;
}

static struct radix_node *leaf_find(const struct radix *r, uint64_t key)
{
	struct radix_node *node = root_get(r);

	if (!node || !covers(node, key))
		return NULL;
	while (node && node->shift)
		node = slot_get(node, slot_index(node, key));
	return node;
}

static void tag_clear_up(struct radix_node *node, uint64_t key, unsigned tag)
{
	do {
		if (!tag_test(node, tag, slot_index(node, key)))
			return;
		tag_write(node, tag, slot_index(node, key), false);
		if (tag_any(node, tag))
			return;
		node = node->parent;
	} while (node);
}

static void delete(struct radix *r, uint64_t key)
{
	struct radix_node *leaf = leaf_find(r, key);

	if (!leaf || !slot_get(leaf, slot_index(leaf, key)))
		return;
	for (unsigned tag = 0; tag < RADIX_TAGS; tag++)
		tag_clear_up(leaf, key, tag);
	slot_set(leaf, slot_index(leaf, key), NULL);
	prune(r, leaf, key);
}

int radix_store(struct radix *r, uint64_t key, void *value)
{
	struct radix_node *leaf;

	if (!value) {
		delete(r, key);
		return 0;
	}
	leaf = leaf_make(r, key);
	if (!leaf)
		return -ENOMEM;
	slot_set(leaf, slot_index(leaf, key), value);
	return 0;
}

/* The first slot from i on that holds something (with the tag, if tag < RADIX_TAGS); *found gets it. */
static unsigned scan(const struct radix_node *node, unsigned i, unsigned tag, void **found)
{
	for (; i < RADIX_SLOTS; i++) {
		if (tag < RADIX_TAGS && !tag_test(node, tag, i))
			continue;
		*found = slot_get(node, i);
		if (*found)
			break;
	}
	return i;
}

/*
 * Goes down towards *key. Either finds a value at or after it, below the first node on the way that has something left, or
 * moves *key to where the next node begins and returns NULL with *more set.
 */
static void *step(const struct radix_node *node, uint64_t *key, unsigned tag, bool *more)
{
	for (;;) {
		unsigned i = slot_index(node, *key), shift = node->shift;
		void *found = NULL;
		unsigned next = scan(node, i, tag, &found);

		if (next == RADIX_SLOTS) {
			*key = shift + RADIX_BITS < 64 ? ((*key >> shift >> RADIX_BITS) + 1) << (shift + RADIX_BITS) : 0;
			*more = *key != 0;
			return NULL;
		}
		if (next != i)
			*key = ((*key >> shift) + (next - i)) << shift;
		if (!shift)
			return found;
		node = found;
	}
}

static void *walk(const struct radix *r, uint64_t *key, uint64_t last, unsigned tag)
{
	uint64_t at = *key;
	bool more = true;

	while (more && at <= last) {
		struct radix_node *root = root_get(r);
		void *found;

		if (!root || !covers(root, at))
			return NULL;
		found = step(root, &at, tag, &more);
		if (found && at <= last) {
			*key = at;
			return found;
		}
		if (found)
			return NULL;
	}
	return NULL;
}

void *radix_next(const struct radix *r, uint64_t *key, uint64_t last)
{
	return walk(r, key, last, RADIX_TAGS);
}

void *radix_next_tagged(const struct radix *r, uint64_t *key, uint64_t last, enum radix_tag tag)
{
	return walk(r, key, last, tag);
}

void radix_tag_set(struct radix *r, uint64_t key, enum radix_tag tag)
{
	struct radix_node *node = leaf_find(r, key);

	if (!node || !slot_get(node, slot_index(node, key)))
		return;
	for (; node && !tag_test(node, tag, slot_index(node, key)); node = node->parent)
		tag_write(node, tag, slot_index(node, key), true);
}

void radix_tag_clear(struct radix *r, uint64_t key, enum radix_tag tag)
{
	struct radix_node *node = leaf_find(r, key);

	if (node)
		tag_clear_up(node, key, tag);
}

bool radix_tag_get(const struct radix *r, uint64_t key, enum radix_tag tag)
{
	struct radix_node *node = leaf_find(r, key);

	return node && tag_test(node, tag, slot_index(node, key));
}

bool radix_tagged(const struct radix *r, enum radix_tag tag)
{
	struct radix_node *root = root_get(r);

	return root && tag_any(root, tag);
}
