/* SPDX-License-Identifier: MIT */
/*
 * write(2) through the page cache.
 *
 * 1. The caller holds write_lock, so size and blocks are ours, and nobody else writes by this way. Stores through mappings, reads, faults,
 *    write-back and reclaim go on meanwhile.
 * 2. Bytes are copied into a locked page with faults disabled (law 4): the source may be this very page. A copy that ends short is what it
 *    is: so many bytes are written. If that is none, the caller lets go of everything and faults the source in (mm/write.h). So each round
 *    writes a byte at least, or finds out that there is nothing to be had.
 * 3. A page of which the file keeps nothing (it is overwritten wholly, or lies behind the end, where all is zero) is not read: it enters the cache
 *    READING, ours to fill in, and whoever looks for it waits. If the copy into it ends short and the file has bytes there, it leaves again
 *    and is read after all.
 * 4. Blocks are asked for when the page is in the cache, so that nobody reads a new block before it has been written: complete, referenced, which
 *    keeps reclaim away, and dirty afterwards whatever happened; or READING, and filled in already, so that nothing can go wrong any more.
 * 5. The size is raised when the bytes are there, by a release that pairs with mapping_size, under the page lock: write-back, which looks at the
 *    size under that lock, does not take the page for one behind the end and its bytes for a tail to be zeroed. Only then is it dirty.
 * 6. What the file system needs before it can give blocks (write_begin) is waited for with no page locked, and after whatever has to be read. A
 *    page that has its blocks needs nothing of it.
 * 7. Before the size grows, what lies behind the end in the last page becomes zero: stores through mappings may have left something there. Such
 *    stores could go on without asking for blocks; so PG_BACKED is cleared and the entries are write-protected first. The next store asks, and
 *    waits for write_lock.
 *
 * How a write comes by its page is policy grab:
 *	once	write_begin if the page will need it; the page found, or created locked; locked once, to be changed
 *	relock	the page found or created, locked, and waited for until it is stable, which nobody needs; unlocked; write_begin; locked again, seen to
 *		be still ours, waited for once more: where locks are handed over in order, the second lock comes after everybody who waits
 */
#include "mm/write.h"

#include "arch/upcall.h"
#include "kernel/stats.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/pagecache.h"
#include "mm/policy.h"
#include "mm/rmap.h"
#include "mm/truncate.h"
#include "mm/writeback.h"

/* Bytes to be written: of user memory, or of the kernel's. */
struct source {
	uintptr_t user;
	const char *kernel; /* NULL: user */
};

/* One page's part of a write. */
struct part {
	struct mapping *m;
	pgoff_t index;
	unsigned offset, len; /* in the page, len > 0 */
	struct page *page;    /* referenced */
	bool fresh;	      /* READING, and ours to fill in */
	bool begun;	      /* write_end is to follow */
	bool locked;	      /* the page is, to be changed */
};

static uint64_t part_pos(const struct part *p)
{
	return (p->index << PAGE_SHIFT) + p->offset;
}

/* ---- blocks ---- */

/* Is every byte of the file in this page inside [offset, offset + len)? */
static bool covers(const struct part *p)
{
	uint64_t size = mapping_size(p->m), end = part_pos(p) + p->len;

	return !p->offset && (p->len == PAGE_SIZE || end >= size);
}

/* The page has been found: do these bytes have their blocks? */
static inline bool has_blocks(const struct part *p)
{
	return !p->m->ops->reserve || (page_flag(p->page, PG_BACKED) && part_pos(p) + p->len <= mapping_size(p->m));
}

static int part_begin(struct part *p)
{
	const struct backing_ops *ops = p->m->ops;
	int err = ops->write_begin && !p->begun ? ops->write_begin(p->m) : 0;

	p->begun = p->begun || (ops->write_begin && !err);
	return err;
}

static void part_end(struct part *p)
{
	if (p->begun)
		p->m->ops->write_end(p->m);
	p->begun = false;
}

static int reserve(struct part *p)
{
	struct mapping *m = p->m;
	int err;

	if (!m->ops->reserve || (!p->fresh && has_blocks(p)))
		return 0;
	assert(p->begun || !m->ops->write_begin);
	err = m->ops->reserve(m, part_pos(p), p->len);
	if (!err && covers(p))
		page_flag_set(p->page, PG_BACKED);
	if (!err && !p->fresh)
		page_mark_dirty(p->page);
	return err;
}

/* The bytes of the page at p->index that are inside the file get their blocks, if it is there and wants them. write_lock held. */
static int reserve_whole(struct part *p)
{
	uint64_t pos = part_pos(p), left = mapping_size(p->m) - pos;
	bool referenced;
	int err = 0;

	p->page = cache_lookup(p->m, p->index, &referenced);
	if (!p->page || !referenced)
		return 0;
	p->len = left < PAGE_SIZE ? (unsigned)left : PAGE_SIZE;
	if (pos < mapping_size(p->m) && page_state(p->page) == PAGE_READY && page_wants_blocks(p->m, p->page))
		err = reserve(p);
	page_put(p->page);
	return err;
}

