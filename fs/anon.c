/* SPDX-License-Identifier: MIT */
/* Open files without a name or a place: event counters, timers, epoll. */
#include "fs/event.h"

#include "lib/errno.h"

static struct super anon_super = { .type = "anon_inodefs", .dev = 7 };
static const struct inode_ops anon_inode_ops = { 0 };

int anon_open(const struct file_ops *ops, void *private, unsigned flags, struct file **out)
{
	struct inode *inode = inode_new(&anon_super, 1, 0600);
	int err;

	if (!inode)
		return -ENOMEM;
	inode->ops = &anon_inode_ops;
	err = vfs_open_inode(inode, VFS_READ | VFS_WRITE | flags, out);
	inode_put(inode);
	if (err)
		return err;
	(*out)->ops = ops;
	(*out)->private = private;
	return 0;
}
