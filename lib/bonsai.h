/* SPDX-License-Identifier: MIT */
/*
 * A balanced tree of ranges [start, end) that do not overlap, each with a value: the VMAs of an address space. Readers walk a
 * snapshot without a lock; writers are serialised by the caller. (After the Bonsai tree: Clements, Kaashoek, Zeldovich,
 * "Scalable address spaces using RCU balanced trees", ASPLOS 2012.)
 *
 * A published node never changes. A writer opens an update, which copies each node it would change, once, and builds a new
 * root that nobody else sees; bonsai_commit publishes that root by one release store. So
 *  1. a reader that loads the root once (acquire) sees the tree as some commit left it, whole: never a node half made,
 *     never half of an update, however many ranges that update touched;
 *  2. an update that fails is dropped by bonsai_abort, and nothing has happened. Running out of memory is the only way to
 *     fail, it can happen in every operation until commit, and commit cannot fail;
 *  3. nodes that a commit replaced go to mem->retire, all at once, which must wait for the readers (RCU); nodes that were
 *     never published go to mem->free at once.
 * What a reader may miss: every commit after its load of the root. It must have its own way to learn that (mm's is vma->state).
 *
 * Balance is by weight (subtree size + 1, no child heavier than 3 times the other; Hirai and Yamamoto, "Balancing weight-
 * balanced trees", JFP 2011), so a tree of n ranges is at most 2.5 log2(n) deep. Each node knows the first address, the last
 * address, the size and the largest gap of its subtree, which makes the search for a gap descend where one is.
 */
#ifndef LIB_BONSAI_H
#define LIB_BONSAI_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All constant once published, but for the last three words, which readers do not look at. */
struct bonsai_node {
	uintptr_t start, end;
	const struct bonsai_node *left, *right;
	void *value;
	uintptr_t first, last; /* of the whole subtree: lowest start, highest end */
	uintptr_t gap;	       /* largest gap between two neighbours of the subtree */
	size_t size;	       /* ranges in the subtree */
	struct bonsai_node *chain; /* the next in bonsai_update.replaced, and of those retired together */
	union {
		uint64_t born;	  /* the update that made it */
		void *reclaim[2]; /* the owner's from mem->retire on: room for an rcu_head */
	};
};

struct bonsai_mem {
	void *(*alloc)(size_t size); /* NULL: none */
	void (*free)(void *node);    /* no reader ever saw it */
	void (*retire)(struct bonsai_node *first); /* free it, and all that follow through chain, when every reader of today is gone */
};

struct bonsai {
	_Atomic(const struct bonsai_node *) root; /* writers: the caller's lock */
	uint64_t updates;			  /* begun so far: the caller's lock */
	const struct bonsai_mem *mem;		  /* constant */
};

static inline void bonsai_init(struct bonsai *t, const struct bonsai_mem *mem)
{
	atomic_store_explicit(&t->root, NULL, memory_order_relaxed);
	t->updates = 0;
	t->mem = mem;
}

/* ---- looking: any root, in a read section or by the writer ---- */

static inline const struct bonsai_node *bonsai_root(const struct bonsai *t)
{
	/* pairs with bonsai_commit: every node below is complete */
	return atomic_load_explicit(&t->root, memory_order_acquire);
}

/* The value of the range that holds addr, or NULL. */
static inline void *bonsai_find(const struct bonsai_node *node, uintptr_t addr)
{
	while (node) {
		if (addr < node->start)
			node = node->left;
		else if (addr >= node->end)
			node = node->right;
		else
			return node->value;
	}
	return NULL;
}

/* The value of the lowest range with end > addr: the one that holds addr, or the next above it. NULL: none. */
void *bonsai_next(const struct bonsai_node *root, uintptr_t addr);

/* The value of the highest range with start < addr. NULL: none. */
void *bonsai_prev(const struct bonsai_node *root, uintptr_t addr);

/*
 * A free place of `size` bytes inside [low, high), its address a multiple of align (a power of two): the highest, the
 * lowest. false: there is none.
 */
bool bonsai_gap_down(const struct bonsai_node *root, uintptr_t low, uintptr_t high, size_t size, size_t align, uintptr_t *at);
bool bonsai_gap_up(const struct bonsai_node *root, uintptr_t low, uintptr_t high, size_t size, size_t align, uintptr_t *at);

static inline size_t bonsai_size(const struct bonsai_node *root)
{
	return root ? root->size : 0;
}

/* Does all that the head promises about a tree hold below root? For tests and checks: visits every node. */
bool bonsai_sound(const struct bonsai_node *root);

/* ---- changing: one update at a time ---- */

struct bonsai_update {
	struct bonsai *tree;
	const struct bonsai_node *root;	 /* the tree as it will be; may be searched like any other */
	struct bonsai_node *replaced;	 /* published nodes it will do without, through chain */
	uint64_t number;
	int error;
};

void bonsai_begin(struct bonsai_update *u, struct bonsai *t);

/* All three: 0 or -ENOMEM, after which only bonsai_abort is of use. */
int bonsai_insert(struct bonsai_update *u, uintptr_t start, uintptr_t end, void *value); /* overlaps nothing */
int bonsai_remove(struct bonsai_update *u, uintptr_t start);				 /* the range that starts there */
int bonsai_replace(struct bonsai_update *u, uintptr_t old_start, uintptr_t start, uintptr_t end, void *value);
		/* the range at old_start gets these bounds, which reach no further than its neighbours, and this value */

void bonsai_commit(struct bonsai_update *u); /* publishes; no operation failed */
void bonsai_abort(struct bonsai_update *u);  /* nothing has happened */

/* Retires every node. The values are the caller's to have dealt with. */
void bonsai_clear(struct bonsai *t);

#endif
