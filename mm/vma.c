/* SPDX-License-Identifier: MIT */
/*
 * VMAs, and why a fault needs no lock on them.
 *
 * A VMA is constant once published but for `state`. A fault finds it in an RCU snapshot of the tree and reads it freely. All it must
 * not do is install an entry through a VMA that has ended. Changers hold mm->lock exclusively and do, in this order:
 *
 *	a. publish the new tree (bonsai_commit)
 *	b. mark the old VMAs DEAD, or LOCKED if they will live on (fork)
 *	c. take and release mm->table_lock (pt_barrier)
 *	d. walk the page tables of the range, taking the lock of each table there is
 *	e. flush the TLB, then free pages; free unhooked tables and VMAs by RCU
 *
 * A fault checks `state` under the lock of the page table it installs into, and under mm->table_lock when it adds a table.
 *
 * 1. The table exists when the walk (d) comes by. Both hold its lock in turn. Fault first: the walk finds the entry. Walk first:
 *    the fault sees b, which the walker did before it took the lock.
 * 2. No table there when the walk comes by. Then it was hooked in later than c (had it been before c, the table lock would
 *    have shown it to the walk). Whoever hooked it in held mm->table_lock after c, so saw b, and does not use it for this VMA.
 *    Another fault that finds this table by itself sees b too: its acquire load of the table's address (arch_pte_find) pairs with
 *    the release store of whoever hooked it in, who came after c.
 * 3. A fault that sees DEAD starts again. It sees a as well, because a comes before b, b is a release and vma_state an
 *    acquire: so it does not meet the same VMA twice. A fault that sees LOCKED waits for mm->lock and starts again.
 *
 * So the common fault writes no word of the VMA or the address space at all; Linux (6.4 and later) writes the VMA's lock twice.
 * Not promised: that a fault that began before munmap ended with the old VMA. It may have, a moment before b; then d undid it.
 */
#include "mm/vma.h"

#include "kernel/slab.h"
#include "kernel/stats.h"
#include "lib/errno.h"
#include "mm/fault.h"
#include "mm/reclaim.h"

static struct slab_cache vma_cache = SLAB_CACHE("vma", struct vma);
static struct slab_cache node_cache = SLAB_CACHE("vma-node", struct bonsai_node);

/* As slab_alloc, but file pages give way. */
static void *alloc_or_reclaim(struct slab_cache *cache)
{
	void *p;

	do {
		p = slab_alloc(cache);
	} while (!p && page_make_room());
	return p;
}

static void *node_alloc(size_t size)
{
	(void)size;
	return alloc_or_reclaim(&node_cache);
}

static void node_free(void *node)
{
	slab_free(&node_cache, node);
}

static void nodes_free_rcu(struct rcu_head *head)
{
	struct bonsai_node *node = container_of((void *)head, struct bonsai_node, reclaim), *next;

	for (; node; node = next) {
		next = node->chain;
		node_free(node);
	}
}

static void nodes_retire(struct bonsai_node *first)
{
	rcu_call((struct rcu_head *)first->reclaim, nodes_free_rcu);
}

const struct bonsai_mem vma_tree_mem = { node_alloc, node_free, nodes_retire };

void vma_file_get(const struct vma *vma)
{
	const struct backing_ops *ops = vma->mapping->ops;
	bool alive = true;

	if (vma->via)
		ops->via_get(vma->via);
	else
		alive = ops->get(vma->mapping);
	assert(alive); /* the caller, or another VMA, holds a reference */
	(void)alive;
}

void vma_file_put(const struct backing_ops *ops, struct mapping *m, void *via)
{
	if (via)
		ops->via_put(via);
	else
		ops->put(m);
}

static bool may_store(const struct vma *vma)
{
	return (vma->flags & (VMA_SHARED | VMA_MAYWRITE)) == (VMA_SHARED | VMA_MAYWRITE);
}

