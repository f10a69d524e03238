/* SPDX-License-Identifier: MIT */
/* Inodes from the disk, and what symbolic links say. */
#include "fs/ext2.h"
#include "lib/errno.h"
#include "lib/string.h"

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

/* n bytes of metadata. */
static int read_meta(struct ext2 *fs, uint64_t at, void *to, size_t n)
{
	long got = mapping_read_kernel(fs->meta, at, to, n);

	if (got == (long)n)
		return 0;
	return got == -EINTR || got == -ENOMEM ? (int)got : -EIO;
}

/* Where inode number ino lies on the device, in bytes. */
static int locate(struct ext2 *fs, uint64_t ino, uint64_t *at)
{
	uint32_t group = (uint32_t)((ino - 1) / fs->inodes_per_group);
	uint64_t table = (uint64_t)(fs->first_block + 1) << fs->block_shift;
	struct ext2_group desc;
	int err;

	if (!ino || ino > fs->inodes || group >= fs->groups)
		return ext2_corrupt(fs, "a directory, which names inode", ino);
	err = read_meta(fs, table + group * sizeof(desc), &desc, sizeof(desc));
	if (err)
		return err;
	*at = ((uint64_t)desc.inode_table << fs->block_shift) + (ino - 1) % fs->inodes_per_group * fs->inode_size;
	if (desc.inode_table <= fs->first_block || *at + fs->inode_size > (uint64_t)fs->blocks << fs->block_shift)
		return ext2_corrupt(fs, "the descriptor of group", group);
	return 0;
}

/* A link whose text lies in the inode has no blocks, but perhaps one for extended attributes. */
static bool is_fast_link(const struct ext2 *fs, const struct ext2_disk_inode *from)
{
	uint32_t attributes = from->file_acl ? ext2_block_size(fs) >> SECTOR_SHIFT : 0;

	return from->blocks == attributes;
}

/* What can be done with an inode of this type, or NULL: it has none, or its size is none for its type. */
static const struct inode_ops *choose_ops(const struct ext2 *fs, const struct ext2_disk_inode *from)
{
	switch (from->mode & S_IFMT) {
	case S_IFREG:
		return &file_ops;
	case S_IFDIR:
		return from->size % ext2_block_size(fs) ? NULL : &ext2_dir_ops;
	case S_IFLNK:
		if (is_fast_link(fs, from))
			return from->size < sizeof(from->block) ? &fast_link_ops : NULL;
		return from->size <= ext2_block_size(fs) ? &slow_link_ops : NULL;
	case S_IFCHR:
		return &device_node_ops;
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return &file_ops;
	default:
		return NULL;
	}
}

/* The number of a device lies where others have their blocks: the old form, 8 bits each, or behind it the new one. */
static uint32_t device_number(const struct ext2_disk_inode *from)
{
	return from->block[0] ? from->block[0] & 0xffff : from->block[1];
}

static struct timestamp timestamp(uint32_t seconds)
{
	return (struct timestamp){ .sec = (int32_t)seconds };
}

static int fill(struct ext2 *fs, struct inode *inode, const struct ext2_disk_inode *from)
{
	const struct inode_ops *ops = choose_ops(fs, from);
	uint64_t size = from->size;

	if ((from->mode & S_IFMT) == S_IFREG)
		size |= (uint64_t)from->size_high << 32;
	if (!ops || !from->links_count || size > INT64_MAX)
		return ext2_corrupt(fs, "inode", inode->ino);
	inode->mode = from->mode;
	inode->nlink = from->links_count;
	inode->uid = from->uid | (uint32_t)from->uid_high << 16;
	inode->gid = from->gid | (uint32_t)from->gid_high << 16;
	inode->blocks = from->blocks;
	inode->rdev = ops == &device_node_ops || inode_type(inode) == S_IFBLK ? device_number(from) : 0;
	inode->atime = timestamp(from->atime);
	inode->mtime = timestamp(from->mtime);
	inode->ctime = timestamp(from->ctime);
	memcpy(inode->block, from->block, sizeof(inode->block));
	mapping_init(&inode->mapping, &ext2_backing, size);
	inode->ops = ops;
	return 0;
}

static int read_inode(struct ext2 *fs, struct inode *inode)
{
	struct ext2_disk_inode from;
	uint64_t at = 0;
	int err = locate(fs, inode->ino, &at);

	if (!err)
		err = read_meta(fs, at, &from, sizeof(from));
	return err ? err : fill(fs, inode, &from);
}

int ext2_inode_get(struct ext2 *fs, uint64_t ino, const char *name, size_t len, struct inode **out)
{
	int got = inode_get_or_new(&fs->super, ino, out);
	struct inode *inode = *out;

	if (got <= 0)
		return got;
	got = read_inode(fs, inode);
	if (got) {
		inode_discard(inode);
		return got;
	}
	if (len && name[0] != '.') /* ".." is nobody's name */
		strlcpy(inode->name, name, len < sizeof(inode->name) ? len + 1 : sizeof(inode->name));
	inode_publish(inode);
	return 0;
}
