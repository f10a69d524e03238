/* SPDX-License-Identifier: MIT */
/*
 * Seals of files in memory (memfd_create): set under the inode's lock, which every change of size and every write(2) holds too, and never
 * taken off.
 *
 * Stores through a mapping ask nobody. So VFS_SEAL_WRITE is only set while no mapping could store, and none may come after. inode->storers
 * counts the mmaps of that kind that are under way (inode_store_begin .. end, around the call that puts the VMA on the list of mappers), and
 * is -1 from the moment a sealer takes it from 0. The sealer looks at the list after that. An mmap that began before has made it fail; one
 * that ended before has its VMA on the list; one that comes after is refused. A VMA that is split, moved or copied by fork stands on
 * the list until the new ones do, so a list that shows none at one moment shows none later. If it shows one, storers goes back to 0.
 */
#include "fs/seals.h"

#include "fs/tmpfs.h"
#include "lib/bits.h"
#include "mm/vma.h"

#define SEALS_ALL (VFS_SEAL_SEAL | VFS_SEAL_SHRINK | VFS_SEAL_GROW | VFS_SEAL_WRITE | VFS_SEAL_FUTURE_WRITE | VFS_SEAL_EXEC)
#define SEALS_OF_PROGRAMS (VFS_SEAL_SHRINK | VFS_SEAL_GROW | VFS_SEAL_WRITE | VFS_SEAL_FUTURE_WRITE)

static bool can_have_seals(const struct inode *inode)
{
	return inode->ops == &tmpfs_file_ops;
}

int file_seals_get(struct file *file)
{
	return can_have_seals(file->inode) ? file->inode->seals : -EINVAL;
}

bool inode_sealable(const struct inode *inode)
{
	return can_have_seals(inode) && inode->seals != VFS_SEAL_SEAL;
}

/* ---- stores through mappings ---- */

int inode_store_begin(struct inode *inode)
{
	int n = atomic_load_explicit(&inode->storers, memory_order_relaxed);

	while (n >= 0)
		if (atomic_compare_exchange_weak_explicit(&inode->storers, &n, n + 1, memory_order_relaxed, memory_order_relaxed))
			return 0;
	return -EPERM;
}

void inode_store_end(struct inode *inode)
{
	/* release: pairs with deny_stores; the VMA is on the list */
	atomic_fetch_sub_explicit(&inode->storers, 1, memory_order_release);
}

/* Lock held. */
static int deny_stores(struct inode *inode)
{
	int none = 0;

	/* acquire: pairs with inode_store_end */
	if (!atomic_compare_exchange_strong_explicit(&inode->storers, &none, -1, memory_order_acquire, memory_order_relaxed))
		return none < 0 ? 0 : -EBUSY;
	if (!mapping_has_storer(&inode->mapping))
		return 0;
	atomic_store_explicit(&inode->storers, 0, memory_order_relaxed);
	return -EBUSY;
}

/* ---- setting ---- */

/* Lock held. */
static int add_locked(struct inode *inode, unsigned seals)
{
	int err = 0;

	if (inode->seals & VFS_SEAL_SEAL)
		return -EPERM;
	if (seals & VFS_SEAL_EXEC && inode->mode & 0111)
		seals |= SEALS_OF_PROGRAMS;
	if (seals & VFS_SEAL_WRITE)
		err = deny_stores(inode);
	if (!err)
		inode->seals |= (uint8_t)seals;
	return err;
}

int file_seals_add(struct file *file, unsigned seals)
{
	struct inode *inode = file->inode;
	int err;

	if (!file_writable(file))
		return -EPERM;
	if (seals & ~(unsigned)SEALS_ALL || !can_have_seals(inode))
		return -EINVAL;
	if (mutex_lock_killable(&inode->lock))
		return -EINTR;
	err = add_locked(inode, seals);
	mutex_unlock(&inode->lock);
	return err;
}

/* A write that would grow the file goes as far as the last page that lies in it as a whole. */
long inode_seals_write(const struct inode *inode, uint64_t pos, size_t n)
{
	uint64_t size = mapping_size(&inode->mapping), whole = align_down(size, PAGE_SIZE);

	if (inode->seals & VFS_SEALS_WRITE)
		return -EPERM;
	if (!(inode->seals & VFS_SEAL_GROW) || pos + n <= size)
		return (long)n;
	return whole > pos ? (long)(whole - pos) : -EPERM;
}
