/* SPDX-License-Identifier: MIT */
/*
 * ext2 on the disk. All numbers are little-endian, as both our machines are. Source: the layout that e2fsprogs' documentation and "The
 * Second Extended File System" (Poirier) describe.
 */
#ifndef FS_EXT2_DISK_H
#define FS_EXT2_DISK_H

#include "kernel/assert.h"
#include <stddef.h>
#include <stdint.h>

#define EXT2_MAGIC 0xef53
#define EXT2_ROOT_INO 2
#define EXT2_SUPER_AT 1024
#define EXT2_DIRECT 12
#define EXT2_SLOTS 15		   /* block numbers in an inode */
#define EXT2_GOOD_OLD_FIRST_INO 11 /* revision 0: lower numbers are the file system's own */
#define EXT2_GOOD_OLD_INODE_SIZE 128
#define EXT2_LINK_MAX 32000
#define DIRENT_MIN 8
#define EXT2_FAST_LINK (EXT2_SLOTS * 4) /* bytes of text that an inode has room for */

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
	uint8_t uuid[16], volume_name[16], last_mounted[64];
	uint8_t skipped[348 - 200];
	uint16_t min_extra_isize, want_extra_isize;
	uint8_t rest[1024 - 352];
};
_Static_assert(sizeof(struct ext2_super_block) == 1024, "super block");
_Static_assert(offsetof(struct ext2_super_block, min_extra_isize) == 348, "super block");

struct ext2_disk_group {
	uint32_t block_bitmap, inode_bitmap, inode_table;
	uint16_t free_blocks_count, free_inodes_count, used_dirs_count, pad;
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct ext2_disk_group) == 32, "group descriptor");

struct ext2_disk_inode {
	uint16_t mode, uid;
	uint32_t size;
	uint32_t atime, ctime, mtime, dtime;
	uint16_t gid, links_count;
	uint32_t blocks, flags, osd1;
	uint32_t block[EXT2_SLOTS];
	uint32_t generation, file_acl, size_high, faddr;
	uint8_t frag, fsize;
	uint16_t pad, uid_high, gid_high;
	uint32_t reserved2;
};
_Static_assert(sizeof(struct ext2_disk_inode) == 128, "inode");

/* What follows in inodes of more than 128 bytes; a field is there if it lies within the first extra_isize bytes. */
struct ext2_disk_extra {
	uint16_t extra_isize, checksum;
	uint32_t ctime, mtime, atime; /* nanoseconds << 2 | bits 32 and 33 of the seconds */
	uint32_t crtime, crtime_extra;
};
_Static_assert(sizeof(struct ext2_disk_extra) == 24, "inode");

struct ext2_dirent {
	uint32_t ino;
	uint16_t rec_len;
	uint8_t name_len, type;
	char name[];
};

/* A block of extended attributes begins with it. */
struct ext2_attributes {
	uint32_t magic, refcount, blocks;
};

enum {
	EXT2_INCOMPAT_FILETYPE = 2,
	EXT2_INCOMPAT_RECOVER = 4,
	EXT2_RO_SPARSE_SUPER = 1,
	EXT2_RO_LARGE_FILE = 2,
	EXT2_RO_BTREE_DIR = 4, /* never came to be */
	EXT2_DYNAMIC_REV = 1, /* the highest revision there is */
	EXT2_STATE_VALID = 1, /* it was unmounted properly */
	EXT2_STATE_ERROR = 2,
	EXT2_INDEX_FL = 0x1000, /* inode: an indexed directory */
	EXT2_ATTRIBUTES_MAGIC = 0xea020000u,
};

#endif
