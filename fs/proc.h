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

/* path: below /proc, "fault/stats"; directories on the way come by themselves; both functions are told it, so that they can serve several
 * files. store may be NULL: 0 or -errno; data is terminated. Boot time only. */
void proc_register(const char *path, void (*show)(struct text *t, const char *path),
		   int (*store)(const char *path, const char *data));

/* Per-process files: /proc/PID/NAME and /proc/self/NAME. init registers this once. */
struct proc_processes {
	unsigned (*self)(void);
	unsigned (*next)(unsigned pid);			   /* lowest pid >= this one, 0: none */
	const char *const *names;			   /* NULL at the end */
	int (*show)(unsigned pid, const char *name, struct text *t); /* 0 or -ESRCH */
	long (*exe)(unsigned pid, char *buf, size_t size); /* where /proc/PID/exe points; -ENOENT */
};

void proc_set_processes(const struct proc_processes *p);

void proc_system_register(void); /* fs/proc_system.c, from proc_mount */

#endif
