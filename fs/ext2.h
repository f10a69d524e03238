/* SPDX-License-Identifier: MIT */
/*
 * What the files of fs/ext2*.c share. Top to bottom, each uses only those below it:
 *
 *	ext2_name.c	directory operations: create, link, unlink, rename
 *	ext2_ops.c	sizes, attributes, fsync, what links say
 *	ext2_inode.c	inodes to and from the disk; ext2_orphan.c those without a name
 *	ext2_dir.c	looking in directories, ext2_entry.c changing them, ext2_index.c where in a large one a name is
 *	ext2_io.c	file pages read and written
 *	ext2_grow.c	blocks for what is written, ext2_cut.c and back when a file gets shorter
 *	ext2_map.c	from a file's block to the disk's
 *	ext2_ialloc.c	inode numbers
 *	ext2_alloc.c	blocks, ext2_freed.c blocks and inodes that may not be used again yet
 *	ext2_zero.c	blocks that are zeroes before anything names them
 *	ext2_handle.c	transaction handles: a bound on what has been changed
 *	ext2_meta.c	metadata in memory: which of it has changed, and its way to the disk
 *	ext2_super.c	mounting, sync, and the end of it
 *
 * Locks, outermost first: vfs's `names` and inode locks; a handle; pages; an inode's `tree`; release; a group; flush; store, freed and
 * dirty, which do not sleep.
 *
 * When the power fails the disk holds some of the blocks that had changed since the last flush, in any combination, perhaps one of them torn
 * between sectors; and then comes e2fsck -fy. What fsync has confirmed (bytes of a file, names in a directory) is there afterwards, unless the
 * program itself had since begun to change it:
 *
 * a. fsync writes the file's pages, waits, then flushes all metadata, and waits (ext2_meta.c, 4): so what it confirms is on the disk, whole.
 * b. A block of numbers or of names is zeroes on the disk before anything there can name it (ext2_zero.c): e2fsck never takes what an older file
 *    has left for numbers, which would cost the file, or for names, which would cost somebody else's. The same of a new block in a hole that was
 *    confirmed: its bytes are zero still.
 * c. What was dropped is not used again, and not changed, while the disk names it: ext2_freed.c. So a name whose removal is not on the disk yet
 *    leads to all it led to before; above all one that a rename is about to make lead elsewhere.
 * d. A rename's new name is on the disk before the old one is removed, and so is the inode that takes a confirmed name over: ext2_name.c. An
 *    exchange is two steps, and promises nothing.
 * e. No entry that we make crosses a sector, and adding or removing one changes one sector: ext2_entry.c. Inodes and block numbers do not cross
 *    sectors either. So a torn block holds some of its changes, as if it were several blocks.
 * f. Counts and bitmaps are e2fsck's: it makes them anew. A file that has lost its name but not its inode is found in lost+found.
 */
#ifndef FS_EXT2_H
#define FS_EXT2_H

#include "fs/bdev.h"
#include "fs/ext2_disk.h"
#include "fs/vfs.h"

/* One group of blocks and inodes. (C) constant, (G) lock */
struct ext2_group {
	struct mutex lock;	/* both bitmaps and the descriptor */
	uint32_t block_bitmap;	/* its block					(C) */
	uint32_t inode_bitmap;	/* its block					(C) */
	uint32_t inode_table;	/* its first block				(C) */
	bool checked;		/* the bitmap was looked at			(G) */
	bool bad;		/* damaged: nothing is taken from it		(G) */
};

/* Whoever changes blocks of metadata, and how many: fs/ext2_handle.c. On its user's stack. (J) the journal's lock, (C) constant, (H) its thread */
struct ext2_handle {
	struct ext2_journal *journal; /* (C) */
	struct thread *thread;	      /* (C) */
	struct list link;	      /* (J) */
	unsigned credits;	      /* what it asked for	(C) */
	unsigned left;		      /* of them, not used	(H) */
	unsigned depth;		      /* starts without a stop	(H) */
};

/* (J) lock, (C) constant */
struct ext2_journal {
	struct spinlock lock;
	struct waitq changed;	/* whoever waits for any of the following */
	struct list running;	/* handles				(J) */
	unsigned taken;		/* credits promised, used, or pending	(J) */
	unsigned pending;	/* used by handles that have stopped, since the last commit	(J) */
	bool wanted;		/* somebody finds too few, or they will soon be	(J) */
	bool closing;		/* a commit waits for running handles: none starts	(J) */
	struct thread *committer; /* (C) */
};

