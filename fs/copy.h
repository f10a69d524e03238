/* SPDX-License-Identifier: MIT */
/* Bytes of one regular file to another. */
#ifndef FS_COPY_H
#define FS_COPY_H

#include "fs/vfs.h"

struct copy_range {
	struct inode *from, *to;
	uint64_t from_pos, to_pos;
	size_t len;
};

long vfs_write_kernel(struct inode *to, const char *buf, size_t n, uint64_t pos); /* n: at most a page */

/* How many, or -errno. Sleeps. */
long vfs_copy(const struct copy_range *c);

#endif
