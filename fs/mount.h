/* SPDX-License-Identifier: MIT */
/* What there is to mount: init/root.c does. */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "fs/vfs.h"

struct blkdev;

/* On an error `why` says in one line what is wrong and what to do. */
int ext2_mount(struct blkdev *dev, struct super **out, char *why, size_t size);
struct super *proc_mount(void);
struct super *dev_mount(void);
struct super *tmpfs_mount(unsigned mode); /* of the root. NULL: no memory */

#endif
