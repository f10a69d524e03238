/* SPDX-License-Identifier: MIT */
/* Seals: what can never be done to a file in memory again. The statement is in fs/seals.c. */
#ifndef FS_SEALS_H
#define FS_SEALS_H

#include "fs/vfs.h"

/* Linux's numbers. */
enum seals { VFS_SEAL_SEAL = 1, VFS_SEAL_SHRINK = 2, VFS_SEAL_GROW = 4, VFS_SEAL_WRITE = 8, VFS_SEAL_FUTURE_WRITE = 16, VFS_SEAL_EXEC = 32 };

#define VFS_SEALS_WRITE (VFS_SEAL_WRITE | VFS_SEAL_FUTURE_WRITE)

/* -EPERM: one of these is forbidden. lock held. */
static inline int inode_seals(const struct inode *inode, unsigned what)
{
	return inode->seals & what ? -EPERM : 0;
}

/* F_GET_SEALS: enum seals, or -EINVAL: not a file that can have any. */
int file_seals_get(struct file *file);

/* F_ADD_SEALS: 0, -EPERM, -EINVAL, -EBUSY: somebody maps the file and could store; -EINTR. Sleeps. */
int file_seals_add(struct file *file, unsigned seals);

bool inode_sealable(const struct inode *inode); /* it may get seals yet */

/* Around making a mapping through which the file could be stored to. 0, until inode_store_end; or -EPERM: nobody shall ever. */
int inode_store_begin(struct inode *inode);
void inode_store_end(struct inode *inode);

/* How many of n bytes may be written at pos, or -EPERM. lock held. */
long inode_seals_write(const struct inode *inode, uint64_t pos, size_t n);

#endif
