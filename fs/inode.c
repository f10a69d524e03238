/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the cache by (super, number), and their references.
 *
 * 1. A cached inode with no reference stays on the list of the unused, pages and all, until KEEP others were unused more lately, or not
 *    at all if it has no name any more (nlink 0). Then it is evicted: it is `dying`, and stays where it is until the file system has
 *    put away what it knows; whoever asks for that number meanwhile waits, and makes a new inode then. So no file has two inodes.
 * 2. A reference is added from zero only under cache_lock (cache hit), to one that is not dying; elsewhere inode_tryget refuses zero. So a
 *    dying inode is dead for good.
 * 3. An inode being filled in is in the cache already, and `filled` is false: those who find it wait. One that could not be filled in leaves
 *    the cache without ops, which tells them to try themselves.
 * 4. The memory is freed by RCU, because faults look at a mapping they reach through a VMA that may be dying.
 */
#include "fs/vfs.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "kernel/wait.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/reclaim.h"

#define BUCKETS 1024
#define KEEP 1024

static struct slab_cache inode_cache = SLAB_CACHE("inode", struct inode);
static struct spinlock cache_lock = SPINLOCK_INIT(LOCK_INODE_CACHE);
static struct list buckets[BUCKETS];	     /* cache_lock */
static struct list unused = LIST_INIT(unused); /* cache_lock; longest unused first */
static unsigned nr_unused;		     /* cache_lock */
static struct waitq filled = WAITQ_INIT(filled);

static _Atomic uint64_t next_serial = 1;

static struct list *bucket(struct super *super, uint64_t ino)
{
	struct list *b = &buckets[(ino * 0x9e3779b97f4a7c15ull + super->dev) >> 54];

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
	rwsem_init(&inode->names, LOCK_DIRECTORY);
	inode->serial = atomic_fetch_add_explicit(&next_serial, 1, memory_order_relaxed);
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

/* A cached inode gets a reference, the first perhaps. cache_lock held. false: it is dying. */
static bool revive(struct inode *inode)
{
	if (inode->dying)
		return false;
	if (!atomic_fetch_add_explicit(&inode->refs, 1, memory_order_relaxed)) {
		list_remove(&inode->unused);
		nr_unused--;
	}
	return true;
}

/* The inode of that number, referenced; or `made`, which takes its place; or NULL. *busy: it is dying, so neither. */
static struct inode *get_or_insert(struct super *super, uint64_t ino, struct inode *made, bool *busy)
{
	struct inode *inode;