/* A mounted file system. (C) constant, (A) atomic, (D) dirty_lock, (F) freed_lock, (O) orphan_lock */
struct ext2 {
	struct super super;	 /* (C) */
	struct blkdev *dev;	 /* (C) */
	struct mapping *meta;	 /* the device's own pages: whatever is not the data of a regular file	(C) */
	uint32_t blocks, inodes; /* (C) */
	uint32_t block_shift;	 /* 10 to 12	(C) */
	uint32_t first_block;	 /* (C) */
	uint32_t first_ino;	 /* the lowest a directory may name, but for the root	(C) */
	uint32_t blocks_per_group, inodes_per_group, inode_size, groups; /* (C) */
	uint32_t reserved;	 /* blocks for the super-user: all of us	(C) */
	uint16_t extra_isize;	 /* what new inodes have behind the first 128 bytes	(C) */
	uint16_t mount_state;	 /* what it was when it was mounted	(C) */
	bool filetype;		 /* directory entries tell types	(C) */
	struct ext2_group *group; /* by number; NULL: read-only		(C) */

	_Atomic int64_t free_blocks, free_inodes; /* sums over the groups	(A) */
	_Atomic uint32_t directories;	/* (A) */
	_Atomic uint32_t generation;	/* of the next new inode	(A) */
	_Atomic uint64_t reported; /* what ext2_corrupt spoke of last	(A) */

	struct spinlock store_lock; /* one copies an inode to its block at a time */

	struct spinlock dirty_lock;
	struct list dirty;	    /* ext2_meta.c: changed pages	(D) */
	_Atomic unsigned nr_dirty;  /* (A) */
	struct mutex flush_lock;    /* one flush at a time */
	struct waitq flushed;
	_Atomic unsigned in_flight; /* requests of the flush		(A) */
	_Atomic int write_error;    /* of any of them, until told	(A) */
	_Atomic uint64_t flush_begun, flush_ended; /* numbers of the last that has; ended: without an error	(A) */

	struct ext2_journal journal;

	struct spinlock orphan_lock;
	struct list orphans;	    /* ext2_orphan.c: struct ext2_inode.orphan	(O) */

	struct mutex release_lock;  /* one release at a time */
	struct spinlock freed_lock;
	struct list freed, unlinked; /* ext2_freed.c: struct ext2_freed	(F) */
	_Atomic int64_t freed_blocks, freed_inodes, freed_items; /* in those lists	(A) */
	_Atomic uint32_t syncs;	    /* how many have been done		(A) */
};

/* Blocks in a row, or an inode, on their way to be free. Its list's. */
struct ext2_freed {
	struct list link;
	uint32_t block, count;
	uint32_t ino; /* 0: blocks */
	bool directory;
};

/* One block in memory. */
struct ext2_meta {
	struct page *page; /* referenced; NULL: none */
	void *data;	   /* block size */
	uint32_t block;
};

/* What ext2 keeps of an inode besides vfs's: inode->private. (C) constant, (T) tree, (N) vfs's names, (O) orphan_lock, (A) atomic */
struct ext2_inode {
	_Atomic uint32_t block[EXT2_SLOTS]; /* direct, indirect, double, triple; a fast link's text	any to read, (T) to write */
	uint32_t flags;			/* of the disk's inode			(N) */
	uint32_t generation;		/*					(C) */
	uint32_t file_acl;		/* block of extended attributes		(C) */
	uint32_t next;			/* behind the block that it got last	(T) */
	_Atomic bool unindexed;		/* there was no memory for an index	(A) */
	_Atomic(struct ext2_index *) index; /* ext2_index.c; NULL: none		(A), what it points to (N) */
	struct mutex tree;		/* which blocks the file has; making the index */
	struct inode *inode;		/* whose it is				(C) */
	struct ext2_handle handle;	/* of whoever writes to it		(vfs's inode lock) */
	uint64_t born;			/* the flush that had begun last when it was made; 0: it comes from the disk	(C) */
	struct ext2_meta slot;		/* the block of the disk's inode	(C) */
	struct ext2_disk_inode *disk;	/* in there				(store_lock) */
	_Atomic bool named;		/* the disk may have a name for it	(A) */
	_Atomic bool gone;		/* deleted: not stored any more		(A) */
	uint64_t confirmed;		/* the file's size when it was synced last, or less	(T) */
	uint32_t syncs;			/* fs->syncs at that time		(T) */
	struct list orphan;		/* no name, and not deleted yet		(O) */
	bool deleted;			/* blocks and number are given back, or being	(O) */
};

