/* SPDX-License-Identifier: MIT */
/* Inodes from the disk, and what symbolic links say. */
#include "fs/ext2.h"
#include "lib/errno.h"
#include "lib/string.h"

#define SECTORS_OF_FAST_LINK 0 /* a link whose text is in the inode has no blocks */

static long fast_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t len = mapping_size(&inode->mapping);

	if (len > size)
		len = size;
	memcpy(buf, inode->block, len);
	return (long)len;
}

static long slow_readlink(struct inode *inode, char *buf, size_t size)
{
	return mapping_read_kernel(&inode->mapping, 0, buf, size);
}

static const struct inode_ops file_ops = { 0 };
static const struct inode_ops fast_link_ops = { .readlink = fast_readlink };
static const struct inode_ops slow_link_ops = { .readlink = slow_readlink };

/* Where inode number ino lies on the device, in bytes. */
static int locate(struct ext2 *fs, uint64_t ino, uint64_t *at)
{
	uint32_t group = (uint32_t)((ino - 1) / fs->inodes_per_group);
	uint64_t table = (uint64_t)(fs->first_block + 1) << fs->block_shift;
	struct ext2_group desc;
	long got;

	if (!ino || ino > fs->inodes || group >= fs->groups)
		return ext2_corrupt(fs, "an inode number", ino);
	got = mapping_read_kernel(fs->meta, table + group * sizeof(desc), &desc, sizeof(desc));
	if (got != (long)sizeof(desc))
		return got < 0 ? (int)got : -EIO;
	*at = ((uint64_t)desc.inode_table << fs->block_shift) + (ino - 1) % fs->inodes_per_group * fs->inode_size;
	if (desc.inode_table <= fs->first_block || *at + fs->inode_size > (uint64_t)fs->blocks << fs->block_shift)
		return ext2_corrupt(fs, "a group descriptor", group);
	return 0;
}

static const struct inode_ops *choose_ops(const struct ext2_disk_inode *from, uint64_t size)
{
	switch (from->mode & S_IFMT) {
	case S_IFDIR:
		return &ext2_dir_ops;
	case S_IFLNK:
		return from->blocks == SECTORS_OF_FAST_LINK && size < sizeof(from->block) ? &fast_link_ops : &slow_link_ops;
	default:
		return &file_ops;
	}
}

static bool type_known(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFSOCK:
	case S_IFLNK:
	case S_IFREG:
	case S_IFBLK:
	case S_IFDIR:
	case S_IFCHR:
	case S_IFIFO:
		return true;
	default:
		return false;
	}
}

static int fill(struct ext2 *fs, struct inode *inode, const struct ext2_disk_inode *from)
{
	uint64_t size = from->size;

	if (!type_known(from->mode) || !from->links_count)
		return ext2_corrupt(fs, "an inode that a directory names", inode->ino);
	if ((from->mode & S_IFMT) == S_IFREG)
		size |= (uint64_t)from->size_high << 32;
	if (size > INT64_MAX)
		return ext2_corrupt(fs, "a file's size", inode->ino);
	inode->mode = from->mode;
	inode->nlink = from->links_count;
	inode->uid = from->uid | (uint32_t)from->uid_high << 16;
	inode->gid = from->gid | (uint32_t)from->gid_high << 16;
	inode->blocks = from->blocks;
	inode->atime.sec = (int32_t)from->atime;
	inode->mtime.sec = (int32_t)from->mtime;
	inode->ctime.sec = (int32_t)from->ctime;
	memcpy(inode->block, from->block, sizeof(inode->block));
	mapping_init(&inode->mapping, &ext2_backing, size);
	inode->ops = choose_ops(from, size);
	return 0;
}

static int read_inode(struct ext2 *fs, struct inode *inode)
{
	struct ext2_disk_inode from;
	uint64_t at = 0;
	int err = locate(fs, inode->ino, &at);
	long got;

	if (err)
		return err;
	got = mapping_read_kernel(fs->meta, at, &from, sizeof(from));
	if (got != (long)sizeof(from))
		return got < 0 ? (int)got : -EIO;
	return fill(fs, inode, &from);
}

int ext2_inode_get(struct ext2 *fs, uint64_t ino, struct inode **out)
{
	int got = inode_get_or_new(&fs->super, ino, out);

	if (got <= 0)
		return got;
	got = read_inode(fs, *out);
	if (got)
		inode_discard(*out);
	else
		inode_publish(*out);
	return got;
}
