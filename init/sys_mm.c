/* SPDX-License-Identifier: MIT */
/* System calls that map, and change what is mapped. */
#include "init/process_impl.h"

#include "fs/seals.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/syscalls.h"
#include "lib/bits.h"
#include "lib/errno.h"
#include "mm/shmem.h"

/* What MAP_SHARED_VALIDATE knows. Anything else is not refused otherwise. */
#define MAP_KNOWN                                                                                                       \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | \
	 MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_UNINITIALIZED | 0x7c000000 /* huge sizes */)

static unsigned prot_flags(unsigned prot)
{
	return (prot & PROT_READ ? VMA_READ : 0) | (prot & PROT_WRITE ? VMA_WRITE : 0) | (prot & PROT_EXEC ? VMA_EXEC : 0);
}

static unsigned map_flags(unsigned flags)
{
	return (flags & MAP_GROWSDOWN ? VMA_GROWSDOWN : 0) | (flags & MAP_LOCKED ? VMA_MLOCK : 0) |
	       (flags & MAP_NORESERVE ? VMA_NORESERVE : 0);
}

/* What the file lets a mapping of it do; fills in the mapping. Linux's order of errors. */
static int request_file(struct map_request *r, unsigned flags, struct file *file)
{
	unsigned type = flags & MAP_TYPE;
	bool shared = type != MAP_PRIVATE;

	if (type == MAP_SHARED_VALIDATE && flags & ~(unsigned)MAP_KNOWN)
		return -EOPNOTSUPP;
	if (shared && r->flags & VMA_WRITE && !file_writable(file))
		return -EACCES;
	if (!file_readable(file))
		return -EACCES;
	if (!shared || file_writable(file))
		r->flags |= VMA_MAYWRITE;
	r->mapping = file_mapping(file);
	if (!r->mapping)
		return -ENODEV;
	if (r->flags & VMA_GROWSDOWN)
		return -EINVAL;
	if (r->mapping->ops->via_get)
		r->via = file;
	return 0;
}

static int request_check(const struct map_request *r, uint64_t offset)
{
	size_t len = align_up(r->len, PAGE_SIZE);

	if (!r->len)
		return -EINVAL;
	if (!len)
		return -ENOMEM;
	if (offset / PAGE_SIZE + len / PAGE_SIZE < offset / PAGE_SIZE)
		return -EOVERFLOW;
	if (len > USER_TOP)
		return -ENOMEM;
	if (!r->fixed)
		return 0;
	if (r->addr > USER_TOP - len)
		return -ENOMEM;
	return r->addr % PAGE_SIZE ? -EINVAL : 0;
}

/* May anything be locked? How much is mm's to say. */
static bool may_lock(void)
{
	return limit_get(RLIMIT_MEMLOCK) || cred_capable(CAP_IPC_LOCK);
}

