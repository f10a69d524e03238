/* SPDX-License-Identifier: MIT */
/* Mounting ext2: is this one, is it whole, can we read it? Every refusal is one line that names the thing and what to do. */
#include "fs/ext2.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

static const struct {
	uint32_t bit;
	const char *name;
} incompat_names[] = {
	{ 0x1, "compression" },	  { 0x8, "journal_dev" },    { 0x10, "meta_bg" },
	{ 0x40, "extent" },	  { 0x80, "64bit" },	     { 0x100, "mmp" },	     { 0x200, "flex_bg" },
	{ 0x400, "ea_inode" },	  { 0x1000, "dirdata" },     { 0x2000, "metadata_csum_seed" },
	{ 0x4000, "large_dir" },  { 0x8000, "inline_data" }, { 0x10000, "encrypt" }, { 0x20000, "casefold" },
};

/* A device being looked at, and why it will not do. */
struct probe {
	struct blkdev *dev;
	char *why;
	size_t size;
};

static int __attribute__((format(printf, 2, 3))) refuse(struct probe *p, const char *format, ...)
{
	size_t n = (size_t)snprintf(p->why, p->size, "%s: ", p->dev->name);
	va_list args;

	va_start(args, format);
	if (n < p->size)
		vsnprintf(p->why + n, p->size - n, format, args);
	va_end(args);
	return -EINVAL;
}

/* Features that change what is on the disk. Others (compat, ro_compat) do not keep anybody from reading. */
static int check_features(struct probe *p, const struct ext2_super_block *sb)
{
	uint32_t unknown = sb->feature_incompat & ~(uint32_t)EXT2_INCOMPAT_FILETYPE;

	if (sb->rev_level > EXT2_DYNAMIC_REV)
		return refuse(p, "this revision of ext2 is not known; make the image with mke2fs -t ext2");
	if (sb->rev_level < EXT2_DYNAMIC_REV || !unknown)
		return 0;
	if (unknown & EXT2_INCOMPAT_RECOVER)
		return refuse(p, "the journal holds changes that are not in the file system yet (feature 'needs_recovery'); "
				 "run e2fsck on the image first");
	for (unsigned i = 0; i < ARRAY_SIZE(incompat_names); i++)
		if (unknown & incompat_names[i].bit)
			return refuse(p, "the file system has feature '%s', which ext2 has not; make the image with mke2fs -t ext2",
				      incompat_names[i].name);
	return refuse(p, "the file system has unknown features 0x%x; make the image with mke2fs -t ext2", unknown);
}

static uint32_t inode_size(const struct ext2_super_block *sb)
{
	return sb->rev_level < EXT2_DYNAMIC_REV ? EXT2_GOOD_OLD_INODE_SIZE : sb->inode_size;
}

static uint32_t groups(const struct ext2_super_block *sb)
{
	return (uint32_t)(((uint64_t)sb->blocks_count - sb->first_data_block + sb->blocks_per_group - 1) / sb->blocks_per_group);
}

/* Do the super block's numbers fit each other? */
static bool sound(const struct ext2_super_block *sb)
{
	uint32_t block = 1024u << sb->log_block_size;

	if (!sb->inodes_count || !sb->blocks_per_group || !sb->inodes_per_group || sb->first_data_block >= sb->blocks_count)
		return false;
	if (sb->first_data_block != (block == 1024 ? 1 : 0))
		return false;
	if (sb->blocks_per_group > 8 * block || sb->inodes_per_group > 8 * block) /* a bitmap is one block */
		return false;
	return (uint64_t)groups(sb) * sb->inodes_per_group >= sb->inodes_count;
}

static int check_geometry(struct probe *p, const struct ext2_super_block *sb)
{
	uint64_t bytes = p->dev->sectors << SECTOR_SHIFT;
	uint32_t size = inode_size(sb);

	if (sb->log_block_size > 2)
		return refuse(p, "the block size is not 1, 2 or 4 KiB; make the image with mke2fs -b 4096");
	if (((uint64_t)sb->blocks_count << (10 + sb->log_block_size)) > bytes)
		return refuse(p, "the image is cut off: the file system has %u blocks of %u bytes, the disk only %lu bytes; copy it again",
			      sb->blocks_count, 1024u << sb->log_block_size, bytes);
	if (!sound(sb))
		return refuse(p, "the super block is damaged; run e2fsck on the image");
	if (size < EXT2_GOOD_OLD_INODE_SIZE || (size & (size - 1)) || size > 1024u << sb->log_block_size)
		return refuse(p, "the inode size is impossible; run e2fsck on the image");
	return 0;
}

