/* SPDX-License-Identifier: MIT */
/* Attributes of inodes: fs/attr.c. All sleep, hold nothing, and give Linux's errors. */
#ifndef FS_ATTR_H
#define FS_ATTR_H

#include "fs/vfs.h"

#define VFS_NO_ID UINT32_MAX /* as it is */

int vfs_chmod(struct inode *inode, unsigned mode);
int vfs_chown(struct inode *inode, unsigned uid, unsigned gid);
int vfs_set_times(struct inode *inode, const struct timestamp *atime, const struct timestamp *mtime); /* NULL: as it is */
int vfs_truncate(struct inode *inode, uint64_t size);
int vfs_fallocate(struct inode *inode, unsigned mode, uint64_t start, uint64_t len);

static inline uint64_t inode_max_size(const struct inode *inode)
{
	return inode->super->max_size ? inode->super->max_size : INT64_MAX;
}

#endif
