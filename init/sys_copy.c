/* SPDX-License-Identifier: MIT */
/* System calls that move bytes between files, and say what will be done with them. */
#include "init/syscalls.h"

#include "fs/attr.h"
#include "fs/copy.h"
#include "fs/pipe.h"
#include "fs/socket.h"
#include "fs/splice.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/socket_message.h"
#include "init/vector.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/pagecache.h"
#include "mm/truncate.h"
#include "mm/writeback.h"

/* A position in user memory, or the file's own. */
static int pos_get(struct file *file, uintptr_t user, uint64_t *pos)
{
	int64_t at = 0;

	if (!user)
		at = file_seek(file, 0, ABI_SEEK_CUR);
	else if (copy_from_user(&at, user, sizeof(at)))
		return -EFAULT;
	if (at < 0)
		return user ? -EINVAL : (int)at;
	*pos = (uint64_t)at;
	return 0;
}

static int pos_put(struct file *file, uintptr_t user, uint64_t pos)
{
	if (user)
		return copy_to_user(user, &pos, sizeof(pos));
	return file_seek(file, (int64_t)pos, ABI_SEEK_SET) < 0 ? -EINVAL : 0;
}

static bool is_regular(const struct file *file)
{
	return inode_type(file->inode) == S_IFREG && file->inode->mapping.ops;
}

/* From one file to another: copy_file_range, sendfile, splice. */
struct splice {
	struct file *in, *out;
	uintptr_t in_pos, out_pos; /* user addresses, or 0 */
	size_t n;
	unsigned flags;
};

static bool overlap(const struct copy_range *c)
{
	return c->from == c->to && c->from_pos < c->to_pos + c->len && c->to_pos < c->from_pos + c->len;
}

static int copy_plan(const struct splice *s, struct copy_range *c)
{
	int err = pos_get(s->in, s->in_pos, &c->from_pos);

	if (!err)
		err = pos_get(s->out, s->out_pos, &c->to_pos);
	if (!err && (c->from_pos > INT64_MAX - c->len || c->to_pos > INT64_MAX - c->len))
		err = -EINVAL;
	return err ? err : limit_file_size(c->to_pos, &c->len);
}

/* The end of a write of so many bytes from pos on: on the disk, if the file was opened for that. */
static long written(struct file *file, uint64_t pos, long done)
{
	unsigned sync = file_flags(file) & (VFS_SYNC | VFS_DSYNC);
	int err = done > 0 && sync ? vfs_fsync_range(file, pos, pos + (uint64_t)done, !(sync & VFS_SYNC)) : 0;

	return err ? err : done;
}

/* Where from and to, and back again. */
static long copy(const struct splice *s, struct copy_range *c)
{
	long done = vfs_copy(c);
	int err = 0;

	if (done > 0)
		err = pos_put(s->in, s->in_pos, c->from_pos + (uint64_t)done);
	if (done > 0 && pos_put(s->out, s->out_pos, c->to_pos + (uint64_t)done))
		err = -EFAULT;
	return err ? err : written(s->out, c->to_pos, done);
}

static struct copy_range copy_of(const struct splice *s)
{
	return (struct copy_range){ .from = s->in->inode, .to = s->out->inode, .len = s->n < MAX_RW_COUNT ? s->n : MAX_RW_COUNT };
}

/* What the copy itself may add to the file behind its end is not copied. */
static void clip(struct copy_range *c)
{
	uint64_t size = mapping_size(&c->from->mapping), left = c->from_pos < size ? size - c->from_pos : 0;

	c->len = c->len < left ? c->len : (size_t)left;
}

