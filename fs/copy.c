/* SPDX-License-Identifier: MIT */
/* From file to file within the kernel, a page's worth at a time. Each part is whole for other writers; the copy as a whole is not. */
#include "fs/copy.h"

#include "fs/seals.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "mm/policy.h"
#include "mm/write.h"
#include "mm/writeback.h"

#define PART PAGE_SIZE

long vfs_write_kernel(struct inode *to, const char *buf, size_t n, uint64_t pos)
{
	uint64_t size;
	long done;

	if (mutex_lock_killable(&to->lock))
		return -EINTR;
	size = mapping_size(&to->mapping);
	done = inode_seals(to, VFS_SEALS_WRITE | (pos + n > size ? VFS_SEAL_GROW : 0));
	if (!done)
		done = mapping_write_kernel(&to->mapping, pos, buf, n);
	if (done > 0)
		inode_written_locked(to, size);
	mutex_unlock(&to->lock);
	writeback_settle(); /* killed: the next call finds that out */
	return done;
}

static long copy_part(const struct copy_range *c, size_t done, char *buf)
{
	size_t n = c->len - done < PART ? c->len - done : PART;
	long got = mapping_read_kernel(&c->from->mapping, c->from_pos + done, buf, n);

	return got > 0 ? vfs_write_kernel(c->to, buf, (size_t)got, c->to_pos + done) : got;
}

/* waitbug=cycle: both files are locked, in the order in which they are named, for a look at their sizes. Who copies the other way meanwhile
 * waits for the first while the second waits for him. */
static bool look_at_both(const struct copy_range *c)
{
	struct mutex *first = &c->from->lock, *second = &c->to->lock;

	if (first == second || mutex_lock_killable(first))
		return false;
	thread_yield();
	if (!mutex_lock_killable(second))
		mutex_unlock(second);
	mutex_unlock(first);
	return !thread_killed();
}

long vfs_copy(const struct copy_range *c)
{
	char *buf = kmalloc(PART);
	size_t done = 0;
	long part = buf ? 1 : -ENOMEM;

	if (unlikely(policy_get(&policy.waitbug) == WAITBUG_CYCLE) && part > 0 && !look_at_both(c))
		part = -EINTR;
	while (part > 0 && done < c->len) {
		part = copy_part(c, done, buf);
		if (part > 0)
			done += (size_t)part;
	}
	kfree(buf);
	if (done)
		inode_accessed(c->from);
	return done ? (long)done : part;
}
