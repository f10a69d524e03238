/* SPDX-License-Identifier: MIT */
/*
 * mremap. Growing in place is a cut like any other; moving takes entries from one place to another while others fault, fork, and take pages
 * back. mm->lock is held for writing throughout. The steps, and why each:
 *
 *	a. the VMA is LOCKED, then pt_barrier. No fault installs an entry or hooks in a table for it any more; a fault that meets it
 *	   waits for mm->lock, holding nothing. So the tables that can have entries to move are known.
 *	b. for each of them the tables it needs at the new place are made. This is the last thing that can fail but c.
 *	c. one cut publishes: out the old range (what is left beside it gets VMAs of its own), in the new range, LOCKED; with DONTUNMAP
 *	   the old range comes in again as a fresh VMA, LOCKED. The old VMA is DEAD, and still on its file's list of mappers.
 *	d. pt_move, a batch of entries at a time: taken out under the lock of their table, TLB flushed, put in under the lock of the other.
 *	   Nothing is copied or counted anew: an entry's reference and map travel with it.
 *	e. the new VMAs are LIVE, the old one is freed, tables that serve nothing are freed.
 *
 * The reverse map finds the entry at every moment it can look. A walk (mm/rmap.c) holds mapping->mappers_lock from the first VMA
 * to the last, and a batch is moved under it: so for a whole walk each entry is either in its old place, which the DEAD VMA or what
 * is left of it describes, or in its new place, which the VMA of c describes; never between, and never behind the walk's back. Both
 * are on the list from before d until after it. Without the lock a walk could look at the new place before, and at the old place after,
 * the move, and miss an entry: truncate would wait for it, but write-protection would leave a writable entry to a page it calls clean.
 * The flush of d comes before the entry can be found in its new place, for the same reason: who write-protects it there flushes that
 * address only.
 *
 * Two threads' faults: on the old range they find LOCKED or DEAD, and afterwards nothing (SEGV) or the fresh VMA; on the new range nothing
 * before c, LOCKED until e. A copy made by a fault that began before a is dropped: install looks at vma->state under the table's lock.
 *
 * Why not copy entries and unmap: counts would rise and fall for each page, and a page's second entry would have to be explained to
 * everybody who decides by "this entry is all there is".
 */
#include "lib/errno.h"
#include "mm/cut.h"
#include "mm/map.h"
#include "mm/pt.h"
#include "mm/vma.h"

/* One call in progress: its own, on the stack. */
struct remap {
	struct mm *mm;
	struct vma *vma; /* that holds `from` */
	uintptr_t from, to;
	size_t old_len, new_len; /* page aligned */
	unsigned flags;		 /* enum remap_flags */
};

static uint64_t growth(const struct remap *m)
{
	return (m->new_len - m->old_len) >> PAGE_SHIFT;
}

/* May this part of this VMA be given the new length? */
static int may_resize(const struct remap *m)
{
	pgoff_t index = vma_pgoff_at(m->vma, m->from);

	if (!m->old_len && !(m->vma->flags & VMA_SHARED))
		return -EINVAL;
	if (m->old_len > m->vma->end - m->from)
		return -EFAULT;
	if (m->new_len == m->old_len)
		return 0;
	if (index + (m->new_len >> PAGE_SHIFT) < index)
		return -EINVAL;
	if (m->vma->flags & VMA_MLOCK && !map_may_lock(m->mm, growth(m)))
		return -EAGAIN;
	return map_within_limits(m->mm, m->vma->flags, growth(m)) ? 0 : -ENOMEM;
}

static int may_promise_growth(const struct remap *m)
{
	return m->vma->flags & VMA_ACCOUNT && !map_may_promise(growth(m)) ? -ENOMEM : 0;
}

/* ---- in place ---- */

static bool room_behind(const struct remap *m)
{
	uintptr_t end = m->vma->end;

	return m->from + m->old_len == end && growth(m) << PAGE_SHIFT <= USER_TOP - end &&
	       map_range_free(m->mm, end, end + (growth(m) << PAGE_SHIFT));
}

