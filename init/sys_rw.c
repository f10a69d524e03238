/* SPDX-License-Identifier: MIT */
/* System calls that move bytes through a descriptor. */
#include "init/syscalls.h"

#include "fs/vfs.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/socket_message.h"
#include "init/vector.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define POS_OWN UINT64_MAX /* at the file's own position */

/* One transfer between a file and one range of user memory. */
struct transfer {
	struct file *file;
	uint64_t pos; /* or POS_OWN */
	bool write;
};

/* RLIMIT_FSIZE: a write beyond it is cut, one that begins there is a signal. Where another thread moves the position meanwhile, the limit may be
 * missed by that much. What is no write to a file at all, the file refuses. */
static int size_limit(const struct transfer *t, uintptr_t buf, size_t *n)
{
	uint64_t at = t->pos;

	if (limit_get(RLIMIT_FSIZE) == RLIM_INFINITY || !*n || inode_type(t->file->inode) != S_IFREG)
		return 0;
	if (!file_writable(t->file) || !user_range_ok(buf, *n))
		return 0;
	if (at == POS_OWN)
		at = file_flags(t->file) & VFS_APPEND ? mapping_size(&t->file->inode->mapping) : t->file->pos;
	return *n > INT64_MAX - at ? 0 : limit_file_size(at, n); /* that, the file refuses */
}

static long move_range(const struct transfer *t, uintptr_t buf, size_t n)
{
	int err = t->write ? size_limit(t, buf, &n) : 0;

	if (err)
		return err;
	if (t->pos == POS_OWN)
		return t->write ? file_write(t->file, buf, n) : file_read(t->file, buf, n);
	return t->write ? file_pwrite(t->file, buf, n, t->pos) : file_pread(t->file, buf, n, t->pos);
}

static long move(int fd, uintptr_t buf, size_t n, uint64_t pos, bool write)
{
	struct transfer t = { .file = fd_get(fd), .pos = pos, .write = write };
	long ret;

	if (!t.file)
		return -EBADF;
	ret = pipe_signal(t.file, move_range(&t, buf, n));
	file_put(t.file);
	return ret;
}

long sys_read(int fd, uintptr_t buf, size_t n)
{
	return move(fd, buf, n, POS_OWN, false);
}

long sys_write(int fd, uintptr_t buf, size_t n)
{
	return move(fd, buf, n, POS_OWN, true);
}

long sys_pread64(int fd, uintptr_t buf, size_t n, int64_t pos)
{
	return pos < 0 ? -EINVAL : move(fd, buf, n, (uint64_t)pos, false);
}

long sys_pwrite64(int fd, uintptr_t buf, size_t n, int64_t pos)
{
	return pos < 0 ? -EINVAL : move(fd, buf, n, (uint64_t)pos, true);
}

/* ---- vectors ---- */

/* One range after the other, until one comes out short. */
static long move_ranges(struct transfer *t, const struct user_range *v, size_t count)
{
	size_t done = 0;

	for (size_t i = 0; i < count && done < MAX_RW_COUNT; i++) {
		size_t n = v[i].len < MAX_RW_COUNT - done ? v[i].len : MAX_RW_COUNT - done;
		long ret = n || count == 1 ? move_range(t, v[i].base, n) : 0;

		if (ret < 0)
			return done ? (long)done : ret;
		done += (size_t)ret;
		if (t->pos != POS_OWN)
			t->pos += (size_t)ret;
		if ((size_t)ret < n)
			break;
	}
	return (long)done;
}

/* In one piece where the file promises that. */
static long move_vector(struct transfer *t, const struct user_range *v, size_t count)
{
	long ret = -EOVERFLOW;

	if (t->write && count > 1 && t->file->ops->write_whole)
		ret = t->file->ops->write_whole(t->file, v, count, vector_total(v, count));
	return ret == -EOVERFLOW ? move_ranges(t, v, count) : ret;
}

static long vector(struct transfer *t, uintptr_t user, int count)
{
	struct vector vec;
	long ret;

	if (t->write ? !file_writable(t->file) : !file_readable(t->file))
		return -EBADF;
	ret = vector_get(&vec, user, (unsigned)count);
	if (!ret) {
		ret = move_vector(t, vec.v, vec.count);
		vector_free(&vec);
	}
	return ret;
}

static long vector_fd(int fd, uintptr_t user, int count, uint64_t pos, bool write)
{
	struct transfer t = { .file = fd_get(fd), .pos = pos, .write = write };
	long ret;

	if (!t.file)
		return -EBADF;
	if (pos != POS_OWN && t.file->ops->stream)
		ret = -ESPIPE;
	else
		ret = pipe_signal(t.file, vector(&t, user, count));
	file_put(t.file);
	return ret;
}

long sys_readv(int fd, uintptr_t iov, int count)
{
	return vector_fd(fd, iov, count, POS_OWN, false);
}

long sys_writev(int fd, uintptr_t iov, int count)
{
	return vector_fd(fd, iov, count, POS_OWN, true);
}

