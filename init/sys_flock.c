/* SPDX-License-Identifier: MIT */
/* Locks on files. A record of F_SETLK belongs to the process, by its table of descriptors; one of F_OFD_SETLK, and flock's, to the open file. */
#include "init/syscalls.h"

#include "fs/locks.h"
#include "init/files.h"
#include "init/flock.h"
#include "init/linux.h"
#include "init/process.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

long sys_flock(int fd, unsigned op)
{
	struct lock_range want = { .kind = LOCKS_WHOLE, .last = UINT64_MAX };
	unsigned type = op & ~(unsigned)LOCK_NONBLOCK;
	struct file *file;
	int err;

	if (op & LOCK_MAND)
		return 0; /* nobody heeds it, nobody is told */
	if (type != LOCK_SHARED && type != LOCK_EXCLUSIVE && type != LOCK_UNLOCK)
		return -EINVAL;
	file = fd_get_open(fd);
	if (!file)
		return -EBADF;
	want.type = type == LOCK_SHARED ? LOCKS_SHARED : type == LOCK_EXCLUSIVE ? LOCKS_EXCLUSIVE : LOCKS_NONE;
	want.owner = file;
	err = locks_set(file->inode, &want, !(op & LOCK_NONBLOCK));
	file_put(file);
	return err;
}

struct linux_flock {
	int16_t type, whence;
	int64_t start, len;
	int32_t pid;
};

_Static_assert(sizeof(struct linux_flock) == 32, "struct flock");

static int base_of(struct file *file, int whence, int64_t *base)
{
	switch (whence) {
	case ABI_SEEK_SET:
		*base = 0;
		return 0;
	case ABI_SEEK_CUR:
		*base = file->ops->stream ? 0 : file_seek(file, 0, ABI_SEEK_CUR);
		return 0;
	case ABI_SEEK_END:
		*base = (int64_t)mapping_size(&file->inode->mapping);
		return 0;
	default:
		return -EINVAL;
	}
}

/* The bytes that are meant. */
static int range_of(struct file *file, const struct linux_flock *from, struct lock_range *to)
{
	int64_t start;
	int err = base_of(file, from->whence, &start);

	if (err)
		return err;
	if (__builtin_add_overflow(start, from->start, &start))
		return -EOVERFLOW;
	if (start < 0 || (from->len < 0 && start + from->len < 0))
		return -EINVAL;
	if (from->len > 0 && from->len - 1 > INT64_MAX - start)
		return -EOVERFLOW;
	to->start = (uint64_t)(from->len < 0 ? start + from->len : start);
	to->last = from->len < 0 ? (uint64_t)start - 1 : from->len ? (uint64_t)(start + from->len - 1) : INT64_MAX;
	return 0;
}

static int type_of(const struct file *file, int type, bool set, struct lock_range *to)
{
	if (type != F_RDLCK && type != F_WRLCK && !(type == F_UNLCK && set))
		return -EINVAL;
	if (set && ((type == F_RDLCK && !file_readable(file)) || (type == F_WRLCK && !file_writable(file))))
		return -EBADF;
	to->type = type == F_RDLCK ? LOCKS_SHARED : type == F_WRLCK ? LOCKS_EXCLUSIVE : LOCKS_NONE;
	return 0;
}

static long test(struct file *file, struct lock_range *range, struct linux_flock *l, uintptr_t user)
{
	locks_test(file->inode, range);
	l->type = (int16_t)(range->type == LOCKS_NONE ? F_UNLCK : range->type == LOCKS_SHARED ? F_RDLCK : F_WRLCK);
	if (range->type != LOCKS_NONE) {
		l->whence = ABI_SEEK_SET;
		l->start = (int64_t)range->start;
		l->len = range->last == INT64_MAX ? 0 : (int64_t)(range->last - range->start + 1);
		l->pid = range->pid;
	}
	return copy_to_user(user, l, sizeof(*l));
}

/*
 * A record goes with any close of the file. One that comes while another thread closes the descriptor would be nobody's: the close has looked
 * before the record was there. So we look, under the lock that a close takes before it looks.
 */
static long set(int fd, struct file *file, struct lock_range *range, bool wait)
{
	int err = locks_set(file->inode, range, wait);

	if (err || range->owner == file || range->type == LOCKS_NONE || fd_still(fd, file))
		return err;
	range->type = LOCKS_NONE;
	locks_set(file->inode, range, false);
	return -EBADF;
}

long file_record_lock(int fd, struct file *file, unsigned command, uintptr_t user)
{
	struct process *p = process_current();
	bool ofd = command >= F_OFD_GETLK, sets = command != F_GETLK && command != F_OFD_GETLK;
	struct lock_range range = { .kind = LOCKS_RECORD, .owner = ofd ? (const void *)file : p->files, .pid = ofd ? -1 : (int)p->pid };
	struct linux_flock l;
	int err;

	if (copy_from_user(&l, user, sizeof(l)))
		return -EFAULT;
	err = type_of(file, l.type, sets, &range);
	if (!err)
		err = range_of(file, &l, &range);
	if (!err && ofd && l.pid)
		err = -EINVAL;
	if (err)
		return err;
	if (!sets)
		return test(file, &range, &l, user);
	return set(fd, file, &range, command == F_SETLKW || command == F_OFD_SETLKW);
}
