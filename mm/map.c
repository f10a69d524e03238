/* SPDX-License-Identifier: MIT */
/*
 * Changing an address space: map, unmap, protect, the heap. All under mm->lock for writing, in the order that mm/vma.c argues:
 * new tree, old VMAs DEAD, barrier, walk.
 *
 * Each operation first makes whatever it will need (VMAs, tree nodes), then publishes once: it happens as a whole or not at all.
 */
#include "mm/map.h"

#include "kernel/stats.h"
#include "lib/errno.h"
#include "mm/pt.h"
#include "mm/vma.h"

/*
 * One change: the VMAs that overlap a range leave the tree (`old`), what remains of the first and the last of them beyond the range, and what
 * takes their place inside it, enters (`new`). Both are lists through vma->chain.
 */
struct cut {
	struct mm *mm;
	struct bonsai_update update;
	struct vma *old, *new;
	unsigned nr_old, nr_new;
	uint64_t pages_old, pages_new;
};

static uintptr_t min_addr(uintptr_t a, uintptr_t b)
{
	return a < b ? a : b;
}

static void cut_begin(struct cut *c, struct mm *mm)
{
	*c = (struct cut){ .mm = mm };
	bonsai_begin(&c->update, &mm->vmas);
}

/* A part of `like`, with these flags, becomes a VMA of its own. */
static int cut_add(struct cut *c, const struct vma *like, unsigned flags, uintptr_t start, uintptr_t end)
{
	struct vma with_flags = *like;
	struct vma *vma;

	with_flags.flags = flags;
	vma = vma_new(&with_flags, start, end);
	if (!vma)
		return -ENOMEM;
	vma->chain = c->new;
	c->new = vma;
	c->nr_new++;
	c->pages_new += (end - start) / PAGE_SIZE;
	return bonsai_insert(&c->update, start, end, vma);
}

/* Takes [start, end) out; what lies beside it stays. */
static int cut_out(struct cut *c, uintptr_t start, uintptr_t end)
{
	struct vma *vma;
	int err = 0;

	while (!err && (vma = bonsai_next(bonsai_root(&c->mm->vmas), start)) && vma->start < end) {
		vma->chain = c->old;
		c->old = vma;
		c->nr_old++;
		c->pages_old += (vma->end - vma->start) / PAGE_SIZE;
		err = bonsai_remove(&c->update, vma->start);
		if (!err && vma->start < start)
			err = cut_add(c, vma, vma->flags, vma->start, start);
		if (!err && vma->end > end)
			err = cut_add(c, vma, vma->flags, end, vma->end);
		start = vma->end;
		if (start >= end)
			break;
	}
	return err;
}

static void cut_abort(struct cut *c)
{
	struct vma *vma, *next;

	bonsai_abort(&c->update);
	for (vma = c->new; vma; vma = next) {
		next = vma->chain;
		vma_discard(vma);
	}
}

/* Steps a to c, or nothing at all: 0, `err`, or -ENOMEM if there would be too many. After 0 nothing can fail. */
static int cut_publish(struct cut *c, int err)
{
	if (!err && c->nr_new > c->nr_old && c->mm->nr_vmas + c->nr_new - c->nr_old > MM_MAX_VMAS)
		err = -ENOMEM;
	if (err) {
		cut_abort(c);
		return err;
	}
	bonsai_commit(&c->update);
	for (struct vma *vma = c->old; vma; vma = vma->chain)
		vma_set_state(vma, VMA_DEAD);
	c->mm->nr_vmas += c->nr_new - c->nr_old;
	c->mm->mapped += c->pages_new - c->pages_old;
	pt_barrier(c->mm);
	return 0;
}

static void cut_end(struct cut *c)
{
	struct vma *vma, *next;

	for (vma = c->old; vma; vma = next) {
		next = vma->chain;
		vma_free(vma);
	}
}

/* Frees the page tables between the neighbours of a range that is no longer mapped. */
static void free_tables_around(struct mm *mm, uintptr_t start, uintptr_t end)
{
	const struct bonsai_node *root = bonsai_root(&mm->vmas);
	struct vma *before = bonsai_prev(root, start), *after = bonsai_next(root, end);

	pt_free_tables(mm, start, end, before ? before->end : 0, after ? after->start : USER_TOP);
}

int map_unmap_locked(struct mm *mm, uintptr_t start, uintptr_t end)
{
	struct cut c;
	int err;

	cut_begin(&c, mm);
	err = cut_publish(&c, cut_out(&c, start, end));
	if (err || !c.nr_old)
		return err;
	pt_zap(mm, start, end);
	cut_end(&c);
	free_tables_around(mm, start, end);
	return 0;
}

static bool range_ok(uintptr_t addr, size_t len)
{
	return !(addr % PAGE_SIZE) && len && len <= USER_TOP && addr <= USER_TOP - map_round_up(len);
}

int mm_unmap(struct mm *mm, uintptr_t addr, size_t len)
{
	int err;

	if (!range_ok(addr, len))
		return -EINVAL;
	rwsem_write_lock(&mm->lock);
	err = map_unmap_locked(mm, addr, addr + map_round_up(len));
	rwsem_write_unlock(&mm->lock);
	return err;
}

/* ---- map ---- */

