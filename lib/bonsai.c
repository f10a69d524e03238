/* SPDX-License-Identifier: MIT */
/*
 * The statement is at the head of bonsai.h. A node may be changed in place if this very update made it (born == number), so
 * each operation first makes every node on its way its own. When memory ends in mid-operation the tree of the update is left
 * out of shape but connected, which is all that bonsai_abort needs.
 */
#include "lib/bonsai.h"
#include "lib/errno.h"

typedef const struct bonsai_node *node_t;

static inline size_t weight(node_t n)
{
	return bonsai_size(n) + 1;
}

static inline uintptr_t max(uintptr_t a, uintptr_t b)
{
	return a > b ? a : b;
}

/* What a node knows about its subtree, from its children. */
static void summarise(struct bonsai_node *n)
{
	node_t l = n->left, r = n->right;

	n->size = bonsai_size(l) + bonsai_size(r) + 1;
	n->first = l ? l->first : n->start;
	n->last = r ? r->last : n->end;
	n->gap = max(l ? max(l->gap, n->start - l->last) : 0, r ? max(r->gap, r->first - n->end) : 0);
}

/* ---- searching ---- */

void *bonsai_next(node_t n, uintptr_t addr)
{
	void *best = NULL;

	while (n) {
		if (addr >= n->end) {
			n = n->right;
		} else {
			best = n->value;
			n = addr < n->start ? n->left : NULL;
		}
	}
	return best;
}

void *bonsai_prev(node_t n, uintptr_t addr)
{
	void *best = NULL;

	while (n) {
		if (n->start < addr) {
			best = n->value;
			n = n->right;
		} else {
			n = n->left;
		}
	}
	return best;
}

/* A search for a gap: what is asked, and whether from above or from below. */
struct gap_search {
	uintptr_t low, high;
	size_t size, align;
	bool down;
};

/* Does it fit into the free range [low, high)? */
static bool gap_fits(const struct gap_search *s, uintptr_t low, uintptr_t high, uintptr_t *at)
{
	uintptr_t place;

	low = max(low, s->low);
	high = high < s->high ? high : s->high;
	if (high < low || high - low < s->size)
		return false;
	place = s->down ? (high - s->size) & -s->align : (low + s->align - 1) & -s->align;
	*at = place;
	return place >= low && place <= high - s->size;
}

/* Subtree n lies in [low, high), whose ends are taken. Deep as the tree, and no deeper where no gap is large enough. */
static bool gap_find(const struct gap_search *s, node_t n, uintptr_t low, uintptr_t high, uintptr_t *at)
{
	if (high <= s->low || low >= s->high)
		return false;
	if (!n)
		return gap_fits(s, low, high, at);
	if (max(n->gap, max(n->first - low, high - n->last)) < s->size)
		return false;
	if (s->down)
		return gap_find(s, n->right, n->end, high, at) || gap_find(s, n->left, low, n->start, at);
	return gap_find(s, n->left, low, n->start, at) || gap_find(s, n->right, n->end, high, at);
}

bool bonsai_gap_down(node_t root, uintptr_t low, uintptr_t high, size_t size, size_t align, uintptr_t *at)
{
	struct gap_search s = { .low = low, .high = high, .size = size, .align = align, .down = true };

	return gap_find(&s, root, 0, UINTPTR_MAX, at);
}

bool bonsai_gap_up(node_t root, uintptr_t low, uintptr_t high, size_t size, size_t align, uintptr_t *at)
{
	struct gap_search s = { .low = low, .high = high, .size = size, .align = align };

	return gap_find(&s, root, 0, UINTPTR_MAX, at);
}

/* ---- nodes of an update ---- */

void bonsai_begin(struct bonsai_update *u, struct bonsai *t)
{
	*u = (struct bonsai_update){
		.tree = t,
		.root = atomic_load_explicit(&t->root, memory_order_relaxed), /* only writers store it */
		.number = ++t->updates,
	};
}