int mapping_reserve_page(struct mapping *m, pgoff_t index)
{
	struct part p = { .m = m, .index = index };
	int err = mutex_lock_killable(m->write_lock);

	if (err)
		return err;
	err = part_begin(&p);
	if (!err)
		err = reserve_whole(&p);
	part_end(&p);
	mutex_unlock(m->write_lock);
	return err;
}

void page_forget_blocks(struct page *page)
{
	struct mapping *m = atomic_load_explicit(&page->mapping, memory_order_relaxed);

	assert(page_locked(page));
	/* acq_rel: a fault that saw it set has its entry found by the walk, one that comes later sees it clear */
	atomic_fetch_and_explicit(&page->flags, ~(uint32_t)PG_BACKED, memory_order_acq_rel);
	if (m->ops->reserve)
		rmap_protect_pages(m, &page, 1);
}

/* ---- size ---- */

int mapping_prepare_extend(struct mapping *m)
{
	uint64_t size = mapping_size(m);
	struct page *page;
	int got;

	assert(!m->write_lock || mutex_held(m->write_lock));
	if (!(size % PAGE_SIZE))
		return 0;
	got = cache_read_present(m, size >> PAGE_SHIFT, &page);
	if (got <= 0)
		return got; /* not cached: what is behind the end was zero when it was written */
	got = page_lock_to_change(page, WAIT_KILLABLE);
	if (!got) {
		page_forget_blocks(page);
		memset((char *)page_address(page) + size % PAGE_SIZE, 0, PAGE_SIZE - size % PAGE_SIZE);
		page_unlock(page);
	}
	page_put(page);
	return got;
}

/* Does a write of [pos, pos + n) leave anything between the old end and the new one that is not its own? */
static bool leaves_gap(const struct mapping *m, uint64_t pos, size_t n)
{
	uint64_t size = mapping_size(m);

	if (pos + n <= size || !(size % PAGE_SIZE))
		return false;
	return pos > size || (pos + n - 1) >> PAGE_SHIFT != size >> PAGE_SHIFT ||
	       atomic_load_explicit(&m->may_store, memory_order_relaxed);
}

static void raise_size(struct mapping *m, uint64_t to)
{
	if (to > mapping_size(m))
		/* release: the bytes are there; pairs with mapping_size */
		atomic_store_explicit(&m->size, to, memory_order_release);
}

/* ---- one page ---- */

/* If the page is not there: nothing of it is wanted that the file has. */
static bool may_create(const struct part *p, bool may_be_fresh)
{
	return p->index >= mapping_end(p->m) || (may_be_fresh && covers(p));
}

/* The page to copy into: READY, or fresh if it is not there and nothing of it is wanted. 0 or -errno. */
static int part_page(struct part *p, bool may_be_fresh)
{
	int got, err = 0;

	while (!(got = cache_read_present(p->m, p->index, &p->page))) {
		if (!may_create(p, may_be_fresh))
			return cache_read(p->m, p->index, WAIT_KILLABLE, &p->page);
		p->page = cache_create(p->m, p->index, &err);
		p->fresh = p->page;
		if (p->fresh)
			page_get(p->page);
		if (p->fresh || err != -EEXIST)
			return err;
	}
	return got < 0 ? got : 0;
}

/* A page that is to be created is locked from the start, so write_begin comes first; one that is to be read is read before. */
static int grab_once(struct part *p, bool may_be_fresh)
{
	int err, got = cache_read_present(p->m, p->index, &p->page);

	if (got < 0)
		return got;
	if (!got && may_create(p, may_be_fresh)) {
		err = part_begin(p);
		return err ? err : part_page(p, may_be_fresh);
	}
	err = got ? 0 : part_page(p, false);
	if (err || has_blocks(p))
		return err;
	err = part_begin(p);
	if (err)
		page_put(p->page);
	return err;
}

/* The page READY, referenced, not locked: found, read, or created behind the end of the file, where it is zero. 0 or -errno. */
static int part_page_ready(struct part *p)
{
	int err = part_page(p, false);

	if (err || !p->fresh)
		return err;
	arch_page_zero(page_address(p->page));
	page_set_state(p->page, PAGE_READY);
	page_unlock_io(p->page, 0);
	p->fresh = false;
	return 0;
}

/* One try. 0: the page is locked, to be changed, but perhaps ours no more; or -errno, and it is not locked. */
static int lock_twice(struct part *p)
{
	int err = page_lock_to_change(p->page, WAIT_KILLABLE);

	if (err)
		return err;
	page_unlock(p->page);
	err = part_begin(p);
	return err ? err : page_lock_to_change(p->page, WAIT_KILLABLE);
}

static int grab_relock(struct part *p)
{
	int err;

	while (!(err = part_page_ready(p))) {
		err = lock_twice(p);
		p->locked = !err && atomic_load_explicit(&p->page->mapping, memory_order_relaxed) == p->m;
		if (p->locked)
			return 0;
		if (!err)
			page_unlock(p->page);
		page_put(p->page);
		part_end(p);
		if (err)
			return err;
	}
	return err;
}

