/* SPDX-License-Identifier: MIT */
/* Mounting ext2: is this one, is it whole, can we read it? Every refusal is one line that names the thing and what to do. */
#include "fs/ext2.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

static const struct {
	uint32_t bit;
	const char *name;
} incompat_names[] = {
	{ 0x1, "compression" },	  { 0x4, "needs_recovery" }, { 0x8, "journal_dev" }, { 0x10, "meta_bg" },
	{ 0x40, "extent" },	  { 0x80, "64bit" },	     { 0x100, "mmp" },	     { 0x200, "flex_bg" },
	{ 0x400, "ea_inode" },	  { 0x1000, "dirdata" },     { 0x2000, "metadata_csum_seed" },
	{ 0x4000, "large_dir" },  { 0x8000, "inline_data" }, { 0x10000, "encrypt" }, { 0x20000, "casefold" },
};

static int refuse(const char *dev, const char *why, const char *what_to_do)
{
	log_line("%s: %s; %s", dev, why, what_to_do);
	return -EINVAL;
}

static int check_features(const char *dev, const struct ext2_super_block *sb)
{
	uint32_t unknown = sb->feature_incompat & ~(uint32_t)EXT2_INCOMPAT_FILETYPE;

	if (sb->rev_level < EXT2_DYNAMIC_REV || !unknown)
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(incompat_names); i++)
		if (unknown & incompat_names[i].bit) {
			log_line("%s: file system has feature '%s', which ext2 has not; make the image with mke2fs -t ext2",
				 dev, incompat_names[i].name);
			return -EINVAL;
		}
	log_line("%s: file system has unknown features %#x; make the image with mke2fs -t ext2", dev, unknown);
	return -EINVAL;
}

static int check_geometry(const struct blkdev *dev, const struct ext2_super_block *sb)
{
	uint64_t bytes = dev->sectors << SECTOR_SHIFT;
	uint32_t size = sb->rev_level < EXT2_DYNAMIC_REV ? 128 : sb->inode_size;

	if (sb->log_block_size > 2)
		return refuse(dev->name, "block size is not 1, 2 or 4 KiB", "make the image with mke2fs -b 4096");
	if (((uint64_t)sb->blocks_count << (10 + sb->log_block_size)) > bytes) {
		log_line("%s: the image is cut off: the file system has %u blocks of %u bytes, the disk only %llu bytes; copy it again",
			 dev->name, sb->blocks_count, 1024u << sb->log_block_size, (unsigned long long)bytes);
		return -EINVAL;
	}
	if (!sb->blocks_per_group || !sb->inodes_per_group || sb->first_data_block >= sb->blocks_count || !sb->inodes_count)
		return refuse(dev->name, "the super block is damaged", "run e2fsck on the image");
	if (size < 128 || (size & (size - 1)) || size > 1024u << sb->log_block_size)
		return refuse(dev->name, "the inode size is impossible", "run e2fsck on the image");
	return 0;
}

static int read_super(struct blkdev *dev, struct mapping *meta, struct ext2_super_block *sb)
{
	long got = mapping_read_kernel(meta, EXT2_SUPER_AT, sb, sizeof(*sb));

	if (got < 0 && got != -ENXIO)
		return refuse(dev->name, "the super block cannot be read", "check the image");
	if (got != (long)sizeof(*sb) || sb->magic != EXT2_MAGIC)
		return refuse(dev->name, "this is not an ext2 file system", "make the image with mke2fs -t ext2");
	return check_features(dev->name, sb) ?: check_geometry(dev, sb);
}

static void fill(struct ext2 *fs, const struct ext2_super_block *sb)
{
	fs->blocks = sb->blocks_count;
	fs->inodes = sb->inodes_count;
	fs->block_shift = 10 + sb->log_block_size;
	fs->first_block = sb->first_data_block;
	fs->inodes_per_group = sb->inodes_per_group;
	fs->inode_size = sb->rev_level < EXT2_DYNAMIC_REV ? 128 : sb->inode_size;
	fs->groups = (fs->blocks - fs->first_block + sb->blocks_per_group - 1) / sb->blocks_per_group;
	fs->filetype = sb->rev_level >= EXT2_DYNAMIC_REV && (sb->feature_incompat & EXT2_INCOMPAT_FILETYPE);
	fs->super = (struct super){ .type = "ext2", .dev = 0x0100 + fs->dev->number, .private = fs };
}

int ext2_corrupt(const struct ext2 *fs, const char *what, uint64_t where)
{
	log_line("%s: %s is damaged (at %llu); run e2fsck on the image", fs->dev->name, what, (unsigned long long)where);
	return -EIO;
}

int ext2_mount(struct blkdev *dev, struct super **out)
{
	struct ext2 *fs = kzalloc(sizeof(*fs));
	struct ext2_super_block *sb = kmalloc(sizeof(*sb));
	struct mapping *meta = bdev_mapping(dev);
	int err = fs && sb && meta ? read_super(dev, meta, sb) : -ENOMEM;

	if (!err) {
		fs->dev = dev;
		fs->meta = meta;
		fill(fs, sb);
		err = ext2_inode_get(fs, EXT2_ROOT_INO, &fs->super.root);
		if (!err && inode_type(fs->super.root) != S_IFDIR)
			err = ext2_corrupt(fs, "the root directory", EXT2_ROOT_INO);
	}
	kfree(sb);
	if (err)
		kfree(fs); /* a device that could not be mounted ends the boot, so its few pages may stay */
	else
		*out = &fs->super;
	return err;
}
