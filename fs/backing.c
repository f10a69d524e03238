/* SPDX-License-Identifier: MIT */
/* A file system's inode as mm sees it: what its backing_ops have in common. */
#include "fs/vfs.h"
#include "lib/format.h"

bool inode_backing_get(struct mapping *m)
{
	return inode_tryget(inode_of(m));
}

void inode_backing_put(struct mapping *m)
{
	inode_put(inode_of(m));
}

void inode_backing_name(struct mapping *m, char *buf, size_t size)
{
	struct inode *inode = inode_of(m);

	snprintf(buf, size, "%s", inode->name[0] ? inode->name : inode->super->type);
}