static long copy_file_range(const struct splice *s)
{
	struct copy_range c = copy_of(s);
	int err;

	if (inode_type(c.from) == S_IFDIR || inode_type(c.to) == S_IFDIR)
		return -EISDIR;
	if (!is_regular(s->in) || !is_regular(s->out))
		return -EINVAL;
	if (!file_readable(s->in) || !file_writable(s->out) || file_flags(s->out) & VFS_APPEND)
		return -EBADF;
	if (c.from->super != c.to->super)
		return -EXDEV;
	if (!s->n)
		return 0;
	err = copy_plan(s, &c);
	clip(&c);
	if (!err && overlap(&c))
		err = -EINVAL;
	return err || !c.len ? err : copy(s, &c);
}

static long between(struct splice *s, int in, int out, long (*fn)(const struct splice *s))
{
	long ret = -EBADF;

	s->in = fd_get(in);
	s->out = s->in ? fd_get(out) : NULL;
	if (s->out) {
		ret = pipe_signal(s->out, fn(s));
		file_put(s->out);
	}
	if (s->in)
		file_put(s->in);
	return ret;
}

long sys_copy_file_range(int in_fd, uintptr_t in_pos, int out_fd, uintptr_t out_pos, size_t n, unsigned flags)
{
	struct splice s = { .in_pos = in_pos, .out_pos = out_pos, .n = n };

	return flags ? -EINVAL : between(&s, in_fd, out_fd, copy_file_range);
}

/* The position is told even if it has not moved. */
static int pos_same(uintptr_t user)
{
	int64_t at;

	return copy_from_user(&at, user, sizeof(at)) || copy_to_user(user, &at, sizeof(at)) ? -EFAULT : 0;
}

/* ---- splice ---- */

enum { SPLICE_F_NONBLOCK = 2, SPLICE_F_ALL = 15 };

static bool may_wait(const struct splice *s)
{
	return !(s->flags & SPLICE_F_NONBLOCK);
}

static bool wait_allowed(const struct file *pipe)
{
	return !(file_flags(pipe) & VFS_NONBLOCK);
}

static long pipe_to_pipe(const struct splice *s)
{
	if (s->in->private == s->out->private)
		return -EINVAL;
	return splice_pipes(s->in, s->out, s->n, may_wait(s) && wait_allowed(s->in) && wait_allowed(s->out));
}

static long pipe_to_file(const struct splice *s)
{
	size_t n = s->n;
	uint64_t pos;
	long done;

	if (!is_regular(s->out) || file_flags(s->out) & VFS_APPEND)
		return -EINVAL;
	done = pos_get(s->out, s->out_pos, &pos);
	if (!done)
		done = limit_file_size(pos, &n);
	if (!done)
		done = splice_to_file(s->in, s->out->inode, pos, n, may_wait(s) && wait_allowed(s->in));
	return done > 0 && pos_put(s->out, s->out_pos, pos + (uint64_t)done) ? -EFAULT : written(s->out, pos, done);
}

static long file_to_pipe(const struct splice *s)
{
	uint64_t pos;
	long done;

	if (!is_regular(s->in))
		return -EINVAL;
	done = pos_get(s->in, s->in_pos, &pos);
	if (!done)
		done = splice_from_file(s->in->inode, pos, s->out, s->n, may_wait(s) && wait_allowed(s->out));
	return done > 0 && pos_put(s->in, s->in_pos, pos + (uint64_t)done) ? -EFAULT : done;
}

static long splice_files(const struct splice *s)
{
	bool from_pipe = file_is_pipe(s->in), to_pipe = file_is_pipe(s->out);

	if ((from_pipe && s->in_pos) || (to_pipe && s->out_pos))
		return -ESPIPE;
	if (!file_readable(s->in) || !file_writable(s->out))
		return -EBADF;
	if (from_pipe && to_pipe)
		return pipe_to_pipe(s);
	if ((int64_t)s->n < 0 || (!from_pipe && !to_pipe))
		return -EINVAL;
	return to_pipe ? file_to_pipe(s) : pipe_to_file(s);
}

