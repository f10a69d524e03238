/* SPDX-License-Identifier: MIT */
/* System calls about descriptors, whatever they stand for. */
#include "init/syscalls.h"

#include "fs/direct.h"
#include "fs/pipe.h"
#include "fs/seals.h"
#include "init/files.h"
#include "init/flock.h"
#include "init/linux.h"
#include "init/process.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

long sys_close(int fd)
{
	return fd_close(fd);
}

/* Descriptors that are promised to a file still being opened are passed over. */
long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	unsigned end = fd_table_size();
	int err = 0;

	if (first > last || flags & ~(unsigned)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE)
		err = (int)sys_unshare(CLONE_FILES);
	if (err)
		return err;
	for (unsigned fd = first; fd <= last && fd < end; fd++) {
		if (flags & CLOSE_RANGE_CLOEXEC)
			fd_set_cloexec((int)fd, true);
		else
			fd_close((int)fd);
	}
	return 0;
}

/* The file of fd under the lowest free number >= from. */
static long duplicate(int fd, unsigned from, bool close_on_exec)
{
	struct file *file = fd_get(fd);
	int to;

	if (!file)
		return -EBADF;
	to = fd_reserve(from, close_on_exec);
	if (to < 0)
		file_put(file);
	else
		fd_install(to, file);
	return to;
}

static long duplicate_above(int fd, uint64_t from, bool close_on_exec)
{
	if (fd_cloexec(fd) < 0)
		return -EBADF;
	return from < limit_get(RLIMIT_NOFILE) ? duplicate(fd, (unsigned)from, close_on_exec) : -EINVAL;
}

long sys_dup(int fd)
{
	return duplicate(fd, 0, false);
}

static long duplicate_to(int from, int to, bool close_on_exec)
{
	struct file *file = fd_get(from);

	if (!file)
		return -EBADF;
	return fd_replace(to, file, close_on_exec);
}

long sys_dup2(int from, int to)
{
	struct file *file;

	if (from != to)
		return duplicate_to(from, to, false);
	file = fd_get(from);
	if (!file)
		return -EBADF;
	file_put(file);
	return to;
}

long sys_dup3(int from, int to, unsigned flags)
{
	if (flags & ~(unsigned)ABI_O_CLOEXEC || from == to)
		return -EINVAL;
	return duplicate_to(from, to, flags & ABI_O_CLOEXEC);
}

/* ---- fcntl ---- */

/* Flags that may change while a file is open, here and there. */
static const struct {
	unsigned vfs, abi;
} changeable[] = {
	{ VFS_APPEND, ABI_O_APPEND },
	{ VFS_NONBLOCK, ABI_O_NONBLOCK },
	{ VFS_DIRECT, ABI_O_DIRECT },
};

static unsigned flags_get(const struct file *file)
{
	unsigned flags = file_flags(file), abi = flags & VFS_PATH ? ABI_O_PATH : ABI_O_LARGEFILE;

	if (flags & VFS_WRITE)
		abi |= flags & VFS_READ ? 2 : 1;
	if (flags & VFS_DIRECTORY)
		abi |= ABI_O_DIRECTORY;
	if (flags & VFS_NOFOLLOW)
		abi |= ABI_O_NOFOLLOW;
	for (unsigned i = 0; i < ARRAY_SIZE(changeable); i++)
		if (flags & changeable[i].vfs)
			abi |= changeable[i].abi;
	return abi;
}

static long flags_set(struct file *file, uint64_t abi)
{
	if (abi & ABI_O_DIRECT && inode_type(file->inode) != S_IFIFO && !inode_takes_direct(file->inode))
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(changeable); i++) {
		if (abi & changeable[i].abi)
			atomic_fetch_or_explicit(&file->flags, changeable[i].vfs, memory_order_relaxed);
		else
			atomic_fetch_and_explicit(&file->flags, ~changeable[i].vfs, memory_order_relaxed);
	}
	return 0;
}

static int owner_check(int pid)
{
	struct process *p = pid > 0 ? process_find((unsigned)pid) : NULL;

	if (pid > 0 && !p)
		return -ESRCH;
	if (p)
		process_put(p);
	return pid == INT32_MIN ? -EINVAL : 0;
}

static long file_fcntl(int fd, struct file *file, unsigned command, uint64_t arg)
{
	if (command == F_GETFL)
		return flags_get(file);
	if (file_flags(file) & VFS_PATH)
		return -EBADF;
	switch (command) {
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return file_record_lock(fd, file, command, arg);
	case F_SETFL:
		return flags_set(file, arg);
	case F_SETPIPE_SZ:
		if (arg > PIPE_SIZE_MAX)
			return -EINVAL;
		return arg > PIPE_SIZE_ANYBODY && !cred_capable(CAP_SYS_RESOURCE) ? -EPERM : file_pipe_size(file, arg ? arg : 1);
	case F_GETPIPE_SZ:
		return file_pipe_size(file, 0);
	case F_ADD_SEALS:
		return arg > UINT32_MAX ? -EINVAL : file_seals_add(file, (unsigned)arg);
	case F_GET_SEALS:
		return file_seals_get(file);
	case F_SETOWN: /* nobody is told by signals */
		return owner_check((int)arg);
	case F_SETSIG:
		return arg > SIGNALS ? -EINVAL : 0;
	case F_GETOWN:
	case F_GETSIG:
		return 0;
	case F_GETLEASE:
		return F_UNLCK;
	default:
		return -EINVAL;
	}
}

long sys_fcntl(int fd, unsigned command, uint64_t arg)
{
	struct file *file;
	long ret;

	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return duplicate_above(fd, arg, command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_cloexec(fd);
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	default:
		file = fd_get(fd);
		if (!file)
			return -EBADF;
		ret = file_fcntl(fd, file, command, arg);
		file_put(file);
		return ret;
	}
}

/* ---- pipes ---- */

long sys_pipe2(uintptr_t out, unsigned flags)
{
	struct file *reader, *writer;
	int fds[2], err;

	if (flags & ~(unsigned)(ABI_O_CLOEXEC | ABI_O_NONBLOCK | ABI_O_DIRECT))
		return -EINVAL;
	err = pipe_create(flags & ABI_O_NONBLOCK ? VFS_NONBLOCK : 0, &reader, &writer);
	if (err)
		return err;
	err = fd_reserve_two(fds, out, flags & ABI_O_CLOEXEC);
	if (err) {
		file_put(reader);
		file_put(writer);
		return err;
	}
	fd_install(fds[0], reader);
	fd_install(fds[1], writer);
	return 0;
}

long sys_pipe(uintptr_t out)
{
	return sys_pipe2(out, 0);
}
