/* SPDX-License-Identifier: MIT */
/* Bytes into pipes and out of them without a detour through user memory. */
#ifndef FS_SPLICE_H
#define FS_SPLICE_H

#include "fs/vfs.h"

/* All: at most n bytes, fewer if there are no more or there is no more room; wait: for the first one. Bytes, or -errno as read and write. */
long splice_pipes(struct file *in, struct file *out, size_t n, bool wait);
long splice_tee(struct file *in, struct file *out, size_t n, bool wait); /* and they stay in `in`, too */
long splice_to_file(struct file *in, struct inode *out, uint64_t pos, size_t n, bool wait);
long splice_from_file(struct inode *in, uint64_t pos, struct file *out, size_t n, bool wait);
long splice_to_user(struct file *in, uintptr_t buf, size_t n, bool wait);
long splice_from_user(uintptr_t buf, struct file *out, size_t n, bool wait);

#endif
