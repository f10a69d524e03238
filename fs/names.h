/* SPDX-License-Identifier: MIT */
/* The name cache: what directories were found to hold, so that a path need not be searched for each time. */
#ifndef FS_NAMES_H
#define FS_NAMES_H

#include "fs/vfs.h"

/* Is it known what dir has by that name? *ino: the inode's number, 0 if there is no such name. Any context. */
bool name_known(const struct inode *dir, const char *name, size_t len, uint64_t *ino);

/* That is what dir has. The caller keeps the directory from changing meanwhile. Never sleeps; may do nothing. */
void name_note(const struct inode *dir, const char *name, size_t len, uint64_t ino);

#endif
