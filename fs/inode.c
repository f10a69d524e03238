/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the cache by (super, number), and their references.
 *
 * 1. A cached inode with no reference stays on the list of the unused, pages and all, until KEEP others were unused more lately. Then it
 *    is evicted: taken out of the cache first, so that nobody finds it any more.
 * 2. A reference is added from zero only under cache_lock (cache hit); elsewhere inode_tryget refuses zero. So an inode with zero references
 *    that has left the cache is dead for good.
 * 3. An inode being filled in is in the cache already, and `filled` is false: those who find it wait. One that could not be filled in leaves
 *    the cache without ops, which tells them to try themselves.
 * 4. The memory is freed by RCU, because faults look at a mapping they reach through a VMA that may be dying.
 */
#include "fs/vfs.h"
#include "kernel/slab.h"
#include "kernel/wait.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/lru.h"

#define BUCKETS 256
#define KEEP 1024

static struct slab_cache inode_cache = SLAB_CACHE("inode", struct inode);
static struct spinlock cache_lock = SPINLOCK_INIT(LOCK_INODE_CACHE);
static struct list buckets[BUCKETS];	     /* cache_lock */
static struct list unused = LIST_INIT(unused); /* cache_lock; longest unused first */
static unsigned nr_unused;		     /* cache_lock */
static struct waitq filled = WAITQ_INIT(filled);

static struct list *bucket(struct super *super, uint64_t ino)
{
	struct list *b = &buckets[(ino * 0x9e3779b97f4a7c15ull + super->dev) >> 56];

	if (!b->next)
		list_init(b);
	return b;
}

static struct inode *find(struct super *super, uint64_t ino)
{
	struct inode *inode;

	list_for_each(inode, bucket(super, ino), hash)
		if (inode->super == super && inode->ino == ino)
			return inode;
	return NULL;
}

static struct inode *alloc(struct super *super, uint64_t ino)
{
	struct inode *inode;

	do {
		inode = slab_zalloc(&inode_cache);
	} while (!inode && page_make_room());
	if (!inode)
		return NULL;
	inode->super = super;
	inode->ino = ino;
	inode->nlink = 1;
	atomic_store_explicit(&inode->refs, 1, memory_order_relaxed);
	mutex_init(&inode->lock, LOCK_INODE);
	list_init(&inode->hash);
	list_init(&inode->unused);
	return inode;
}

struct inode *inode_new(struct super *super, uint64_t ino, unsigned mode)
{
	struct inode *inode = alloc(super, ino);

	if (inode)
		inode->mode = mode;
	return inode;
}

/* A cached inode gets a reference, the first perhaps. cache_lock held. */
static void revive(struct inode *inode)
{
	if (atomic_fetch_add_explicit(&inode->refs, 1, memory_order_relaxed))
		return;
	list_remove(&inode->unused);
	nr_unused--;
}

static struct inode *get_or_insert(struct super *super, uint64_t ino, struct inode *made)
{
	struct inode *inode;

	spin_lock(&cache_lock);
	inode = find(super, ino);
	if (inode) {
		revive(inode);
	} else if (made) {
		list_append(bucket(super, ino), &made->hash);
		inode = made;
	}
	spin_unlock(&cache_lock);
	return inode;
}

/* Somebody else's inode: waits until it is whole. 0; -EAGAIN: it could not be filled in; -EINTR. Of errors the reference is gone. */
static int wait_filled(struct inode *inode)
{
	static const struct wait_why why = { .what = "inode" };
	int err = 0;

	/* acquire, both: pairs with inode_publish */
	if (!atomic_load_explicit(&inode->filled, memory_order_acquire))
		err = wait_until(&filled, &why, WAIT_KILLABLE, UINT64_MAX,
				 atomic_load_explicit(&inode->filled, memory_order_acquire));
	if (!err && !inode->ops)
		err = -EAGAIN;
	if (err)
		inode_put(inode);
	return err;
}

/* One try: as inode_get_or_new, or -EAGAIN. */
static int get_or_new(struct super *super, uint64_t ino, struct inode **out)
{
	struct inode *made;

	*out = get_or_insert(super, ino, NULL);
	if (*out)
		return wait_filled(*out);
	made = alloc(super, ino);
	if (!made)
		return -ENOMEM;
	*out = get_or_insert(super, ino, made);
	if (*out == made)
		return 1;
	slab_free(&inode_cache, made);
	return wait_filled(*out);
}

