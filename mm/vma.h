/* SPDX-License-Identifier: MIT */
/* VMAs: making, finding, publishing, ending them. Statement in mm/vma.c; operations on address spaces in mm/map.c. */
#ifndef MM_VMA_H
#define MM_VMA_H

#include "mm/mm.h"

/* A copy of *like with these bounds (and the offset that goes with them), LIVE, not in any tree, its file referenced and on the
 * file's list of mappers. Sleeps. NULL: no memory. */
struct vma *vma_new(const struct vma *like, uintptr_t start, uintptr_t end);

/* Never published: lets go of all it holds. Sleeps. */
void vma_discard(struct vma *vma);

/* Out of the tree, entries gone: off the file's list, file let go, memory freed by RCU. Sleeps. */
void vma_free(struct vma *vma);

/* Is there a VMA that somebody stores, or could store, to this file through? Sleeps. */
bool mapping_has_storer(struct mapping *m);
unsigned mapping_mappers(struct mapping *m); /* how many VMAs map it. Sleeps */

/* For something that vma does not keep itself: a reference on what it maps, and its end. put sleeps. */
void vma_file_get(const struct vma *vma);
void vma_file_put(const struct backing_ops *ops, struct mapping *m, void *via);

/* The offset that belongs to addr, which may lie outside the VMA. */
static inline pgoff_t vma_pgoff_at(const struct vma *vma, uintptr_t addr)
{
	return vma->pgoff + (pgoff_t)((intptr_t)(addr - vma->start) >> PAGE_SHIFT);
}

static inline bool vma_touched(const struct vma *vma)
{
	return atomic_load_explicit(&vma->touched, memory_order_relaxed);
}

static inline enum vma_state vma_state(const struct vma *vma)
{
	/* acquire: pairs with vma_set_state; a reader that finds DEAD finds the new tree too */
	return (enum vma_state)atomic_load_explicit(&vma->state, memory_order_acquire);
}

static inline void vma_set_state(struct vma *vma, enum vma_state to)
{
	atomic_store_explicit(&vma->state, to, memory_order_release);
}

/* RCU, or mm->lock: the VMA that holds addr; the one that holds it or the next above. */
static inline struct vma *vma_find(struct mm *mm, uintptr_t addr)
{
	return bonsai_find(bonsai_root(&mm->vmas), addr);
}

static inline struct vma *vma_next(struct mm *mm, uintptr_t addr)
{
	return bonsai_next(bonsai_root(&mm->vmas), addr);
}

extern const struct bonsai_mem vma_tree_mem;

#endif
