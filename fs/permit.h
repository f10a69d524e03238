/* SPDX-License-Identifier: MIT */
/*
 * What a file's mode and owner allow whoever calls. This floor knows the files; who calls is told by the roof (struct permit_caller, set once
 * at boot; without it everybody may do everything). Only file systems that keep owners are asked (super->owned): /proc, pipes and what has no
 * name look after themselves.
 *
 * A mode is read without a lock, as it is at that moment. For whom modes do not bind each question costs one look at a flag.
 */
#ifndef FS_PERMIT_H
#define FS_PERMIT_H

#include "fs/vfs.h"

enum { PERMIT_EXEC = 1, PERMIT_WRITE = 2, PERMIT_READ = 4 }; /* as in a mode, and as access() has them */

/* All about whoever calls, any context of a thread. (C) */
struct permit_caller {
	bool (*bound)(void);			  /* modes bind it		(C) */
	void (*ids)(unsigned *uid, unsigned *gid); /* what its new files get	(C) */
	bool (*in_group)(unsigned gid);		  /*			(C) */
};

void permit_caller_is(const struct permit_caller *caller);

/* Of an owner and group, what the mode grants: the class that fits first decides alone. */
static inline unsigned permit_granted(unsigned mode, bool owner, bool group)
{
	return (owner ? mode >> 6 : group ? mode >> 3 : mode) & 7;
}

bool permit_bound(const struct inode *inode);		    /* the caller, by this inode's mode */
int permit(const struct inode *inode, unsigned want);	    /* 0 or -EACCES; want: enum PERMIT_* */
int permit_owner(const struct inode *inode);		    /* only its owner may: 0 or -EPERM */
int permit_chown(const struct inode *inode, unsigned uid, unsigned gid); /* 0 or -EPERM; VFS_NO_ID: as it is */
int permit_entry(const struct inode *dir, const struct inode *inode);	 /* the name may go: 0, -EACCES, -EPERM of a sticky dir */
unsigned permit_mode(const struct inode *inode, unsigned mode); /* what chmod makes of it: S_ISGID is the group's to give */
void permit_own(struct inode_make *make);		    /* whose it will be */

#endif