static inline struct ext2 *ext2_of(const struct inode *inode)
{
	return inode->super->private;
}

static inline struct ext2_inode *ext2_inode(const struct inode *inode)
{
	return inode->private;
}

static inline uint32_t ext2_block_size(const struct ext2 *fs)
{
	return 1u << fs->block_shift;
}

/* Something on the disk cannot be: one line in the log, however many find it. what ends in what `where` counts ("inode"). Returns -EIO. */
int ext2_corrupt(struct ext2 *fs, const char *what, uint64_t where);

/* ---- metadata: fs/ext2_meta.c ---- */

/* The block's contents. 0, -EIO, -ENOMEM. Sleeps, and no signal ends that. */
int ext2_meta_get(struct ext2 *fs, uint32_t block, struct ext2_meta *m);
int ext2_meta_get_new(struct ext2 *fs, uint32_t block, struct ext2_meta *m); /* zeroed, and dirty */
void ext2_meta_put(struct ext2_meta *m);

/* It was changed. The caller holds whatever keeps others from changing it. Sleeps, if memory is short. */
void ext2_meta_dirty(struct ext2 *fs, const struct ext2_meta *m);

/* The block is metadata no longer: it shall not be written over what comes there. */
void ext2_meta_forget(struct ext2 *fs, uint32_t block);

/* Whatever had been changed before the call is on the disk. 0 or -EIO: it is still to be written. Sleeps; any lock of ext2 but flush may be
 * held. */
int ext2_meta_flush(struct ext2 *fs);

/* Is an inode made at that time on the disk? May be: a flush has begun since; surely: one has ended. */
static inline bool ext2_maybe_stored(const struct ext2 *fs, uint64_t born)
{
	return atomic_load_explicit(&fs->flush_begun, memory_order_relaxed) > born;
}

static inline bool ext2_surely_stored(const struct ext2 *fs, uint64_t born)
{
	return atomic_load_explicit(&fs->flush_ended, memory_order_relaxed) > born;
}

/* Flushes if much has been changed. No lock of a group held. */
void ext2_meta_balance(struct ext2 *fs);

/* ---- transactions: fs/ext2_handle.c ---- */

/* Most calls of ext2_meta_dirty that one page's write takes: four blocks, the tables to them, bitmaps and groups of all. */
#define EXT2_WRITE_CREDITS 40

/* The current thread may change so many blocks, or joins the handle that it has. Sleeps; INVALIDATE and what stands before it may be held. 0, or
 * -EINTR (killed). */
int ext2_handle_start(struct ext2 *fs, struct ext2_handle *h, unsigned credits);
void ext2_handle_stop(struct ext2 *fs); /* of each start; never sleeps */
void ext2_handle_used(const struct ext2 *fs); /* a block that was clean has been changed */
int ext2_journal_init(struct ext2 *fs); /* 0 or -ENOMEM */

/* ---- blocks: fs/ext2_alloc.c, fs/ext2_freed.c ---- */

/* 1 to `want` blocks that follow each other, `goal` if that can be had. 0, -ENOSPC, -EIO, -ENOMEM. Sleeps. */
int ext2_blocks_alloc(struct ext2 *fs, uint32_t goal, uint32_t want, uint32_t *block, uint32_t *count);

/* Adds to a list of blocks that go. Sleeps. */
void ext2_gone_add(struct list *gone, uint32_t block, uint32_t count);

/* What named them names them no longer, in memory, dirty. They will be free when that is on the disk. */
void ext2_blocks_free(struct ext2 *fs, struct list *blocks);

/* The inode has no name any more, in memory, dirty: it goes, and its blocks with it. */
void ext2_inode_unlinked(struct ext2 *fs, uint32_t ino, bool directory, struct list *blocks);

/* At once: the disk does not name them. 0; or an error, and those that are left. */
int ext2_blocks_return(struct ext2 *fs, uint32_t *block, uint32_t *count);

/* Flushes, and lets what was freed be used again. Any lock of ext2 up to tree may be held. 0 or -EIO. */
int ext2_freed_release(struct ext2 *fs);

