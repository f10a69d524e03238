/* SPDX-License-Identifier: MIT */
/* /proc/PID and /proc/self, between fs/proc.c and fs/proc_pid.c. */
#ifndef FS_PROC_PID_H
#define FS_PROC_PID_H

#include "fs/proc.h"
#include "fs/vfs.h"

#define PROC_PID_POS (1ull << 20) /* positions in /proc's directory from here on are processes */

/* Passes entries on and notes when the reader had enough. */
struct dir_stop {
	struct dir_sink sink;
	struct dir_sink *to;
	bool stopped;
};

bool dir_stop_emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next);

int proc_pid_lookup(const char *name, size_t len, struct inode **out);
int proc_pid_readdir(uint64_t pos, struct dir_sink *sink);

/* Makes it a text file, whose text comes from make: 0 or -errno, which read(2) then gives. make holds no lock. What is written to it goes to
 * store, as one terminated piece without the blanks at its end; NULL: -EINVAL. 0 or -ENOMEM. */
typedef int make_text(struct inode *inode, struct text *t);
typedef int store_text(struct inode *inode, const char *data);
int proc_text_open(struct file *file, make_text *make, store_text *store);
struct inode *proc_root_inode(void);

#endif
