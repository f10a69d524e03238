/* SPDX-License-Identifier: MIT */
/* brk, faulting a range in, dropping a range's pages: what a program asks of memory it has mapped already. */
#include "kernel/log.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/fault.h"
#include "mm/map.h"
#include "mm/mm.h"
#include "mm/pt.h"
#include "mm/vma.h"

/* The heap ends here from now on. mm->lock held. The heap's VMA is replaced, so a fault finds the old one or the new. */
static int heap_resize(struct mm *mm, uintptr_t old_end, uintptr_t new_end)
{
	const struct map_request r = {
		.addr = old_end,
		.len = new_end - old_end,
		.flags = VMA_READ | VMA_WRITE | VMA_MAYWRITE | VMA_HEAP,
		.fixed = true,
		.noreplace = true,
	};

	if (new_end < old_end)
		return map_unmap_locked(mm, new_end, old_end);
	return map_extend_locked(mm, &r);
}

long mm_brk(struct mm *mm, uintptr_t brk)
{
	uintptr_t old_end, new_end;
	long now;

	rwsem_write_lock(&mm->lock);
	old_end = map_round_up(mm->brk);
	new_end = map_round_up(brk);
	if (brk >= mm->brk_start && brk < USER_TOP && (new_end == old_end || !heap_resize(mm, old_end, new_end)))
		mm->brk = brk;
	now = (long)mm->brk;
	rwsem_write_unlock(&mm->lock);
	return now;
}

static int verdict_errno(enum verdict v)
{
	switch (v) {
	case DONE:
		return 0;
	case OOM:
		return -ENOMEM;
	case KILLED:
		return -EINTR;
	default:
		return -EFAULT;
	}
}

int mm_fault_in(struct mm *mm, uintptr_t addr, size_t len, unsigned access)
{
	uintptr_t end = map_round_up(addr + len);
	int err = 0;

	for (addr &= ~(uintptr_t)(PAGE_SIZE - 1); !err && addr < end; addr += PAGE_SIZE)
		err = verdict_errno(fault_handle(mm, addr, access));
	return err;
}

/* What populating this address means: private memory that may be written is written, so that it will not fault again. */
static int populate_access(struct mm *mm, uintptr_t addr, unsigned *access)
{
	struct vma *vma;
	int err = -ENOMEM;

	rcu_read_lock();
	vma = vma_find(mm, addr);
	if (vma) {
		err = 0;
		*access = (vma->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE ? FAULT_WRITE : FAULT_READ;
	}
	rcu_read_unlock();
	return err;
}

int mm_populate(struct mm *mm, uintptr_t addr, size_t len)
{
	uintptr_t end = map_round_up(addr + len);
	unsigned access;
	int err = 0;

	for (; !err && addr < end; addr += PAGE_SIZE) {
		err = populate_access(mm, addr, &access);
		if (!err)
			err = verdict_errno(fault_handle(mm, addr, access));
	}
	return err;
}

int mm_discard(struct mm *mm, uintptr_t addr, size_t len)
{
	uintptr_t end = addr + map_round_up(len);
	int err = 0;

	if (addr % PAGE_SIZE || end < addr || end > USER_TOP)
		return -EINVAL;
	rwsem_write_lock(&mm->lock);
	for (uintptr_t at = addr; at < end;) {
		struct vma *vma = vma_next(mm, at);
		uintptr_t to;

		if (!vma || vma->start > at)
			err = -ENOMEM; /* as Linux: the holes are reported, the rest is done */
		if (!vma || vma->start >= end)
			break;
		to = vma->end < end ? vma->end : end;
		pt_zap(mm, vma->start > at ? vma->start : at, to);
		at = to;
	}
	rwsem_write_unlock(&mm->lock);
	return err;
}
