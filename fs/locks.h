/* SPDX-License-Identifier: MIT */
/* Advisory locks on files: flock(2), and records of fcntl(2). */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include "fs/vfs.h"

/* flock's and records do not see each other. */
enum lock_kind { LOCKS_WHOLE, LOCKS_RECORD };
enum lock_type { LOCKS_SHARED, LOCKS_EXCLUSIVE, LOCKS_NONE };

struct lock_range {
	enum lock_kind kind;
	enum lock_type type;
	uint64_t start, last; /* bytes, both included */
	const void *owner;    /* who may have it: a process's table of files, or an open file */
	int pid;	      /* for F_GETLK */
};

/* Sets, changes or (LOCKS_NONE) removes. -EAGAIN: somebody has it; with wait, sleeps until nobody has. -ENOMEM, -EDEADLK: who
 * has it waits for this owner; or as a wait ends. */
int locks_set(struct inode *inode, const struct lock_range *want, bool wait);

/* What stands in the way of that, in its place; or type LOCKS_NONE. */
void locks_test(struct inode *inode, struct lock_range *range);

/* All that this owner has there. */
void locks_drop_slow(struct inode *inode, const void *owner);

static inline void locks_drop(struct inode *inode, const void *owner)
{
	/* relaxed: whoever has set locks for this owner has done so before it lets go */
	if (atomic_load_explicit(&inode->locks, memory_order_relaxed))
		locks_drop_slow(inode, owner);
}

#endif
