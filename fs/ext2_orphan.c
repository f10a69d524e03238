/* SPDX-License-Identifier: MIT */
/*
 * Inodes without a name that somebody still has open. When the last reference goes, vfs evicts them, and they are deleted. When the machine
 * is switched off first, they are deleted under whoever has them: by then nobody runs programs, and the file system takes no more changes.
 */
#include "fs/ext2.h"

void ext2_orphan_note(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_inode *e = ext2_inode(inode);

	spin_lock(&fs->orphan_lock);
	if (list_empty(&e->orphan) && !e->deleted)
		list_append(&fs->orphans, &e->orphan);
	spin_unlock(&fs->orphan_lock);
}

/* Marks it deleted, and off the list. Lock held. */
static bool take(struct ext2_inode *e)
{
	bool first = !e->deleted;

	e->deleted = true;
	list_remove(&e->orphan);
	return first;
}

bool ext2_orphan_take(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);
	bool first;

	spin_lock(&fs->orphan_lock);
	first = take(ext2_inode(inode));
	spin_unlock(&fs->orphan_lock);
	return first && !fs->super.read_only;
}

void ext2_orphan_forget(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);

	spin_lock(&fs->orphan_lock);
	list_remove(&ext2_inode(inode)->orphan);
	spin_unlock(&fs->orphan_lock);
}

/* The first on the list, referenced and taken; *any: there is one, but it is being evicted, perhaps. */
static struct inode *next_orphan(struct ext2 *fs, bool *any)
{
	struct ext2_inode *e;
	struct inode *inode = NULL;

	spin_lock(&fs->orphan_lock);
	*any = !list_empty(&fs->orphans);
	if (*any) {
		e = list_first(&fs->orphans, struct ext2_inode, orphan);
		if (inode_tryget(e->inode)) {
			take(e);
			inode = e->inode;
		}
	}
	spin_unlock(&fs->orphan_lock);
	return inode;
}

void ext2_orphans_free(struct ext2 *fs)
{
	struct inode *inode;
	bool any;

	do {
		inode = next_orphan(fs, &any);
		if (inode) {
			ext2_inode_delete(inode);
			inode_put(inode);
		} else if (any) {
			thread_yield();
		}
	} while (any);
}