/* fs/ext2_zero.c: zeroes on the disk. Sleeps. 0 or -EIO, -ENOMEM. */
int ext2_blocks_zero(struct ext2 *fs, uint32_t block, uint32_t count);

/* fs/ext2_zero.c: has block `index` of the file, which is to get a place on the disk, to be zeroes there first? Tree locked. */
bool ext2_zero_first(struct inode *inode, uint64_t index);
void ext2_confirmed(struct inode *inode, uint64_t size); /* it is on the disk up to there */
void ext2_unconfirmed(struct inode *inode, uint64_t size); /* from there on it is not what it was */

/* Are blocks [block, block+count) possibly data of some file? */
bool ext2_is_data(const struct ext2 *fs, uint32_t block, uint32_t count);

/* Is it, of those in range, one of its group's own? */
bool ext2_is_meta(const struct ext2 *fs, uint32_t block);

/* ext2_alloc.c, for ext2_ialloc.c too: group g locked, its descriptor in memory. 0 or an error, and nothing is locked. */
int ext2_group_lock(struct ext2 *fs, uint32_t g, struct ext2_meta *m, struct ext2_disk_group **desc);
void ext2_group_unlock(struct ext2 *fs, uint32_t g, struct ext2_meta *m); /* and changed */

/* Fills in fs->group and the sums. false: damaged, or no memory (fs->group is NULL). Mount time. */
bool ext2_groups_load(struct ext2 *fs);

/* ---- inode numbers: fs/ext2_ialloc.c ---- */

/* A free inode near `dir`, marked used. 0, -ENOSPC, -EIO, -ENOMEM. */
int ext2_ino_alloc(struct inode *dir, bool directory, uint32_t *ino);
int ext2_ino_free(struct ext2 *fs, uint32_t ino, bool directory); /* 0 or -EIO, -ENOMEM */
int ext2_ino_mark_deleted(struct ext2 *fs, uint32_t ino); /* on the disk: ext2_inode.c. The same */

/* ---- inodes: fs/ext2_inode.c ---- */

/* Referenced. name: for people, if the inode comes from the disk. Sleeps. */
int ext2_inode_get(struct ext2 *fs, uint64_t ino, const char *name, size_t len, struct inode **out);

/* A new inode near dir, in the cache and on the disk, for which others wait: it is filled in, and then published, or undone. */
int ext2_inode_new(struct inode *dir, const struct inode_make *make, struct inode **out);
void ext2_inode_publish(struct inode *inode, const char *name, size_t len);
void ext2_inode_undo(struct inode *inode);

/* What is in memory goes to the inode's block. 0 or -EIO, -ENOMEM. */
int ext2_inode_store(struct inode *inode);
void ext2_inode_delete(struct inode *inode); /* blocks and number are free */

/* vfs's operations that all inodes have */
void ext2_dirty(struct inode *inode);
void ext2_evict(struct inode *inode);

/* fs/ext2_orphan.c: inodes without a name */
void ext2_orphan_note(struct inode *inode);
void ext2_orphan_forget(struct inode *inode); /* it has got one */
bool ext2_orphan_take(struct inode *inode);   /* true: the caller deletes it, nobody else will */
void ext2_orphans_free(struct ext2 *fs);      /* the machine is being switched off */

/* fs/ext2_ops.c: operations by type; links and directories have their own */
const struct inode_ops *ext2_ops_of(unsigned mode);
extern const struct inode_ops ext2_fast_link_ops, ext2_slow_link_ops;
int ext2_fsync(struct inode *inode, bool data_only);

/* fs/ext2_alloc.c: where a group's inodes begin */
int ext2_group_table(struct ext2 *fs, uint32_t g, uint32_t *table);

/* fs/ext2_super.c: there is a file of 2 GiB or more, and the super block says so */
void ext2_large_file(struct ext2 *fs);

/* ---- a file's blocks ---- */

/* Blocks that follow each other in a file and on the disk; or a hole. */
struct ext2_run {
	uint64_t index;	/* in the file */
	uint32_t block;	/* on the disk; 0: a hole */
	uint32_t count;	/* at least 1 */
};

/* fs/ext2_map.c: the run that begins at block `index` of the file, at most `most` blocks of it. 0, -EIO, -ENOMEM. Sleeps, and no signal ends
 * that. */
int ext2_map(struct inode *inode, uint64_t index, uint32_t most, struct ext2_run *run);

