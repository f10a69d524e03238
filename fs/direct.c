/* SPDX-License-Identifier: MIT */
/*
 * O_DIRECT: bytes between user memory and the device, past the cache.
 *
 * 1. User memory is faulted in only with nothing held (law 4). What is to be written first is copied into pages of our own before the inode's lock
 *    is taken; what has been read is copied out when it has been let go of. These pages stand for pinned pages of the user's: the device moves
 *    what nobody can change, unmap or share by fork meanwhile, and the user's need not be aligned. The lock is held over a whole write whose
 *    memory is there, so that two large appends do not mix: the next part is copied with faults disabled. If it is not there, the lock is
 *    let go of, and the write begins again with what is left.
 * 2. A read holds the inode's lock, so that blocks stay. What is dirty in the cache is written before, so the device has what write(2) and stores
 *    have left.
 * 3. A write has its range for itself: from mapping_replace_begin to the end no page of it is in the cache, and none is read into it. Whoever
 *    reads or faults there waits, and then asks the device, which has the new bytes.
 * 4. Where there is no block yet, and where others do not let go of a page, it goes through the cache, and is written and dropped from there: new
 *    blocks are never seen before they are written (mm/write.c, 4).
 */
#include "fs/direct.h"

#include "drivers/block.h"
#include "fs/attr.h"
#include "kernel/uaccess.h"
#include "kernel/wait.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/reclaim.h"
#include "mm/truncate.h"
#include "mm/write.h"
#include "mm/writeback.h"

#define DIRECT_PAGES 32 /* moved at a time; at most REQUEST_SEGMENTS */

/* One part of a transfer; its thread's. */
struct direct {
	struct inode *inode;
	uint64_t pos; /* of a sector */
	size_t len;   /* whole sectors */
	unsigned n;
	struct page *pages[DIRECT_PAGES];
};

static struct waitq moved = WAITQ_INIT(moved);

static bool aligned(uint64_t value)
{
	return !(value % SECTOR_SIZE);
}

static size_t sectors_up(size_t n)
{
	return (n + SECTOR_SIZE - 1) & ~(size_t)(SECTOR_SIZE - 1);
}

/* ---- our memory ---- */

static void direct_end(struct direct *d)
{
	while (d->n)
		page_put(d->pages[--d->n]);
}

/* For up to `len` bytes: one page at least. */
static int direct_begin(struct direct *d, size_t len)
{
	struct page *page = page_alloc_reclaim();

	for (d->n = 0; page; page = page_alloc(FRAME_NORMAL)) {
		d->pages[d->n++] = page;
		if (d->n == DIRECT_PAGES || d->n * PAGE_SIZE >= len)
			break;
	}
	d->len = len < d->n * PAGE_SIZE ? len : d->n * PAGE_SIZE;
	return d->n ? 0 : -ENOMEM;
}

/* Bytes at `at` that lie in one of our pages, at most n. */
static size_t piece(const struct direct *d, size_t at, size_t n, char **data)
{
	size_t room = PAGE_SIZE - at % PAGE_SIZE;

	*data = (char *)page_address(d->pages[at >> PAGE_SHIFT]) + at % PAGE_SIZE;
	return n < room ? n : room;
}

/* How many bytes of n could be copied, in whole pieces; -EFAULT: none. */
static long copy_out(const struct direct *d, uintptr_t buf, size_t n)
{
	size_t done = 0, part;
	char *data;

	for (; done < n; done += part) {
		part = piece(d, done, n - done, &data);
		if (copy_to_user(buf + done, data, part))
			break;
	}
	return done ? (long)done : -EFAULT;
}

static int copy_in(struct direct *d, uintptr_t buf)
{
	size_t done = 0, part;
	char *data;

	for (; done < d->len; done += part) {
		part = piece(d, done, d->len - done, &data);
		if (copy_from_user(data, buf + done, part))
			break;
	}
	d->len = done;
	return done ? 0 : -EFAULT;
}

/* ---- to and from the device ---- */

