/* SPDX-License-Identifier: MIT */
/* /proc: whoever has something to show registers it. A file's text is made anew whenever somebody reads from its start. */
#ifndef FS_PROC_H
#define FS_PROC_H

#include <stddef.h>
#include <stdint.h>

/* Text being written: grows as needed; what does not fit any more (no memory) is dropped. Its maker's, then constant. */
struct text {
	char *buf;
	size_t len, size;
};

void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_bytes(struct text *t, const void *bytes, size_t n);

/* path: below /proc, "fault/stats"; directories on the way come by themselves; both functions are told it, so that they can serve several
 * files. store may be NULL: 0 or -errno; data is terminated. Boot time only. */
void proc_register(const char *path, void (*show)(struct text *t, const char *path),
		   int (*store)(const char *path, const char *data));

struct inode;
struct inode_ops;

/* An empty directory of /proc, whose contents are the caller's: its operations look them up. Boot time only. */
struct inode *proc_register_dir(const char *name, const struct inode_ops *ops);

/* ---- processes: /proc/self, /proc/PID, /proc/PID/task/TID ---- */

struct file;
struct inode;

/* Whose. Constant. */
struct proc_id {
	unsigned pid;
	unsigned tid; /* 0: the process as a whole */
	unsigned fd;
};

/* One file in the directory of a process and of each of its threads. All sleep; -ESRCH: gone. Constant. */
struct proc_file {
	const char *name;
	int (*show)(const struct proc_id *id, struct text *t);
	int (*store)(const struct proc_id *id, const char *data); /* NULL: read-only */
	int (*target)(const struct proc_id *id, struct inode **out, char *path, size_t size); /* it is a link: to an inode, referenced, if
											       * out is not NULL, with this path */
};

/* init registers this once. next_: the lowest that there is >= the one given, 0 (-1 of fds): none. Constant. */
struct proc_processes {
	unsigned (*self)(void);
	unsigned (*self_thread)(void);
	unsigned (*next)(unsigned pid);
	unsigned (*next_thread)(unsigned pid, unsigned tid);
	int (*next_fd)(unsigned pid, unsigned fd);
	int (*fd_target)(const struct proc_id *id, struct inode **out, char *path, size_t size); /* as proc_file.target */
	const struct proc_file *files; /* name NULL at the end */
};

/* If this is the directory of a process, its pid; else 0. */
unsigned proc_pid_of(const struct inode *inode);

void proc_set_processes(const struct proc_processes *p);

#endif
