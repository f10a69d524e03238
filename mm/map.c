/* SPDX-License-Identifier: MIT */
/*
 * Mapping and unmapping. All under mm->lock for writing, in the order that mm/vma.c argues: new tree, old VMAs DEAD, barrier, walk. Each
 * is one cut (mm/cut.h), or, where Linux does it in several steps that can fail apart, several.
 */
#include "mm/map.h"

#include "kernel/frame.h"
#include "lib/errno.h"
#include "mm/cut.h"
#include "mm/pt.h"
#include "mm/vma.h"

/* ---- limits ---- */

static uint64_t limit_pages(const struct mm *mm, enum mm_limit which)
{
	return atomic_load_explicit(&mm->limit[which], memory_order_relaxed) >> PAGE_SHIFT;
}

bool map_within_limits(const struct mm *mm, unsigned flags, uint64_t pages)
{
	if (mm->mapped + pages > limit_pages(mm, MM_LIMIT_SPACE))
		return false;
	return !map_is_data(flags) || mm->data + pages <= limit_pages(mm, MM_LIMIT_DATA);
}

/* Linux's heuristic: anything goes but what is impossible by itself. */
bool map_may_promise(uint64_t pages)
{
	return pages <= frame_total();
}

uint64_t map_locked_pages(struct mm *mm, uintptr_t start, uintptr_t end)
{
	uint64_t pages = 0;
	struct vma *vma;

	for (uintptr_t at = start; (vma = vma_next(mm, at)) && vma->start < end; at = vma->end)
		if (vma->flags & VMA_MLOCK)
			pages += ((vma->end < end ? vma->end : end) - (vma->start > start ? vma->start : start)) >> PAGE_SHIFT;
	return pages;
}

/* Counted only where there is a limit: most may lock what they like. */
bool map_may_lock(struct mm *mm, uint64_t pages)
{
	uint64_t most = limit_pages(mm, MM_LIMIT_LOCKED);

	return most == UINT64_MAX >> PAGE_SHIFT || map_locked_pages(mm, 0, USER_TOP) + pages <= most;
}

int map_may_grow(struct mm *mm, unsigned flags, uint64_t pages)
{
	if (flags & VMA_MLOCK && !map_may_lock(mm, pages))
		return -EAGAIN;
	if (!map_within_limits(mm, flags, pages))
		return -ENOMEM;
	return map_is_promise(flags) && !map_may_promise(pages) ? -ENOMEM : 0;
}

/* ---- unmap ---- */

void map_free_tables(struct mm *mm, uintptr_t start, uintptr_t end)
{
	const struct bonsai_node *root = bonsai_root(&mm->vmas);
	struct vma *before = bonsai_prev(root, start), *after = bonsai_next(root, end);

	pt_free_tables(mm, start, end, before ? before->end : 0, after ? after->start : USER_TOP);
}

int map_unmap_locked(struct mm *mm, uintptr_t start, uintptr_t end)
{
	struct cut c;
	int err;

	if (start == end || map_range_free(mm, start, end))
		return 0;
	cut_begin(&c, mm);
	err = cut_publish(&c, cut_out(&c, start, end));
	if (err)
		return err;
	pt_zap(mm, start, end);
	cut_end(&c);
	map_free_tables(mm, start, end);
	return 0;
}

int mm_unmap(struct mm *mm, uintptr_t addr, size_t len)
{
	int err;

	if (!map_range_ok(addr, len))
		return -EINVAL;
	rwsem_write_lock(&mm->lock);
	err = map_unmap_locked(mm, addr, addr + map_round_up(len));
	rwsem_write_unlock(&mm->lock);
	return err;
}

int mm_unmap_mapping(struct mm *mm, uintptr_t start, size_t len, const struct mapping *m)
{
	uintptr_t end = start + len, at = start;
	struct vma *vma;
	int err = 0;

	rwsem_write_lock(&mm->lock);
	while (!err && (vma = vma_next(mm, at)) && vma->start < end) {
		uintptr_t from = vma->start, to = vma->end < end ? vma->end : end;

		at = vma->end;
		if (vma->mapping == m && from >= start && from - start == vma->pgoff << PAGE_SHIFT)
			err = map_unmap_locked(mm, from, to);
	}
	rwsem_write_unlock(&mm->lock);
	return err;
}

/* ---- where ---- */

bool map_range_free(struct mm *mm, uintptr_t start, uintptr_t end)
{
	struct vma *vma = vma_next(mm, start);

	return !vma || vma->start >= end;
}

/* [start, end) is free. Does it keep away from what grows down towards it? If not, *below is how far it may reach. */
static bool clear_of_stacks(struct mm *mm, uintptr_t end, uintptr_t *below)
{
	struct vma *above = vma_next(mm, end);

	if (!above || !(above->flags & VMA_GROWSDOWN) || above->start - end >= MM_STACK_GAP)
		return true;
	*below = above->start > MM_STACK_GAP ? above->start - MM_STACK_GAP : 0;
	return false;
}