#define EXT2_DEPTH_MAX 4 /* tables on the way to a block: the inode's own, and up to three indirect ones */

/* How many tables lead to block `index`, and the index in each. -EFBIG: beyond what ext2 can name. */
int ext2_path_to(const struct ext2 *fs, uint64_t index, uint32_t path[EXT2_DEPTH_MAX]);

/* Is that a block of some file's? 0 or -EIO, reported. */
int ext2_check_blocks(const struct inode *inode, uint32_t block, uint32_t count);

uint64_t ext2_blocks_of(const struct inode *inode); /* of its size: fs/ext2_io.c */

/* fs/ext2_grow.c: every block of [index, end), 64 at most, is there. 0, -ENOSPC -EFBIG -EIO -ENOMEM: some may have been added, and are zeroes. No
 * tree lock held. */
int ext2_grow(struct inode *inode, uint64_t index, uint64_t end);

/* fs/ext2_cut.c: no block from `index` on (before `end`) is there. 0 or -EIO, -ENOMEM: some may be left. No tree lock held. */
int ext2_cut(struct inode *inode, uint64_t index);
void ext2_cut_loose(struct inode *inode, struct list *gone); /* all of them: the disk and the tables are not changed */
int ext2_punch(struct inode *inode, uint64_t index, uint64_t end);

extern const struct backing_ops ext2_backing; /* fs/ext2_io.c */

/* ---- directories ---- */

/* fs/ext2_dir.c: a place in a directory. */
struct ext2_cursor {
	struct inode *dir;
	uint64_t pos;
	uint64_t end;	       /* of the block; <= pos: not looked at yet */
	struct ext2_meta meta; /* the block that pos lies in */
};

void ext2_cursor_put(struct ext2_cursor *c);

/* The entry under it, checked; it stays until the next call. 0, -EIO, -ENOMEM. names shared or exclusive, in all of these. */
int ext2_cursor_entry(struct ext2_cursor *c, struct ext2_dirent **out);

/* Puts the cursor at the beginning of the directory's block `block`. */
void ext2_cursor_at(struct ext2_cursor *c, uint64_t block);

/* Finds the entry of that name: 1, the cursor is there, and *prev is the entry before it in its block, or NULL; 0: there is none; or an error. */
int ext2_dir_find(struct ext2_cursor *c, const char *name, size_t len, struct ext2_dirent **out, struct ext2_dirent **prev);

int ext2_lookup(struct inode *dir, const char *name, size_t len, struct inode **out);
int ext2_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink);
extern const struct inode_ops ext2_dir_ops; /* fs/ext2_name.c */

/* fs/ext2_index.c: in which blocks names are. names exclusive, but for make, next. */
struct ext2_index;

/* If the directory is large and has none. 0 or -EIO, -ENOMEM: it is damaged. */
int ext2_index_make(struct inode *dir);
void ext2_index_drop(struct ext2_inode *e);
void ext2_index_add(struct inode *dir, const char *name, size_t len, uint64_t block);
void ext2_index_remove(struct inode *dir, const char *name, size_t len, uint64_t block);

/* Blocks that may have the name, one at a time: *i begins at 0. false: no more. */
bool ext2_index_next(const struct ext2_inode *e, const char *name, size_t len, uint32_t *i, uint64_t *block);

/* The first block from *block on that may have that much room for an entry; and what was found out about one. */
void ext2_index_room(const struct ext2_inode *e, unsigned need, uint64_t *block);
void ext2_index_no_room(struct ext2_inode *e, uint64_t block, unsigned need);

/* fs/ext2_entry.c. 0 or -ENOSPC -EIO -ENOMEM -ENOENT, and then nothing has changed. names exclusive. */
int ext2_entry_add(struct inode *dir, const char *name, size_t len, const struct inode *to);
int ext2_entry_remove(struct inode *dir, const char *name, size_t len);
int ext2_entry_set(struct inode *dir, const char *name, size_t len, const struct inode *to); /* an existing name, now another inode's */
int ext2_entry_sector(struct inode *dir, const char *name, size_t len, uint64_t *sector); /* of the disk, in which it is */
int ext2_dir_begin(struct inode *dir, const struct inode *parent); /* a new directory's "." and ".." */
int ext2_dir_empty(struct inode *dir);				   /* 0, or -ENOTEMPTY */

#endif
