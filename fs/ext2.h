/* SPDX-License-Identifier: MIT */
/*
 * ext2 on disk, and what the files of fs/ext2*.c share. All numbers are little-endian, as both our machines are. Source: the layout that
 * e2fsprogs' documentation and "The Second Extended File System" (Poirier) describe.
 */
#ifndef FS_EXT2_H
#define FS_EXT2_H

#include "fs/bdev.h"
#include "fs/vfs.h"

#define EXT2_MAGIC 0xef53
#define EXT2_ROOT_INO 2
#define EXT2_SUPER_AT 1024
#define EXT2_DIRECT 12
#define EXT2_GOOD_OLD_FIRST_INO 11 /* revision 0: lower numbers are the file system's own */
#define EXT2_GOOD_OLD_INODE_SIZE 128

struct ext2_super_block {
	uint32_t inodes_count, blocks_count, r_blocks_count, free_blocks_count, free_inodes_count;
	uint32_t first_data_block, log_block_size, log_frag_size;
	uint32_t blocks_per_group, frags_per_group, inodes_per_group;
	uint32_t mtime, wtime;
	uint16_t mnt_count, max_mnt_count, magic, state, errors, minor_rev;
	uint32_t lastcheck, checkinterval, creator_os, rev_level;
	uint16_t def_resuid, def_resgid;
	uint32_t first_ino;
	uint16_t inode_size, block_group_nr;
	uint32_t feature_compat, feature_incompat, feature_ro_compat;
	uint8_t rest[1024 - 104];
};
_Static_assert(sizeof(struct ext2_super_block) == 1024, "super block");

struct ext2_group {
	uint32_t block_bitmap, inode_bitmap, inode_table;
	uint16_t free_blocks_count, free_inodes_count, used_dirs_count, pad;
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct ext2_group) == 32, "group descriptor");

struct ext2_disk_inode {
	uint16_t mode, uid;
	uint32_t size;
	uint32_t atime, ctime, mtime, dtime;
	uint16_t gid, links_count;
	uint32_t blocks, flags, osd1;
	uint32_t block[15];
	uint32_t generation, file_acl, size_high, faddr;
	uint8_t frag, fsize;
	uint16_t pad, uid_high, gid_high;
	uint32_t reserved2;
};
_Static_assert(sizeof(struct ext2_disk_inode) == 128, "inode");

struct ext2_dirent {
	uint32_t ino;
	uint16_t rec_len;
	uint8_t name_len, type;
	char name[];
};

enum {
	EXT2_INCOMPAT_FILETYPE = 2,
	EXT2_INCOMPAT_RECOVER = 4,
	EXT2_DYNAMIC_REV = 1, /* the highest revision there is */
	EXT2_STATE_VALID = 1, /* it was unmounted properly */
	EXT2_STATE_ERROR = 2,
};

/* A mounted file system. (C) constant, (A) atomic */
struct ext2 {
	struct super super;	 /* (C) */
	struct blkdev *dev;	 /* (C) */
	struct mapping *meta;	 /* the device's own pages: super block, groups, inodes, indirect blocks	(C) */
	uint32_t blocks, inodes; /* (C) */
	uint32_t block_shift;	 /* 10 to 12	(C) */
	uint32_t first_block;	 /* (C) */
	uint32_t first_ino;	 /* the lowest a directory may name, but for the root	(C) */
	uint32_t inodes_per_group, inode_size, groups; /* (C) */
	bool filetype;		 /* directory entries tell types	(C) */
	_Atomic uint64_t reported; /* what ext2_corrupt spoke of last	(A) */
};

static inline struct ext2 *ext2_of(const struct inode *inode)
{
	return inode->super->private;
}

static inline uint32_t ext2_block_size(const struct ext2 *fs)
{
	return 1u << fs->block_shift;
}

/* Something on the disk cannot be: one line in the log, however many find it. what ends in what `where` counts ("inode"). Returns -EIO. */
int ext2_corrupt(struct ext2 *fs, const char *what, uint64_t where);

/* fs/ext2_inode.c: referenced. name: for people, if the inode comes from the disk. Sleeps. */
int ext2_inode_get(struct ext2 *fs, uint64_t ino, const char *name, size_t len, struct inode **out);

/* Blocks that follow each other in a file and on the disk; or a hole. */
struct ext2_run {
	uint64_t index;	/* in the file */
	uint32_t block;	/* on the disk; 0: a hole */
	uint32_t count;	/* at least 1 */
};

/* fs/ext2_map.c: the run that begins at block `index` of the file, at most `most` blocks of it. 0, -EIO, -ENOMEM. Sleeps, and no signal ends
 * that. */
int ext2_map(struct inode *inode, uint64_t index, uint32_t most, struct ext2_run *run);
extern const struct backing_ops ext2_backing;

/* fs/ext2_dir.c */
extern const struct inode_ops ext2_dir_ops;

#endif
