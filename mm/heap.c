/* SPDX-License-Identifier: MIT */
/*
 * What grows: the heap by brk, a stack by faults.
 *
 * A VMA that grows down (the first stack, MAP_GROWSDOWN) is made larger by a fault anywhere between its start and what is mapped next
 * below it: from the page of the fault on, if its size stays within RLIMIT_STACK and MM_STACK_GAP stays free below it, down to
 * anything that can be touched and does not grow down itself. The fault finds nothing mapped, lets go of everything, and takes mm->lock
 * for writing here; then it begins again, like any retry. The VMA is replaced by a larger one: faults of others find the one or the other.
 */
#include "kernel/log.h"
#include "lib/errno.h"
#include "mm/cut.h"
#include "mm/map.h"
#include "mm/vma.h"

#define HEAP_FLAGS (VMA_READ | VMA_WRITE | VMA_MAYWRITE | VMA_ACCOUNT)

/* ---- the heap ---- */

static int heap_grow(struct mm *mm, uintptr_t old_end, uintptr_t new_end)
{
	const struct vma like = { .start = old_end, .end = new_end, .flags = HEAP_FLAGS | mm->add_flags,
				  .pgoff = old_end >> PAGE_SHIFT, .mm = mm };
	const struct vma *above = vma_next(mm, old_end);
	uintptr_t gap = above && above->flags & VMA_GROWSDOWN ? MM_STACK_GAP : 0;

	if (above && (new_end + PAGE_SIZE > above->start || above->start - new_end < gap))
		return -ENOMEM;
	if (mm->nr_vmas > MM_MAX_VMAS || map_may_grow(mm, like.flags, (new_end - old_end) >> PAGE_SHIFT))
		return -ENOMEM;
	return map_insert_locked(mm, &like, MM_MAX_VMAS + 1);
}

/* The heap ends here from now on. */
static int heap_resize(struct mm *mm, uintptr_t old_end, uintptr_t new_end)
{
	return new_end < old_end ? map_unmap_locked(mm, new_end, old_end) : heap_grow(mm, old_end, new_end);
}

static bool break_ok(const struct mm *mm, uintptr_t brk)
{
	return brk >= mm->brk_start && brk < USER_TOP &&
	       brk - mm->brk_start <= atomic_load_explicit(&mm->limit[MM_LIMIT_DATA], memory_order_relaxed);
}

long mm_brk(struct mm *mm, uintptr_t brk)
{
	uintptr_t old_end, new_end;
	bool fetch = false;
	long now;

	rwsem_write_lock(&mm->lock);
	old_end = map_round_up(mm->brk);
	new_end = map_round_up(brk);
	if (break_ok(mm, brk) && (new_end == old_end || !heap_resize(mm, old_end, new_end))) {
		mm->brk = brk;
		fetch = new_end > old_end && (mm->add_flags & (VMA_MLOCK | VMA_ONFAULT)) == VMA_MLOCK;
	}
	now = (long)mm->brk;
	rwsem_write_unlock(&mm->lock);
	if (fetch)
		mm_populate_all(mm, old_end, new_end - old_end);
	return now;
}

/* ---- stacks ---- */

/* Would the stack come too close to what is mapped below it? */
static bool too_close(struct mm *mm, uintptr_t addr)
{
	const struct vma *below = bonsai_prev(bonsai_root(&mm->vmas), addr);

	return below && !(below->flags & VMA_GROWSDOWN) && below->flags & VMA_PROT && addr - below->end < MM_STACK_GAP;
}

static int grow_down_to(struct vma *vma, uintptr_t addr)
{
	struct vma like = *vma;
	uint64_t pages = (vma->start - addr) >> PAGE_SHIFT;
	struct mm *mm = vma->mm;

	if (addr < MAP_FLOOR || too_close(mm, addr) || vma->pgoff < pages)
		return -ENOMEM;
	if (vma->end - addr > atomic_load_explicit(&mm->limit[MM_LIMIT_STACK], memory_order_relaxed))
		return -ENOMEM;
	if (map_may_grow(mm, vma->flags, pages))
		return -ENOMEM;
	like.start = addr;
	like.end = vma->start;
	like.pgoff = vma->pgoff - pages;
	return map_insert_locked(mm, &like, MM_MAX_VMAS + 1);
}

int mm_grow_stack(struct mm *mm, uintptr_t addr)
{
	struct vma *vma;
	int err = -EFAULT;

	addr &= ~(uintptr_t)(PAGE_SIZE - 1);
	rwsem_write_lock(&mm->lock);
	vma = vma_next(mm, addr);
	if (vma && vma->start <= addr)
		err = 0; /* another thread was here first */
	else if (vma && vma->flags & VMA_GROWSDOWN)
		err = grow_down_to(vma, addr);
	rwsem_write_unlock(&mm->lock);
	return err;
}
