/* SPDX-License-Identifier: MIT */
/*
 * A table is an array that readers index under RCU, and two bitmaps that only writers use. It grows by being
 * replaced: the slots are copied, the new table is published, the old one is freed after a grace period.
 *
 * Why fd_get needs no lock: a slot holds a reference of the file until it has been emptied, and a file's memory outlives
 * the read section. So the pointer found is a file, and file_tryget tells whether it is still open; one that was
 * closed meanwhile may be missed or still be got, as if we had come a moment later or earlier.
 */
#include "init/files.h"

#include "fs/locks.h"
#include "fs/vfs.h"
#include "init/process.h"
#include "kernel/mutex.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

#define TABLE_MIN 64u /* bits of one bitmap word */

/* (C) constant, (R) lock to write, RCU to read, (L) lock */
struct table {
	unsigned size;			/* slots, a multiple of 64		(C)	*/
	uint64_t *used, *cloexec;	/* bitmaps; used includes reserved	(L)	*/
	struct rcu_head rcu;
	_Atomic(struct file *) slots[];	/*					(R)	*/
};

struct files {
	_Atomic unsigned refs;		/* processes				*/
	struct mutex lock;		/* LOCK_FILES				*/
	_Atomic(struct table *) table;	/* (R)					*/
};

static inline struct table *table_of(const struct files *files)
{
	return rcu_load(&files->table); /* pairs with rcu_store in files_grow */
}

static inline bool bit_test(const uint64_t *map, unsigned i)
{
	return map[i / 64] >> i % 64 & 1;
}

static inline void bit_write(uint64_t *map, unsigned i, bool on)
{
	map[i / 64] = on ? map[i / 64] | 1ull << i % 64 : map[i / 64] & ~(1ull << i % 64);
}

/* ---- tables ---- */

static struct table *table_new(unsigned size)
{
	size_t slots = size * sizeof(struct file *), map = size / 8;
	struct table *t = kzalloc(sizeof(*t) + slots + 2 * map);

	if (!t)
		return NULL;
	t->size = size;
	t->used = (uint64_t *)((char *)t->slots + slots);
	t->cloexec = t->used + size / 64;
	return t;
}

static void table_free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct table, rcu));
}

static struct file *slot_read(const struct table *t, unsigned i)
{
	return atomic_load_explicit(&t->slots[i], memory_order_relaxed);
}

/* release: who finds the file finds it complete; pairs with fd_get */
static void slot_write(struct table *t, unsigned i, struct file *file)
{
	atomic_store_explicit(&t->slots[i], file, memory_order_release);
}

/* Lock held. Room for descriptor n, n < FILES_MAX. 0 or -ENOMEM. */
static int files_grow(struct files *files, unsigned n)
{
	struct table *old = table_of(files), *t;
	unsigned size = old->size;

	if (n < size)
		return 0;
	while (size <= n)
		size *= 2;
	t = table_new(size);
	if (!t)
		return -ENOMEM;
	for (unsigned i = 0; i < old->size; i++)
		slot_write(t, i, slot_read(old, i));
	memcpy(t->used, old->used, old->size / 8);
	memcpy(t->cloexec, old->cloexec, old->size / 8);
	rcu_store(&files->table, t); /* pairs with table_of */
	rcu_call(&old->rcu, table_free_rcu);
	return 0;
}

static struct files *files_make(unsigned size)
{
	struct files *files = kzalloc(sizeof(*files));
	struct table *t = table_new(size);

	if (!files || !t) {
		kfree(files);
		kfree(t);
		return NULL;
	}
	atomic_store_explicit(&files->refs, 1, memory_order_relaxed);
	mutex_init(&files->lock, LOCK_FILES);
	rcu_store(&files->table, t); /* pairs with table_of */
	return files;
}

struct files *files_new(void)
{
	return files_make(TABLE_MIN);
}

/* The highest descriptor in use + 1, rounded up to a size a table may have. */
static unsigned size_needed(const struct table *t)
{
	unsigned size = TABLE_MIN;

	for (unsigned word = 0; word < t->size / 64; word++)
		while (t->used[word] && size <= word * 64)
			size *= 2;
	return size;
}