static struct bonsai_node *node_new(struct bonsai_update *u)
{
	struct bonsai_node *n = u->tree->mem->alloc(sizeof(*n));

	if (!n)
		u->error = -ENOMEM;
	return n;
}

/* n, or its copy, such that it may be changed; NULL: no memory. */
static struct bonsai_node *own(struct bonsai_update *u, node_t n)
{
	struct bonsai_node *old = (struct bonsai_node *)(uintptr_t)n, *copy;

	if (n->born == u->number)
		return old;
	copy = node_new(u);
	if (!copy)
		return NULL;
	*copy = *n;
	copy->born = u->number;
	old->chain = u->replaced;
	u->replaced = old;
	return copy;
}

/* The tree of the update does without n from now on. */
static void drop(struct bonsai_update *u, node_t n)
{
	struct bonsai_node *old = (struct bonsai_node *)(uintptr_t)n;

	if (n->born == u->number) {
		u->tree->mem->free(old);
		return;
	}
	old->chain = u->replaced;
	u->replaced = old;
}

/* ---- balance ---- */

/* The heavier child of n becomes its parent. Returns the top of the subtree. */
static node_t rotate(struct bonsai_update *u, struct bonsai_node *n, bool right_up)
{
	struct bonsai_node *up = own(u, right_up ? n->right : n->left);

	if (!up)
		return n;
	if (right_up) {
		n->right = up->left;
		summarise(n);
		up->left = n;
	} else {
		n->left = up->right;
		summarise(n);
		up->right = n;
	}
	summarise(up);
	return up;
}

/* The right (left) child of n is too heavy. If its inner half is the reason, that goes up first. */
static node_t rebalance(struct bonsai_update *u, struct bonsai_node *n, bool right)
{
	struct bonsai_node *heavy = own(u, right ? n->right : n->left);
	node_t inner, outer;

	if (!heavy)
		return n;
	inner = right ? heavy->left : heavy->right;
	outer = right ? heavy->right : heavy->left;
	if (right)
		n->right = heavy;
	else
		n->left = heavy;
	if (weight(inner) >= 2 * weight(outer)) {
		node_t top = rotate(u, heavy, !right);

		if (right)
			n->right = top;
		else
			n->left = top;
	}
	return u->error ? n : rotate(u, n, right);
}

/* n is ours and one of its subtrees has changed by one. Returns the top of the subtree. */
static node_t settle(struct bonsai_update *u, struct bonsai_node *n)
{
	if (u->error)
		return n;
	if (weight(n->right) > 3 * weight(n->left))
		return rebalance(u, n, true);
	if (weight(n->left) > 3 * weight(n->right))
		return rebalance(u, n, false);
	summarise(n);
	return n;
}

/* ---- the three changes ---- */

static node_t insert(struct bonsai_update *u, node_t at, struct bonsai_node *add)
{
	struct bonsai_node *n;

	if (!at)
		return add;
	n = own(u, at);
	if (!n) {
		u->tree->mem->free(add);
		return at;
	}
	if (add->start < n->start)
		n->left = insert(u, n->left, add);
	else
		n->right = insert(u, n->right, add);
	return settle(u, n);
}

int bonsai_insert(struct bonsai_update *u, uintptr_t start, uintptr_t end, void *value)
{
	struct bonsai_node *add;

	if (u->error || !(add = node_new(u)))
		return u->error;
	*add = (struct bonsai_node){ .start = start, .end = end, .value = value, .born = u->number };
	summarise(add);
	u->root = insert(u, u->root, add);
	return u->error;
}

/* Takes the lowest node out of the subtree; its range goes to *out. */
static node_t take_lowest(struct bonsai_update *u, node_t at, struct bonsai_node *out)
{
	struct bonsai_node *n;

	if (!at->left) {
		node_t rest = at->right;

		out->start = at->start;
		out->end = at->end;
		out->value = at->value;
		drop(u, at);
		return rest;
	}
	n = own(u, at);
	if (!n)
		return at;
	n->left = take_lowest(u, n->left, out);
	return settle(u, n);
}