/* The VMA grows at its end; it joins itself, and what comes behind. */
static int grow_in_place(const struct remap *m)
{
	struct vma like = *m->vma;
	int err = may_promise_growth(m);

	like.start = m->vma->end;
	like.end = m->from + m->new_len;
	like.pgoff = vma_pgoff_at(m->vma, like.start);
	return err ? err : map_insert_locked(m->mm, &like, MM_MAX_VMAS + 1);
}

/* ---- moving ---- */

/* What the new place is like. Untouched anonymous memory belongs to where it lies, touched memory to where it was touched. */
static struct vma like_at_new_place(const struct remap *m)
{
	struct vma like = *m->vma;

	like.start = m->to;
	like.end = m->to + m->new_len;
	like.pgoff = vma_pgoff_at(m->vma, m->from);
	if (!like.mapping && !vma_touched(m->vma))
		like.pgoff = m->to >> PAGE_SHIFT;
	return like;
}

/* Steps b and c. *stays: the fresh VMA of DONTUNMAP. The cut's first new VMA is the one at the new place. */
static int prepare_move(const struct remap *m, struct cut *c, struct vma **stays)
{
	struct vma like = like_at_new_place(m), fresh = *m->vma;
	uintptr_t end = m->from + m->old_len;
	int err = pt_move_prepare(m->mm, m->from, m->to, m->old_len);

	cut_begin(c, m->mm);
	if (!err && m->old_len)
		err = cut_out(c, m->from, end);
	if (!err && m->flags & REMAP_DONTUNMAP) {
		fresh.flags &= ~(unsigned)(VMA_MLOCK | VMA_ONFAULT);
		*stays = cut_add(c, &fresh, m->from, end);
		err = *stays ? 0 : -ENOMEM;
	}
	if (!err && !cut_add(c, &like, like.start, like.end))
		err = -ENOMEM;
	if (err)
		return cut_publish(c, err);
	vma_set_state(c->new, VMA_LOCKED);
	if (*stays)
		vma_set_state(*stays, VMA_LOCKED);
	return cut_publish(c, 0);
}

/* The VMA that was moved becomes one with neighbours that are alike. If memory is short it stays as it is. */
static void join(struct mm *mm, const struct vma *vma)
{
	struct vma like = *vma;
	struct cut c;

	cut_begin(&c, mm);
	if (!cut_publish(&c, cut_in(&c, &like)))
		cut_end(&c);
}

static bool has_alike_neighbour(struct mm *mm, const struct vma *vma)
{
	return cut_may_join(vma_find(mm, vma->start - 1), vma, vma->start) || cut_may_join(vma, vma_find(mm, vma->end), vma->end);
}

static int move(struct remap *m)
{
	struct vma *stays = NULL;
	struct cut c;
	int err;

	if (m->mm->nr_vmas >= MM_MAX_VMAS - 3)
		return -ENOMEM;
	vma_set_state(m->vma, VMA_LOCKED);
	pt_barrier(m->mm);
	err = prepare_move(m, &c, &stays);
	if (err || !m->old_len)
		vma_set_state(m->vma, VMA_LIVE);
	if (err) {
		map_free_tables(m->mm, m->to, m->to + m->new_len);
		return err;
	}
	pt_move(c.new, m->from, m->to, m->old_len);
	if (stays)
		vma_set_state(stays, VMA_LIVE);
	vma_set_state(c.new, VMA_LIVE);
	cut_end(&c);
	if (!stays && m->old_len)
		map_free_tables(m->mm, m->from, m->from + m->old_len);
	if (has_alike_neighbour(m->mm, c.new))
		join(m->mm, c.new);
	return 0;
}

/* ---- the call ---- */

/* What lies behind the new length goes first, as on Linux. */
static int shrink(struct remap *m)
{
	int err;

	if (m->old_len > USER_TOP || m->from > USER_TOP - m->old_len)
		return -EINVAL;
	err = map_unmap_locked(m->mm, m->from + m->new_len, m->from + m->old_len);
	m->old_len = m->new_len;
	m->vma = vma_find(m->mm, m->from);
	return err;
}

