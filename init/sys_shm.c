/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: segments that processes know by a number.
 *
 * A segment is a mapping (mm/shmem.h) that this table holds a reference on, and whoever has attached it another. How many have is how many VMAs
 * there are on its list, so fork, exec, exit and munmap need not tell us. One that has been removed stays until nobody has it attached: that
 * is looked at when somebody detaches, when a process ends, and by each call. `lock` guards the table; who attaches counts in
 * `attaching` until the VMA is on the list, so nobody takes the segment away meanwhile.
 *
 * Modes are kept and shown: as with files, they bind nobody.
 */
#include "init/shm.h"

#include "init/clock.h"
#include "init/files.h"
#include "init/process.h"
#include "init/syscalls.h"
#include "kernel/mutex.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "mm/shmem.h"
#include "mm/vma.h"

enum { IPC_PRIVATE = 0, IPC_CREAT = 01000, IPC_EXCL = 02000, SHM_HUGETLB = 04000 };
enum { IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, SHM_LOCK = 11, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY };
enum { SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000 };
enum { SHM_DEST = 01000, SHM_LOCKED = 02000 };

#define SEGMENTS 4096u	     /* SHMMNI */
#define IDS_EACH 32768u	     /* an id is a place in the table and how often that was used: id = place + uses * this */
#define SIZE_MAX_SHM (~0ul - (1ul << 24)) /* SHMMAX */

/* (C) constant, (L) lock */
struct segment {
	int key;		 /* IPC_PRIVATE once it has been removed	(L) */
	unsigned id;		 /*						(C) */
	struct mapping *mapping; /* referenced					(C) */
	uint64_t size;		 /* in bytes, as asked for			(C) */
	unsigned mode, uid, gid; /* with SHM_DEST, SHM_LOCKED			(L) */
	unsigned cuid, cgid, cpid; /*						(C) */
	unsigned lpid;		 /* who attached or detached last		(L) */
	unsigned attaching;	 /*						(L) */
	int64_t atime, dtime, ctime; /* seconds					(L) */
};

static struct mutex lock = { .q = WAITQ_INIT(lock.q), .class = LOCK_SYSV };
static struct segment *segments[SEGMENTS]; /* (lock) */
static unsigned uses[SEGMENTS];		   /* (lock) */
static _Atomic unsigned removed;	   /* segments with SHM_DEST	(lock to write) */

static int64_t seconds_now(void)
{
	return (int64_t)((clock_ns() + realtime_offset()) / NSEC_PER_SEC);
}

/* ---- the table; lock held ---- */

static struct segment *by_id(int id)
{
	struct segment *s = id < 0 ? NULL : segments[(unsigned)id % IDS_EACH % SEGMENTS];

	return s && s->id == (unsigned)id ? s : NULL;
}

static struct segment *by_key(int key)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		if (segments[i] && segments[i]->key == key)
			return segments[i];
	return NULL;
}

static void segment_free(struct segment *s)
{
	segments[s->id % IDS_EACH] = NULL;
	if (s->mode & SHM_DEST)
		atomic_fetch_sub_explicit(&removed, 1, memory_order_relaxed);
	s->mapping->ops->put(s->mapping);
	kfree(s);
}

static void sweep(void)
{
	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct segment *s = segments[i];

		if (s && s->mode & SHM_DEST && !s->attaching && !mapping_mappers(s->mapping))
			segment_free(s);
	}
}

static void lock_and_sweep(void)
{
	mutex_lock(&lock);
	if (atomic_load_explicit(&removed, memory_order_relaxed))
		sweep();
}

void shm_detached(void)
{
	if (!atomic_load_explicit(&removed, memory_order_relaxed))
		return;
	lock_and_sweep();
	mutex_unlock(&lock);
}

/* ---- shmget ---- */

static struct segment *segment_make(int key, size_t size, unsigned mode)
{
	struct cred cred = cred_current();
	struct segment *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->mapping = shmem_create(align_up(size, PAGE_SIZE));
	if (!s->mapping) {
		kfree(s);
		return NULL;
	}
	s->key = key;
	s->size = size;
	s->mode = mode & 0777;
	s->uid = s->cuid = cred.user.effective;
	s->gid = s->cgid = cred.group.effective;
	s->cpid = process_current()->pid;
	s->ctime = seconds_now();
	return s;
}

