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

/* fs/path.c: what dir has by that name, from the cache or the directory; dir->names held either way. 0 and a reference, -ENOENT, ... */
int name_lookup_locked(struct inode *dir, const char *name, size_t len, struct inode **out);

#endif
