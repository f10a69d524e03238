/* SPDX-License-Identifier: MIT */
/* Changing what is mapped, in place: protection, locking, advice that a VMA keeps. Each VMA of a range is one cut of its own, as on Linux:
 * what comes before a refusal stays done. */
#include "lib/errno.h"
#include "mm/cut.h"
#include "mm/map.h"
#include "mm/pt.h"
#include "mm/vma.h"
#include "mm/walk.h"

static struct vma part_of(const struct vma *vma, uintptr_t start, uintptr_t end, unsigned flags)
{
	struct vma part = *vma;

	part.start = start;
	part.end = end;
	part.pgoff = vma_pgoff_at(vma, start);
	part.flags = flags;
	return part;
}

/* This part of vma gets these flags. */
static int change_piece(struct vma *vma, uintptr_t start, uintptr_t end, unsigned flags)
{
	struct vma like = part_of(vma, start, end, flags);
	unsigned was = vma->flags;
	struct vma *changed;
	struct cut c;
	int err;

	if (flags == was)
		return 0;
	cut_begin(&c, vma->mm);
	err = cut_in(&c, &like);
	changed = c.new;
	err = cut_publish(&c, err);
	if (err)
		return err;
	if ((flags ^ was) & VMA_PROT)
		pt_protect(changed, start, end);
	cut_end(&c);
	return 0;
}

/* ---- protection ---- */

/* Memory that becomes private and writable is promised memory from now on. 0 or -ENOMEM. */
static int promise(const struct vma *vma, uint64_t pages, unsigned *flags)
{
	if (!(*flags & VMA_WRITE))
		return 0;
	if (!map_within_limits(vma->mm, *flags, pages) && map_within_limits(vma->mm, vma->flags, pages))
		return -ENOMEM;
	if (vma->flags & (VMA_ACCOUNT | VMA_WRITE | VMA_SHARED | VMA_NORESERVE))
		return 0;
	if (!map_may_promise(pages))
		return -ENOMEM;
	*flags |= VMA_ACCOUNT;
	return 0;
}

static int protect_piece(struct vma *vma, uintptr_t start, uintptr_t end, unsigned prot)
{
	unsigned flags = (vma->flags & ~(unsigned)VMA_PROT) | prot;
	int err;

	if ((prot & VMA_WRITE) && !(vma->flags & VMA_MAYWRITE))
		return -EACCES;
	err = flags == vma->flags ? 0 : promise(vma, (end - start) >> PAGE_SHIFT, &flags);
	return err ? err : change_piece(vma, start, end, flags);
}

/* PROT_GROWSDOWN: from the start of what grows down. */
static int from_the_start(struct mm *mm, uintptr_t *start, uintptr_t end)
{
	const struct vma *vma = vma_next(mm, *start);

	if (!vma || vma->start >= end)
		return -ENOMEM;
	if (!(vma->flags & VMA_GROWSDOWN))
		return -EINVAL;
	*start = vma->start;
	return 0;
}

static int protect_locked(struct mm *mm, uintptr_t start, uintptr_t end, unsigned prot)
{
	while (start < end) {
		struct vma *vma = vma_find(mm, start);
		uintptr_t to;
		int err;

		if (!vma)
			return -ENOMEM;
		to = vma->end < end ? vma->end : end;
		err = protect_piece(vma, start, to, prot);
		if (err)
			return err;
		start = to;
	}
	return 0;
}

int mm_protect(struct mm *mm, uintptr_t addr, size_t len, unsigned prot, bool grows_down)
{
	uintptr_t start = addr, end = addr + map_round_up(len);
	int err = 0;

	if (addr % PAGE_SIZE)
		return -EINVAL;
	if (!len)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	rwsem_write_lock(&mm->lock);
	if (grows_down)
		err = from_the_start(mm, &start, end);
	if (!err)
		err = protect_locked(mm, start, end, prot);
	rwsem_write_unlock(&mm->lock);
	return err;
}

/* ---- flags ---- */

struct flag_change {
	unsigned clear, set;
	bool anonymous; /* only memory without a file may have them */
};

static int change_visit(struct vma *vma, uintptr_t start, uintptr_t end, const void *arg)
{
	const struct flag_change *change = arg;

	if (change->anonymous && (vma->mapping || vma->flags & VMA_SHARED))
		return -EINVAL;
	return change_piece(vma, start, end, (vma->flags & ~change->clear) | change->set);
}

/* What is locked in there already does not count twice. */
static bool may_lock(struct mm *mm, uintptr_t start, uintptr_t end)
{
	uint64_t pages = (end - start) >> PAGE_SHIFT;

	return map_may_lock(mm, pages) || map_may_lock(mm, pages - map_locked_pages(mm, start, end));
}

int mm_lock(struct mm *mm, uintptr_t addr, size_t len, unsigned clear, unsigned set)
{
	const struct flag_change change = { .clear = clear, .set = set };
	int err = -ENOMEM;

	rwsem_write_lock(&mm->lock);
	if (!(set & VMA_MLOCK) || may_lock(mm, addr, addr + len))
		err = walk_strictly(mm, addr, addr + len, change_visit, &change);
	rwsem_write_unlock(&mm->lock);
	return err;
}

int mm_lock_all(struct mm *mm, unsigned clear, unsigned set, unsigned add_flags)
{
	const struct flag_change change = { .clear = clear, .set = set };
	int err = 0;

	rwsem_write_lock(&mm->lock);
	if (set && clear && !map_may_lock(mm, mm->mapped - map_locked_pages(mm, 0, USER_TOP)))
		err = -ENOMEM;
	else
		mm->add_flags = add_flags;
	if (clear && !err)
		walk(mm, 0, USER_TOP, change_visit, &change); /* what cannot be changed for lack of memory stays, as on Linux */
	rwsem_write_unlock(&mm->lock);
	return err;
}

int mm_advise(struct mm *mm, uintptr_t addr, size_t len, unsigned clear, unsigned set, bool anonymous)
{
	const struct flag_change change = { .clear = clear, .set = set, .anonymous = anonymous };
	int err;

	rwsem_write_lock(&mm->lock);
	err = walk(mm, addr, addr + len, change_visit, &change);
	rwsem_write_unlock(&mm->lock);
	return err;
}