static void request_over(struct request *r, int error)
{
	_Atomic int *result = r->private;

	request_free(r);
	/* release: the data has been moved; pairs with move_extent. *result is gone from here on */
	atomic_store_explicit(result, error, memory_order_release);
	waitq_wake_all(&moved);
}

static struct request *request_for(const struct file_extent *e, bool write)
{
	struct request *r;

	do {
		r = request_new(e->dev, e->sector, write);
	} while (!r && page_make_room());
	return r;
}

static int move_extent(const struct direct *d, bool write, size_t at, const struct file_extent *e)
{
	static const struct wait_why why = { .what = "direct I/O", .on = wait_on_device };
	struct request *r = request_for(e, write);
	_Atomic int result = 1;
	size_t part;
	char *data;

	if (!r)
		return -ENOMEM;
	for (size_t done = 0; done < e->len; done += part) {
		part = piece(d, at + done, e->len - done, &data);
		request_add(r, data, (uint32_t)part);
	}
	r->done = request_over;
	r->private = &result;
	block_submit(r);
	/* acquire: pairs with request_over. Nothing ends this early: the device has our memory */
	wait_until(&moved, &why, WAIT_FOREVER, UINT64_MAX, atomic_load_explicit(&result, memory_order_acquire) <= 0);
	return atomic_load_explicit(&result, memory_order_relaxed);
}

static void zero(const struct direct *d, size_t at, size_t n)
{
	size_t part;
	char *data;

	for (; n; at += part, n -= part) {
		part = piece(d, at, n, &data);
		memset(data, 0, part);
	}
}

/* Inode lock held; all of it lies in the file, and in blocks if it is to be written. */
static int move(const struct direct *d, bool write)
{
	struct file_extent e;
	int err = 0;

	for (size_t done = 0; done < d->len && !err; done += e.len) {
		err = d->inode->ops->locate(d->inode, d->pos + done, d->len - done, &e);
		if (err)
			break;
		if (e.hole)
			zero(d, done, e.len);
		else
			err = move_extent(d, write, done, &e);
	}
	return err;
}

/* ---- reading ---- */

/* How many bytes of the file are in our pages. */
static long read_locked(struct direct *d)
{
	struct mapping *m = &d->inode->mapping;
	uint64_t size = mapping_size(m), left = size > d->pos ? size - d->pos : 0;
	size_t n = d->len < left ? d->len : (size_t)left;
	int err;

	if (!n)
		return 0;
	d->len = sectors_up(n);
	err = mapping_sync(m, d->pos, d->pos + d->len);
	if (!err)
		err = move(d, false);
	return err ? err : (long)n;
}

static long read_part(struct direct *d, uintptr_t buf, size_t n)
{
	long got = direct_begin(d, n);

	if (!got)
		got = mutex_lock_killable(&d->inode->lock);
	if (!got) {
		got = read_locked(d);
		mutex_unlock(&d->inode->lock);
	}
	if (got > 0)
		got = copy_out(d, buf, (size_t)got);
	direct_end(d);
	return got;
}

long direct_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	struct direct d = { .inode = file->inode };
	size_t done = 0;
	long got = 0;

	if (!n || pos >= mapping_size(&d.inode->mapping))
		return 0;
	if (!aligned(pos | n))
		return -EINVAL;
	while (done < n) {
		d.pos = pos + done;
		got = read_part(&d, buf + done, n - done);
		if (got <= 0)
			break;
		done += (size_t)got;
		if (!aligned((uint64_t)got))
			break; /* the end of the file */
	}
	return done ? (long)done : got;
}

/* ---- writing ---- */

/* Is there a block for every byte, inside the file? 1, 0, or -errno. */
static int in_place(const struct direct *d)
{
	struct file_extent e;

	if (d->pos + d->len > mapping_size(&d->inode->mapping))
		return 0;
	for (size_t done = 0; done < d->len; done += e.len) {
		int err = d->inode->ops->locate(d->inode, d->pos + done, d->len - done, &e);

		if (err || e.hole)
			return err;
	}
	return 1;
}