/* Lock held. Its id, -ENOSPC, -ENOMEM. */
static long segment_new(int key, size_t size, unsigned mode)
{
	unsigned place = 0;
	struct segment *s;

	while (place < SEGMENTS && segments[place])
		place++;
	if (place == SEGMENTS)
		return -ENOSPC;
	s = segment_make(key, size, mode);
	if (!s)
		return -ENOMEM;
	s->id = place + uses[place]++ % (INT32_MAX / IDS_EACH) * IDS_EACH;
	segments[place] = s;
	return s->id;
}

static long get_locked(int key, size_t size, unsigned flags)
{
	struct segment *s = key == IPC_PRIVATE ? NULL : by_key(key);

	if (s && (flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	if (s)
		return size > s->size ? -EINVAL : (long)s->id;
	if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
		return -ENOENT;
	if (!size || size > SIZE_MAX_SHM)
		return -EINVAL;
	if (flags & SHM_HUGETLB || size / PAGE_SIZE > frame_total())
		return -ENOMEM;
	return segment_new(key, size, flags);
}

long sys_shmget(int key, size_t size, unsigned flags)
{
	long ret;

	lock_and_sweep();
	ret = get_locked(key, size, flags);
	mutex_unlock(&lock);
	return ret;
}

/* ---- shmat, shmdt ---- */

static int request_make(struct map_request *r, const struct segment *s, uintptr_t at, unsigned flags)
{
	*r = (struct map_request){ .addr = at, .len = align_up(s->size, PAGE_SIZE), .mapping = s->mapping };
	r->flags = VMA_READ | VMA_SHARED | (flags & SHM_RDONLY ? 0 : VMA_WRITE | VMA_MAYWRITE) | (flags & SHM_EXEC ? VMA_EXEC : 0);
	if (!at)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (at % PAGE_SIZE && !(flags & SHM_RND))
		return -EINVAL;
	r->addr = align_down(at, PAGE_SIZE);
	if (!r->addr && flags & SHM_REMAP)
		return -EINVAL;
	r->fixed = r->addr;
	r->noreplace = !(flags & SHM_REMAP);
	return r->addr + r->len < r->addr ? -EINVAL : 0;
}

static struct segment *attach_begin(int id, uintptr_t at, unsigned flags, struct map_request *r, int *err)
{
	struct segment *s;

	lock_and_sweep();
	s = by_id(id);
	*err = s ? request_make(r, s, at, flags) : -EINVAL;
	if (!*err)
		s->attaching++;
	mutex_unlock(&lock);
	return *err ? NULL : s;
}

static void attach_end(struct segment *s, bool attached)
{
	mutex_lock(&lock);
	s->attaching--;
	if (attached) {
		s->atime = seconds_now();
		s->lpid = process_current()->pid;
	}
	mutex_unlock(&lock);
}

long sys_shmat(int id, uintptr_t at, unsigned flags)
{
	struct map_request r;
	struct segment *s;
	long ret;
	int err;

	s = attach_begin(id, at, flags, &r, &err);
	if (err)
		return err;
	ret = mm_map(current->mm, &r);
	attach_end(s, ret >= 0);
	return ret == -EEXIST ? -EINVAL : ret;
}

/* The mapping whose first page `at` shows, or would if that part had not been unmapped: only to be compared. */
static const struct mapping *mapping_from(uintptr_t at)
{
	const struct mapping *m = NULL;
	struct vma *vma;

	rcu_read_lock();
	vma = vma_next(current->mm, at);
	if (vma && vma->mapping && vma->start - at == vma->pgoff << PAGE_SHIFT)
		m = vma->mapping;
	rcu_read_unlock();
	return m;
}

static struct segment *by_mapping(const struct mapping *m)
{
	for (unsigned i = 0; m && i < SEGMENTS; i++)
		if (segments[i] && segments[i]->mapping == m)
			return segments[i];
	return NULL;
}

long sys_shmdt(uintptr_t at)
{
	const struct mapping *m = at % PAGE_SIZE ? NULL : mapping_from(at);
	struct segment *s;
	int err = -EINVAL;

	mutex_lock(&lock);
	s = by_mapping(m);
	if (s)
		err = mm_unmap_mapping(current->mm, at, align_up(s->size, PAGE_SIZE), s->mapping);
	if (s && !err) {
		s->dtime = seconds_now();
		s->lpid = process_current()->pid;
		sweep();
	}
	mutex_unlock(&lock);
	return err;
}

/* ---- shmctl ---- */

struct ipc_perm {
	int32_t key;
	uint32_t uid, gid, cuid, cgid, mode;
	uint16_t seq, pad;
	uint64_t unused[2];
};

struct shmid_ds {
	struct ipc_perm perm;
	uint64_t size;
	int64_t atime, dtime, ctime;
	int32_t cpid, lpid;
	uint64_t attached, unused[2];
};

_Static_assert(sizeof(struct shmid_ds) == 112, "struct shmid_ds");

struct shminfo {
	uint64_t max, min, segments, each, all, unused[4];
};

struct shm_info {
	int32_t used;
	uint64_t total, resident, swapped, swaps, successes;
};

static struct shmid_ds show(const struct segment *s)
{
	return (struct shmid_ds){
		.perm = { s->key, s->uid, s->gid, s->cuid, s->cgid, s->mode, (uint16_t)(s->id / IDS_EACH), 0, { 0 } },
		.size = s->size,
		.atime = s->atime,
		.dtime = s->dtime,
		.ctime = s->ctime,
		.cpid = (int32_t)s->cpid,
		.lpid = (int32_t)s->lpid,
		.attached = mapping_mappers(s->mapping),
	};
}

/* What is shown of one, into *ds. by_place: id is a place in the table, and the answer the id. */
static long stat_locked(int id, bool by_place, struct shmid_ds *ds)
{
	struct segment *s = !by_place ? by_id(id) : id >= 0 && id < (int)SEGMENTS ? segments[id] : NULL;

	if (!s)
		return -EINVAL;
	*ds = show(s);
	return by_place ? s->id : 0;
}

static long change_locked(int id, int command, const struct shmid_ds *to)
{
	struct segment *s = by_id(id);

	if (!s)
		return -EINVAL;
	if (command == IPC_SET) {
		s->uid = to->perm.uid;
		s->gid = to->perm.gid;
		s->mode = (s->mode & ~0777u) | (to->perm.mode & 0777);
		s->ctime = seconds_now();
	} else if (command == IPC_RMID && !(s->mode & SHM_DEST)) {
		s->mode |= SHM_DEST;
		s->key = IPC_PRIVATE;
		atomic_fetch_add_explicit(&removed, 1, memory_order_relaxed);
		sweep();
	} else if (command == SHM_LOCK) {
		s->mode |= SHM_LOCKED;
	} else if (command == SHM_UNLOCK) {
		s->mode &= ~(unsigned)SHM_LOCKED;
	}
	return 0;
}

/* The highest place in use, and how many. */
static int usage_locked(struct shm_info *info)
{
	int highest = 0;

	*info = (struct shm_info){ 0 };
	for (unsigned i = 0; i < SEGMENTS; i++) {
		if (!segments[i])
			continue;
		highest = (int)i;
		info->used++;
		info->total += align_up(segments[i]->size, PAGE_SIZE) / PAGE_SIZE;
		info->resident += atomic_load_explicit(&segments[i]->mapping->nr_pages, memory_order_relaxed);
	}
	return highest;
}

static long info_get(int command, uintptr_t out)
{
	struct shminfo limits = { .max = SIZE_MAX_SHM, .min = 1, .segments = SEGMENTS, .each = SEGMENTS, .all = SIZE_MAX_SHM };
	struct shm_info info;
	int highest;

	lock_and_sweep();
	highest = usage_locked(&info);
	mutex_unlock(&lock);
	if (command == IPC_INFO)
		return copy_to_user(out, &limits, sizeof(limits)) ? -EFAULT : highest;
	return copy_to_user(out, &info, sizeof(info)) ? -EFAULT : highest;
}

static long stat_get(int id, bool by_place, uintptr_t out)
{
	struct shmid_ds ds;
	long ret;

	lock_and_sweep();
	ret = stat_locked(id, by_place, &ds);
	mutex_unlock(&lock);
	return ret >= 0 && copy_to_user(out, &ds, sizeof(ds)) ? -EFAULT : ret;
}

static long change(int id, int command, uintptr_t from)
{
	struct shmid_ds to = { .size = 0 };
	long ret;

	if (command == IPC_SET && copy_from_user(&to, from, sizeof(to)))
		return -EFAULT;
	lock_and_sweep();
	ret = change_locked(id, command, &to);
	mutex_unlock(&lock);
	return ret;
}

long sys_shmctl(int id, int command, uintptr_t buf)
{
	if (command < 0 || id < 0)
		return -EINVAL;
	switch (command) {
	case IPC_INFO:
	case SHM_INFO:
		return info_get(command, buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return stat_get(id, command != IPC_STAT, buf);
	case IPC_SET:
	case IPC_RMID:
	case SHM_LOCK:
	case SHM_UNLOCK:
		return change(id, command, buf);
	default:
		return -EINVAL;
	}
}
