/* SPDX-License-Identifier: MIT */
/* The name cache: what directories were found to hold, so that a path need not be searched for each time. */
#ifndef FS_NAMES_H
#define FS_NAMES_H

#include "fs/vfs.h"

/*
 * Is it known what dir has by that name? Then *out is the inode, referenced, or NULL: there is no such name. dir is referenced, no lock is
 * needed. Sleeps.
 */
bool name_find(struct inode *dir, const char *name, size_t len, struct inode **out);

/* That is what dir has (0: no such name). dir->names held, exclusively if that has just changed. May do nothing but forget. */
void name_note(const struct inode *dir, const char *name, size_t len, uint64_t ino);

/* Nothing is known, until somebody notes it. dir->names held exclusively. */
void name_forget(const struct inode *dir, const char *name, size_t len);

/* Forgets up to n names; how many. For reclaim. */
unsigned name_shrink(unsigned n);

/* fs/path.c: what dir has by that name, from the cache or the directory; dir->names held either way. 0 and a reference, or -ENOENT, ...
 * and NULL. */
int name_lookup_locked(struct inode *dir, const char *name, size_t len, struct inode **out);

/* The directory above, of the same file system (a root's is itself); dir is referenced. 0 and a reference, -EINTR, -EIO, ... */
int dir_parent(struct inode *dir, struct inode **up);

/* Of what is mounted there, the root. The reference goes over. */
struct inode *vfs_uncover(struct inode *inode);

static inline bool name_is_dots(const char *name, size_t len)
{
	return len == 1 ? name[0] == '.' : len == 2 && name[0] == '.' && name[1] == '.';
}

#endif
