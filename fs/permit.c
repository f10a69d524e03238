/* SPDX-License-Identifier: MIT */
#include "fs/permit.h"

#include "fs/attr.h"
#include "lib/errno.h"

static const struct permit_caller *caller;

void permit_caller_is(const struct permit_caller *c)
{
	caller = c;
}

bool permit_bound(const struct inode *inode)
{
	return caller && inode->super->owned && caller->bound();
}

static bool owns(const struct inode *inode)
{
	unsigned uid, gid;

	caller->ids(&uid, &gid);
	return uid == inode->uid;
}

int permit(const struct inode *inode, unsigned want)
{
	unsigned granted;

	if (!permit_bound(inode))
		return 0;
	granted = permit_granted(inode->mode, owns(inode), caller->in_group(inode->gid));
	return want & ~granted ? -EACCES : 0;
}

int permit_owner(const struct inode *inode)
{
	return permit_bound(inode) && !owns(inode) ? -EPERM : 0;
}

int permit_chown(const struct inode *inode, unsigned uid, unsigned gid)
{
	if (!permit_bound(inode))
		return 0;
	if (!owns(inode) && (uid != VFS_NO_ID || gid != VFS_NO_ID))
		return -EPERM;
	if (uid != VFS_NO_ID && uid != inode->uid)
		return -EPERM;
	return gid == VFS_NO_ID || gid == inode->gid || caller->in_group(gid) ? 0 : -EPERM;
}

int permit_entry(const struct inode *dir, const struct inode *inode)
{
	int err = permit(dir, PERMIT_WRITE | PERMIT_EXEC);

	if (err || !(dir->mode & S_ISVTX) || !permit_bound(dir))
		return err;
	return owns(inode) || owns(dir) ? 0 : -EPERM;
}

unsigned permit_mode(const struct inode *inode, unsigned mode)
{
	return permit_bound(inode) && !caller->in_group(inode->gid) ? mode & ~(unsigned)S_ISGID : mode;
}

void permit_own(struct inode_make *make)
{
	if (caller)
		caller->ids(&make->uid, &make->gid);
}