bool mapping_has_storer(struct mapping *m)
{
	struct vma *vma;
	bool found = false;

	mutex_lock(&m->mappers_lock);
	list_for_each(vma, &m->mappers, mapper)
		found |= may_store(vma);
	mutex_unlock(&m->mappers_lock);
	return found;
}

unsigned mapping_mappers(struct mapping *m)
{
	struct vma *vma;
	unsigned n = 0;

	mutex_lock(&m->mappers_lock);
	list_for_each(vma, &m->mappers, mapper)
		n++;
	mutex_unlock(&m->mappers_lock);
	return n;
}

static void mapper_add(struct vma *vma)
{
	struct mapping *m = vma->mapping;

	vma_file_get(vma);
	if (may_store(vma))
		atomic_store_explicit(&m->may_store, true, memory_order_relaxed);
	mutex_lock(&m->mappers_lock);
	list_append(&m->mappers, &vma->mapper);
	mutex_unlock(&m->mappers_lock);
}

struct vma *vma_new(const struct vma *like, uintptr_t start, uintptr_t end)
{
	struct vma *vma = alloc_or_reclaim(&vma_cache);

	if (!vma)
		return NULL;
	*vma = (struct vma){
		.start = start,
		.end = end,
		.flags = like->flags,
		.mapping = like->mapping,
		.via = like->via,
		.pgoff = vma_pgoff_at(like, start),
		.mm = like->mm,
	};
	atomic_store_explicit(&vma->touched, vma_touched(like), memory_order_relaxed);
	list_init(&vma->mapper);
	if (vma->mapping)
		mapper_add(vma);
	return vma;
}

static void vma_free_rcu(struct rcu_head *head)
{
	slab_free(&vma_cache, container_of(head, struct vma, rcu));
}

void vma_free(struct vma *vma)
{
	struct mapping *m = vma->mapping;

	if (m) {
		mutex_lock(&m->mappers_lock);
		list_remove(&vma->mapper);
		mutex_unlock(&m->mappers_lock);
		vma_file_put(m->ops, m, vma->via);
	}
	rcu_call(&vma->rcu, vma_free_rcu);
}

void vma_discard(struct vma *vma)
{
	vma_free(vma);
}

/* ---- the fault's first step ---- */

static bool access_allowed(const struct vma *vma, unsigned access)
{
	if (access & FAULT_WRITE)
		return vma->flags & VMA_WRITE;
	if (access & FAULT_EXEC)
		return vma->flags & VMA_EXEC;
	return vma->flags & (VMA_READ | VMA_WRITE | VMA_EXEC);
}

/* Somebody changes this VMA: sleeps until the address space is free again, holding nothing (law 2). */
static enum verdict wait_for_changer(struct fault *f)
{
	struct mm *mm = f->mm;

	fault_release(f, RETRY);
	stat_inc(STAT_retry_vma);
	if (rwsem_read_lock_killable(&mm->lock))
		return KILLED;
	rwsem_read_unlock(&mm->lock);
	return RETRY;
}

/* Nothing is mapped there. What grows down may come to it. */
static enum verdict grow_or_segv(struct fault *f)
{
	const struct vma *above = vma_next(f->mm, f->address);
	bool grows = above && above->flags & VMA_GROWSDOWN;

	fault_release(f, RETRY);
	return grows && !mm_grow_stack(f->mm, f->address) ? RETRY : SEGV;
}

enum verdict fault_find_vma(struct fault *f)
{
	struct vma *vma;

	rcu_read_lock();
	f->at.holds = HOLDS_RCU;
	vma = vma_find(f->mm, f->address);
	if (unlikely(!vma))
		return grow_or_segv(f);
	f->at.vma = vma;
	if (unlikely(!access_allowed(vma, f->access)))
		return fault_release(f, ACCESS);
	if (unlikely(vma_state(vma) == VMA_LOCKED))
		return wait_for_changer(f);
	return NEXT;
}