/* The source's lock is held; reserved numbers are not copied. */
static void table_copy(struct table *to, const struct table *from)
{
	unsigned n = to->size < from->size ? to->size : from->size;

	for (unsigned i = 0; i < n; i++) {
		struct file *file = slot_read(from, i);

		if (!file)
			continue;
		file_get(file);
		slot_write(to, i, file);
		bit_write(to->used, i, true);
		bit_write(to->cloexec, i, bit_test(from->cloexec, i));
	}
}

struct files *files_copy(struct files *from)
{
	struct files *files;

	mutex_lock(&from->lock);
	files = files_make(size_needed(table_of(from)));
	if (files)
		table_copy(table_of(files), table_of(from));
	mutex_unlock(&from->lock);
	return files;
}

struct files *files_get(struct files *files)
{
	atomic_fetch_add_explicit(&files->refs, 1, memory_order_relaxed);
	return files;
}

bool files_shared(const struct files *files)
{
	return atomic_load_explicit(&files->refs, memory_order_relaxed) > 1;
}

/* A descriptor has been closed: with any of them go all records that this table's owner has locked in the file. */
static void descriptor_put(struct files *files, struct file *file)
{
	locks_drop(file->inode, files);
	file_put(file);
}

void files_put(struct files *files)
{
	struct table *t;

	/* acq_rel: every earlier user's changes are seen by the last; pairs with itself */
	if (atomic_fetch_sub_explicit(&files->refs, 1, memory_order_acq_rel) > 1)
		return;
	t = table_of(files);
	for (unsigned i = 0; i < t->size; i++)
		if (slot_read(t, i))
			descriptor_put(files, slot_read(t, i));
	kfree(t);
	kfree(files);
}

/* ---- one descriptor ---- */

struct file *fd_get(int fd)
{
	struct file *file = NULL;
	struct table *t;

	rcu_read_lock();
	t = table_of(process_current()->files);
	if (likely((unsigned)fd < t->size))
		file = rcu_load(&t->slots[fd]); /* pairs with slot_write */
	if (file && !file_tryget(file))
		file = NULL;
	rcu_read_unlock();
	return file;
}

struct file *files_next(struct files *files, unsigned *fd)
{
	struct file *file = NULL;
	struct table *t;

	rcu_read_lock();
	t = table_of(files);
	for (; *fd < t->size && !file; *fd += !file) {
		file = rcu_load(&t->slots[*fd]); /* pairs with slot_write */
		if (file && !file_tryget(file))
			file = NULL;
	}
	rcu_read_unlock();
	return file;
}

unsigned fd_table_size(void)
{
	unsigned size;

	rcu_read_lock();
	size = table_of(process_current()->files)->size;
	rcu_read_unlock();
	return size;
}

struct file *fd_get_open(int fd)
{
	struct file *file = fd_get(fd);

	if (file && file_flags(file) & VFS_PATH) {
		file_put(file);
		file = NULL;
	}
	return file;
}

static unsigned lowest_free(const struct table *t, unsigned from)
{
	unsigned word = from / 64;
	uint64_t below = from % 64 ? (1ull << from % 64) - 1 : 0;

	for (; word < t->size / 64; word++, below = 0)
		if (~(t->used[word] | below))
			return word * 64 + (unsigned)__builtin_ctzll(~(t->used[word] | below));
	return from > t->size ? from : t->size;
}

int fd_reserve(unsigned from, bool close_on_exec)
{
	struct process *p = process_current();
	struct files *files = p->files;
	unsigned n;
	int err;

	mutex_lock(&files->lock);
	n = lowest_free(table_of(files), from);
	err = n >= limit_get(RLIMIT_NOFILE) ? -EMFILE : files_grow(files, n);
	if (!err) {
		bit_write(table_of(files)->used, n, true);
		bit_write(table_of(files)->cloexec, n, close_on_exec);
	}
	mutex_unlock(&files->lock);
	return err ? err : (int)n;
}

void fd_install(int fd, struct file *file)
{
	struct files *files = process_current()->files;

	mutex_lock(&files->lock);
	assert(bit_test(table_of(files)->used, (unsigned)fd) && !slot_read(table_of(files), (unsigned)fd));
	slot_write(table_of(files), (unsigned)fd, file);
	mutex_unlock(&files->lock);
}

void fd_unreserve(int fd)
{
	struct files *files = process_current()->files;

	mutex_lock(&files->lock);
	bit_write(table_of(files)->used, (unsigned)fd, false);
	mutex_unlock(&files->lock);
}