/* Takes the range of node `at` out of the tree. The next one above moves into its place if it has two children. */
static node_t remove_node(struct bonsai_update *u, node_t at)
{
	struct bonsai_node *n;

	if (!at->left || !at->right) {
		node_t rest = at->left ? at->left : at->right;

		drop(u, at);
		return rest;
	}
	n = own(u, at);
	if (!n)
		return at;
	n->right = take_lowest(u, n->right, n);
	return settle(u, n);
}

static node_t remove(struct bonsai_update *u, node_t at, uintptr_t start)
{
	struct bonsai_node *n;

	if (at->start == start)
		return remove_node(u, at);
	n = own(u, at);
	if (!n)
		return at;
	if (start < n->start)
		n->left = remove(u, n->left, start);
	else
		n->right = remove(u, n->right, start);
	return settle(u, n);
}

int bonsai_remove(struct bonsai_update *u, uintptr_t start)
{
	if (!u->error)
		u->root = remove(u, u->root, start);
	return u->error;
}

static node_t replace(struct bonsai_update *u, node_t at, uintptr_t old_start, const struct bonsai_node *with)
{
	struct bonsai_node *n = own(u, at);

	if (!n)
		return at;
	if (old_start < n->start) {
		n->left = replace(u, n->left, old_start, with);
	} else if (old_start > n->start) {
		n->right = replace(u, n->right, old_start, with);
	} else {
		n->start = with->start;
		n->end = with->end;
		n->value = with->value;
	}
	summarise(n);
	return n;
}

int bonsai_replace(struct bonsai_update *u, uintptr_t old_start, uintptr_t start, uintptr_t end, void *value)
{
	struct bonsai_node with = { .start = start, .end = end, .value = value };

	if (!u->error)
		u->root = replace(u, u->root, old_start, &with);
	return u->error;
}

/* ---- the end of an update ---- */

void bonsai_commit(struct bonsai_update *u)
{
	/* every node below is complete: pairs with bonsai_root */
	atomic_store_explicit(&u->tree->root, u->root, memory_order_release);
	if (u->replaced)
		u->tree->mem->retire(u->replaced);
}

/* Above a node of this update there are only nodes of this update. */
static void free_new(struct bonsai_update *u, node_t n)
{
	if (!n || n->born != u->number)
		return;
	free_new(u, n->left);
	free_new(u, n->right);
	u->tree->mem->free((void *)(uintptr_t)n);
}

void bonsai_abort(struct bonsai_update *u)
{
	free_new(u, u->root);
}

/* All of subtree n, chained, and behind them `rest`. */
static struct bonsai_node *chain_all(node_t n, struct bonsai_node *rest)
{
	struct bonsai_node *first = (struct bonsai_node *)(uintptr_t)n;

	if (!n)
		return rest;
	first->chain = chain_all(n->left, chain_all(n->right, rest));
	return first;
}

void bonsai_clear(struct bonsai *t)
{
	node_t root = atomic_load_explicit(&t->root, memory_order_relaxed); /* only writers store it */

	/* nothing is published: relaxed will do */
	atomic_store_explicit(&t->root, NULL, memory_order_relaxed);
	if (root)
		t->mem->retire(chain_all(root, NULL));
}

bool bonsai_sound(node_t n)
{
	struct bonsai_node check;

	if (!n)
		return true;
	check = *n;
	summarise(&check);
	if (n->start >= n->end || (n->left && n->left->last > n->start) || (n->right && n->right->first < n->end))
		return false;
	if (check.first != n->first || check.last != n->last || check.gap != n->gap || check.size != n->size)
		return false;
	if (weight(n->left) > 3 * weight(n->right) || weight(n->right) > 3 * weight(n->left))
		return false;
	return bonsai_sound(n->left) && bonsai_sound(n->right);
}