static long map_and_populate(const struct map_request *r, unsigned flags)
{
	long at = r->flags & VMA_MLOCK && !may_lock() ? -EPERM : mm_map(current->mm, r);

	if (at >= 0 && (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		mm_populate_all(current->mm, (uintptr_t)at, r->len); /* what fails now will be tried again by a fault */
	return at;
}

/* Shared without a file: a mapping of its own, which the VMAs keep. */
static long map_shared_memory(struct map_request *r, unsigned flags)
{
	struct mapping *m;
	long ret;

	if (r->flags & VMA_GROWSDOWN)
		return -EINVAL;
	if (!(flags & MAP_NORESERVE) && r->len / PAGE_SIZE > frame_total())
		return -ENOMEM;
	m = shmem_create(align_up(r->len, PAGE_SIZE));
	if (!m)
		return -ENOMEM;
	r->mapping = m;
	ret = map_and_populate(r, flags);
	m->ops->put(m);
	return ret;
}

static long map_anonymous(struct map_request *r, unsigned flags)
{
	r->pgoff = 0;
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		return map_shared_memory(r, flags);
	case MAP_PRIVATE:
		return map_and_populate(r, flags);
	default:
		return -EINVAL;
	}
}

#define RDEV_ZERO (1u << 8 | 5)

/* /dev/zero: fresh memory, as if there were no file. */
static bool is_zero_device(const struct file *file)
{
	return inode_type(file->inode) == S_IFCHR && file->inode->rdev == RDEV_ZERO;
}

/* What is shared may be written as the descriptor may, now and by mprotect later. */
static long map_zero(struct map_request *r, unsigned flags, const struct file *file)
{
	bool may_write = (flags & MAP_TYPE) == MAP_PRIVATE || file_writable(file);

	if (!file_readable(file) || (r->flags & VMA_WRITE && !may_write))
		return -EACCES;
	r->flags |= may_write ? VMA_MAYWRITE : 0;
	return map_anonymous(r, flags);
}

/* Shared, of a file in memory that may be sealed: what is sealed already can be looked at, and never be stored to. */
static long map_sealable(struct map_request *r, unsigned flags, struct inode *inode)
{
	int err = inode->seals & VFS_SEAL_FUTURE_WRITE ? -EPERM : inode_store_begin(inode);
	long ret;

	if (err && r->flags & VMA_WRITE)
		return err;
	if (err)
		r->flags &= ~(unsigned)VMA_MAYWRITE;
	ret = map_and_populate(r, flags);
	if (!err)
		inode_store_end(inode);
	return ret;
}

static long map_file(struct map_request *r, unsigned flags, struct file *file, uint64_t offset)
{
	unsigned type = flags & MAP_TYPE;
	int err = request_check(r, offset);

	if (err)
		return err;
	if (is_zero_device(file))
		return map_zero(r, flags, file);
	if (offset > INT64_MAX || r->len > INT64_MAX - offset)
		return -EOVERFLOW;
	if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	err = request_file(r, flags, file);
	if (err)
		return err;
	if (!(file_flags(file) & VFS_NOATIME))
		inode_accessed(file->inode);
	if (r->flags & VMA_SHARED && r->flags & VMA_MAYWRITE && inode_sealable(file->inode))
		return map_sealable(r, flags, file->inode);
	return map_and_populate(r, flags);
}

static long map_fd(struct map_request *r, unsigned flags, int fd, uint64_t offset)
{
	struct file *file = fd_get(fd);
	long ret;

	if (!file)
		return -EBADF;
	if (file_flags(file) & VFS_PATH)
		ret = -EBADF;
	else
		ret = flags & MAP_HUGETLB ? -EINVAL : map_file(r, flags, file, offset);
	file_put(file);
	return ret;
}

/* There are no huge pages: a size that the machine does not have is EINVAL, one that it has is ENOMEM, an empty pool. */
static long map_huge(unsigned flags)
{
	unsigned shift = flags >> 26 & 63;

	return !shift || shift == 21 || shift == 30 ? -ENOMEM : -EINVAL;
}

long sys_mmap(uintptr_t addr, size_t len, unsigned prot, unsigned flags, int fd, uint64_t offset)
{
	struct map_request r = {
		.addr = align_down(addr, PAGE_SIZE),
		.len = len,
		.flags = prot_flags(prot) | map_flags(flags) | ((flags & MAP_TYPE) == MAP_PRIVATE ? 0 : VMA_SHARED),
		.fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE),
		.noreplace = flags & MAP_FIXED_NOREPLACE,
		.pgoff = offset / PAGE_SIZE,
	};
	int err;

	if (r.fixed)
		r.addr = addr;
	if (offset % PAGE_SIZE)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS))
		return map_fd(&r, flags, fd, offset);
	if (flags & MAP_HUGETLB)
		return map_huge(flags);
	err = request_check(&r, offset);
	r.flags |= VMA_MAYWRITE;
	return err ? err : map_anonymous(&r, flags);
}

long sys_munmap(uintptr_t addr, size_t len)
{
	if (addr % PAGE_SIZE || !len || len > USER_TOP || addr > USER_TOP - len)
		return -EINVAL;
	return mm_unmap(current->mm, addr, len);
}