/* Lock held. The table, if fd is an open descriptor in it. */
static struct table *table_with(struct files *files, int fd)
{
	struct table *t = table_of(files);

	return (unsigned)fd < t->size && slot_read(t, (unsigned)fd) ? t : NULL;
}

bool fd_still(int fd, const struct file *file)
{
	struct files *files = process_current()->files;
	struct table *t;
	bool still;

	mutex_lock(&files->lock);
	t = table_with(files, fd);
	still = t && slot_read(t, (unsigned)fd) == file;
	mutex_unlock(&files->lock);
	return still;
}

int fd_close(int fd)
{
	struct files *files = process_current()->files;
	struct file *file = NULL;
	struct table *t;

	mutex_lock(&files->lock);
	t = table_with(files, fd);
	if (t) {
		file = slot_read(t, (unsigned)fd);
		slot_write(t, (unsigned)fd, NULL);
		bit_write(t->used, (unsigned)fd, false);
	}
	mutex_unlock(&files->lock);
	if (!file)
		return -EBADF;
	descriptor_put(files, file);
	return 0;
}

/* Lock held, fd below the limit. The file that was there in *old. */
static int replace_locked(struct files *files, unsigned fd, struct file *file, bool close_on_exec, struct file **old)
{
	int err = files_grow(files, fd);
	struct table *t = table_of(files);

	if (err)
		return err;
	*old = slot_read(t, fd);
	if (!*old && bit_test(t->used, fd))
		return -EBUSY;
	slot_write(t, fd, file);
	bit_write(t->used, fd, true);
	bit_write(t->cloexec, fd, close_on_exec);
	return 0;
}

int fd_reserve_two(int fds[2], uintptr_t out, bool close_on_exec)
{
	int err = 0;

	fds[0] = fd_reserve(0, close_on_exec);
	if (fds[0] < 0)
		return fds[0];
	fds[1] = fd_reserve(0, close_on_exec);
	if (fds[1] < 0)
		err = fds[1];
	else if (copy_to_user(out, fds, 2 * sizeof(fds[0])))
		err = -EFAULT;
	if (!err)
		return 0;
	fd_unreserve(fds[0]);
	if (fds[1] >= 0)
		fd_unreserve(fds[1]);
	return err;
}

int fd_for(int err, struct file *file, bool close_on_exec)
{
	int fd;

	if (err)
		return err;
	fd = fd_reserve(0, close_on_exec);
	if (fd < 0)
		file_put(file);
	else
		fd_install(fd, file);
	return fd;
}

int fd_replace(int fd, struct file *file, bool close_on_exec)
{
	struct process *p = process_current();
	struct file *old = NULL;
	int err = -EBADF;

	if (fd >= 0 && (unsigned)fd < limit_get(RLIMIT_NOFILE)) {
		mutex_lock(&p->files->lock);
		err = replace_locked(p->files, (unsigned)fd, file, close_on_exec, &old);
		mutex_unlock(&p->files->lock);
	}
	if (err)
		file_put(file);
	else if (old)
		descriptor_put(p->files, old);
	return err ? err : fd;
}

int fd_cloexec(int fd)
{
	struct files *files = process_current()->files;
	struct table *t;
	int ret = -EBADF;

	mutex_lock(&files->lock);
	t = table_with(files, fd);
	if (t)
		ret = bit_test(t->cloexec, (unsigned)fd);
	mutex_unlock(&files->lock);
	return ret;
}

int fd_set_cloexec(int fd, bool on)
{
	struct files *files = process_current()->files;
	struct table *t;

	mutex_lock(&files->lock);
	t = table_with(files, fd);
	if (t)
		bit_write(t->cloexec, (unsigned)fd, on);
	mutex_unlock(&files->lock);
	return t ? 0 : -EBADF;
}

/* The caller is the only task: nobody opens or closes meanwhile. */
void files_close_on_exec(struct files *files)
{
	struct table *t = table_of(files);

	for (unsigned word = 0; word < t->size / 64; word++)
		for (uint64_t bits = t->cloexec[word] & t->used[word]; bits; bits &= bits - 1)
			fd_close((int)(word * 64 + (unsigned)__builtin_ctzll(bits)));
}