/* 4 above. Bytes written, or -errno. */
static long through_cache(struct file *file, const struct direct *d)
{
	struct mapping *m = &d->inode->mapping;
	size_t done = 0;
	long got = 0;
	int err;

	while (done < d->len) {
		char *data;
		size_t part = piece(d, done, d->len - done, &data);

		got = mapping_write_kernel(m, d->pos + done, data, part);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	err = mapping_sync(m, d->pos, d->pos + done);
	mapping_invalidate(m, d->pos >> PAGE_SHIFT, (d->pos + d->len - 1) / PAGE_SIZE + 1);
	if (!err)
		err = mapping_error_since(m, &file->error_seq);
	if (err)
		return err;
	return done ? (long)done : got;
}

static long write_locked(struct file *file, const struct direct *d)
{
	struct mapping *m = &d->inode->mapping;
	int err = in_place(d);

	if (err < 0)
		return err;
	if (!err || !mapping_replace_begin(m, d->pos, d->pos + d->len))
		return through_cache(file, d);
	err = move(d, true);
	mapping_replace_end(m);
	return err ? err : (long)d->len;
}

/* Places it: with O_APPEND where the file ends. */
static long write_at(struct file *file, struct direct *d, uint64_t *pos)
{
	uint64_t size = mapping_size(&d->inode->mapping), most = inode_max_size(d->inode) & ~(uint64_t)(SECTOR_SIZE - 1);
	long done;

	if (file_flags(file) & VFS_APPEND)
		*pos = size;
	if (!aligned(*pos))
		return -EINVAL;
	if (*pos >= most)
		return -EFBIG;
	d->pos = *pos;
	d->len = d->len < most - *pos ? d->len : (size_t)(most - *pos);
	done = write_locked(file, d);
	if (done > 0)
		*pos += (uint64_t)done;
	if (done > 0 || mapping_size(&d->inode->mapping) > size) /* larger although the device has failed */
		inode_written_locked(d->inode, size);
	return done;
}

/* What is left of a write. Its thread's. */
struct rest {
	struct file *file;
	uintptr_t buf;
	size_t n;
	uint64_t *pos;
};

/* One part, which d has. Bytes written, or -errno; *more: the next part would follow. Inode lock held. */
static long write_part(struct rest *rest, struct direct *d, bool *more)
{
	long done = write_at(rest->file, d, rest->pos);

	*more = done > 0 && aligned((uint64_t)done);
	if (done > 0) {
		rest->buf += (uintptr_t)done;
		rest->n -= (size_t)done;
	}
	*more = *more && rest->n && !thread_killed();
	return done;
}

/* The next part, as far as its memory is there: the inode's lock is held. */
static bool copy_in_present(struct direct *d, const struct rest *rest)
{
	int err;

	d->len = rest->n < d->n * PAGE_SIZE ? rest->n : d->n * PAGE_SIZE;
	fault_disable();
	err = copy_in(d, rest->buf);
	fault_enable();
	return !err;
}

/* Part after part, the first of which d has, until one is not in memory; *more as above. */
static long write_parts(struct rest *rest, struct direct *d, bool *more)
{
	long part, done = 0;

	do {
		part = write_part(rest, d, more);
		done += part > 0 ? part : 0;
	} while (*more && copy_in_present(d, rest));
	return done ? done : part;
}

static long write_round(struct rest *rest, bool *more)
{
	struct direct d = { .inode = rest->file->inode };
	long done = direct_begin(&d, rest->n);

	*more = false;
	if (!done)
		done = copy_in(&d, rest->buf);
	if (!done)
		done = mutex_lock_killable(&d.inode->lock);
	if (!done) {
		done = write_parts(rest, &d, more);
		mutex_unlock(&d.inode->lock);
	}
	direct_end(&d);
	return done;
}

long direct_write(struct file *file, uintptr_t buf, size_t n, uint64_t *pos)
{
	struct rest rest = { .file = file, .buf = buf, .n = n, .pos = pos };
	bool more = n;
	long got = 0;

	if (!aligned(n))
		return -EINVAL;
	while (more)
		got = write_round(&rest, &more);
	return rest.n < n ? (long)(n - rest.n) : got;
}
