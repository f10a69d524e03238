/* SPDX-License-Identifier: MIT */
/* Advice about a range that is done at once (what a VMA keeps is in mm/change.c), and what is resident. */
#include "lib/errno.h"
#include "mm/map.h"
#include "mm/pagecache.h"
#include "mm/pt.h"
#include "mm/walk.h"

/* ---- dropping pages ---- */

struct discard {
	bool locked, anonymous;
};

static int discard_visit(struct vma *vma, uintptr_t start, uintptr_t end, const void *arg)
{
	const struct discard *d = arg;

	if (!d->locked && vma->flags & VMA_MLOCK)
		return -EINVAL;
	if (d->anonymous && (vma->mapping || vma->flags & VMA_SHARED))
		return -EINVAL;
	pt_zap(vma->mm, start, end);
	return 0;
}

int mm_discard_as(struct mm *mm, uintptr_t addr, size_t len, bool locked, bool anonymous)
{
	const struct discard d = { .locked = locked, .anonymous = anonymous };
	uintptr_t end = addr + map_round_up(len);
	int err;

	if (addr % PAGE_SIZE || end < addr)
		return -EINVAL;
	rwsem_write_lock(&mm->lock);
	err = walk(mm, addr, end, discard_visit, &d);
	rwsem_write_unlock(&mm->lock);
	return err;
}

int mm_discard(struct mm *mm, uintptr_t addr, size_t len)
{
	return mm_discard_as(mm, addr, len, false, false);
}

/* ---- hints ---- */

static int usable_visit(struct vma *vma, uintptr_t start, uintptr_t end, const void *arg)
{
	(void)start;
	(void)end;
	(void)arg;
	return vma->flags & VMA_MLOCK ? -EINVAL : 0;
}

int mm_usable(struct mm *mm, uintptr_t addr, size_t len)
{
	int err;

	rwsem_read_lock(&mm->lock);
	err = walk(mm, addr, addr + len, usable_visit, NULL);
	rwsem_read_unlock(&mm->lock);
	return err;
}

void mm_file_at(struct mm *mm, uintptr_t addr, struct mm_file *out)
{
	struct vma *vma;

	*out = (struct mm_file){ .hole = true, .end = addr < USER_TOP ? USER_TOP : UINTPTR_MAX };
	rwsem_read_lock(&mm->lock);
	vma = vma_next(mm, addr);
	if (vma)
		out->end = vma->start;
	if (vma && vma->start <= addr) {
		*out = (struct mm_file){ .mapping = vma->mapping, .via = vma->via, .flags = vma->flags,
					 .index = vma_pgoff_at(vma, addr), .end = vma->end };
		if (vma->mapping)
			vma_file_get(vma);
	}
	rwsem_read_unlock(&mm->lock);
}

void mm_file_put(struct mm_file *f)
{
	if (f->mapping)
		vma_file_put(f->mapping->ops, f->mapping, f->via);
	f->mapping = NULL;
}

int mm_willneed(struct mm *mm, uintptr_t addr, size_t len)
{
	uintptr_t end = addr + len;
	int err = 0;

	for (uintptr_t at = addr; at < end;) {
		struct mm_file f;

		mm_file_at(mm, at, &f);
		if (f.end > end)
			f.end = end;
		if (f.hole)
			err = -ENOMEM;
		else if (f.mapping)
			cache_prefetch(f.mapping, f.index, (f.end - at) >> PAGE_SHIFT);
		at = f.end;
		mm_file_put(&f);
	}
	return err;
}

/* ---- mincore ---- */

static bool cached(struct mapping *m, pgoff_t index)
{
	struct page *page;
	bool is;

	rcu_read_lock();
	page = cache_peek(m, index);
	is = page && page_state(page) == PAGE_READY;
	rcu_read_unlock();
	return is;
}

struct residency {
	uintptr_t addr;
	unsigned char *vec;
};

static int resident_visit(struct vma *vma, uintptr_t start, uintptr_t end, const void *arg)
{
	const struct residency *r = arg;

	for (uintptr_t va = start; va < end; va += PAGE_SIZE) {
		pte_t *slot = arch_pte_find(&vma->mm->arch, va);
		bool is = slot && arch_pte_present(arch_pte_read(slot));

		if (!is && vma->mapping)
			is = cached(vma->mapping, vma_pgoff_at(vma, va));
		r->vec[(va - r->addr) >> PAGE_SHIFT] = is;
	}
	return 0;
}

int mm_resident(struct mm *mm, uintptr_t addr, size_t pages, unsigned char *vec)
{
	const struct residency r = { addr, vec };
	int err;

	rwsem_read_lock(&mm->lock);
	err = walk_strictly(mm, addr, addr + (pages << PAGE_SHIFT), resident_visit, &r);
	rwsem_read_unlock(&mm->lock);
	return err;
}