long sys_preadv(int fd, uintptr_t iov, int count, int64_t pos)
{
	return pos < 0 ? -EINVAL : vector_fd(fd, iov, count, (uint64_t)pos, false);
}

long sys_pwritev(int fd, uintptr_t iov, int count, int64_t pos)
{
	return pos < 0 ? -EINVAL : vector_fd(fd, iov, count, (uint64_t)pos, true);
}

/* RWF_NOWAIT is for files that can tell whether they would wait: none here. RWF_HIPRI has nothing to do, nor RWF_APPEND for a read. 0, or -errno. */
static int rw_flags_check(unsigned flags)
{
	if (flags & ~(unsigned)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND))
		return -EOPNOTSUPP;
	return 0;
}

/* Position -1 is the file's own. */
long sys_preadv2(int fd, uintptr_t iov, int count, int64_t pos, uint64_t high, unsigned flags)
{
	int err = rw_flags_check(flags);

	(void)high; /* of a position on machines with 32 bits */
	if (err)
		return err;
	return pos == -1 ? sys_readv(fd, iov, count) : sys_preadv(fd, iov, count, pos);
}

/* At the end of a regular file, wherever that is. moves: the file's position is then behind what has been written. */
static long append_vector(struct file *file, uintptr_t iov, int count, bool moves)
{
	struct transfer t = { .pos = POS_OWN, .write = true };
	long ret = vfs_open_inode(file->inode, (file_flags(file) & ~(unsigned)VFS_RUNS) | VFS_APPEND, &t.file);

	if (ret)
		return ret;
	ret = vector(&t, iov, count);
	if (ret > 0 && moves)
		file_seek(file, (int64_t)t.file->pos, ABI_SEEK_SET);
	file_put(t.file);
	return ret;
}

/* What has no position is written at its end anyhow, and is on no disk. */
static long write_flagged(struct file *file, uintptr_t iov, int count, uint64_t pos, unsigned flags)
{
	struct transfer t = { .file = file, .pos = pos, .write = true };
	bool regular = inode_type(file->inode) == S_IFREG;
	long ret;
	int err = 0;

	if (pos != POS_OWN && file->ops->stream)
		return -ESPIPE;
	if (flags & RWF_APPEND && regular)
		ret = append_vector(file, iov, count, pos == POS_OWN);
	else
		ret = vector(&t, iov, count);
	if (ret > 0 && regular && flags & (RWF_DSYNC | RWF_SYNC))
		err = vfs_fsync_range(file, 0, UINT64_MAX, !(flags & RWF_SYNC));
	return err ? err : ret;
}

/* Position -1 is the file's own. */
long sys_pwritev2(int fd, uintptr_t iov, int count, int64_t pos, uint64_t high, unsigned flags)
{
	long ret = rw_flags_check(flags);
	struct file *file;

	(void)high;
	if (ret || pos < -1)
		return ret ? ret : -EINVAL;
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	ret = pipe_signal(file, write_flagged(file, iov, count, pos == -1 ? POS_OWN : (uint64_t)pos, flags));
	file_put(file);
	return ret;
}

/* ---- the rest ---- */

long sys_lseek(int fd, int64_t offset, unsigned whence)
{
	struct file *file = fd_get_open(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = whence > ABI_SEEK_HOLE ? -EINVAL : file_seek(file, offset, (int)whence);
	file_put(file);
	return ret;
}

enum { FIONBIO = 0x5421, FIONCLEX = 0x5450, FIOCLEX, FIOASYNC, FIONREAD = 0x541b };

/* What is left to read of a regular file. */
static long left_to_read(struct file *file, uintptr_t out)
{
	int32_t n = (int32_t)(mapping_size(&file->inode->mapping) - file->pos);

	return copy_to_user(out, &n, sizeof(n));
}

static long set_nonblock(struct file *file, uintptr_t from)
{
	int32_t on;

	if (copy_from_user(&on, from, sizeof(on)))
		return -EFAULT;
	if (on)
		atomic_fetch_or_explicit(&file->flags, VFS_NONBLOCK, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&file->flags, ~(unsigned)VFS_NONBLOCK, memory_order_relaxed);
	return 0;
}

/* What every file understands, then what this one does. */
static long file_control(int fd, struct file *file, unsigned command, uintptr_t arg)
{
	switch (command) {
	case FIOCLEX:
	case FIONCLEX:
		return fd_set_cloexec(fd, command == FIOCLEX);
	case FIONBIO:
		return set_nonblock(file, arg);
	case FIONREAD:
		if (inode_type(file->inode) == S_IFREG)
			return left_to_read(file, arg);
		/* fallthrough */
	default:
		return file_ioctl(file, command, arg);
	}
}

long sys_ioctl(int fd, unsigned command, uintptr_t arg)
{
	struct file *file = fd_get(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = file_flags(file) & VFS_PATH ? -EBADF : file_control(fd, file, command, arg);
	file_put(file);
	return ret;
}
