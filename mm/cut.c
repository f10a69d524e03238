/* SPDX-License-Identifier: MIT */
/*
 * Which VMAs join, as Linux has it: they touch, have the same flags, came through the same open file (or none), and the offset goes on.
 * Anonymous memory has an offset too, the page number of its address, which it takes along when it is moved after it was touched.
 */
#include "mm/cut.h"

#include "kernel/log.h"
#include "lib/errno.h"
#include "mm/map.h"
#include "mm/pt.h"
#include "mm/vma.h"

void cut_begin(struct cut *c, struct mm *mm)
{
	assert(rwsem_write_held(&mm->lock));
	*c = (struct cut){ .mm = mm, .most = MM_MAX_VMAS };
	bonsai_begin(&c->update, &mm->vmas);
}

static uint64_t pages_of(const struct vma *vma)
{
	return (vma->end - vma->start) >> PAGE_SHIFT;
}

static uint64_t data_of(const struct vma *vma)
{
	return map_is_data(vma->flags) ? pages_of(vma) : 0;
}

static struct vma *piece(struct cut *c, const struct vma *like, uintptr_t start, uintptr_t end)
{
	struct vma *vma = vma_new(like, start, end);

	if (!vma)
		return NULL;
	vma->chain = c->new;
	c->new = vma;
	c->nr_new++;
	c->pages += pages_of(vma);
	c->data += data_of(vma);
	return vma;
}

static void leaves(struct cut *c, struct vma *vma)
{
	vma->chain = c->old;
	c->old = vma;
	c->nr_old++;
	c->pages -= pages_of(vma);
	c->data -= data_of(vma);
}

/* One VMA that overlaps [start, end). */
static int cut_one(struct cut *c, struct vma *vma, uintptr_t start, uintptr_t end)
{
	bool below = vma->start < start, above = vma->end > end;
	struct vma *left = below ? piece(c, vma, vma->start, start) : NULL;
	struct vma *right = above ? piece(c, vma, end, vma->end) : NULL;
	struct vma *stays = left ? left : right;
	int err;

	leaves(c, vma);
	if (below != (left != NULL) || above != (right != NULL))
		return -ENOMEM;
	if (!stays)
		return bonsai_remove(&c->update, vma->start);
	err = bonsai_replace(&c->update, vma->start, stays->start, stays->end, stays);
	if (!err && left && right)
		err = bonsai_insert(&c->update, right->start, right->end, right);
	return err;
}

int cut_out(struct cut *c, uintptr_t start, uintptr_t end)
{
	const struct bonsai_node *root = bonsai_root(&c->mm->vmas);
	struct vma *vma;
	int err = 0;

	for (uintptr_t at = start; !err && at < end; at = vma->end) {
		vma = bonsai_next(root, at);
		if (!vma || vma->start >= end)
			break;
		err = cut_one(c, vma, start, end);
	}
	return err;
}

struct vma *cut_add(struct cut *c, const struct vma *like, uintptr_t start, uintptr_t end)
{
	struct vma *vma = piece(c, like, start, end);

	return vma && !bonsai_insert(&c->update, start, end, vma) ? vma : NULL;
}

/* ---- joining ---- */

bool cut_may_join(const struct vma *a, const struct vma *b, uintptr_t border)
{
	return a && b && a->flags == b->flags && a->mapping == b->mapping && a->via == b->via &&
	       vma_pgoff_at(a, border) == vma_pgoff_at(b, border);
}

static void touched_too(struct vma *vma, const struct vma *other)
{
	if (vma_touched(other))
		atomic_store_explicit(&vma->touched, true, memory_order_relaxed);
}

/* One neighbour becomes larger and nothing else changes: the common case, and no node of the tree comes or goes. */
static int cut_grow(struct cut *c, struct vma *neighbour, const struct vma *joined)
{
	struct vma *vma = piece(c, joined, joined->start, joined->end);

	leaves(c, neighbour);
	return vma ? bonsai_replace(&c->update, neighbour->start, vma->start, vma->end, vma) : -ENOMEM;
}

int cut_in(struct cut *c, const struct vma *like)
{
	struct vma *before = vma_find(c->mm, like->start - 1), *after = vma_find(c->mm, like->end);
	struct vma *inside = vma_next(c->mm, like->start), joined = *like;
	int err;

	if (cut_may_join(before, like, like->start)) {
		joined.pgoff = before->pgoff;
		joined.start = before->start;
		touched_too(&joined, before);
	}
	if (cut_may_join(like, after, like->end)) {
		joined.end = after->end;
		touched_too(&joined, after);
	}
	if (!inside || inside->start >= like->end) {
		if (joined.start < like->start && joined.end == like->end)
			return cut_grow(c, before, &joined);
		if (joined.start == like->start && joined.end > like->end)
			return cut_grow(c, after, &joined);
	}
	err = cut_out(c, joined.start, joined.end);
	return err || cut_add(c, &joined, joined.start, joined.end) ? err : -ENOMEM;
}

/* ---- publishing ---- */

static void cut_abort(struct cut *c)
{
	struct vma *vma, *next;

	bonsai_abort(&c->update);
	for (vma = c->new; vma; vma = next) {
		next = vma->chain;
		vma_discard(vma);
	}
}

int cut_publish(struct cut *c, int err)
{
	if (!err && c->nr_new > c->nr_old && c->mm->nr_vmas + c->nr_new - c->nr_old > c->most)
		err = -ENOMEM;
	if (err) {
		cut_abort(c);
		return err;
	}
	bonsai_commit(&c->update);
	for (struct vma *vma = c->old; vma; vma = vma->chain)
		vma_set_state(vma, VMA_DEAD);
	c->mm->nr_vmas += c->nr_new - c->nr_old;
	c->mm->mapped += c->pages;
	c->mm->data += c->data;
	pt_barrier(c->mm);
	return 0;
}

void cut_end(struct cut *c)
{
	struct vma *vma, *next;

	for (vma = c->old; vma; vma = next) {
		next = vma->chain;
		vma_free(vma);
	}
}