#define MAP_FLOOR 0x10000ul /* Linux's vm.mmap_min_addr: a null pointer with an offset stays a fault */

static bool range_free(struct mm *mm, uintptr_t start, uintptr_t end)
{
	struct vma *vma = vma_next(mm, start);

	return !vma || vma->start >= end;
}

static long choose_place(struct mm *mm, const struct map_request *r, size_t len)
{
	uintptr_t hint = map_round_up(r->addr), at;

	if (hint >= MAP_FLOOR && range_ok(hint, len) && range_free(mm, hint, hint + len))
		return (long)hint;
	if (bonsai_gap_down(bonsai_root(&mm->vmas), MAP_FLOOR, mm->mmap_top, len, PAGE_SIZE, &at))
		return (long)at;
	return -ENOMEM;
}

static long fixed_place(struct mm *mm, const struct map_request *r, size_t len)
{
	if (!range_ok(r->addr, len))
		return r->addr % PAGE_SIZE ? -EINVAL : -ENOMEM;
	if (r->addr < MAP_FLOOR)
		return -EPERM;
	if (r->noreplace && !range_free(mm, r->addr, r->addr + len))
		return -EEXIST;
	return (long)r->addr;
}

/*
 * The new VMA takes the place of whatever is there, in one step: another thread's fault finds the old or the new. While old entries are
 * still being taken away the new one is LOCKED, so that no fresh page is taken with them.
 */
static int insert_new(struct mm *mm, const struct map_request *r, uintptr_t at, size_t len)
{
	const struct vma like = { .start = at, .flags = r->flags, .mapping = r->mapping, .pgoff = r->pgoff, .mm = mm };
	struct vma *vma;
	struct cut c;
	int err;

	cut_begin(&c, mm);
	err = cut_out(&c, at, at + len);
	if (!err)
		err = cut_add(&c, &like, r->flags, at, at + len);
	vma = c.new;
	if (!err && c.nr_old)
		vma_set_state(vma, VMA_LOCKED);
	err = cut_publish(&c, err);
	if (err || !c.nr_old)
		return err;
	pt_zap(mm, at, at + len);
	vma_set_state(vma, VMA_LIVE);
	cut_end(&c);
	return 0;
}

long mm_map(struct mm *mm, const struct map_request *r)
{
	size_t len = map_round_up(r->len);
	long at;
	int err;

	if (!r->len || len < r->len || len > USER_TOP)
		return r->len ? -ENOMEM : -EINVAL;
	rwsem_write_lock(&mm->lock);
	at = r->fixed ? fixed_place(mm, r, len) : choose_place(mm, r, len);
	if (at > 0) {
		err = insert_new(mm, r, (uintptr_t)at, len);
		if (err)
			at = err;
	}
	rwsem_write_unlock(&mm->lock);
	return at;
}

int map_extend_locked(struct mm *mm, const struct map_request *r)
{
	struct vma *before = vma_find(mm, r->addr - 1);
	uintptr_t end = r->addr + r->len;
	struct cut c;
	int err;

	if (!range_ok(r->addr, r->len) || !range_free(mm, r->addr, end))
		return -ENOMEM;
	if (!before || before->mapping || before->flags != r->flags)
		return insert_new(mm, r, r->addr, r->len);
	cut_begin(&c, mm);
	err = cut_out(&c, before->start, before->end);
	if (!err)
		err = cut_add(&c, before, r->flags, before->start, end);
	err = cut_publish(&c, err);
	if (!err)
		cut_end(&c);
	return err;
}

/* ---- protect ---- */

static int protect_piece(struct mm *mm, struct vma *vma, uintptr_t start, uintptr_t end, unsigned prot)
{
	unsigned flags = (vma->flags & ~(unsigned)(VMA_READ | VMA_WRITE | VMA_EXEC)) | prot;
	struct vma *changed;
	struct cut c;
	int err;

	if ((prot & VMA_WRITE) && !(vma->flags & VMA_MAYWRITE))
		return -EACCES;
	if (flags == vma->flags)
		return 0;
	cut_begin(&c, mm);
	err = cut_out(&c, start, end);
	if (!err)
		err = cut_add(&c, vma, flags, start, end);
	changed = c.new;
	err = cut_publish(&c, err);
	if (err)
		return err;
	pt_protect(changed);
	cut_end(&c);
	return 0;
}

/* As Linux: what comes before a hole or a refusal is done, and -ENOMEM or -EACCES returned. */
static int protect_locked(struct mm *mm, uintptr_t start, uintptr_t end, unsigned prot)
{
	while (start < end) {
		struct vma *vma = vma_find(mm, start);
		uintptr_t to;
		int err;

		if (!vma)
			return -ENOMEM;
		to = min_addr(vma->end, end);
		err = protect_piece(mm, vma, start, to, prot);
		if (err)
			return err;
		start = to;
	}
	return 0;
}

int mm_protect(struct mm *mm, uintptr_t addr, size_t len, unsigned prot)
{
	int err;

	if (addr % PAGE_SIZE)
		return -EINVAL;
	if (!len)
		return 0;
	if (!range_ok(addr, len))
		return -ENOMEM;
	rwsem_write_lock(&mm->lock);
	err = protect_locked(mm, addr, addr + map_round_up(len), prot);
	rwsem_write_unlock(&mm->lock);
	return err;
}
