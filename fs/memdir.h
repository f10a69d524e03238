/* SPDX-License-Identifier: MIT */
/* A tree of names in memory, fixed at boot: /dev and /proc. */
#ifndef FS_MEMDIR_H
#define FS_MEMDIR_H

#include "fs/vfs.h"

struct memnode {
	const char *name;		  /* owned by whoever made it		(C) */
	unsigned mode;			  /*					(C) */
	struct memnode *parent, *children, *next; /*				(boot) */
	struct inode *inode;		  /* made with the node, referenced by it	(C) */
	const void *arg;		  /* the owner's			(C) */
};

/* The child of that name below parent, made if there is none. NULL: no memory. Boot only. */
struct memnode *memdir_add(struct super *super, struct memnode *parent, const char *name, size_t len, unsigned mode);

/* The root of a new tree, and super->root. */
struct memnode *memdir_root(struct super *super);

struct memnode *memdir_find(struct memnode *dir, const char *name, size_t len);

static inline struct memnode *memnode_of(struct inode *inode)
{
	return inode->private;
}

extern const struct inode_ops memdir_ops;
int memdir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
int memdir_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink);

#endif
