/* SPDX-License-Identifier: MIT */
/* Address spaces: made, shared out by fork, ended. */
#include "mm/mm.h"

#include "kernel/slab.h"
#include "lib/errno.h"
#include "mm/map.h"
#include "mm/pt.h"
#include "mm/vma.h"

static struct slab_cache mm_cache = SLAB_CACHE("mm", struct mm);

struct mm *mm_create(void)
{
	struct mm *mm = slab_zalloc(&mm_cache);

	if (!mm)
		return NULL;
	if (arch_pt_create(&mm->arch)) {
		slab_free(&mm_cache, mm);
		return NULL;
	}
	rwsem_init(&mm->lock, LOCK_ADDRESS_SPACE);
	spin_init(&mm->table_lock, LOCK_PT_TABLES);
	bonsai_init(&mm->vmas, &vma_tree_mem);
	for (unsigned i = 0; i < MM_LIMITS; i++)
		atomic_store_explicit(&mm->limit[i], UINT64_MAX, memory_order_relaxed);
	atomic_store_explicit(&mm->users, 1, memory_order_relaxed);
	return mm;
}

void mm_get(struct mm *mm)
{
	atomic_fetch_add_explicit(&mm->users, 1, memory_order_relaxed);
}

static void free_vmas(struct mm *mm)
{
	struct vma *vma;

	for (uintptr_t at = 0; (vma = vma_next(mm, at));) {
		at = vma->end;
		pt_zap(mm, vma->start, vma->end);
		vma_free(vma); /* its memory stays until a grace period has passed, so `at` is all we need */
	}
	bonsai_clear(&mm->vmas);
}

void mm_put(struct mm *mm)
{
	/* acq_rel: all use of it by others is over before it is torn down */
	if (atomic_fetch_sub_explicit(&mm->users, 1, memory_order_acq_rel) > 1)
		return;
	free_vmas(mm);
	assert(!atomic_load_explicit(&mm->rss, memory_order_relaxed));
	arch_pt_destroy(&mm->arch);
	slab_free(&mm_cache, mm);
}

void mm_for_each_vma(struct mm *mm, void (*fn)(const struct vma *vma, void *arg), void *arg)
{
	struct vma *vma;

	rwsem_read_lock(&mm->lock);
	for (uintptr_t at = 0; (vma = vma_next(mm, at)); at = vma->end)
		fn(vma, arg);
	rwsem_read_unlock(&mm->lock);
}

/* ---- fork ---- */

/*
 * While entries are write-protected and shared, no fault of the parent's other threads may replace one: a CPU that still has the
 * old writable entry in its TLB would go on writing to the page that is the child's by then, and the parent would lose the write. So
 * every VMA is LOCKED until the TLB has been flushed. (Linux had this race: bugzilla 217624, fixed by fb49c455323f.)
 */
static void lock_vmas(struct mm *mm, enum vma_state state)
{
	struct vma *vma;

	for (uintptr_t at = 0; (vma = vma_next(mm, at)); at = vma->end)
		vma_set_state(vma, state);
	pt_barrier(mm);
}

/* On an error the copies made so far hang on *copies. */
static int copy_vma(struct mm *to, struct bonsai_update *u, const struct vma *vma, struct vma **copies)
{
	struct vma like = *vma;
	struct vma *copy;

	if (vma->flags & VMA_DONTFORK)
		return 0;
	if (vma->flags & VMA_ACCOUNT && !map_may_promise((vma->end - vma->start) >> PAGE_SHIFT))
		return -ENOMEM;
	like.mm = to;
	like.flags &= ~(unsigned)(VMA_MLOCK | VMA_ONFAULT);
	copy = vma_new(&like, vma->start, vma->end);
	if (!copy)
		return -ENOMEM;
	copy->chain = *copies;
	*copies = copy;
	to->nr_vmas++;
	to->mapped += (vma->end - vma->start) >> PAGE_SHIFT;
	to->data += map_is_data(vma->flags) ? (vma->end - vma->start) >> PAGE_SHIFT : 0;
	return bonsai_insert(u, vma->start, vma->end, copy);
}

static int copy_vmas(struct mm *to, struct mm *from)
{
	struct vma *vma, *copies = NULL;
	struct bonsai_update u;
	int err = 0;

	bonsai_begin(&u, &to->vmas);
	for (uintptr_t at = 0; !err && (vma = vma_next(from, at)); at = vma->end)
		err = copy_vma(to, &u, vma, &copies);
	if (!err) {
		bonsai_commit(&u);
		return 0;
	}
	bonsai_abort(&u);
	while ((vma = copies)) {
		copies = vma->chain;
		vma_discard(vma);
	}
	return err;
}

static int copy_pages(struct mm *to, struct mm *from)
{
	struct vma *vma;
	int err = 0;

	for (uintptr_t at = 0; !err && (vma = vma_next(from, at)); at = vma->end)
		if (!(vma->flags & (VMA_SHARED | VMA_DONTFORK | VMA_WIPEONFORK)))
			err = pt_copy(vma, to);
	arch_tlb_flush_mm(&from->arch);
	return err;
}

static void copy_limits(struct mm *to, const struct mm *from)
{
	for (unsigned i = 0; i < MM_LIMITS; i++)
		atomic_store_explicit(&to->limit[i], atomic_load_explicit(&from->limit[i], memory_order_relaxed), memory_order_relaxed);
}

static void copy_layout(struct mm *to, const struct mm *from)
{
	copy_limits(to, from);
	to->brk_start = from->brk_start;
	to->brk = from->brk;
	to->mmap_top = from->mmap_top;
	to->stack_top = from->stack_top;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->env_start = from->env_start;
	to->env_end = from->env_end;
}

struct mm *mm_fork(struct mm *from)
{
	struct mm *to = mm_create();
	int err;

	if (!to)
		return NULL;
	rwsem_write_lock(&from->lock);
	copy_layout(to, from);
	err = copy_vmas(to, from);
	if (!err) {
		lock_vmas(from, VMA_LOCKED);
		err = copy_pages(to, from);
		lock_vmas(from, VMA_LIVE);
	}
	rwsem_write_unlock(&from->lock);
	if (err) {
		mm_put(to);
		return NULL;
	}
	return to;
}