long sys_mremap(uintptr_t addr, size_t old_len, size_t new_len, uint64_t flags, uintptr_t new_addr)
{
	const struct remap_request r = { .from = addr, .old_len = old_len, .new_len = new_len, .flags = (unsigned)flags, .to = new_addr };

	return flags > UINT32_MAX ? -EINVAL : mm_remap(current->mm, &r);
}

#define PROT_SEM 8u

long sys_mprotect(uintptr_t addr, size_t len, uint64_t prot)
{
	unsigned grows = (unsigned)prot & (unsigned)(PROT_GROWSDOWN | PROT_GROWSUP);

	prot &= ~(uint64_t)(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || addr % PAGE_SIZE)
		return -EINVAL;
	if (!len)
		return 0;
	len = align_up(len, PAGE_SIZE);
	if (!len || addr + len < addr)
		return -ENOMEM;
	if (prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	if (grows == PROT_GROWSUP) /* nothing here grows up */
		return mm_mapped(current->mm, addr) ? -EINVAL : -ENOMEM;
	return mm_protect(current->mm, addr, len, prot_flags((unsigned)prot), grows);
}

long sys_brk(uintptr_t to)
{
	return mm_brk(current->mm, to);
}

/* ---- locking ---- */

enum { MLOCK_ONFAULT = 1 };
enum { MCL_CURRENT = 1, MCL_FUTURE = 2, MCL_ONFAULT = 4 };

#define ANY_LOCK (VMA_MLOCK | VMA_ONFAULT)

/* The pages that [addr, addr + len) touches: 0, or an error; *len 0: nothing to do. */
static int lock_range(uintptr_t *addr, size_t *len)
{
	size_t whole = align_up(*len + *addr % PAGE_SIZE, PAGE_SIZE);

	*addr = align_down(*addr, PAGE_SIZE);
	if (*addr + whole < *addr)
		return -EINVAL;
	*len = whole;
	return 0;
}

/* Linux's translation of what populating found. */
static int lock_error(int err)
{
	if (err == -EFAULT)
		return -ENOMEM;
	return err == -ENOMEM ? -EAGAIN : err;
}

static long lock_and_populate(uintptr_t addr, size_t len, unsigned set)
{
	int err = may_lock() ? lock_range(&addr, &len) : -EPERM;

	if (err || !len)
		return err;
	err = mm_lock(current->mm, addr, len, ANY_LOCK, set);
	if (err || set & VMA_ONFAULT)
		return err;
	return lock_error(mm_populate(current->mm, addr, len));
}

long sys_mlock(uintptr_t addr, size_t len)
{
	return lock_and_populate(addr, len, VMA_MLOCK);
}

long sys_mlock2(uintptr_t addr, size_t len, unsigned flags)
{
	if (flags & ~(unsigned)MLOCK_ONFAULT)
		return -EINVAL;
	return lock_and_populate(addr, len, flags ? ANY_LOCK : VMA_MLOCK);
}

long sys_munlock(uintptr_t addr, size_t len)
{
	int err = lock_range(&addr, &len);

	return err || !len ? err : mm_lock(current->mm, addr, len, ANY_LOCK, 0);
}

long sys_mlockall(unsigned flags)
{
	unsigned kind = flags & MCL_ONFAULT ? ANY_LOCK : VMA_MLOCK;
	int err;

	if (!flags || flags == MCL_ONFAULT || flags & ~(unsigned)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return -EINVAL;
	err = may_lock() ? mm_lock_all(current->mm, flags & MCL_CURRENT ? ANY_LOCK : 0, kind, flags & MCL_FUTURE ? kind : 0) : -EPERM;
	if (err)
		return err;
	if ((flags & (MCL_CURRENT | MCL_ONFAULT)) == MCL_CURRENT)
		mm_populate_all(current->mm, 0, USER_TOP);
	return 0;
}

long sys_munlockall(void)
{
	return mm_lock_all(current->mm, ANY_LOCK, 0, 0);
}