static long find_place(struct mm *mm, size_t len)
{
	uintptr_t high = mm->mmap_top, at;

	while (bonsai_gap_down(bonsai_root(&mm->vmas), MAP_FLOOR, high, len, PAGE_SIZE, &at))
		if (clear_of_stacks(mm, at + len, &high))
			return (long)at;
	return -ENOMEM;
}

long map_choose_place(struct mm *mm, uintptr_t hint, size_t len)
{
	uintptr_t below;

	hint = map_round_up(hint);
	if (hint >= MAP_FLOOR && map_range_ok(hint, len) && map_range_free(mm, hint, hint + len) &&
	    clear_of_stacks(mm, hint + len, &below))
		return (long)hint;
	return find_place(mm, len);
}

static long fixed_place(struct mm *mm, const struct map_request *r, size_t len)
{
	if (!map_range_ok(r->addr, len))
		return r->addr % PAGE_SIZE ? -EINVAL : -ENOMEM;
	if (r->addr < MAP_FLOOR)
		return -EPERM;
	if (r->noreplace && !map_range_free(mm, r->addr, r->addr + len))
		return -EEXIST;
	return (long)r->addr;
}

/* ---- map ---- */

/*
 * In one step: another thread's fault finds the old or the new. While old entries are still being taken away the new VMA is LOCKED, so
 * that no fresh page is taken with them.
 */
int map_insert_locked(struct mm *mm, const struct vma *like, unsigned most)
{
	bool replaces = !map_range_free(mm, like->start, like->end);
	struct vma *vma;
	struct cut c;
	int err;

	cut_begin(&c, mm);
	c.most = most;
	err = cut_in(&c, like);
	vma = c.new;
	if (!err && replaces)
		vma_set_state(vma, VMA_LOCKED);
	err = cut_publish(&c, err);
	if (err)
		return err;
	if (replaces) {
		pt_zap(mm, like->start, like->end);
		vma_set_state(vma, VMA_LIVE);
	}
	cut_end(&c);
	return 0;
}

static uint64_t pages_between(struct mm *mm, uintptr_t start, uintptr_t end)
{
	uint64_t pages = 0;
	struct vma *vma;

	for (uintptr_t at = start; (vma = vma_next(mm, at)) && vma->start < end; at = vma->end)
		pages += ((vma->end < end ? vma->end : end) - (vma->start > start ? vma->start : start)) >> PAGE_SHIFT;
	return pages;
}

/* What the new VMA replaces does not count against the limits. */
static int may_map(struct mm *mm, const struct vma *like)
{
	uint64_t pages = (like->end - like->start) >> PAGE_SHIFT;

	if (mm->nr_vmas > MM_MAX_VMAS)
		return -ENOMEM;
	if (like->flags & VMA_MLOCK && !map_may_lock(mm, pages))
		return -EAGAIN;
	if (!map_within_limits(mm, like->flags, pages) &&
	    !map_within_limits(mm, like->flags, pages - pages_between(mm, like->start, like->end)))
		return -ENOMEM;
	return like->flags & VMA_ACCOUNT && !map_may_promise(pages) ? -ENOMEM : 0;
}

static long map_locked(struct mm *mm, const struct map_request *r, size_t len, unsigned *flags)
{
	struct vma like = { .flags = r->flags | mm->add_flags, .mapping = r->mapping, .via = r->via, .mm = mm };
	long at = r->fixed ? fixed_place(mm, r, len) : map_choose_place(mm, r->addr, len);
	int err;

	if (at < 0)
		return at;
	if (map_is_promise(like.flags))
		like.flags |= VMA_ACCOUNT;
	like.start = (uintptr_t)at;
	like.end = (uintptr_t)at + len;
	like.pgoff = r->mapping ? r->pgoff : (pgoff_t)at >> PAGE_SHIFT;
	*flags = like.flags;
	err = may_map(mm, &like);
	if (!err)
		err = map_insert_locked(mm, &like, MM_MAX_VMAS + 1);
	return err ? err : at;
}

long mm_map(struct mm *mm, const struct map_request *r)
{
	size_t len = map_round_up(r->len);
	unsigned flags = 0;
	long at;

	if (!r->len || len < r->len || len > USER_TOP)
		return r->len ? -ENOMEM : -EINVAL;
	rwsem_write_lock(&mm->lock);
	at = map_locked(mm, r, len, &flags);
	rwsem_write_unlock(&mm->lock);
	if (at > 0 && (flags & (VMA_MLOCK | VMA_ONFAULT)) == VMA_MLOCK)
		mm_populate_all(mm, (uintptr_t)at, len);
	return at;
}
