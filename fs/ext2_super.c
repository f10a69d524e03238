/* SPDX-License-Identifier: MIT */
/*
 * Mounting ext2: is this one, is it whole, can we read it, can we write it? Every refusal is one line that names the thing and what to do.
 * And the other end: sync, and a clean power-off.
 *
 * While it is mounted for writing, the super block on the disk says that it is in use (no EXT2_STATE_VALID). Its counts are those of the
 * groups' sums, put there by sync. Copies of super block and descriptors in other groups are left as mke2fs made them.
 */
#include "fs/ext2.h"
#include "fs/mount.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "kernel/time.h"
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

/* Features that change what is on the disk. Others (compat, ro_compat) do not keep anybody from reading: see why_read_only. */
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

static const struct super_ops super_ops;

/* As Linux counts: what the inode's counter of sectors can hold, its tables included; and what the tables can name. */
static uint64_t max_size(const struct ext2_super_block *sb)
{
	unsigned shift = 10 + sb->log_block_size;
	uint64_t n = 1ull << (shift - 2), named = EXT2_DIRECT + n + n * n + n * n * n;
	uint64_t counted = (UINT32_MAX >> (shift - SECTOR_SHIFT)) - (3 + 2 * n + n * n);

	if (sb->rev_level < EXT2_DYNAMIC_REV)
		return INT32_MAX;
	return (named < counted ? named : counted) << shift;
}

static uint16_t extra_isize(const struct ext2_super_block *sb)
{
	uint16_t room = (uint16_t)(inode_size(sb) - EXT2_GOOD_OLD_INODE_SIZE), want = sb->want_extra_isize;

	if (want < sizeof(struct ext2_disk_extra) || want % 4)
		want = 32;
	return want < room ? want : room;
}

static void fill_locks(struct ext2 *fs)
{
	spin_init(&fs->store_lock, LOCK_EXT2);
	spin_init(&fs->dirty_lock, LOCK_EXT2);
	spin_init(&fs->freed_lock, LOCK_EXT2);
	spin_init(&fs->orphan_lock, LOCK_EXT2);
	mutex_init(&fs->flush_lock, LOCK_EXT2_FLUSH);
	mutex_init(&fs->release_lock, LOCK_EXT2_RELEASE);
	waitq_init(&fs->flushed);
	list_init(&fs->dirty);
	list_init(&fs->freed);
	list_init(&fs->unlinked);
	list_init(&fs->orphans);
}

static void fill(struct ext2 *fs, const struct ext2_super_block *sb)
{
	fs->blocks = sb->blocks_count;
	fs->inodes = sb->inodes_count;
	fs->block_shift = 10 + sb->log_block_size;
	fs->first_block = sb->first_data_block;
	fs->first_ino = sb->rev_level < EXT2_DYNAMIC_REV ? EXT2_GOOD_OLD_FIRST_INO : sb->first_ino;
	fs->blocks_per_group = sb->blocks_per_group;
	fs->inodes_per_group = sb->inodes_per_group;
	fs->inode_size = inode_size(sb);
	fs->extra_isize = extra_isize(sb);
	fs->groups = groups(sb);
	fs->reserved = sb->r_blocks_count;
	fs->mount_state = sb->state;
	fs->generation = (uint32_t)clock_wall_ns();
	fs->filetype = sb->rev_level >= EXT2_DYNAMIC_REV && (sb->feature_incompat & EXT2_INCOMPAT_FILETYPE);
	fs->super = (struct super){
		.type = "ext2",
		.ops = &super_ops,
		.max_size = max_size(sb),
		.max_links = EXT2_LINK_MAX,
		.names_cached = true,
		.owned = true,
		.dev = 0x0100 + fs->dev->number,
		.block_size = ext2_block_size(fs),
		.read_only = true,
		.private = fs,
	};
	fill_locks(fs);
}

int ext2_corrupt(struct ext2 *fs, const char *what, uint64_t where)
{
	uint64_t mark = (uintptr_t)what ^ where << 48 ^ where;

	/* many look at the same damage, in a row mostly */
	if (atomic_exchange_explicit(&fs->reported, mark, memory_order_relaxed) != mark)
		log_line("%s: damaged: %s %lu; run e2fsck on the image", fs->dev->name, what, where);
	return -EIO;
}

/* ---- the super block while mounted ---- */

static int super_get(struct ext2 *fs, struct ext2_meta *m, struct ext2_super_block **sb)
{
	int err = ext2_meta_get(fs, EXT2_SUPER_AT >> fs->block_shift, m);

	if (!err)
		*sb = (void *)((char *)m->data + (EXT2_SUPER_AT & (ext2_block_size(fs) - 1)));
	return err;
}

static uint32_t seconds(void)
{
	return (uint32_t)(clock_wall_ns() / NSEC_PER_SEC);
}

static uint32_t not_negative(int64_t n)
{
	return n < 0 ? 0 : (uint32_t)n;
}

