/* SPDX-License-Identifier: MIT */
#include "mm/shmem.h"

#include "kernel/slab.h"
#include "lib/format.h"
#include "mm/pagecache.h"

struct shmem {
	struct mapping mapping;
	_Atomic unsigned refs;	/* (A) */
	struct rcu_head rcu;
};

static struct shmem *shmem_of(struct mapping *m)
{
	return container_of(m, struct shmem, mapping);
}

/* "Reading" is zeroing, and there is nothing to wait for. Dirty at once: the page is the only copy there is. */
static void shmem_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	(void)m;
	for (unsigned i = 0; i < n; i++) {
		arch_page_zero(page_address(pages[i]));
		page_read_done(pages[i], 0);
	}
}

static bool shmem_get(struct mapping *m)
{
	struct shmem *s = shmem_of(m);
	unsigned refs = atomic_load_explicit(&s->refs, memory_order_relaxed);

	do {
		if (!refs)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&s->refs, &refs, refs + 1, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

static void shmem_free(struct rcu_head *head)
{
	kfree(container_of(head, struct shmem, rcu));
}

static void shmem_put(struct mapping *m)
{
	struct shmem *s = shmem_of(m);

	/* acq_rel: all use of it by others is over before it is torn down */
	if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1)
		return;
	mapping_evict(m);
	rcu_call(&s->rcu, shmem_free);
}

static void shmem_name(struct mapping *m, char *buf, size_t size)
{
	(void)m;
	snprintf(buf, size, "%s", "/dev/zero (deleted)");
}

static const struct backing_ops shmem_ops = {
	.read_pages = shmem_read_pages,
	.get = shmem_get,
	.put = shmem_put,
	.name = shmem_name,
	.volatile_pages = true,
};

struct mapping *shmem_create(uint64_t size)
{
	struct shmem *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	mapping_init(&s->mapping, &shmem_ops, size);
	atomic_store_explicit(&s->refs, 1, memory_order_relaxed);
	return &s->mapping;
}
