/* SPDX-License-Identifier: MIT */
/*
 * Files of tmpfs: pages of the cache without a device. A page that comes into the cache is zeroes and is never taken back, so it is what has
 * been stored in it. Where there is no page there is a hole, and reading one makes none.
 *
 * Charges: an inode is charged for the pages in its mapping (inode->blocks: pages charged). We look at how many there are when one has come, is
 * about to be written, or some have been taken away, and put the difference to what was charged last on the account. Two who look at once
 * may leave it a page off, until the next look; each difference is counted once. A page that comes when there are too many is not to be
 * had: a fault gets SIGBUS.
 *
 * Pages behind the end of a file are what fallocate has kept for it (FALLOC_FL_KEEP_SIZE): zeroes, which a smaller size gives back.
 */
#include "fs/tmpfs.h"

#include "kernel/uaccess.h"
#include "mm/truncate.h"
#include "mm/write.h"

static uint64_t pages_of(struct inode *inode)
{
	return atomic_load_explicit(&inode->mapping.nr_pages, memory_order_relaxed);
}

static void charge(struct inode *inode, uint64_t pages)
{
	uint64_t was = atomic_exchange_explicit(&inode->blocks, pages, memory_order_relaxed);

	if (was != pages)
		atomic_fetch_add_explicit(&tmpfs_of(inode)->used, pages - was, memory_order_relaxed);
}

static void charge_settle(struct inode *inode)
{
	charge(inode, pages_of(inode));
}

void tmpfs_uncharge(struct inode *inode)
{
	charge(inode, 0);
}

static bool is_full(struct tmpfs *fs, uint64_t more)
{
	return atomic_load_explicit(&fs->used, memory_order_relaxed) + more > fs->limit;
}

/* ---- as mm sees it ---- */

static void tmpfs_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct inode *inode = inode_of(m);
	bool full;

	charge_settle(inode); /* with these */
	full = is_full(tmpfs_of(inode), 0);
	for (unsigned i = 0; i < n; i++) {
		if (!full)
			arch_page_zero(page_address(pages[i]));
		page_read_done(pages[i], full ? -ENOSPC : 0);
	}
	if (full)
		charge_settle(inode);
}

/* The page is counted already, if it is in the cache already. */
static int tmpfs_reserve(struct mapping *m, uint64_t pos, size_t len)
{
	struct inode *inode = inode_of(m);

	charge_settle(inode);
	return is_full(tmpfs_of(inode), 0) ? -ENOSPC : 0;
}

const struct backing_ops tmpfs_backing = {
	.read_pages = tmpfs_read_pages,
	.reserve = tmpfs_reserve,
	.get = inode_backing_get,
	.put = inode_backing_put,
	.name = inode_backing_name,
	.via_get = file_via_get,
	.via_put = file_via_put,
	.writable = true,
	.volatile_pages = true,
};

/* ---- reading ---- */

static bool is_hole(struct mapping *m, uint64_t pos)
{
	bool hole;

	rcu_read_lock();
	hole = !cache_peek(m, pos >> PAGE_SHIFT);
	rcu_read_unlock();
	return hole;
}

/* Bytes from pos on, at most n, all in a hole or all not. */
static size_t stretch(struct mapping *m, uint64_t pos, size_t n, bool *hole)
{
	size_t len = PAGE_SIZE - pos % PAGE_SIZE;

	*hole = is_hole(m, pos);
	while (len < n && is_hole(m, pos + len) == *hole)
		len += PAGE_SIZE;
	return len < n ? len : n;
}

/* Up to the end of a page of the user's: all of it is there, or nothing. */
static long zero_user(uintptr_t buf, size_t n)
{
	size_t room = PAGE_SIZE - buf % PAGE_SIZE;

	n = n < room ? n : room;
	return clear_user(buf, n) ? -EFAULT : (long)n;
}

static long tmpfs_read(struct inode *inode, uint64_t pos, uintptr_t buf, size_t n)
{
	struct mapping *m = &inode->mapping;
	uint64_t size = mapping_size(m);
	size_t done = 0;
	long got = 1;

	if (pos >= size)
		return 0;
	n = n < size - pos ? n : (size_t)(size - pos);
	while (done < n && got > 0) {
		bool hole;
		size_t len = stretch(m, pos + done, n - done, &hole);

		if (!hole)
			got = mapping_read_user(m, &m->ra, pos + done, buf + done, len);
		else
			got = zero_user(buf + done, len);
		if (got > 0)
			done += (size_t)got;
	}
	return done ? (long)done : got;
}