/* To a place of the caller's choice (FIXED), which is emptied first, or with DONTUNMAP to one of ours, the hint taken if it is free. */
static long remap_to(struct remap *m)
{
	int err = 0;

	if (m->to % PAGE_SIZE || m->new_len > USER_TOP || m->to > USER_TOP - m->new_len)
		return -EINVAL;
	if (m->from + m->old_len > m->to && m->to + m->new_len > m->from)
		return -EINVAL;
	if (m->mm->nr_vmas + 2 >= MM_MAX_VMAS - 3)
		return -ENOMEM;
	if (m->flags & REMAP_FIXED) {
		if (m->to < MAP_FLOOR)
			return -EPERM;
		err = map_unmap_locked(m->mm, m->to, m->to + m->new_len);
		m->vma = vma_find(m->mm, m->from);
		if (!m->vma) /* a second view of itself (old_len 0), at its own place */
			return -EFAULT;
	}
	if (!err && m->old_len > m->new_len)
		err = shrink(m);
	if (!err)
		err = may_resize(m);
	if (!err && m->flags & REMAP_DONTUNMAP && !map_within_limits(m->mm, m->vma->flags, m->old_len >> PAGE_SHIFT))
		err = -ENOMEM;
	if (!err && !(m->flags & REMAP_FIXED)) {
		long at = map_choose_place(m->mm, m->to, m->new_len);

		err = at < 0 ? (int)at : 0;
		m->to = (uintptr_t)at;
	}
	if (!err)
		err = may_promise_growth(m);
	if (!err)
		err = move(m);
	return err ? err : (long)m->to;
}

static long remap_anywhere(struct remap *m)
{
	int err;
	long at;

	if (m->old_len >= m->new_len) {
		err = shrink(m);
		return err ? err : (long)m->from;
	}
	err = may_resize(m);
	if (err)
		return err;
	if (room_behind(m)) {
		err = grow_in_place(m);
		return err ? err : (long)m->from;
	}
	if (!(m->flags & REMAP_MAYMOVE))
		return -ENOMEM;
	at = map_choose_place(m->mm, 0, m->new_len);
	if (at < 0)
		return at;
	m->to = (uintptr_t)at;
	err = may_promise_growth(m);
	if (!err)
		err = move(m);
	return err ? err : at;
}

static bool request_ok(const struct remap_request *r)
{
	if (r->flags & ~(unsigned)(REMAP_MAYMOVE | REMAP_FIXED | REMAP_DONTUNMAP))
		return false;
	if (r->flags & (REMAP_FIXED | REMAP_DONTUNMAP) && !(r->flags & REMAP_MAYMOVE))
		return false;
	if (r->flags & REMAP_DONTUNMAP && r->old_len != r->new_len)
		return false;
	return !(r->from % PAGE_SIZE) && map_round_up(r->new_len);
}

long mm_remap(struct mm *mm, const struct remap_request *r)
{
	struct remap m = { .mm = mm, .from = r->from, .to = r->to, .flags = r->flags,
			   .old_len = map_round_up(r->old_len), .new_len = map_round_up(r->new_len) };
	bool fetch = false;
	long at = -EFAULT;

	if (!request_ok(r))
		return -EINVAL;
	rwsem_write_lock(&mm->lock);
	m.vma = vma_find(mm, m.from);
	if (m.vma) {
		fetch = (m.vma->flags & (VMA_MLOCK | VMA_ONFAULT)) == VMA_MLOCK && m.new_len > m.old_len;
		at = r->flags & (REMAP_FIXED | REMAP_DONTUNMAP) ? remap_to(&m) : remap_anywhere(&m);
	}
	rwsem_write_unlock(&mm->lock);
	if (at > 0 && fetch)
		mm_populate_all(mm, (uintptr_t)at + m.old_len, m.new_len - m.old_len);
	return at;
}