/* Counts, time of writing, and this state. */
static int super_store(struct ext2 *fs, uint16_t state)
{
	struct ext2_super_block *sb;
	struct ext2_meta m;
	int err = super_get(fs, &m, &sb);

	if (err)
		return err;
	sb->free_blocks_count = not_negative(fs->free_blocks);
	sb->free_inodes_count = not_negative(fs->free_inodes);
	sb->wtime = seconds();
	sb->state = state;
	ext2_meta_dirty(fs, &m);
	ext2_meta_put(&m);
	return 0;
}

void ext2_large_file(struct ext2 *fs)
{
	struct ext2_super_block *sb;
	struct ext2_meta m;

	if (super_get(fs, &m, &sb))
		return;
	if (!(sb->feature_ro_compat & EXT2_RO_LARGE_FILE)) {
		sb->feature_ro_compat |= EXT2_RO_LARGE_FILE;
		ext2_meta_dirty(fs, &m);
	}
	ext2_meta_put(&m);
}

static uint16_t in_use(const struct ext2 *fs)
{
	return fs->mount_state & (uint16_t)~EXT2_STATE_VALID;
}

static int ext2_sync(struct super *super)
{
	struct ext2 *fs = super->private;
	int err;

	if (super->read_only)
		return 0;
	err = ext2_freed_release(fs) ?: super_store(fs, in_use(fs)) ?: ext2_meta_flush(fs);
	if (!err)
		atomic_fetch_add_explicit(&fs->syncs, 1, memory_order_relaxed);
	return err;
}

static void ext2_usage(struct super *super, struct fs_usage *out)
{
	struct ext2 *fs = super->private;
	struct ext2_super_block *sb;
	struct ext2_meta m;

	*out = (struct fs_usage){ .magic = EXT2_MAGIC, .block_size = ext2_block_size(fs), .blocks = fs->blocks, .inodes = fs->inodes };
	if (fs->group) {
		out->free = not_negative(fs->free_blocks) + not_negative(fs->freed_blocks);
		out->free_inodes = not_negative(fs->free_inodes) + not_negative(fs->freed_inodes);
	} else if (!super_get(fs, &m, &sb)) {
		out->free = sb->free_blocks_count;
		out->free_inodes = sb->free_inodes_count;
		ext2_meta_put(&m);
	}
	out->available = out->free > fs->reserved ? out->free - fs->reserved : 0;
}

static void ext2_unmount(struct super *super)
{
	struct ext2 *fs = super->private;

	if (super->read_only)
		return;
	ext2_orphans_free(fs);
	super->read_only = true;
	ext2_freed_release(fs);
	super_store(fs, fs->mount_state);
	ext2_meta_flush(fs);
}

static const struct super_ops super_ops = { .sync = ext2_sync, .usage = ext2_usage, .unmount = ext2_unmount };

/* ---- mounting ---- */

/* Why this one is only read, or NULL. */
static const char *why_read_only(struct ext2 *fs, const struct ext2_super_block *sb)
{
	uint32_t known = EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE | EXT2_RO_BTREE_DIR;

	if (sb->rev_level >= EXT2_DYNAMIC_REV && sb->feature_ro_compat & ~known)
		return "it has features that only readers may ignore; make the image with mke2fs -t ext2";
	if (!ext2_groups_load(fs))
		return "its group descriptors cannot be used; run e2fsck on the image";
	return NULL;
}

/* From now on it may be changed, and the disk says so. */
static int begin_writing(struct ext2 *fs)
{
	struct ext2_super_block *sb;
	struct ext2_meta m;
	int err = super_get(fs, &m, &sb);

	if (err)
		return err;
	sb->mnt_count++;
	sb->mtime = seconds();
	ext2_meta_put(&m);
	err = ext2_journal_init(fs);
	if (err)
		return err;
	fs->super.read_only = false;
	err = super_store(fs, in_use(fs));
	return err ? err : ext2_meta_flush(fs);
}

/* 0, or an error; fs stays, for inodes in the cache may name it. */
static int mount(struct ext2 *fs, const struct ext2_super_block *sb, struct super **out)
{
	const char *why = why_read_only(fs, sb);
	int err = ext2_inode_get(fs, EXT2_ROOT_INO, NULL, 0, &fs->super.root);

	if (!err && inode_type(fs->super.root) != S_IFDIR) {
		inode_put(fs->super.root);
		err = ext2_corrupt(fs, "the root directory, inode", EXT2_ROOT_INO);
	}
	if (!err && why)
		log_line("%s: mounted read-only: %s", fs->dev->name, why);
	else if (!err)
		err = begin_writing(fs);
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
		err = mount(fs, sb, out);
		if (err)
			refuse(&p, "the root directory cannot be read (%d); run e2fsck on the image", err);
	} else if (err == -ENOMEM) {
		refuse(&p, "no memory to mount it; give more with --mem");
	}
	kfree(sb);
	return err;
}
