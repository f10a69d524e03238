/* SPDX-License-Identifier: MIT */
/* What a pipe is, for pipe.c, which moves bytes, and fifo.c, which opens and closes its ends. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/poll.h"

#define PIPE_PAGES 16u
#define PIPE_SIZE_MAX (1u << 31)
#define PIPE_SIZE_ANYBODY (1u << 20) /* more takes CAP_SYS_RESOURCE */
#define PIPE_BUF 4096u

/* (D) lock, (I) the inode's lock */
struct pipe {
	struct spinlock lock;
	uint64_t head, tail;	 /* bytes ever written, ever read			(D) */
	unsigned readers, writers; /* open files that may					(I,D) */
	uint64_t reader_opens, writer_opens; /* ever					(I,D) */
	char **pages;		 /* of the ring; NULL: nothing there			(D) */
	unsigned nr_pages;	 /* a power of two					(D) */
	struct waitq read_wait;	 /* for bytes, or a writer */
	struct waitq write_wait; /* for room, or a reader */
};

/* Lock held. */
static inline size_t pipe_used(const struct pipe *p)
{
	return p->head - p->tail;
}

static inline size_t pipe_size(const struct pipe *p)
{
	return p->nr_pages * PAGE_SIZE;
}

struct pipe *pipe_new(void); /* no end is open. NULL: no memory */
void pipe_free(struct pipe *p);

/* The size it has then, or -EBUSY: there is more in it; -EINVAL, -ENOMEM. */
long pipe_resize(struct pipe *p, size_t size);

/* Of file_ops; file->private is the pipe. */
long pipe_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos);
long pipe_write_whole(struct file *file, const struct user_range *v, size_t count, size_t total);
long pipe_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos);

/* What a reader looks at: n bytes from the skip-th on, copied to buf; at: where in the stream the first byte was (of the pipe, not of the view). */
struct pipe_view {
	char *buf;
	size_t n, skip;
	uint64_t at;
};

/* wait: for the first byte, or byte of room. As read and write, without SIGPIPE: bytes, 0 at the end, -EAGAIN, -EPIPE, -ENOMEM, a signal. */
long pipe_look(struct file *file, struct pipe_view *v, bool wait);
bool pipe_drop(struct file *file, const struct pipe_view *v, size_t n); /* n bytes out; false: another reader has taken what was looked at */
long pipe_take(struct file *file, struct pipe_view *v, bool wait);	 /* both */
long pipe_room(struct file *file, bool wait);				 /* how many bytes fit just now */
long pipe_put(struct file *file, const char *buf, size_t n);		 /* all, even if that takes waiting */

bool file_is_pipe(const struct file *file);

/* Opens an end, or both, of the pipe of this inode, by file->flags; waits for the other end unless it need not. 0, -ENXIO, -ENOMEM, a signal. */
int fifo_open(struct inode *inode, struct file *file);

/* F_SETPIPE_SZ and, with size 0, F_GETPIPE_SZ. -EBADF: not a pipe. */
long file_pipe_size(struct file *file, size_t size);

#endif
