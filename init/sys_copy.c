/* SPDX-License-Identifier: MIT */
/* System calls that move bytes between files, and say what will be done with them; and files without any name. */
#include "init/syscalls.h"

#include "fs/copy.h"
#include "fs/pipe.h"
#include "fs/splice.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/root.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/truncate.h"

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

static bool overlap(const struct copy_range *c)
{
	return c->from == c->to && c->from_pos < c->to_pos + c->len && c->to_pos < c->from_pos + c->len;
}

/* Where from and to, and back again. */
static long copy(struct file *in, uintptr_t in_pos, struct file *out, uintptr_t out_pos, size_t n)
{
	struct copy_range c = { .from = in->inode, .to = out->inode, .len = n < MAX_RW_COUNT ? n : MAX_RW_COUNT };
	int err = pos_get(in, in_pos, &c.from_pos);
	long done;

	if (!err)
		err = pos_get(out, out_pos, &c.to_pos);
	if (!err && (c.from_pos > INT64_MAX - c.len || c.to_pos > INT64_MAX - c.len || overlap(&c)))
		err = -EINVAL;
	if (!err)
		err = limit_file_size(c.to_pos, &c.len);
	if (err)
		return err;
	done = vfs_copy(&c);
	if (done > 0)
		err = pos_put(in, in_pos, c.from_pos + (uint64_t)done);
	if (done > 0 && !err)
		err = pos_put(out, out_pos, c.to_pos + (uint64_t)done);
	return err ? err : done;
}

static long copy_file_range(struct file *in, uintptr_t in_pos, struct file *out, uintptr_t out_pos, size_t n)
{
	if (!file_readable(in) || !file_writable(out) || file_flags(out) & VFS_APPEND)
		return -EBADF;
	if (inode_type(in->inode) == S_IFDIR || inode_type(out->inode) == S_IFDIR)
		return -EISDIR;
	if (!is_regular(in) || !is_regular(out))
		return -EINVAL;
	return n ? copy(in, in_pos, out, out_pos, n) : 0;
}

long sys_copy_file_range(int in_fd, uintptr_t in_pos, int out_fd, uintptr_t out_pos, size_t n, unsigned flags)
{
	struct file *in = fd_get(in_fd), *out = in ? fd_get(out_fd) : NULL;
	long ret = -EBADF;

	if (out)
		ret = flags ? -EINVAL : copy_file_range(in, in_pos, out, out_pos, n);
	if (out)
		file_put(out);
	if (in)
		file_put(in);
	return ret;
}

/* The position is told even if it has not moved. */
static int pos_same(uintptr_t user)
{
	int64_t at;

	return copy_from_user(&at, user, sizeof(at)) || copy_to_user(user, &at, sizeof(at)) ? -EFAULT : 0;
}

/* To regular files only: -EINVAL for others, and programs read and write then. */
static long sendfile(struct file *out, struct file *in, uintptr_t pos, size_t n)
{
	long done;

	if (!file_readable(in) || !file_writable(out))
		return -EBADF;
	if (!is_regular(in) || !is_regular(out) || file_flags(out) & VFS_APPEND)
		return -EINVAL;
	done = n ? copy(in, pos, out, 0, n) : 0;
	return !done && pos ? pos_same(pos) : done;
}

long sys_sendfile(int out_fd, int in_fd, uintptr_t pos, size_t n)
{
	struct file *in = fd_get(in_fd), *out = in ? fd_get(out_fd) : NULL;
	long ret = out ? sendfile(out, in, pos, n) : -EBADF;

	if (out)
		file_put(out);
	if (in)
		file_put(in);
	return ret;
}

/* ---- splice ---- */

enum { SPLICE_F_NONBLOCK = 2, SPLICE_F_ALL = 15 };

struct splice {
	struct file *in, *out;
	uintptr_t in_pos, out_pos; /* user addresses, or 0 */
	size_t n;
	unsigned flags;
};

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
	if (s->in_pos || s->out_pos)
		return -ESPIPE;
	if (s->in->private == s->out->private)
		return -EINVAL;
	return splice_pipes(s->in, s->out, s->n, may_wait(s) && wait_allowed(s->in) && wait_allowed(s->out));
}

static long pipe_to_file(const struct splice *s)
{
	uint64_t pos;
	long done;

	if (s->in_pos)
		return -ESPIPE;
	if (!is_regular(s->out) || file_flags(s->out) & VFS_APPEND)
		return -EINVAL;
	done = pos_get(s->out, s->out_pos, &pos);
	if (!done)
		done = splice_to_file(s->in, s->out->inode, pos, s->n, may_wait(s) && wait_allowed(s->in));
	return done > 0 && pos_put(s->out, s->out_pos, pos + (uint64_t)done) ? -EFAULT : done;
}

static long file_to_pipe(const struct splice *s)
{
	uint64_t pos;
	long done;

	if (s->out_pos)
		return -ESPIPE;
	if (!is_regular(s->in))
		return -EINVAL;
	done = pos_get(s->in, s->in_pos, &pos);
	if (!done)
		done = splice_from_file(s->in->inode, pos, s->out, s->n, may_wait(s) && wait_allowed(s->out));
	return done > 0 && pos_put(s->in, s->in_pos, pos + (uint64_t)done) ? -EFAULT : done;
}

