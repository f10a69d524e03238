/* SPDX-License-Identifier: MIT */
/* What fs/namespace.c and fs/rename.c share. */
#ifndef FS_NAMESPACE_H
#define FS_NAMESPACE_H

#include "fs/vfs.h"

/* To change what is in dir: its `names` exclusively. 0, -EINTR, -ENOENT: it is removed. */
int dir_lock(struct inode *dir);

/* One name more or less; ctime. Sleeps. */
void inode_count(struct inode *inode, int by);

/* Names in it have changed: so many subdirectories more; mtime, ctime. Sleeps. */
void dir_changed(struct inode *dir, int subdirectories);

bool links_full(const struct inode *inode);

/* A name of this inode is to go; it should be, or not be, a directory. -ENOTDIR, -EISDIR, -EBUSY. Its directory is locked. */
int may_remove(const struct inode *inode, bool dir_wanted);

/* dir has lost its name in parent. Both locked. */
void dir_forsake(struct inode *dir, struct inode *parent);

#endif
