/* SPDX-License-Identifier: MIT */
/* System calls that move bytes between files, and say what will be done with them; and files without any name. */
#include "init/syscalls.h"

#include "fs/copy.h"
#include "init/files.h"
#include "init/linux.h"
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

/* To regular files only: -EINVAL for others, and programs read and write then. */
static long sendfile(struct file *out, struct file *in, uintptr_t pos, size_t n)
{
	if (!file_readable(in) || !file_writable(out))
		return -EBADF;
	if (!is_regular(in) || !is_regular(out) || file_flags(out) & VFS_APPEND)
		return -EINVAL;
	return n ? copy(in, pos, out, 0, n) : 0;
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
