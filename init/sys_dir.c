/* SPDX-License-Identifier: MIT */
/* Reading directories: entries are put together in kernel memory, and copied out when no lock is held. */
#include "init/syscalls.h"

#include "fs/vfs.h"
#include "init/files.h"
#include "init/linux.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "lib/string.h"

#define ENTRIES_MAX 32768u /* bytes of entries in one call */

struct entries {
	struct dir_sink sink;
	char *buf;
	size_t size, used;
	bool too_small; /* the first one did not fit */
};

static bool entries_emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct entries *e = container_of(sink, struct entries, sink);
	size_t reclen = align_up(offsetof(struct linux_dirent64, name) + len + 1, 8);
	struct linux_dirent64 *d = (struct linux_dirent64 *)(e->buf + e->used);

	if (reclen > e->size - e->used) {
		e->too_small = !e->used;
		return false;
	}
	memset(d, 0, reclen);
	d->ino = ino;
	d->off = (int64_t)next;
	d->reclen = (uint16_t)reclen;
	d->type = (uint8_t)type;
	memcpy(d->name, name, len);
	e->used += reclen;
	return true;
}

/* An entry that could not be handed out has not been read. */
static long entries_copy_out(const struct entries *e, struct file *file, uintptr_t buf, uint64_t from)
{
	if (!copy_to_user(buf, e->buf, e->used))
		return (long)e->used;
	file_seek(file, (int64_t)from, ABI_SEEK_SET);
	return -EFAULT;
}

static long entries_read(struct file *file, uintptr_t buf, size_t size)
{
	struct entries e = { .sink = { entries_emit }, .size = size < ENTRIES_MAX ? size : ENTRIES_MAX };
	uint64_t from = file->pos;
	long ret;

	e.buf = kmalloc(e.size ? e.size : 1);
	if (!e.buf)
		return -ENOMEM;
	ret = file_readdir(file, &e.sink);
	if (e.used)
		ret = entries_copy_out(&e, file, buf, from);
	else if (!ret && e.too_small)
		ret = -EINVAL;
	kfree(e.buf);
	return ret;
}

long sys_getdents64(int fd, uintptr_t buf, unsigned size)
{
	struct file *file = fd_get(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = entries_read(file, buf, size);
	file_put(file);
	return ret;
}
