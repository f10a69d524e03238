/* SPDX-License-Identifier: MIT */
/* Open files. A regular file is read through its mapping; anything else through its own operations. */
#include "fs/vfs.h"

#include "fs/attr.h"
#include "fs/direct.h"
#include "fs/event.h"
#include "fs/locks.h"
#include "fs/pipe.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/writeback.h"

static struct slab_cache file_cache = SLAB_CACHE("file", struct file);

static const struct file_ops no_ops = { 0 };

static const struct file_ops *default_ops(const struct inode *inode)
{
	return inode_type(inode) == S_IFREG ? &regular_file_ops : &no_ops;
}

/* ---- written or run, never both ---- */

/* One more that goes in direction `step`, unless somebody goes in the other. */
static bool writers_add(struct inode *inode, int step)
{
	int now = atomic_load_explicit(&inode->writers, memory_order_relaxed);

	do {
		if (now * step < 0)
			return false;
		/* only a count: what is written and read meanwhile is ordered by the locks of the pages */
	} while (!atomic_compare_exchange_weak_explicit(&inode->writers, &now, now + step, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static bool counts_as_writer(const struct inode *inode, unsigned flags)
{
	return (flags & (VFS_WRITE | VFS_PATH)) == VFS_WRITE && inode_type(inode) == S_IFREG;
}

int inode_write_begin(struct inode *inode)
{
	return writers_add(inode, 1) ? 0 : -ETXTBSY;
}

void inode_write_end(struct inode *inode)
{
	atomic_fetch_sub_explicit(&inode->writers, 1, memory_order_relaxed);
}

int file_deny_write(struct file *file)
{
	if (!writers_add(file->inode, -1))
		return -ETXTBSY;
	atomic_fetch_or_explicit(&file->flags, VFS_RUNS, memory_order_relaxed);
	return 0;
}

static void writers_leave(struct file *file)
{
	unsigned flags = file_flags(file);

	if (flags & VFS_RUNS)
		atomic_fetch_add_explicit(&file->inode->writers, 1, memory_order_relaxed);
	else if (counts_as_writer(file->inode, flags))
		inode_write_end(file->inode);
}

/* ---- opening ---- */

bool inode_takes_direct(const struct inode *inode)
{
	return inode_type(inode) == S_IFBLK || (inode_type(inode) == S_IFREG && inode->mapping.ops && inode->mapping.ops->writable);
}

int vfs_open_inode(struct inode *inode, unsigned flags, struct file **out)
{
	struct file *file;
	int err = 0;

	if ((flags & (VFS_DIRECT | VFS_PATH)) == VFS_DIRECT && !inode_takes_direct(inode))
		return -EINVAL;
	file = slab_zalloc(&file_cache);
	if (!file)
		return -ENOMEM;
	file->inode = inode;
	file->ops = default_ops(inode);
	atomic_store_explicit(&file->refs, 1, memory_order_relaxed);
	atomic_store_explicit(&file->flags, flags, memory_order_relaxed);
	mutex_init(&file->pos_lock, LOCK_FILE_POS);
	list_init(&file->watchers);
	inode_get(inode);
	if (inode->mapping.ops)
		atomic_store_explicit(&file->error_seq, mapping_error_sample(&inode->mapping), memory_order_relaxed);
	if (counts_as_writer(inode, flags) && !writers_add(inode, 1))
		err = -ETXTBSY;
	else if (inode_type(inode) == S_IFIFO && !(flags & VFS_PATH))
		err = fifo_open(inode, file);
	else if (inode->ops->open && !(flags & VFS_PATH))
		err = inode->ops->open(inode, file);
	if (err) {
		if (err != -ETXTBSY)
			writers_leave(file);
		inode_put(inode);
		slab_free(&file_cache, file);
		return err;
	}
	*out = file;
	return 0;
}

/* ---- references ---- */

void file_get(struct file *file)
{
	unsigned old = atomic_fetch_add_explicit(&file->refs, 1, memory_order_relaxed);

	assert(old);
	(void)old;
}

bool file_tryget(struct file *file)
{
	unsigned refs = atomic_load_explicit(&file->refs, memory_order_relaxed);

	do {
		if (!refs)
			return false;
		/* acquire: the look-up's second look at the table comes after */
	} while (!atomic_compare_exchange_weak_explicit(&file->refs, &refs, refs + 1, memory_order_acquire,
							memory_order_relaxed));
	return true;
}

static void file_free_rcu(struct rcu_head *head)
{
	slab_free(&file_cache, container_of(head, struct file, rcu));
}

void file_put(struct file *file)
{
	/* acq_rel: all use of it by others is over before it is released */
	if (atomic_fetch_sub_explicit(&file->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (atomic_load_explicit(&file->watched, memory_order_relaxed))
		epoll_forget(file);
	if (file->ops->release)
		file->ops->release(file);
	locks_drop(file->inode, file);
	inode_settle_stores(file->inode); /* a mapping keeps the file that it came through, so these were the last, perhaps */
	writers_leave(file);
	if (file->dir)
		inode_put(file->dir);
	file_forget(file);
	inode_put(file->inode);
	rcu_call(&file->rcu, file_free_rcu);
}

struct mapping *file_mapping(struct file *file)
{
	return inode_type(file->inode) == S_IFREG && file->inode->mapping.ops ? &file->inode->mapping : NULL;
}

/* ---- reading and writing ---- */

#define RW_MAX 0x7ffff000ul /* Linux's MAX_RW_COUNT */

/* One transfer at *pos, which moves; stream files have none, and get 0. */
static long move(struct file *file, bool write, uintptr_t buf, size_t n, uint64_t *pos)
{
	long (*op)(struct file *file, uintptr_t buf, size_t n, uint64_t pos) = write ? file->ops->write : file->ops->read;
	long done;

	if (!(write ? file_writable(file) : file_readable(file)))
		return -EBADF;
	if (!user_range_ok(buf, n))
		return -EFAULT;
	if (!write && inode_type(file->inode) == S_IFDIR)
		return -EISDIR;
	if (!op)
		return -EINVAL;
	n = n < RW_MAX ? n : RW_MAX;
	if (n > INT64_MAX - *pos)
		return -EINVAL;
	if (write && file->ops->write_at)
		return file->ops->write_at(file, buf, n, pos);
	done = op(file, buf, n, *pos);
	if (done > 0)
		*pos += (uint64_t)done;
	return done;
}

long file_pread(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return file->ops->stream ? -ESPIPE : move(file, false, buf, n, &pos);
}

long file_pwrite(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return file->ops->stream ? -ESPIPE : move(file, true, buf, n, &pos);
}

static long move_at_position(struct file *file, bool write, uintptr_t buf, size_t n)
{
	bool loose = file->ops->loose_position;
	uint64_t pos = 0;
	long done;

	if (file->ops->stream)
		return move(file, write, buf, n, &pos);
	if (mutex_lock_killable(&file->pos_lock))
		return -EINTR;
	pos = file->pos;
	if (loose)
		mutex_unlock(&file->pos_lock);
	done = move(file, write, buf, n, &pos);
	if (loose)
		mutex_lock(&file->pos_lock);
	if (done > 0)
		file->pos = pos;
	mutex_unlock(&file->pos_lock);
	return done;
}

long file_read(struct file *file, uintptr_t buf, size_t n)
{
	return move_at_position(file, false, buf, n);
}

long file_write(struct file *file, uintptr_t buf, size_t n)
{
	return move_at_position(file, true, buf, n);
}

/* How much further the next data or hole is. At the end of a file there is always one. */
static int64_t seek_hole(struct inode *inode, int64_t offset, int64_t size, bool hole)
{
	int64_t at;

	if (offset < 0 || offset >= size)
		return -ENXIO;
	if (!inode->ops->seek)
		return hole ? size - offset : 0;
	at = inode->ops->seek(inode, (uint64_t)offset, hole);
	return at < 0 ? at : at < size ? at - offset : hole ? size - offset : -ENXIO;
}

static int64_t seek_base(const struct file *file, int64_t offset, int whence)
{
	int64_t size = (int64_t)mapping_size(&file->inode->mapping);

	switch (whence) {
	case 0: /* SEEK_SET */
		return 0;
	case 1: /* SEEK_CUR */
		return (int64_t)file->pos;
	case 2: /* SEEK_END */
		return size;
	case 3: /* SEEK_DATA, SEEK_HOLE */
	case 4:
		return seek_hole(file->inode, offset, size, whence == 4);
	default:
		return -EINVAL;
	}
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
{
	int64_t base, to;

	if (file->ops->stream && !file->ops->seek_ignored)
		return -ESPIPE;
	if (file->ops->same_everywhere || file->ops->seek_ignored)
		return whence < 0 || whence > 4 ? -EINVAL : 0; /* SEEK_SET to SEEK_HOLE */
	if (mutex_lock_killable(&file->pos_lock))
		return -EINTR;
	base = seek_base(file, offset, whence);
	if (base < 0)
		to = base;
	else if (__builtin_add_overflow(base, offset, &to) || to < 0 || (uint64_t)to > inode_max_size(file->inode))
		to = -EINVAL;
	else
		file->pos = (uint64_t)to;
	mutex_unlock(&file->pos_lock);
	return to;
}

/* Between the directory and the caller: notes how far it got. */
struct position_sink {
	struct dir_sink sink;
	struct dir_sink *to;
	uint64_t pos;
};

static bool position_emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct position_sink *p = container_of(sink, struct position_sink, sink);

	if (!p->to->emit(p->to, name, len, ino, type, next))
		return false;
	p->pos = next;
	return true;
}

int file_readdir(struct file *file, struct dir_sink *sink)
{
	struct position_sink p = { .sink.emit = position_emit, .to = sink };
	int err;

	if (inode_type(file->inode) != S_IFDIR)
		return -ENOTDIR;
	if (mutex_lock_killable(&file->pos_lock))
		return -EINTR;
	p.pos = file->pos;
	err = dir_read(file->inode, file->pos, &p.sink);
	file->pos = p.pos;
	if (!err)
		inode_accessed(file->inode);
	mutex_unlock(&file->pos_lock);
	return err;
}

int file_ioctl(struct file *file, unsigned cmd, uintptr_t arg)
{
	return file->ops->ioctl ? file->ops->ioctl(file, cmd, arg) : -ENOTTY;
}
