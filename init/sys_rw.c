/* SPDX-License-Identifier: MIT */
/* System calls that move bytes through a descriptor. */
#include "init/syscalls.h"

#include "fs/vfs.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define POS_OWN UINT64_MAX /* at the file's own position */

/* One transfer between a file and one range of user memory. */
struct transfer {
	struct file *file;
	uint64_t pos; /* or POS_OWN */
	bool write;
};

static long move_range(const struct transfer *t, uintptr_t buf, size_t n)
{
	bool open = t->write ? file_writable(t->file) : file_readable(t->file);

	if (!open)
		return -EBADF;
	if (!user_range_ok(buf, n))
		return -EFAULT;
	if (n > MAX_RW_COUNT)
		n = MAX_RW_COUNT;
	if (t->pos == POS_OWN)
		return t->write ? file_write(t->file, buf, n) : file_read(t->file, buf, n);
	return t->write ? file_pwrite(t->file, buf, n, t->pos) : file_pread(t->file, buf, n, t->pos);
}

static long moved(long ret)
{
	if (unlikely(ret == -EPIPE))
		signal_send_task(task_current(), SIGPIPE);
	return ret;
}

static long move(int fd, uintptr_t buf, size_t n, uint64_t pos, bool write)
{
	struct transfer t = { .file = fd_get(fd), .pos = pos, .write = write };
	long ret;

	if (!t.file)
		return -EBADF;
	ret = move_range(&t, buf, n);
	file_put(t.file);
	return moved(ret);
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

#define VECTOR_ON_STACK 8

/* Reads and checks the vector. 0 or -errno; every range lies in user memory and the sum does not overflow afterwards. */
static int vector_read(struct iovec *v, uintptr_t user, size_t count)
{
	if (copy_from_user(v, user, count * sizeof(*v)))
		return -EFAULT;
	for (size_t i = 0; i < count; i++)
		if ((int64_t)v[i].len < 0)
			return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!user_range_ok(v[i].base, v[i].len))
			return -EFAULT;
	return 0;
}

/* One range after the other, until one comes out short. */
static long move_vector(struct transfer *t, const struct iovec *v, size_t count)
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

static long vector(struct transfer *t, uintptr_t user, int count)
{
	struct iovec small[VECTOR_ON_STACK], *v = small;
	long ret;

	if (t->write ? !file_writable(t->file) : !file_readable(t->file))
		return -EBADF;
	if (count < 0 || count > UIO_MAXIOV)
		return -EINVAL;
	if (count > VECTOR_ON_STACK)
		v = kmalloc((size_t)count * sizeof(*v));
	if (!v)
		return -ENOMEM;
	ret = vector_read(v, user, (size_t)count);
	if (!ret)
		ret = move_vector(t, v, (size_t)count);
	if (v != small)
		kfree(v);
	return ret;
}

static long vector_fd(int fd, uintptr_t user, int count, bool write)
{
	struct transfer t = { .file = fd_get(fd), .pos = POS_OWN, .write = write };
	long ret;

	if (!t.file)
		return -EBADF;
	ret = vector(&t, user, count);
	file_put(t.file);
	return moved(ret);
}

long sys_readv(int fd, uintptr_t iov, int count)
{
	return vector_fd(fd, iov, count, false);
}

long sys_writev(int fd, uintptr_t iov, int count)
{
	return vector_fd(fd, iov, count, true);
}

/* ---- the rest ---- */

long sys_lseek(int fd, int64_t offset, unsigned whence)
{
	struct file *file = fd_get(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = whence > ABI_SEEK_HOLE ? -EINVAL : file_seek(file, offset, (int)whence);
	file_put(file);
	return ret;
}

enum { FIONCLEX = 0x5450, FIOCLEX = 0x5451 };

long sys_ioctl(int fd, unsigned command, uintptr_t arg)
{
	struct file *file = fd_get(fd);
	long ret;

	if (!file)
		return -EBADF;
	if (command == FIONCLEX || command == FIOCLEX)
		ret = fd_set_cloexec(fd, command == FIOCLEX);
	else
		ret = file_ioctl(file, command, arg);
	file_put(file);
	return ret;
}

/* The file system is read-only: everything is on the disk already. */
long sys_sync(void)
{
	return 0;
}

long sys_fsync(int fd)
{
	struct file *file = fd_get(fd);
	unsigned type;

	if (!file)
		return -EBADF;
	type = inode_type(file->inode);
	file_put(file);
	return type == S_IFREG || type == S_IFDIR ? 0 : -EINVAL;
}

long sys_fdatasync(int fd)
{
	return sys_fsync(fd);
}
