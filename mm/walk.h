/* SPDX-License-Identifier: MIT */
/* Over the VMAs of a range, in order. mm->lock held; a visitor may replace the VMA it is shown, and no other. */
#ifndef MM_WALK_H
#define MM_WALK_H

#include "lib/errno.h"
#include "mm/vma.h"

typedef int vma_visit(struct vma *vma, uintptr_t start, uintptr_t end, const void *arg);

/* Visits the part of each VMA that lies inside. The first error ends it; holes are passed over, and reported at the end: -ENOMEM. */
static inline int walk(struct mm *mm, uintptr_t start, uintptr_t end, vma_visit *visit, const void *arg)
{
	int err = 0, hole = 0;

	for (uintptr_t at = start, to; !err && at < end; at = to) {
		struct vma *vma = vma_next(mm, at);

		if (!vma || vma->start > at)
			hole = -ENOMEM;
		if (!vma || vma->start >= end)
			break;
		to = vma->end < end ? vma->end : end;
		err = visit(vma, vma->start > at ? vma->start : at, to, arg);
	}
	return err ? err : hole;
}

/* The same, but a hole ends it. */
static inline int walk_strictly(struct mm *mm, uintptr_t start, uintptr_t end, vma_visit *visit, const void *arg)
{
	int err = 0;

	for (uintptr_t at = start, to; !err && at < end; at = to) {
		struct vma *vma = vma_find(mm, at);

		if (!vma)
			return -ENOMEM;
		to = vma->end < end ? vma->end : end;
		err = visit(vma, at, to, arg);
	}
	return err;
}

#endif