static long tee_files(const struct splice *s)
{
	if (!file_readable(s->in) || !file_writable(s->out))
		return -EBADF;
	if (!file_is_pipe(s->in) || !file_is_pipe(s->out) || s->in->private == s->out->private)
		return -EINVAL;
	return splice_tee(s->in, s->out, s->n, may_wait(s) && wait_allowed(s->in) && wait_allowed(s->out));
}

static long with_files(struct splice *s, int in, int out, long (*fn)(const struct splice *s))
{
	if (s->flags & ~(unsigned)SPLICE_F_ALL)
		return -EINVAL;
	return s->n ? between(s, in, out, fn) : 0;
}

long sys_splice(int in, uintptr_t in_pos, int out, uintptr_t out_pos, size_t n, unsigned flags)
{
	struct splice s = { .in_pos = in_pos, .out_pos = out_pos, .n = n, .flags = flags };

	return with_files(&s, in, out, splice_files);
}

long sys_tee(int in, int out, size_t n, unsigned flags)
{
	struct splice s = { .n = n, .flags = flags };

	return with_files(&s, in, out, tee_files);
}

/* ---- sendfile ---- */

static long send_to_file(const struct splice *s)
{
	struct copy_range c = copy_of(s);
	int err = copy_plan(s, &c);

	if (err)
		return err;
	if (c.from_pos >= inode_max_size(c.from) || c.from_pos >= inode_max_size(c.to))
		return -EOVERFLOW;
	return s->n ? copy(s, &c) : 0;
}

/* A page's worth at a time. */
static long file_to_socket(const struct splice *s)
{
	char *buf = kmalloc(PAGE_SIZE);
	size_t done = 0, part;
	uint64_t pos;
	long got = buf ? pos_get(s->in, s->in_pos, &pos) : -ENOMEM, put = got;

	do {
		struct socket_io io = { .bytes = buf };

		part = s->n - done < PAGE_SIZE ? s->n - done : PAGE_SIZE;
		if (put >= 0)
			put = got = mapping_read_kernel(&s->in->inode->mapping, pos + done, buf, part);
		io.total = (size_t)got;
		if (put > 0)
			put = socket_send(s->out, &io);
		done += put > 0 ? (size_t)put : 0;
	} while (put > 0 && put == got && done < s->n);
	kfree(buf);
	if (done)
		put = pos_put(s->in, s->in_pos, pos + done) ? -EFAULT : (long)done;
	return put;
}

/* Between regular files, or to a pipe or socket: -EINVAL for others, and programs read and write then. */
static long sendfile(const struct splice *s)
{
	long done;

	if (!file_readable(s->in))
		return -EBADF;
	if (s->in_pos && s->in->ops->stream)
		return -ESPIPE;
	if ((int64_t)s->n < 0)
		return -EINVAL;
	if (!file_writable(s->out))
		return -EBADF;
	if (!is_regular(s->in) || file_flags(s->out) & VFS_APPEND || (!file_is_pipe(s->out) && !file_is_socket(s->out) && !is_regular(s->out)))
		return -EINVAL;
	done = file_is_pipe(s->out) ? file_to_pipe(s) : file_is_socket(s->out) ? file_to_socket(s) : send_to_file(s);
	return !done && s->in_pos ? pos_same(s->in_pos) : done;
}

long sys_sendfile(int out_fd, int in_fd, uintptr_t pos, size_t n)
{
	struct splice s = { .in_pos = pos, .n = n };

	return between(&s, in_fd, out_fd, sendfile);
}

/* ---- vmsplice ---- */

/* Waits before the first byte only, as a whole. */
static long vmsplice(struct file *pipe, const struct vector *vec, bool wait)
{
	size_t done = 0, len = 0;
	long part = 0;

	for (size_t i = 0; i < vec->count && part >= 0 && (size_t)part == len; i++) {
		uintptr_t base = vec->v[i].base;

		len = vec->v[i].len < MAX_RW_COUNT - done ? vec->v[i].len : MAX_RW_COUNT - done;
		part = !len ? 0 : file_writable(pipe) ? splice_from_user(base, pipe, len, wait && !done)
						      : splice_to_user(pipe, base, len, wait && !done);
		done += part > 0 ? (size_t)part : 0;
	}
	return done ? (long)done : part;
}

