/* SPDX-License-Identifier: MIT */
/* Changing an inode, whatever its names: mode, owner, times, size, blocks; and seeing it onto the disk. */
#include "fs/attr.h"
#include "fs/permit.h"
#include "fs/seals.h"

#include "lib/errno.h"
#include "mm/truncate.h"
#include "mm/writeback.h"

static int change_begin(struct inode *inode)
{
	if (inode->super->read_only)
		return -EROFS;
	return mutex_lock_killable(&inode->lock);
}

int vfs_chmod(struct inode *inode, unsigned mode)
{
	int err;

	if (inode_type(inode) == S_IFLNK)
		return -EOPNOTSUPP;
	err = change_begin(inode);
	if (err)
		return err;
	if ((inode->mode ^ mode) & 0111)
		err = inode_seals(inode, VFS_SEAL_EXEC);
	if (!err)
		err = permit_owner(inode);
	if (!err) {
		inode->mode = inode_type(inode) | (permit_mode(inode, mode) & 07777);
		inode_touch_locked(inode, TOUCH_CTIME);
	}
	mutex_unlock(&inode->lock);
	return err;
}

/* A program that changes hands no longer runs as its owner; S_ISGID without execution means something else. */
static void drop_privileges(struct inode *inode)
{
	if (inode_type(inode) == S_IFDIR)
		return;
	inode->mode &= ~(unsigned)S_ISUID;
	if (inode->mode & 010)
		inode->mode &= ~(unsigned)S_ISGID;
}

int vfs_chown(struct inode *inode, unsigned uid, unsigned gid)
{
	int err = change_begin(inode);

	if (err)
		return err;
	err = permit_chown(inode, uid, gid);
	if (!err && uid != VFS_NO_ID)
		inode->uid = uid;
	if (!err && gid != VFS_NO_ID)
		inode->gid = gid;
	if (!err) {
		drop_privileges(inode);
		inode_touch_locked(inode, TOUCH_CTIME);
	}
	mutex_unlock(&inode->lock);
	return err;
}

int vfs_set_times(struct inode *inode, const struct timestamp *atime, const struct timestamp *mtime)
{
	int err = change_begin(inode);

	if (err)
		return err;
	inode_settle_stores_locked(inode);
	inode_touch_locked(inode, TOUCH_CTIME);
	if (atime)
		inode->atime = *atime;
	if (mtime)
		inode->mtime = *mtime;
	atomic_store_explicit(&inode->accessed, false, memory_order_relaxed);
	inode_dirty_locked(inode);
	mutex_unlock(&inode->lock);
	return 0;
}

/* ---- size ---- */

/* Lock held. */
static int truncate_locked(struct inode *inode, uint64_t size)
{
	int err = inode_seals(inode, size < mapping_size(&inode->mapping) ? VFS_SEAL_SHRINK : 0);

	if (!err && size > mapping_size(&inode->mapping))
		err = inode_seals(inode, VFS_SEAL_GROW);
	if (!err && size != mapping_size(&inode->mapping))
		err = inode->ops->truncate(inode, size);
	if (!err)
		inode_touch_locked(inode, TOUCH_MTIME | TOUCH_CTIME);
	return err;
}

int vfs_truncate(struct inode *inode, uint64_t size)
{
	int err;

	if (inode_type(inode) == S_IFDIR)
		return -EISDIR;
	if (inode_type(inode) != S_IFREG)
		return -EINVAL;
	if (size > inode_max_size(inode))
		return -EFBIG;
	if (!inode->ops->truncate && !inode->super->read_only)
		return -EPERM;
	err = inode_write_begin(inode);
	if (err)
		return err;
	err = change_begin(inode);
	if (!err) {
		err = truncate_locked(inode, size);
		mutex_unlock(&inode->lock);
	}
	inode_write_end(inode);
	return err;
}

/* Lock held. */
static int fallocate_locked(struct inode *inode, unsigned mode, uint64_t start, uint64_t len)
{
	bool beyond = start + len > mapping_size(&inode->mapping);
	bool grows = !(mode & FALLOC_KEEP_SIZE) && beyond;
	int err = inode_seals(inode, mode & FALLOC_PUNCH_HOLE ? VFS_SEALS_WRITE : beyond ? VFS_SEAL_GROW : 0);

	if (!err)
		err = inode->ops->fallocate(inode, mode, start, len);
	if (!err)
		inode_touch_locked(inode, mode & FALLOC_PUNCH_HOLE || grows ? TOUCH_MTIME | TOUCH_CTIME : TOUCH_CTIME);
	return err;
}

int vfs_fallocate(struct inode *inode, unsigned mode, uint64_t start, uint64_t len)
{
	unsigned type = inode_type(inode);
	int err;

	if (type == S_IFIFO)
		return -ESPIPE;
	if (type == S_IFDIR)
		return -EISDIR;
	if (type != S_IFREG)
		return -ENODEV;
	if (start > inode_max_size(inode) || len > inode_max_size(inode) - start)
		return -EFBIG;
	if (!inode->ops->fallocate)
		return -EOPNOTSUPP;
	err = change_begin(inode);
	if (err)
		return err;
	err = fallocate_locked(inode, mode, start, len);
	mutex_unlock(&inode->lock);
	return err;
}

/* ---- onto the disk ---- */

int vfs_fsync_range(struct file *file, uint64_t start, uint64_t end, bool data_only)
{
	struct inode *inode = file->inode;
	struct mapping *m = &inode->mapping;
	int err = 0, seen;

	if (inode_type(inode) != S_IFREG && inode_type(inode) != S_IFDIR)
		return -EINVAL;
	inode_settle_stores(inode);
	if (m->ops && m->ops->write_pages)
		err = mapping_sync(m, start, end);
	if (!err && inode->ops->fsync)
		err = inode->ops->fsync(inode, data_only);
	seen = m->ops ? mapping_error_since(m, &file->error_seq) : 0;
	return err ? err : seen;
}

static int super_sync(struct super *super)
{
	return super->ops && super->ops->sync ? super->ops->sync(super) : 0;
}

int vfs_syncfs(struct super *super)
{
	if (!super->read_only)
		writeback_all();
	return super_sync(super);
}

static struct super *supers; /* boot only to write */

void vfs_super_add(struct super *super)
{
	super->next = supers;
	supers = super;
}

void vfs_sync(void)
{
	writeback_all();
	for (struct super *s = supers; s; s = s->next)
		super_sync(s);
}

void vfs_unmount_all(void)
{
	vfs_sync();
	for (struct super *s = supers; s; s = s->next)
		if (s->ops && s->ops->unmount)
			s->ops->unmount(s);
}

void vfs_usage(struct super *super, struct fs_usage *out)
{
	*out = (struct fs_usage){ .block_size = super->block_size ? super->block_size : PAGE_SIZE };
	if (super->ops && super->ops->usage)
		super->ops->usage(super, out);
}
