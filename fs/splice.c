/* SPDX-License-Identifier: MIT */
/*
 * splice, tee and vmsplice: a page's worth at a time through kernel memory, where Linux hands the pages themselves over. So what has been spliced
 * out of a file or of user memory is a copy, and stays as it was when these change.
 *
 * A step out of a pipe looks, stores, and takes out only then, as a reader does (fs/pipe.c); if another reader was quicker it stores what came next
 * in the same place. Into a pipe nothing can be stored twice: that step finds out how much room there is, takes no more than that, and puts it in. If
 * another writer was quicker, the rest waits for room.
 */
#include "fs/splice.h"

#include "fs/copy.h"
#include "fs/pipe.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/write.h"

/* What one step needs. Constant but for done. */
struct way {
	struct file *in, *out;	     /* pipes, or NULL */
	struct inode *from, *to;     /* regular files, or NULL */
	uint64_t pos;		     /* there */
	uintptr_t user;		     /* if an end is neither */
	bool stays;		     /* tee */
	size_t done;
};

/* At most v->n bytes into v->buf. */
static long step_in(const struct way *w, struct pipe_view *v, bool wait)
{
	v->skip = w->stays ? w->done : 0;
	if (w->in)
		return w->out && !w->stays ? pipe_take(w->in, v, wait) : pipe_look(w->in, v, wait);
	if (w->from)
		return mapping_read_kernel(&w->from->mapping, w->pos + w->done, v->buf, v->n);
	return copy_from_user(v->buf, w->user + w->done, v->n) ? -EFAULT : (long)v->n;
}

static long step_out(const struct way *w, const char *buf, size_t n)
{
	if (w->out)
		return pipe_put(w->out, buf, n);
	if (w->to)
		return vfs_write_kernel(w->to, buf, n, w->pos + w->done);
	return copy_to_user(w->user + w->done, buf, n) ? -EFAULT : (long)n;
}

static long step(const struct way *w, char *buf, size_t n, bool wait)
{
	long part = w->out ? pipe_room(w->out, wait) : PIPE_BUF;
	struct pipe_view v = { .buf = buf };

	if (part <= 0)
		return part;
	part = part < PIPE_BUF ? part : PIPE_BUF;
	v.n = n < (size_t)part ? n : (size_t)part;
	do {
		part = step_in(w, &v, wait);
		part = part > 0 ? step_out(w, buf, (size_t)part) : part;
	} while (part > 0 && w->in && !w->out && !pipe_drop(w->in, &v, (size_t)part));
	return part;
}

static long go(struct way *w, size_t n, bool wait)
{
	char *buf = kmalloc(PIPE_BUF);
	long part = buf ? 1 : -ENOMEM;

	while (part > 0 && w->done < n) {
		part = step(w, buf, n - w->done, wait && !w->done);
		w->done += part > 0 ? (size_t)part : 0;
	}
	kfree(buf);
	return w->done ? (long)w->done : part;
}

long splice_pipes(struct file *in, struct file *out, size_t n, bool wait)
{
	struct way w = { .in = in, .out = out };

	return go(&w, n, wait);
}

long splice_tee(struct file *in, struct file *out, size_t n, bool wait)
{
	struct way w = { .in = in, .out = out, .stays = true };

	return go(&w, n, wait);
}

long splice_to_file(struct file *in, struct inode *out, uint64_t pos, size_t n, bool wait)
{
	struct way w = { .in = in, .to = out, .pos = pos };

	return go(&w, n, wait);
}

long splice_from_file(struct inode *in, uint64_t pos, struct file *out, size_t n, bool wait)
{
	struct way w = { .from = in, .out = out, .pos = pos };
	long done = go(&w, n, wait);

	if (done > 0)
		inode_accessed(in);
	return done;
}

long splice_to_user(struct file *in, uintptr_t buf, size_t n, bool wait)
{
	struct way w = { .in = in, .user = buf };

	return go(&w, n, wait);
}

long splice_from_user(uintptr_t buf, struct file *out, size_t n, bool wait)
{
	struct way w = { .out = out, .user = buf };

	return go(&w, n, wait);
}
