/* SPDX-License-Identifier: MIT */
/* System calls that advise, ask and write back. */
#include "init/process_impl.h"

#include "fs/vfs.h"
#include "init/linux.h"
#include "init/syscalls.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "mm/writeback.h"

enum advice {
	MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE = 8, MADV_REMOVE, MADV_DONTFORK,
	MADV_DOFORK, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
	MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED,
	MADVICES
};

/* What a VMA keeps. */
static const struct {
	unsigned clear, set;
	bool known, anonymous;
} kept[MADVICES] = {
	[MADV_NORMAL] = { VMA_RANDOM | VMA_SEQUENTIAL, 0, true, false },
	[MADV_RANDOM] = { VMA_SEQUENTIAL, VMA_RANDOM, true, false },
	[MADV_SEQUENTIAL] = { VMA_RANDOM, VMA_SEQUENTIAL, true, false },
	[MADV_DONTFORK] = { 0, VMA_DONTFORK, true, false },
	[MADV_DOFORK] = { VMA_DONTFORK, 0, true, false },
	[MADV_DONTDUMP] = { 0, VMA_DONTDUMP, true, false },
	[MADV_DODUMP] = { VMA_DONTDUMP, 0, true, false },
	[MADV_WIPEONFORK] = { 0, VMA_WIPEONFORK, true, true },
	[MADV_KEEPONFORK] = { VMA_WIPEONFORK, 0, true, false },
	[MADV_MERGEABLE] = { 0, 0, true, false },
	[MADV_UNMERGEABLE] = { 0, 0, true, false },
	[MADV_HUGEPAGE] = { 0, 0, true, false },
	[MADV_NOHUGEPAGE] = { 0, 0, true, false },
};

/* Punches a hole: the part of one file that one VMA shows. */
static int remove_part(const struct mm_file *f, size_t len)
{
	struct inode *inode;
	int err;

	if (f->flags & VMA_MLOCK)
		return -EINVAL;
	if (!f->mapping || !f->mapping->ops->via_get)
		return f->mapping ? -EOPNOTSUPP : -EINVAL;
	if ((f->flags & (VMA_SHARED | VMA_MAYWRITE)) != (VMA_SHARED | VMA_MAYWRITE))
		return -EACCES;
	inode = inode_of(f->mapping);
	if (!inode->ops->fallocate)
		return -EOPNOTSUPP;
	if (mutex_lock_killable(&inode->lock))
		return -EINTR;
	err = inode->ops->fallocate(inode, FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE, f->index << PAGE_SHIFT, len);
	mutex_unlock(&inode->lock);
	return err;
}

typedef int file_part(const struct mm_file *f, size_t len);

/* Each VMA's part of the range in turn, its file referenced and no lock held. Holes are reported at the end. */
static int each_part(uintptr_t addr, size_t len, file_part *fn)
{
	uintptr_t end = addr + len;
	int err = 0, hole = 0;

	for (uintptr_t at = addr; !err && at < end;) {
		struct mm_file f;

		mm_file_at(current->mm, at, &f);
		if (f.end > end)
			f.end = end;
		if (f.hole)
			hole = -ENOMEM;
		else
			err = fn(&f, f.end - at);
		at = f.end;
		mm_file_put(&f);
	}
	return err ? err : hole;
}

static long advise(uintptr_t addr, size_t len, unsigned advice)
{
	struct mm *mm = current->mm;

	switch (advice) {
	case MADV_WILLNEED:
		return mm_willneed(mm, addr, len);
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return mm_discard_as(mm, addr, len, advice == MADV_DONTNEED_LOCKED, false);
	case MADV_FREE: /* at once */
		return mm_discard_as(mm, addr, len, false, true);
	case MADV_REMOVE:
		return each_part(addr, len, remove_part);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return mm_usable(mm, addr, len);
	case MADV_POPULATE_READ:
		return mm_populate_for(mm, addr, len, FAULT_READ);
	case MADV_POPULATE_WRITE:
		return mm_populate_for(mm, addr, len, FAULT_WRITE);
	default:
		return mm_advise(mm, addr, len, kept[advice].clear, kept[advice].set, kept[advice].anonymous);
	}
}

static bool advice_known(int advice)
{
	if (advice < 0 || advice >= MADVICES)
		return false;
	return kept[advice].known || (advice >= MADV_WILLNEED && advice <= MADV_DONTNEED) ||
	       (advice >= MADV_FREE && advice <= MADV_REMOVE) || advice >= MADV_COLD;
}

long sys_madvise(uintptr_t addr, size_t len, int advice)
{
	size_t whole = align_up(len, PAGE_SIZE);

	if (!advice_known(advice) || addr % PAGE_SIZE || (len && !whole) || addr + whole < addr)
		return -EINVAL;
	return whole ? advise(addr, whole, (unsigned)advice) : 0;
}

/* ---- msync ---- */

enum { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4 };

static int sync_part(const struct mm_file *f, size_t len)
{
	uint64_t start = f->index << PAGE_SHIFT;
	struct mapping *m = f->mapping;
	int err;

	if (!m || !(f->flags & VMA_SHARED))
		return 0;
	if (f->via && m->ops->via_get)
		return vfs_fsync_range(f->via, start, start + len, true);
	err = mapping_sync(m, start, start + len);
	return err || !m->ops->sync ? err : m->ops->sync(m, start, start + len, true);
}

static int async_part(const struct mm_file *f, size_t len)
{
	(void)f;
	(void)len;
	return 0; /* what is dirty will be written anyhow */
}

static int invalidate_part(const struct mm_file *f, size_t len)
{
	(void)len;
	return f->flags & VMA_MLOCK ? -EBUSY : 0;
}

static int invalidate_and_sync_part(const struct mm_file *f, size_t len)
{
	int err = invalidate_part(f, len);

	return err ? err : sync_part(f, len);
}

long sys_msync(uintptr_t addr, size_t len, unsigned flags)
{
	size_t whole = align_up(len, PAGE_SIZE);
	file_part *part = flags & MS_SYNC ? sync_part : async_part;

	if (flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr % PAGE_SIZE ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (addr + whole < addr)
		return -ENOMEM;
	if (flags & MS_INVALIDATE)
		part = flags & MS_SYNC ? invalidate_and_sync_part : invalidate_part;
	return each_part(addr, whole, part);
}

/* ---- mincore ---- */

#define CHUNK 512

long sys_mincore(uintptr_t addr, size_t len, uintptr_t vec)
{
	size_t pages = len / PAGE_SIZE + (len % PAGE_SIZE != 0);
	unsigned char *found;
	int err = 0;

	if (addr % PAGE_SIZE)
		return -EINVAL;
	if (!user_range_ok(addr, len))
		return -ENOMEM;
	if (!user_range_ok(vec, pages))
		return -EFAULT;
	found = kmalloc(CHUNK);
	if (!found)
		return -EAGAIN;
	while (!err && pages) {
		size_t n = pages < CHUNK ? pages : CHUNK;

		err = mm_resident(current->mm, addr, n, found);
		if (!err)
			err = copy_to_user(vec, found, n);
		addr += n * PAGE_SIZE;
		vec += n;
		pages -= n;
	}
	kfree(found);
	return err;
}
