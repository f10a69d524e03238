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
	bool old;	/* entries as the first getdents has them: the type is the last byte */
};

/* Where the name of an entry begins, and how much follows it. */
static void entry_fill(const struct entries *e, char *at, const struct linux_dirent64 *head, const char *name, size_t len)
{
	struct linux_dirent64 *d = (struct linux_dirent64 *)at;

	memset(at, 0, head->reclen);
	*d = *head;
	if (e->old)
		at[head->reclen - 1] = (char)head->type;
	memcpy(at + (e->old ? offsetof(struct linux_dirent64, type) : offsetof(struct linux_dirent64, name)), name, len);
	if (e->old)
		at[offsetof(struct linux_dirent64, type) + len] = 0;
}

static bool entries_emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct entries *e = container_of(sink, struct entries, sink);
	size_t reclen = align_up(offsetof(struct linux_dirent64, name) + len + 1, 8);
	struct linux_dirent64 head = { .ino = ino, .off = (int64_t)next, .reclen = (uint16_t)reclen, .type = (uint8_t)type };

	if (reclen > e->size - e->used) {
		e->too_small = !e->used;
		return false;
	}
	entry_fill(e, e->buf + e->used, &head, name, len);
	e->used += reclen;
	return true;
}

/* Entries that could not be handed out have not been read. */
static long entries_copy_out(const struct entries *e, struct file *file, uintptr_t buf, uint64_t from)
{
	size_t done = 0;

	if (!copy_to_user(buf, e->buf, e->used))
		return (long)e->used;
	while (done < e->used) {
		const struct linux_dirent64 *d = (const struct linux_dirent64 *)(e->buf + done);

		if (copy_to_user(buf + done, d, d->reclen))
			break;
		from = (uint64_t)d->off;
		done += d->reclen;
	}
	file_seek(file, (int64_t)from, ABI_SEEK_SET);
	return done ? (long)done : -EFAULT;
}

static long entries_read(struct file *file, uintptr_t buf, size_t size, bool old)
{
	struct entries e = { .sink = { entries_emit }, .old = old, .size = size < ENTRIES_MAX ? size : ENTRIES_MAX };
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

static long getdents(int fd, uintptr_t buf, unsigned size, bool old)
{
	struct file *file = fd_get_open(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = entries_read(file, buf, (int)size < 0 ? 0 : size, old);
	file_put(file);
	return ret;
}

long sys_getdents64(int fd, uintptr_t buf, unsigned size)
{
	return getdents(fd, buf, size, false);
}

long sys_getdents(int fd, uintptr_t buf, unsigned size)
{
	return getdents(fd, buf, size, true);
}