static int64_t tmpfs_seek(struct inode *inode, uint64_t from, bool hole)
{
	struct mapping *m = &inode->mapping;
	pgoff_t index = from >> PAGE_SHIFT, end = mapping_end(m);
	bool any = true;

	if (hole) {
		while (index < end && !is_hole(m, index << PAGE_SHIFT))
			index++;
	} else {
		rcu_read_lock();
		any = radix_next(&m->pages, &index, UINT64_MAX >> PAGE_SHIFT);
		rcu_read_unlock();
	}
	if (!any)
		return -ENXIO;
	return index << PAGE_SHIFT > from ? (int64_t)(index << PAGE_SHIFT) : (int64_t)from;
}

/* ---- size and blocks ---- */

static int tmpfs_truncate(struct inode *inode, uint64_t size)
{
	int err = mapping_truncate(&inode->mapping, size);

	charge_settle(inode);
	return err;
}

static int punch(struct inode *inode, uint64_t start, uint64_t end)
{
	uint64_t size = mapping_size(&inode->mapping), last = (size + PAGE_SIZE - 1) & -PAGE_SIZE;
	int err;

	end = end < last ? end : last; /* the last page goes as a whole */
	if (start >= size)
		return 0;
	err = mapping_punch_begin(&inode->mapping, start, end);
	if (!err)
		mapping_punch_end(&inode->mapping);
	charge_settle(inode);
	return err;
}

/* A page behind the end, which nobody but a later size sees. 0 or -errno. */
static int keep_page(struct inode *inode, pgoff_t index)
{
	struct page *page;
	int err;

	if (is_full(tmpfs_of(inode), 1))
		return -ENOSPC;
	page = cache_create(&inode->mapping, index, &err);
	if (!page)
		return err == -EEXIST ? 0 : err;
	arch_page_zero(page_address(page));
	page_read_done(page, 0);
	charge_settle(inode);
	return 0;
}

static int have_page(struct inode *inode, pgoff_t index)
{
	struct page *page;
	int err;

	if (index >= mapping_end(&inode->mapping))
		return keep_page(inode, index);
	err = cache_read(&inode->mapping, index, WAIT_KILLABLE, &page);
	if (!err)
		page_put(page);
	return err;
}

/* Pages for [start, end). */
static int fill(struct inode *inode, uint64_t start, uint64_t end)
{
	int err = 0;

	for (pgoff_t i = start >> PAGE_SHIFT; !err && i < (end + PAGE_SIZE - 1) >> PAGE_SHIFT; i++)
		err = have_page(inode, i);
	charge_settle(inode);
	return err;
}

static int allocate(struct inode *inode, uint64_t start, uint64_t end, bool keep_size)
{
	uint64_t size = mapping_size(&inode->mapping), want = (end - start) >> PAGE_SHIFT, have = pages_of(inode);
	int err = 0;

	if (want > have && is_full(tmpfs_of(inode), want - have))
		return -ENOSPC;
	if (!keep_size && end > size)
		err = mapping_truncate(&inode->mapping, end);
	if (!err)
		err = fill(inode, start, end);
	if (err && mapping_size(&inode->mapping) == size)
		mapping_drop_behind(&inode->mapping); /* whoever has kept it */
	if (err)
		tmpfs_truncate(inode, size);
	return err;
}

static int tmpfs_fallocate(struct inode *inode, unsigned mode, uint64_t start, uint64_t len)
{
	if (mode & FALLOC_PUNCH_HOLE)
		return punch(inode, start, start + len);
	return allocate(inode, start, start + len, mode & FALLOC_KEEP_SIZE);
}

const struct inode_ops tmpfs_file_ops = {
	.read = tmpfs_read,
	.seek = tmpfs_seek,
	.truncate = tmpfs_truncate,
	.fallocate = tmpfs_fallocate,
	.evict = tmpfs_evict,
};
