/* SPDX-License-Identifier: MIT */
/* O_DIRECT. The statement is in fs/direct.c. */
#ifndef FS_DIRECT_H
#define FS_DIRECT_H

#include "fs/vfs.h"

/* Bytes of a file that follow each other on a device. */
struct file_extent {
	struct blkdev *dev;
	uint64_t sector, len;
	bool hole; /* they do not: they are zero */
};

bool inode_takes_direct(const struct inode *inode); /* or VFS_DIRECT is -EINVAL */

/* Do its reads and writes go past the cache? */
static inline bool file_is_direct(const struct file *file)
{
	return file_flags(file) & VFS_DIRECT && file->inode->ops->locate;
}

/* As regular files are read and written. -EINVAL: place or length is not a multiple of a sector. Sleep; nothing held. */
long direct_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos);
long direct_write(struct file *file, uintptr_t buf, size_t n, uint64_t *pos);

#endif
