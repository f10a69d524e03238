/* SPDX-License-Identifier: MIT */
/* Operations on files as the VFS does them: its locks, its link counts, without paths and descriptors. 0 or -errno. */
#ifndef TESTS_HOST_EXT2OPS_H
#define TESTS_HOST_EXT2OPS_H

#include "fs/vfs.h"

int op_lookup(struct inode *dir, const char *name, struct inode **out);
int op_create(struct inode *dir, const char *name, unsigned mode, const char *target, struct inode **out);
int op_link(struct inode *dir, const char *name, struct inode *inode);
int op_unlink(struct inode *dir, const char *name);
int op_rename(struct inode *from, const char *name, struct inode *to, const char *new_name, bool exchange);
int op_truncate(struct inode *inode, uint64_t size);
long op_write(struct inode *inode, uint64_t pos, const void *buf, size_t n);
void op_chmod(struct inode *inode, unsigned mode, struct timestamp mtime);

/* Everything to the disk, file data too. */
int op_sync(struct super *super);

#endif