/* What stopped somebody else (a signal, no memory) need not stop us: so we try, and have an error of our own if there is one. */
int inode_get_or_new(struct super *super, uint64_t ino, struct inode **out)
{
	int got;

	do {
		got = get_or_new(super, ino, out);
	} while (got == -EAGAIN);
	return got;
}

void inode_publish(struct inode *inode)
{
	/* release: the inode is whole; pairs with wait_filled */
	atomic_store_explicit(&inode->filled, true, memory_order_release);
	waitq_wake_all(&filled);
}

static void inode_free_rcu(struct rcu_head *head)
{
	slab_free(&inode_cache, container_of(head, struct inode, rcu));
}

/* Not in the cache, no references. Sleeps. */
static void destroy(struct inode *inode)
{
	if (inode->mapping.ops)
		mapping_evict(&inode->mapping);
	if (inode->ops && inode->ops->evict)
		inode->ops->evict(inode);
	rcu_call(&inode->rcu, inode_free_rcu);
}

void inode_get(struct inode *inode)
{
	unsigned old = atomic_fetch_add_explicit(&inode->refs, 1, memory_order_relaxed);

	assert(old);
	(void)old;
}

bool inode_tryget(struct inode *inode)
{
	unsigned refs = atomic_load_explicit(&inode->refs, memory_order_relaxed);

	do {
		if (!refs)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&inode->refs, &refs, refs + 1, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

/* The reference count has reached zero under cache_lock: keep it a while, and return what has to go instead. */
static struct inode *retire(struct inode *inode)
{
	struct inode *victim = inode;

	if (!list_empty(&inode->hash)) {
		list_append(&unused, &inode->unused);
		if (++nr_unused <= KEEP)
			return NULL;
		victim = list_first(&unused, struct inode, unused);
		list_remove(&victim->unused);
		list_remove(&victim->hash);
		nr_unused--;
	}
	return victim;
}

void inode_put(struct inode *inode)
{
	unsigned refs = atomic_load_explicit(&inode->refs, memory_order_relaxed);
	struct inode *victim = NULL;

	/* release: our use is over before whoever takes the last one destroys it */
	while (refs > 1)
		if (atomic_compare_exchange_weak_explicit(&inode->refs, &refs, refs - 1, memory_order_release,
							  memory_order_relaxed))
			return;
	spin_lock(&cache_lock);
	/* acquire: pairs with the release above */
	if (atomic_fetch_sub_explicit(&inode->refs, 1, memory_order_acq_rel) == 1)
		victim = retire(inode);
	spin_unlock(&cache_lock);
	if (victim)
		destroy(victim);
}

void inode_discard(struct inode *inode)
{
	spin_lock(&cache_lock);
	list_remove(&inode->hash);
	spin_unlock(&cache_lock);
	inode->ops = NULL;
	inode_publish(inode);
	inode_put(inode);
}

/* ---- as mm sees an inode ---- */

bool inode_backing_get(struct mapping *m)
{
	return inode_tryget(inode_of(m));
}

void inode_backing_put(struct mapping *m)
{
	inode_put(inode_of(m));
}

void inode_backing_name(struct mapping *m, char *buf, size_t size)
{
	struct inode *inode = inode_of(m);

	snprintf(buf, size, "%s", inode->name[0] ? inode->name : inode->super->type);
}

void inode_stat(struct inode *inode, struct kstat *st)
{
	mutex_lock(&inode->lock);
	*st = (struct kstat){
		.dev = inode->super->dev,
		.ino = inode->ino,
		.size = mapping_size(&inode->mapping),
		.blocks = inode->blocks,
		.mode = inode->mode,
		.nlink = inode->nlink,
		.uid = inode->uid,
		.gid = inode->gid,
		.rdev = inode->rdev,
		.blksize = inode->super->block_size ? inode->super->block_size : PAGE_SIZE,
		.atime = inode->atime,
		.mtime = inode->mtime,
		.ctime = inode->ctime,
	};
	mutex_unlock(&inode->lock);
}
