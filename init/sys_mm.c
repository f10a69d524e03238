/* SPDX-License-Identifier: MIT */
/* System calls about memory. */
#include "init/process_impl.h"

#include "fs/vfs.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/syscalls.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "mm/shmem.h"

static unsigned prot_flags(unsigned prot)
{
	return (prot & PROT_READ ? VMA_READ : 0) | (prot & PROT_WRITE ? VMA_WRITE : 0) | (prot & PROT_EXEC ? VMA_EXEC : 0);
}

/* What the file lets a mapping of it do; fills in the mapping. */
static int request_file(struct map_request *r, struct file *file)
{
	bool shared = r->flags & VMA_SHARED;

	if (!file_readable(file))
		return -EACCES;
	if (shared && r->flags & VMA_WRITE && !file_writable(file))
		return -EACCES;
	if (!shared || file_writable(file))
		r->flags |= VMA_MAYWRITE;
	r->mapping = file_mapping(file);
	return r->mapping ? 0 : -ENODEV;
}

static int request_check(const struct map_request *r, unsigned flags, uint64_t offset)
{
	unsigned type = flags & MAP_TYPE;

	if (offset % PAGE_SIZE || !r->len)
		return -EINVAL;
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (r->len > USER_TOP)
		return -ENOMEM;
	if (offset + r->len < offset || offset + r->len > INT64_MAX)
		return -EOVERFLOW;
	if (r->fixed && r->addr % PAGE_SIZE)
		return -EINVAL;
	if (r->fixed && r->addr > USER_TOP - align_up(r->len, PAGE_SIZE))
		return -ENOMEM;
	return 0;
}

static long map_and_populate(const struct map_request *r, unsigned flags)
{
	long at = mm_map(current->mm, r);

	if (at >= 0 && flags & MAP_POPULATE && !(flags & MAP_NONBLOCK))
		mm_populate(current->mm, (uintptr_t)at, r->len); /* what fails now will be tried again by a fault */
	return at;
}

/* Shared without a file: a mapping of its own, which the VMAs keep. */
static long map_shared_memory(struct map_request *r, unsigned flags)
{
	struct mapping *m = shmem_create(align_up(r->len, PAGE_SIZE));
	long ret;

	if (!m)
		return -ENOMEM;
	r->mapping = m;
	ret = map_and_populate(r, flags);
	m->ops->put(m);
	return ret;
}

static long map_anonymous(struct map_request *r, unsigned flags)
{
	r->flags |= VMA_MAYWRITE;
	r->pgoff = 0;
	return r->flags & VMA_SHARED ? map_shared_memory(r, flags) : map_and_populate(r, flags);
}

#define RDEV_ZERO (1u << 8 | 5)

/* /dev/zero: fresh memory, as if there were no file. */
static bool is_zero_device(const struct file *file)
{
	return inode_type(file->inode) == S_IFCHR && file->inode->rdev == RDEV_ZERO;
}

static long map_file(struct map_request *r, unsigned flags, int fd)
{
	struct file *file = fd_get(fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = is_zero_device(file) ? 0 : request_file(r, file);
	if (!ret)
		ret = r->mapping ? map_and_populate(r, flags) : map_anonymous(r, flags);
	file_put(file);
	return ret;
}

/* May the address space grow by len bytes? Memory that MAP_FIXED replaces counts too, unlike on Linux. */
static bool within_limit(size_t len)
{
	struct mm *mm = current->mm;
	uint64_t limit = limit_get(RLIMIT_AS), mapped;

	if (limit == RLIM_INFINITY)
		return true;
	rwsem_read_lock(&mm->lock);
	mapped = mm->mapped;
	rwsem_read_unlock(&mm->lock);
	return mapped + align_up(len, PAGE_SIZE) / PAGE_SIZE <= limit / PAGE_SIZE;
}

long sys_mmap(uintptr_t addr, size_t len, unsigned prot, unsigned flags, int fd, uint64_t offset)
{
	struct map_request r = {
		.addr = align_down(addr, PAGE_SIZE),
		.len = len,
		.flags = prot_flags(prot) | ((flags & MAP_TYPE) == MAP_PRIVATE ? 0 : VMA_SHARED),
		.fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE),
		.noreplace = flags & MAP_FIXED_NOREPLACE,
		.pgoff = offset / PAGE_SIZE,
	};
	int err;

	if (r.fixed)
		r.addr = addr;
	err = request_check(&r, flags, offset);
	if (err)
		return err;
	if (!within_limit(len))
		return -ENOMEM;
	if (!(flags & MAP_ANONYMOUS))
		return map_file(&r, flags, fd);
	return map_anonymous(&r, flags);
}

long sys_munmap(uintptr_t addr, size_t len)
{
	if (addr % PAGE_SIZE || !len || len > USER_TOP || addr > USER_TOP - len)
		return -EINVAL;
	return mm_unmap(current->mm, addr, len);
}

#define PROT_SEM 8u

long sys_mprotect(uintptr_t addr, size_t len, unsigned prot)
{
	unsigned grows = prot & (unsigned)(PROT_GROWSDOWN | PROT_GROWSUP);

	prot &= ~(unsigned)(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || addr % PAGE_SIZE)
		return -EINVAL;
	if (!len)
		return 0;
	len = align_up(len, PAGE_SIZE);
	if (!len || addr + len < addr)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	return mm_protect(current->mm, addr, len, prot_flags(prot));
}

long sys_brk(uintptr_t to)
{
	struct mm *mm = current->mm;
	uint64_t limit = limit_get(RLIMIT_DATA);

	if (limit != RLIM_INFINITY && to > mm->brk_start && to - mm->brk_start > limit)
		to = 0; /* leaves it where it is */
	return mm_brk(mm, to);
}

enum advice {
	MADV_NORMAL = 0, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE = 8, MADV_REMOVE,
	MADV_MERGEABLE = 12, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
	MADV_COLD = 20, MADV_PAGEOUT
};

/* Hints are taken and forgotten; what would have to change the contents is not supported. */
long sys_madvise(uintptr_t addr, size_t len, int advice)
{
	size_t whole = align_up(len, PAGE_SIZE);

	if (addr % PAGE_SIZE || (len && !whole) || addr + whole < addr)
		return -EINVAL;
	switch (advice) {
	case MADV_NORMAL ... MADV_WILLNEED:
	case MADV_MERGEABLE ... MADV_DODUMP:
	case MADV_COLD ... MADV_PAGEOUT:
		return 0;
	case MADV_DONTNEED:
		return len ? mm_discard(current->mm, addr, len) : 0;
	default:
		return -EINVAL;
	}
}