	*busy = false;
	spin_lock(&cache_lock);
	inode = find(super, ino);
	if (inode && !revive(inode)) {
		*busy = true;
		inode = NULL;
	} else if (!inode && made) {
		list_append(bucket(super, ino), &made->hash);
		inode = made;
	}
	spin_unlock(&cache_lock);
	return inode;
}

static bool is_dying(struct super *super, uint64_t ino)
{
	struct inode *inode;
	bool dying;

	spin_lock(&cache_lock);
	inode = find(super, ino);
	dying = inode && inode->dying;
	spin_unlock(&cache_lock);
	return dying;
}

/* Until the number is free again, or somebody else's. 0: try again; -EINTR. */
static int wait_gone(struct super *super, uint64_t ino)
{
	static const struct wait_why why = { .what = "inode to be gone" };

	return wait_until(&filled, &why, WAIT_KILLABLE, UINT64_MAX, !is_dying(super, ino)) ? -EINTR : -EAGAIN;
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
	struct inode *made = NULL;
	bool busy;

	*out = get_or_insert(super, ino, NULL, &busy);
	if (!*out && !busy) {
		made = alloc(super, ino);
		if (!made)
			return -ENOMEM;
		*out = get_or_insert(super, ino, made, &busy);
		if (*out == made)
			return 1;
		slab_free(&inode_cache, made);
	}
	return busy ? wait_gone(super, ino) : wait_filled(*out);
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

static void uncache(struct inode *inode)
{
	spin_lock(&cache_lock);
	list_remove(&inode->hash);
	spin_unlock(&cache_lock);
	waitq_wake_all(&filled);
}

/* Dying if it was in the cache, and no references. The reference that it holds, if any, goes to the caller. Sleeps. */
static struct inode *destroy(struct inode *inode)
{
	struct inode *parent = inode->was_in;

	if (inode->mapping.ops)
		mapping_evict(&inode->mapping);
	if (inode->ops && inode->ops->evict)
		inode->ops->evict(inode);
	if (!list_empty(&inode->hash))
		uncache(inode);
	rcu_call(&inode->rcu, inode_free_rcu);
	return parent;
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

/* The one unused for longest, which is on its way out now, if more than `keep` are unused; or NULL. cache_lock held. */
static struct inode *take_unused(unsigned keep)
{
	struct inode *inode;

	if (nr_unused <= keep)
		return NULL;
	inode = list_first(&unused, struct inode, unused);
	list_remove(&inode->unused);
	nr_unused--;
	inode->dying = true;
	return inode;
}

/* The reference count has reached zero under cache_lock: keep it a while, and return what has to go instead. nlink is nobody else's now. */
static struct inode *retire(struct inode *inode)
{
	if (!list_empty(&inode->hash) && inode->nlink) {
		list_append(&unused, &inode->unused);
		nr_unused++;
		return take_unused(KEEP);
	}
	inode->dying = true;
	return inode;
}


struct inode *inode_find(struct super *super, uint64_t ino)
{
	struct inode *inode;

	spin_lock(&cache_lock);
	inode = find(super, ino);
	/* acquire: pairs with inode_publish */
	if (inode && (!atomic_load_explicit(&inode->filled, memory_order_acquire) || !revive(inode)))
		inode = NULL;
	spin_unlock(&cache_lock);
	return inode;
}

/* Drops a reference. What has to be destroyed now, or NULL. */
static struct inode *put(struct inode *inode)
{
	unsigned refs = atomic_load_explicit(&inode->refs, memory_order_relaxed);
	struct inode *victim = NULL;

	/* release: our use is over before whoever takes the last one destroys it */
	while (refs > 1)
		if (atomic_compare_exchange_weak_explicit(&inode->refs, &refs, refs - 1, memory_order_release,
							  memory_order_relaxed))
			return NULL;
	spin_lock(&cache_lock);
	/* acquire: pairs with the release above */
	if (atomic_fetch_sub_explicit(&inode->refs, 1, memory_order_acq_rel) == 1)
		victim = retire(inode);
	spin_unlock(&cache_lock);
	return victim;
}

/* A loop, because removed directories hold each other in a chain of any length. */
void inode_put(struct inode *inode)
{
	while (inode) {
		inode = put(inode);
		if (inode)
			inode = destroy(inode);
	}
}

unsigned inode_shrink(unsigned n)
{
	struct inode *inode;
	unsigned gone = 0;

	do {
		spin_lock(&cache_lock);
		inode = take_unused(0);
		spin_unlock(&cache_lock);
		if (inode)
			inode_put(destroy(inode));
	} while (inode && ++gone < n);
	return gone;
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

/* ---- attributes ---- */

static struct timestamp at_ns(uint64_t ns)
{
	return (struct timestamp){ .sec = (int64_t)(ns / NSEC_PER_SEC), .nsec = (uint32_t)(ns % NSEC_PER_SEC) };
}

static struct timestamp now(void)
{
	return at_ns(clock_wall_coarse_ns());
}

void inode_init_new(struct inode *inode, const struct inode_make *make)
{
	inode->mode = make->mode;
	inode->nlink = inode_type(inode) == S_IFDIR ? 2 : 1;
	inode->uid = make->uid;
	inode->gid = make->gid;
	inode->rdev = make->rdev;
	inode->atime = inode->mtime = inode->ctime = now();
}

/* true: it was another time. */
static bool set_time(struct timestamp *to, struct timestamp t)
{
	bool changed = to->sec != t.sec || to->nsec != t.nsec;

	*to = t;
	return changed;
}

/* true: the inode has changed. */
static bool set_times(struct inode *inode, unsigned what)
{
	struct timestamp t = now();
	bool changed = false;

	if (what & TOUCH_ATIME)
		changed |= set_time(&inode->atime, t);
	if (what & TOUCH_MTIME) {
		atomic_store_explicit(&inode->mapping.fault_time, 0, memory_order_relaxed);
		changed |= set_time(&inode->mtime, t);
	}
	if (what & TOUCH_CTIME)
		changed |= set_time(&inode->ctime, t);
	if (what & (TOUCH_MTIME | TOUCH_CTIME))
		atomic_store_explicit(&inode->accessed, false, memory_order_relaxed);
	return changed;
}

void inode_touch_locked(struct inode *inode, unsigned what)
{
	set_times(inode, what);
	inode_dirty_locked(inode);
}

void inode_written_locked(struct inode *inode, uint64_t size_before)
{
	bool grew = mapping_size(&inode->mapping) != size_before;

	if (set_times(inode, TOUCH_MTIME | TOUCH_CTIME) || grew)
		inode_dirty_locked(inode);
}

void inode_read_locked(struct inode *inode)
{
	if (set_times(inode, TOUCH_ATIME))
		inode_dirty_locked(inode);
}

void inode_settle_stores_locked(struct inode *inode)
{
	uint64_t ns = atomic_exchange_explicit(&inode->mapping.fault_time, 0, memory_order_relaxed);

	if (!ns)
		return;
	inode->mtime = inode->ctime = at_ns(ns);
	atomic_store_explicit(&inode->accessed, false, memory_order_relaxed);
	inode_dirty_locked(inode);
}

void inode_settle_stores(struct inode *inode)
{
	if (!atomic_load_explicit(&inode->mapping.fault_time, memory_order_relaxed))
		return;
	mutex_lock(&inode->lock);
	inode_settle_stores_locked(inode);
	mutex_unlock(&inode->lock);
}

void inode_touch(struct inode *inode, unsigned what)
{
	mutex_lock(&inode->lock);
	inode_touch_locked(inode, what);
	mutex_unlock(&inode->lock);
}

void inode_stat(struct inode *inode, struct kstat *st)
{
	uint64_t pages;

	mutex_lock(&inode->lock);
	inode_settle_stores_locked(inode);
	pages = atomic_load_explicit(&inode->mapping.nr_pages, memory_order_relaxed);
	*st = (struct kstat){
		.dev = inode->super->dev,
		.ino = inode->ino,
		.size = mapping_size(&inode->mapping),
		.blocks = inode->mapping.ops && inode->mapping.ops->volatile_pages ? pages * (PAGE_SIZE / 512) : inode->blocks,
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