static long splice_files(const struct splice *s)
{
	if (!file_readable(s->in) || !file_writable(s->out))
		return -EBADF;
	if (file_is_pipe(s->in))
		return file_is_pipe(s->out) ? pipe_to_pipe(s) : pipe_to_file(s);
	return file_is_pipe(s->out) ? file_to_pipe(s) : -EINVAL;
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
	long ret = -EBADF;

	if (s->flags & ~(unsigned)SPLICE_F_ALL)
		return -EINVAL;
	if (!s->n)
		return 0;
	s->n = s->n < MAX_RW_COUNT ? s->n : MAX_RW_COUNT;
	s->in = fd_get(in);
	s->out = s->in ? fd_get(out) : NULL;
	if (s->out)
		ret = fn(s);
	if (s->out)
		file_put(s->out);
	if (s->in)
		file_put(s->in);
	if (ret == -EPIPE)
		signal_send_task(task_current(), SIGPIPE);
	return ret;
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

/* Waits before the first byte only, as a whole. */
static long vmsplice(struct file *pipe, uintptr_t vector, size_t count, bool wait)
{
	size_t done = 0, len = 0;
	struct user_range r;
	long part = 0;

	for (size_t i = 0; i < count && part >= 0 && (size_t)part == len; i++) {
		if (copy_from_user(&r, vector + i * sizeof(r), sizeof(r)))
			return done ? (long)done : -EFAULT;
		len = r.len < MAX_RW_COUNT - done ? r.len : MAX_RW_COUNT - done;
		part = !len ? 0 : file_writable(pipe) ? splice_from_user(r.base, pipe, len, wait && !done)
						      : splice_to_user(pipe, r.base, len, wait && !done);
		done += part > 0 ? (size_t)part : 0;
	}
	return done ? (long)done : part;
}

long sys_vmsplice(int fd, uintptr_t vector, size_t count, unsigned flags)
{
	struct file *file;
	long ret = -EBADF;

	if (flags & ~(unsigned)SPLICE_F_ALL)
		return -EINVAL;
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	if (file_is_pipe(file))
		ret = count > UIO_MAXIOV ? -EINVAL : vmsplice(file, vector, count, !(flags & SPLICE_F_NONBLOCK) && wait_allowed(file));
	file_put(file);
	if (ret == -EPIPE)
		signal_send_task(task_current(), SIGPIPE);
	return ret;
}

/* ---- hints ---- */

enum { ADVICE_DONTNEED = 4, ADVICE_LAST = 5 };

static void drop_pages(struct mapping *m, uint64_t start, uint64_t end)
{
	pgoff_t last = end == UINT64_MAX ? UINT64_MAX >> PAGE_SHIFT : end >> PAGE_SHIFT;

	if (m->ops && !m->ops->volatile_pages)
		mapping_invalidate(m, (start + PAGE_SIZE - 1) >> PAGE_SHIFT, last);
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
	else if (advice == ADVICE_DONTNEED && start >= 0)
		drop_pages(&file->inode->mapping, (uint64_t)start, len ? (uint64_t)start + (uint64_t)len : UINT64_MAX);
	file_put(file);
	return ret;
}

long sys_readahead(int fd, int64_t start, size_t n)
{
	struct file *file = fd_get(fd);
	long ret = 0;

	(void)start;
	(void)n;
	if (!file)
		return -EBADF;
	if (!file_readable(file))
		ret = -EBADF;
	else if (!is_regular(file))
		ret = -EINVAL;
	file_put(file);
	return ret;
}

/* ---- memfd ---- */

enum { MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 16, MEMFD_NAME_MAX = 249 };

static int memfd_open(const char *name, unsigned flags, struct file **file)
{
	struct inode *inode;
	int err = memfd_super ? vfs_make_unnamed(memfd_super->root, flags & MFD_NOEXEC_SEAL ? 0666 : 0777, true, &inode) : -ENOMEM;

	if (err)
		return err;
	strlcpy(inode->name, "memfd:", sizeof(inode->name)); /* nobody else has it yet */
	strlcat(inode->name, name, sizeof(inode->name));
	if (flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL))
		inode->seals = 0;
	err = vfs_open_inode(inode, VFS_READ | VFS_WRITE, file);
	inode_put(inode);
	return err;
}

static long memfd_install(const char *name, unsigned flags)
{
	int fd = fd_reserve(0, flags & MFD_CLOEXEC), err;
	struct file *file;

	if (fd < 0)
		return fd;
	err = memfd_open(name, flags, &file);
	if (err) {
		fd_unreserve(fd);
		return err;
	}
	fd_install(fd, file);
	return fd;
}

long sys_memfd_create(uintptr_t user, unsigned flags)
{
	char name[MEMFD_NAME_MAX + 1];
	long len;

	if (flags & ~(unsigned)(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC) ||
	    (flags & (MFD_EXEC | MFD_NOEXEC_SEAL)) == (MFD_EXEC | MFD_NOEXEC_SEAL))
		return -EINVAL;
	len = strncpy_from_user(name, user, sizeof(name));
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	return memfd_install(name, flags);
}