static int read_super(struct probe *p, struct mapping *meta, struct ext2_super_block *sb)
{
	long got = mapping_read_kernel(meta, EXT2_SUPER_AT, sb, sizeof(*sb));

	if (got < 0)
		return refuse(p, "the super block cannot be read; check the image");
	if (got != (long)sizeof(*sb))
		return refuse(p, "the disk is too small to hold a file system; make an image with mke2fs -t ext2");
	if (sb->magic != EXT2_MAGIC)
		return refuse(p, "this is not an ext2 file system; make the image with mke2fs -t ext2");
	return check_features(p, sb) ?: check_geometry(p, sb);
}

static void fill(struct ext2 *fs, const struct ext2_super_block *sb)
{
	fs->blocks = sb->blocks_count;
	fs->inodes = sb->inodes_count;
	fs->block_shift = 10 + sb->log_block_size;
	fs->first_block = sb->first_data_block;
	fs->first_ino = sb->rev_level < EXT2_DYNAMIC_REV ? EXT2_GOOD_OLD_FIRST_INO : sb->first_ino;
	fs->inodes_per_group = sb->inodes_per_group;
	fs->inode_size = inode_size(sb);
	fs->groups = groups(sb);
	fs->filetype = sb->rev_level >= EXT2_DYNAMIC_REV && (sb->feature_incompat & EXT2_INCOMPAT_FILETYPE);
	fs->super = (struct super){
		.type = "ext2",
		.names_cached = true,
		.dev = 0x0100 + fs->dev->number,
		.block_size = ext2_block_size(fs),
		.read_only = true,
		.private = fs,
	};
}

int ext2_corrupt(struct ext2 *fs, const char *what, uint64_t where)
{
	uint64_t mark = (uintptr_t)what ^ where << 48 ^ where;

	/* many look at the same damage, in a row mostly */
	if (atomic_exchange_explicit(&fs->reported, mark, memory_order_relaxed) != mark)
		log_line("%s: damaged: %s %lu; run e2fsck on the image", fs->dev->name, what, where);
	return -EIO;
}

/* 0, or an error; fs stays, for inodes in the cache may name it. */
static int mount(struct ext2 *fs, struct super **out)
{
	int err = ext2_inode_get(fs, EXT2_ROOT_INO, NULL, 0, &fs->super.root);

	if (!err && inode_type(fs->super.root) != S_IFDIR) {
		inode_put(fs->super.root);
		err = ext2_corrupt(fs, "the root directory, inode", EXT2_ROOT_INO);
	}
	if (!err)
		*out = &fs->super;
	return err;
}

/* What a device that cannot be mounted has in memory may stay: that ends the boot. */
int ext2_mount(struct blkdev *dev, struct super **out, char *why, size_t size)
{
	struct probe p = { dev, why, size };
	struct ext2 *fs = kzalloc(sizeof(*fs));
	struct ext2_super_block *sb = kmalloc(sizeof(*sb));
	struct mapping *meta = bdev_mapping(dev);
	int err = fs && sb && meta ? read_super(&p, meta, sb) : -ENOMEM;

	if (!err) {
		fs->dev = dev;
		fs->meta = meta;
		fill(fs, sb);
		if (!(sb->state & EXT2_STATE_VALID) || sb->state & EXT2_STATE_ERROR)
			log_line("%s: the file system was not unmounted properly or has errors; run e2fsck on the image", dev->name);
		err = mount(fs, out);
		if (err)
			refuse(&p, "the root directory cannot be read (%d); run e2fsck on the image", err);
	} else if (err == -ENOMEM) {
		refuse(&p, "no memory to mount it; give more with --mem");
	}
	kfree(sb);
	return err;
}
