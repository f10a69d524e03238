/* SPDX-License-Identifier: MIT */
/* Where a process is: current directory and umask, shared by CLONE_FS. And paths that come from user space. */
#ifndef INIT_WHERE_H
#define INIT_WHERE_H

#include "fs/vfs.h"

struct where {
	_Atomic unsigned refs;
	_Atomic(struct inode *) cwd; /* referenced; RCU to read */
	_Atomic unsigned umask;
};

struct where *where_new(struct inode *cwd); /* takes its own reference. NULL: no memory */
struct where *where_copy(struct where *from);
struct where *where_get(struct where *where);
void where_put(struct where *where); /* sleeps */

struct inode *where_cwd(struct where *where);		      /* with a reference */
void where_chdir(struct where *where, struct inode *dir);     /* takes over the reference. Sleeps */

/* A path out of user memory, for kfree. 0, -EFAULT, -ENAMETOOLONG, -ENOMEM; -ENOENT for "" unless empty_ok. Sleeps. */
int path_from_user(uintptr_t user, bool empty_ok, char **out);

/* Where `path` begins for a call with this directory descriptor: referenced. 0 or -EBADF, -ENOTDIR. */
int path_base(int dir, const char *path, struct inode **base);

/* The inode meant by (dir, path): path == "" is dir itself. flags: enum lookup_flags. Referenced. Sleeps. */
int path_lookup(int dir, const char *path, unsigned flags, struct inode **out);

/* The same of a path in user memory; empty_ok: it may be "". */
int user_lookup(int dir, uintptr_t user, unsigned flags, bool empty_ok, struct inode **out);

#endif