/* O_NONBLOCK is not heeded, only the flag. */
long sys_vmsplice(int fd, uintptr_t user, size_t count, unsigned flags)
{
	struct vector vec;
	struct file *file;
	long ret = -EBADF;

	if (flags & ~(unsigned)SPLICE_F_ALL)
		return -EINVAL;
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	if (file_is_pipe(file))
		ret = vector_get(&vec, user, (unsigned)count);
	if (!ret) {
		ret = pipe_signal(file, vmsplice(file, &vec, !(flags & SPLICE_F_NONBLOCK)));
		vector_free(&vec);
	}
	file_put(file);
	return ret;
}

/* ---- hints ---- */

enum { ADVICE_NORMAL, ADVICE_RANDOM, ADVICE_SEQUENTIAL, ADVICE_WILLNEED, ADVICE_DONTNEED, ADVICE_LAST };

/* Whole pages of [start, end): what is dirty is on its way to the disk, and stays; of the last page of the file the part in it counts as all. */
static void drop_pages(struct mapping *m, uint64_t start, uint64_t end)
{
	pgoff_t first = (start + PAGE_SIZE - 1) >> PAGE_SHIFT, last = end >> PAGE_SHIFT;

	if (end >= mapping_size(m))
		last = UINT64_MAX >> PAGE_SHIFT;
	if (first < last) {
		mapping_flush_range(m, start >> PAGE_SHIFT, last);
		mapping_invalidate(m, first, last);
	}
}

static void advise(struct mapping *m, uint64_t start, uint64_t len, int advice)
{
	uint64_t end = len && len <= UINT64_MAX - start ? start + len : UINT64_MAX;

	if (!m->ops || m->ops->volatile_pages)
		return;
	if (advice == ADVICE_WILLNEED)
		cache_prefetch(m, start >> PAGE_SHIFT, (end >> PAGE_SHIFT) - (start >> PAGE_SHIFT) + 1);
	else if (advice == ADVICE_DONTNEED)
		drop_pages(m, start, end);
}

/* How far reads by this open file go ahead. */
static void advise_reads(struct file *file, int advice)
{
	static const enum readahead_mode modes[] = { [ADVICE_NORMAL] = READAHEAD_NORMAL, [ADVICE_RANDOM] = READAHEAD_RANDOM,
						     [ADVICE_SEQUENTIAL] = READAHEAD_SEQUENTIAL };

	readahead_set_mode(&file->ra, modes[advice]);
}

long sys_fadvise64(int fd, int64_t start, int64_t len, int advice)
{
	struct file *file = fd_get_open(fd);
	long ret = 0;

	if (!file)
		return -EBADF;
	if (inode_type(file->inode) == S_IFIFO)
		ret = -ESPIPE;
	else if (len < 0 || advice < 0 || advice > ADVICE_LAST)
		ret = -EINVAL;
	else if (advice <= ADVICE_SEQUENTIAL)
		advise_reads(file, advice);
	else if (start >= 0)
		advise(&file->inode->mapping, (uint64_t)start, (uint64_t)len, advice);
	file_put(file);
	return ret;
}

long sys_readahead(int fd, int64_t start, size_t n)
{
	struct file *file = fd_get(fd);
	long ret = 0;

	if (!file)
		return -EBADF;
	if (!file_readable(file))
		ret = -EBADF;
	else if (!is_regular(file) || (int64_t)n < 0)
		ret = -EINVAL;
	else if (start >= 0 && n)
		advise(&file->inode->mapping, (uint64_t)start, n, ADVICE_WILLNEED);
	file_put(file);
	return ret;
}
