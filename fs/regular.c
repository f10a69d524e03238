/* SPDX-License-Identifier: MIT */
/*
 * Regular files: read and written through their mapping.
 *
 * A write holds the inode's lock, and so is whole for other writers, unless its source has to be faulted in: then it lets go, and goes on
 * (law 4). With O_APPEND it begins where the file ends when it gets the lock, each time.
 */
#include "fs/direct.h"

#include "arch/upcall.h"
#include "fs/attr.h"
#include "fs/seals.h"
#include "lib/errno.h"
#include "mm/mm.h"
#include "mm/write.h"
#include "mm/writeback.h"

void inode_accessed(struct inode *inode)
{
	if (atomic_load_explicit(&inode->accessed, memory_order_relaxed) || inode->super->read_only)
		return;
	/* Nobody waits for a time: whoever holds the lock will set some of his own. */
	if (!mutex_trylock(&inode->lock))
		return;
	inode_read_locked(inode);
	atomic_store_explicit(&inode->accessed, true, memory_order_relaxed);
	mutex_unlock(&inode->lock);
}

static long regular_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	struct inode *inode = file->inode;
	long done;

	if (unlikely(file_is_direct(file)))
		done = direct_read(file, buf, n, pos);
	else
		done = inode->ops->read ? inode->ops->read(inode, pos, buf, n) : mapping_read_user(&inode->mapping, &file->ra, pos, buf, n);
	if (done > 0 && !(file_flags(file) & VFS_NOATIME))
		inode_accessed(inode);
	return done;
}

/* How much of n may be written at pos; -EFBIG: nothing. Lock held. */
static long clip(struct inode *inode, uint64_t pos, size_t n)
{
	uint64_t most = inode_max_size(inode);

	if (pos >= most)
		return -EFBIG;
	return n < most - pos ? (long)n : (long)(most - pos);
}

/* One hold of the lock. > 0: written; 0: the source is to be faulted in; or -errno. */
static long write_locked(struct file *file, uintptr_t buf, size_t n, uint64_t *pos)
{
	struct inode *inode = file->inode;
	uint64_t size = mapping_size(&inode->mapping);
	long done;

	if (file_flags(file) & VFS_APPEND)
		*pos = size;
	done = clip(inode, *pos, n);
	if (done < 0)
		return done;
	if (unlikely(inode->seals))
		done = inode_seals_write(inode, *pos, (size_t)done);
	if (done > 0)
		done = mapping_write_user(&inode->mapping, *pos, buf, (size_t)done);
	if (done > 0) {
		*pos += (uint64_t)done;
		inode_written_locked(inode, size);
	}
	return done;
}

static long write_some(struct file *file, uintptr_t buf, size_t n, uint64_t *pos)
{
	long done;
	int err;

	do {
		if (mutex_lock_killable(&file->inode->lock))
			return -EINTR;
		done = write_locked(file, buf, n, pos);
		mutex_unlock(&file->inode->lock);
		err = done ? 0 : mm_fault_in(current->mm, buf, 1, FAULT_READ);
	} while (!done && !err);
	return err ? err : done;
}

static long sync_written(struct file *file, uint64_t end, long n)
{
	unsigned flags = file_flags(file);
	int err = 0;

	if (n > 0 && flags & (VFS_SYNC | VFS_DSYNC))
		err = vfs_fsync_range(file, end - (uint64_t)n, end, !(flags & VFS_SYNC));
	return err ? err : n;
}

static long direct_written(struct file *file, uintptr_t buf, size_t n, uint64_t *pos)
{
	long done = direct_write(file, buf, n, pos);

	return done > 0 ? sync_written(file, *pos, done) : done;
}

static long regular_write_at(struct file *file, uintptr_t buf, size_t n, uint64_t *pos)
{
	size_t done = 0;
	long part = 0;

	if (!file->inode->mapping.ops->writable)
		return -EINVAL;
	if (unlikely(file_is_direct(file)))
		return direct_written(file, buf, n, pos);
	while (done < n) {
		part = write_some(file, buf + done, n - done, pos);
		if (part < 0)
			break;
		done += (size_t)part;
		if (writeback_settle())
			break; /* killed */
	}
	return done ? sync_written(file, *pos, (long)done) : part;
}

static long regular_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return regular_write_at(file, buf, n, &pos);
}

const struct file_ops regular_file_ops = { .read = regular_read, .write = regular_write, .write_at = regular_write_at };