static unsigned copy_in(const struct part *p, const struct source *from)
{
	char *to = (char *)page_address(p->page) + p->offset;
	size_t left;

	stat_inc(STAT_write_rounds);
	if (from->kernel) {
		memcpy(to, from->kernel, p->len);
		return p->len;
	}
	fault_disable();
	left = copy_from_user_part(to, from->user, p->len);
	fault_enable();
	if (left)
		stat_inc(STAT_write_short);
	return p->len - (unsigned)left;
}

/* Page locked, or fresh: so many bytes have been written to it. */
static void part_written(struct part *p, unsigned copied)
{
	if (!copied && !p->fresh)
		return;
	if (copied)
		raise_size(p->m, part_pos(p) + copied);
	page_mark_dirty(p->page);
	if (page_flag(p->page, PG_ICACHE))
		page_flag_clear(p->page, PG_ICACHE); /* who maps it to be executed from now on makes them seen */
}

static long write_ready(struct part *p, const struct source *from)
{
	unsigned copied;
	int err = p->begun || !p->m->ops->write_begin ? reserve(p) : 0;

	if (err && p->locked)
		page_unlock(p->page);
	else if (!err && !p->locked)
		err = page_lock_to_change(p->page, WAIT_KILLABLE);
	if (err)
		return err;
	assert(atomic_load_explicit(&p->page->mapping, memory_order_relaxed) == p->m);
	copied = copy_in(p, from);
	part_written(p, copied);
	page_unlock(p->page);
	return copied;
}

/* A fresh page is of no use: it leaves the cache again, and whoever waited for it looks again. */
static void drop_fresh(struct part *p)
{
	cache_remove(p->m, p->page);
	page_unlock_io(p->page, 0);
	page_put(p->page); /* the cache's */
}

/* Fills in a fresh page; its blocks come last, when it is certain that it will be written. -EAGAIN: the copy ended short, and the rest would have
 * to be read. */
static long write_fresh(struct part *p, const struct source *from)
{
	char *at = page_address(p->page);
	bool beyond = p->index >= mapping_end(p->m);
	unsigned copied;
	long got = beyond ? 0 : -EAGAIN;

	memset(at, 0, p->offset);
	copied = copy_in(p, from);
	if (copied == p->len || (beyond && copied)) {
		p->len = copied;
		memset(at + p->offset + copied, 0, PAGE_SIZE - p->offset - copied);
		got = reserve(p);
	}
	if (got || !copied) {
		drop_fresh(p);
		return got;
	}
	page_set_state(p->page, PAGE_READY);
	part_written(p, copied);
	page_unlock_io(p->page, 0);
	return copied;
}

static long write_part(struct part *p, const struct source *from, bool may_be_fresh)
{
	bool relock = policy_get(&policy.grab) == GRAB_RELOCK;
	long got = relock ? grab_relock(p) : grab_once(p, may_be_fresh);

	if (!got) {
		got = p->fresh ? write_fresh(p, from) : write_ready(p, from);
		page_put(p->page);
		p->fresh = p->locked = false; /* there may be a second try */
	}
	part_end(p);
	if (got <= 0 && relock && p->index >= mapping_end(p->m))
		mapping_drop_behind(p->m);
	return got;
}

/* ---- all of it ---- */

static long write_some(struct mapping *m, uint64_t pos, const struct source *from, size_t n)
{
	unsigned offset = pos % PAGE_SIZE;
	struct part p = { .m = m, .index = pos >> PAGE_SHIFT, .offset = offset };
	long got;

	p.len = n < PAGE_SIZE - offset ? (unsigned)n : PAGE_SIZE - offset;
	got = write_part(&p, from, true);
	if (got == -EAGAIN)
		got = write_part(&p, from, false);
	if (got < (long)p.len && m->ops->trim && pos + p.len > mapping_size(m))
		m->ops->trim(m);
	return got;
}

static long write_all(struct mapping *m, uint64_t pos, struct source from, size_t n)
{
	size_t done = 0, part;
	long got = 0;

	assert(!m->write_lock || mutex_held(m->write_lock));
	if (leaves_gap(m, pos, n))
		got = mapping_prepare_extend(m);
	while (got >= 0 && done < n) {
		part = PAGE_SIZE - (pos + done) % PAGE_SIZE;
		got = write_some(m, pos + done, &from, n - done);
		if (got <= 0)
			break;
		done += (size_t)got;
		if (from.kernel)
			from.kernel += got;
		from.user += (uintptr_t)got;
		if (done == n || (size_t)got < part || (!from.kernel && writeback_crowded()))
			break; /* all, or short */
		got = thread_killed() ? -EINTR : 0;
	}
	return done ? (long)done : got;
}

long mapping_write_user(struct mapping *m, uint64_t pos, uintptr_t buf, size_t n)
{
	if (!user_range_ok(buf, n))
		return -EFAULT;
	return write_all(m, pos, (struct source){ .user = buf }, n);
}

long mapping_write_kernel(struct mapping *m, uint64_t pos, const void *buf, size_t n)
{
	return write_all(m, pos, (struct source){ .kernel = buf }, n);
}
