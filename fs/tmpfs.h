/* SPDX-License-Identifier: MIT */
/* A file system in memory: what fs/tmpfs*.c share. */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/vfs.h"

#define TMPFS_MAGIC 0x01021994

/* (C) constant, (A) atomic */
struct tmpfs {
	struct super super;	      /*						(C) */
	uint64_t limit;		      /* of pages					(C) */
	uint64_t max_inodes;	      /*						(C) */
	_Atomic uint64_t used;	      /* pages that inodes have been charged for	(A) */
	_Atomic uint64_t inodes;      /*						(A) */
	_Atomic uint64_t next_ino;    /*						(A) */
};

static inline struct tmpfs *tmpfs_of(const struct inode *inode)
{
	return inode->super->private;
}

/* fs/tmpfs_dir.c */
struct tmpfs_dir *tmpfs_dir_new(struct inode *parent); /* NULL: no memory */
void tmpfs_dir_free(struct tmpfs_dir *dir);	       /* an empty one */
extern const struct inode_ops tmpfs_dir_ops;

/* fs/tmpfs.c: a new inode, published, with nothing that names it. parent: of a directory. */
int tmpfs_inode_new(struct super *super, const struct inode_make *make, struct inode *parent, const char *name, size_t len, struct inode **out);
void tmpfs_evict(struct inode *inode);

/* fs/tmpfs_file.c */
extern const struct inode_ops tmpfs_file_ops;
extern const struct backing_ops tmpfs_backing;
void tmpfs_uncharge(struct inode *inode); /* all of it: its pages are gone */

#endif
