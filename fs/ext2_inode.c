/* SPDX-License-Identifier: MIT */
/*
 * Inodes, from the disk and to it.
 *
 * Written through: whoever changes an inode in memory calls ext2_inode_store, which copies all of it to its block, in the cache and dirty.
 * Several may, who hold different locks (vfs's inode lock, the tree): each copies everything, one at a time under store_lock, after its own
 * change. So the last copy has every change. No inode waits to be written, none is kept in memory because it is dirty.
 *
 * The block that an inode lies in stays in memory as long as the inode does, so storing cannot fail.
 *
 * An inode without a name stays until its last reference is gone; evict then puts its blocks and its number where they wait until the disk has
 * lost the name too (ext2_freed.c). Until then the disk's inode has one link, or e2fsck would take the name away with the inode. Those that
 * still have references when the machine is switched off are on fs->orphans, and go the same way (ext2_orphans_free).
 */
#include "fs/ext2.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/reclaim.h"
#include "mm/writeback.h"

static struct slab_cache ext2_inode_cache = SLAB_CACHE("ext2-inode", struct ext2_inode);

/* ---- where inodes are ---- */

/* Inode number ino's place: *at in the block that m gets. */
static int slot_get(struct ext2 *fs, uint64_t ino, struct ext2_meta *m, struct ext2_disk_inode **at)
{
	uint32_t group = (uint32_t)((ino - 1) / fs->inodes_per_group), table = 0;
	uint64_t offset = (ino - 1) % fs->inodes_per_group * fs->inode_size;
	int err;

	if (!ino || ino > fs->inodes || group >= fs->groups)
		return ext2_corrupt(fs, "a directory, which names inode", ino);
	err = ext2_group_table(fs, group, &table);
	if (!err)
		err = ext2_meta_get(fs, table + (uint32_t)(offset >> fs->block_shift), m);
	if (!err)
		*at = (void *)((char *)m->data + (offset & (ext2_block_size(fs) - 1)));
	return err;
}

static struct ext2_inode *info_new(struct inode *inode)
{
	struct ext2_inode *e;

	do {
		e = slab_zalloc(&ext2_inode_cache);
	} while (!e && page_make_room());
	if (!e)
		return NULL;
	mutex_init(&e->tree, LOCK_EXT2_TREE);
	list_init(&e->orphan);
	e->inode = inode;
	inode->private = e;
	return e;
}

static void info_free(struct ext2_inode *e)
{
	ext2_meta_put(&e->slot);
	ext2_index_drop(e);
	slab_free(&ext2_inode_cache, e);
}

/* ---- from the disk ---- */

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
	case S_IFDIR:
		return from->size % ext2_block_size(fs) ? NULL : &ext2_dir_ops;
	case S_IFLNK:
		if (is_fast_link(fs, from))
			return from->size < EXT2_FAST_LINK ? &ext2_fast_link_ops : NULL;
		return from->size <= ext2_block_size(fs) ? &ext2_slow_link_ops : NULL;
	default:
		return ext2_ops_of(from->mode);
	}
}

/* The number of a device lies where others have their blocks: the old form, 8 bits each, or behind it the new one. */
static uint32_t device_number(const struct ext2_disk_inode *from)
{
	return from->block[0] ? from->block[0] & 0xffff : from->block[1];
}

static bool has_device(unsigned mode)
{
	return (mode & S_IFMT) == S_IFCHR || (mode & S_IFMT) == S_IFBLK;
}

/* Does the inode on the disk have this field of what follows the first 128 bytes? */
static bool has_extra(const struct ext2 *fs, const struct ext2_disk_extra *x, size_t offset)
{
	return fs->inode_size > EXT2_GOOD_OLD_INODE_SIZE && x->extra_isize >= offset + sizeof(uint32_t) &&
	       x->extra_isize <= fs->inode_size - EXT2_GOOD_OLD_INODE_SIZE;
}

static struct timestamp timestamp(uint32_t seconds, uint32_t extra)
{
	uint32_t nsec = extra >> 2;

	return (struct timestamp){ .sec = (int32_t)seconds + ((int64_t)(extra & 3) << 32), .nsec = nsec < NSEC_PER_SEC ? nsec : 0 };
}

static uint32_t extra_of(struct timestamp t)
{
	return t.nsec << 2 | ((uint32_t)(((uint64_t)t.sec - (uint64_t)(int32_t)t.sec) >> 32) & 3);
}

static void fill_times(const struct ext2 *fs, struct inode *inode, const struct ext2_disk_inode *from)
{
	const struct ext2_disk_extra *x = (const void *)(from + 1);

	inode->atime = timestamp(from->atime, has_extra(fs, x, offsetof(struct ext2_disk_extra, atime)) ? x->atime : 0);
	inode->mtime = timestamp(from->mtime, has_extra(fs, x, offsetof(struct ext2_disk_extra, mtime)) ? x->mtime : 0);
	inode->ctime = timestamp(from->ctime, has_extra(fs, x, offsetof(struct ext2_disk_extra, ctime)) ? x->ctime : 0);
}

static void init_mapping(struct ext2 *fs, struct inode *inode, uint64_t size)
{
	mapping_init(&inode->mapping, &ext2_backing, size);
	inode->mapping.flusher = &fs->dev->flusher;
	inode->mapping.write_lock = &inode->lock;
}

static int fill(struct ext2 *fs, struct inode *inode, const struct ext2_disk_inode *from)
{
	const struct inode_ops *ops = choose_ops(fs, from);
	struct ext2_inode *e = ext2_inode(inode);
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
	inode->rdev = has_device(from->mode) ? device_number(from) : 0;
	fill_times(fs, inode, from);
	for (unsigned i = 0; i < EXT2_SLOTS; i++)
		atomic_store_explicit(&e->block[i], from->block[i], memory_order_relaxed);
	e->flags = from->flags;
	e->generation = from->generation;
	e->file_acl = from->file_acl;
	e->confirmed = size;
	e->syncs = fs->syncs;
	init_mapping(fs, inode, size);
	inode->ops = ops;
	return 0;
}

static int read_inode(struct ext2 *fs, struct inode *inode)
{
	struct ext2_inode *e = info_new(inode);
	int err = e ? slot_get(fs, inode->ino, &e->slot, &e->disk) : -ENOMEM;

	if (err)
		return err;
	e->named = true;
	return fill(fs, inode, e->disk);
}

static void set_name(struct inode *inode, const char *name, size_t len)
{
	if (len && name[0] != '.') /* ".." is nobody's name */
		strlcpy(inode->name, name, len < sizeof(inode->name) ? len + 1 : sizeof(inode->name));
}

static void discard(struct inode *inode)
{
	if (inode->private)
		info_free(inode->private);
	inode->private = NULL;
	inode_discard(inode);
}

int ext2_inode_get(struct ext2 *fs, uint64_t ino, const char *name, size_t len, struct inode **out)
{
	int got = inode_get_or_new(&fs->super, ino, out);
	struct inode *inode = *out;

	if (got <= 0)
		return got;
	got = read_inode(fs, inode);
	if (got) {
		discard(inode);
		return got;
	}
	set_name(inode, name, len);
	inode_publish(inode);
	return 0;
}

/* ---- to the disk ---- */

static void store_times(const struct ext2 *fs, const struct inode *inode, struct ext2_disk_inode *to)
{
	struct ext2_disk_extra *x = (void *)(to + 1);

	to->atime = (uint32_t)inode->atime.sec;
	to->mtime = (uint32_t)inode->mtime.sec;
	to->ctime = (uint32_t)inode->ctime.sec;
	if (!has_extra(fs, x, offsetof(struct ext2_disk_extra, atime)))
		return;
	x->atime = extra_of(inode->atime);
	x->mtime = extra_of(inode->mtime);
	x->ctime = extra_of(inode->ctime);
}

static void store_blocks(const struct inode *inode, struct ext2_disk_inode *to)
{
	const struct ext2_inode *e = ext2_inode(inode);

	for (unsigned i = 0; i < EXT2_SLOTS; i++)
		to->block[i] = atomic_load_explicit(&e->block[i], memory_order_relaxed);
	if (!has_device(inode->mode))
		return;
	to->block[0] = inode->rdev < 0x10000 ? inode->rdev : 0;
	to->block[1] = inode->rdev < 0x10000 ? 0 : inode->rdev;
}

static void copy_out(const struct ext2 *fs, const struct inode *inode, struct ext2_disk_inode *to)
{
	const struct ext2_inode *e = ext2_inode(inode);
	uint64_t size = mapping_size(&inode->mapping);

	to->mode = (uint16_t)inode->mode;
	to->uid = (uint16_t)inode->uid;
	to->uid_high = (uint16_t)(inode->uid >> 16);
	to->gid = (uint16_t)inode->gid;
	to->gid_high = (uint16_t)(inode->gid >> 16);
	to->size = (uint32_t)size;
	if (inode_type(inode) == S_IFREG)
		to->size_high = (uint32_t)(size >> 32);
	to->links_count = (uint16_t)(inode->nlink || !e->named ? inode->nlink : 1);
	to->blocks = (uint32_t)inode->blocks;
	to->flags = e->flags;
	to->generation = e->generation;
	to->file_acl = e->file_acl;
	store_times(fs, inode, to);
	store_blocks(inode, to);
}

int ext2_inode_store(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_inode *e = ext2_inode(inode);

	if (mapping_size(&inode->mapping) > INT32_MAX)
		ext2_large_file(fs);
	spin_lock(&fs->store_lock);
	if (!e->gone)
		copy_out(fs, inode, e->disk);
	spin_unlock(&fs->store_lock);
	ext2_meta_dirty(fs, &e->slot);
	return 0;
}

void ext2_dirty(struct inode *inode)
{
	ext2_inode_store(inode);
	if (!inode->nlink) {
		mapping_unlinked(&inode->mapping);
		ext2_orphan_note(inode);
	} else if (!list_empty(&ext2_inode(inode)->orphan)) {
		mapping_linked(&inode->mapping);
		ext2_orphan_forget(inode);
	}
}

/* ---- new ones ---- */

/* The slot of a new inode, which has nothing of the old one. */
static int store_new(struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_inode *e = ext2_inode(inode);
	int err = slot_get(fs, inode->ino, &e->slot, &e->disk);

	if (err)
		return err;
	memset(e->disk, 0, fs->inode_size);
	if (fs->extra_isize) {
		struct ext2_disk_extra *x = (void *)(e->disk + 1);

		x->extra_isize = fs->extra_isize;
		x->crtime = (uint32_t)inode->ctime.sec;
		x->crtime_extra = extra_of(inode->ctime);
	}
	err = ext2_inode_store(inode);
	e->born = atomic_load_explicit(&fs->flush_begun, memory_order_relaxed);
	return err;
}

static int init_new(struct inode *inode, const struct inode_make *make)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_inode *e = info_new(inode);

	if (!e)
		return -ENOMEM;
	e->generation = atomic_fetch_add_explicit(&fs->generation, 1, memory_order_relaxed);
	inode_init_new(inode, make);
	inode->ops = ext2_ops_of(make->mode);
	init_mapping(fs, inode, 0);
	return store_new(inode);
}

int ext2_inode_new(struct inode *dir, const struct inode_make *make, struct inode **out)
{
	struct ext2 *fs = ext2_of(dir);
	bool directory = (make->mode & S_IFMT) == S_IFDIR;
	uint32_t ino;
	int got, err = ext2_ino_alloc(dir, directory, &ino);

	if (err)
		return err;
	got = inode_get_or_new(&fs->super, ino, out);
	if (got > 0) {
		err = init_new(*out, make);
		if (err)
			discard(*out);
	} else if (!got) { /* it is in use: its number stays marked */
		inode_put(*out);
		return ext2_corrupt(fs, "the inode bitmap, which has free inode", ino);
	}
	if (got < 0 || err)
		ext2_ino_free(fs, ino, directory);
	return got < 0 ? got : err;
}

void ext2_inode_publish(struct inode *inode, const char *name, size_t len)
{
	set_name(inode, name, len);
	ext2_inode(inode)->named = len;
	if (!inode->nlink)
		ext2_orphan_note(inode);
	inode_publish(inode);
}

/* ---- the end of inodes ---- */

/* Of a block of extended attributes several inodes may be users. */
static void drop_attributes(struct ext2 *fs, uint32_t block, struct list *gone)
{
	struct ext2_attributes *a;
	struct ext2_meta m;

	if (!ext2_is_data(fs, block, 1) || ext2_is_meta(fs, block) || ext2_meta_get(fs, block, &m))
		return;
	a = m.data;
	if (a->magic == EXT2_ATTRIBUTES_MAGIC && a->refcount > 1) {
		a->refcount--;
		ext2_meta_dirty(fs, &m);
	} else if (a->magic == EXT2_ATTRIBUTES_MAGIC) {
		ext2_meta_forget(fs, block);
		ext2_gone_add(gone, block, 1);
	}
	ext2_meta_put(&m);
}

int ext2_ino_mark_deleted(struct ext2 *fs, uint32_t ino)
{
	uint32_t now = (uint32_t)(clock_wall_ns() / NSEC_PER_SEC);
	struct ext2_disk_inode *to;
	struct ext2_meta m;
	int err = slot_get(fs, ino, &m, &to);

	if (err)
		return err;
	spin_lock(&fs->store_lock);
	to->links_count = 0;
	to->size = to->size_high = to->blocks = to->file_acl = 0;
	memset(to->block, 0, sizeof(to->block));
	to->dtime = now > fs->inodes ? now : fs->inodes + 1; /* so little would be taken for an inode's number: ext3's list of orphans */
	spin_unlock(&fs->store_lock);
	ext2_meta_dirty(fs, &m);
	ext2_meta_put(&m);
	return 0;
}

/* Has it blocks, where other inodes have text or a number? */
static bool has_blocks(const struct inode *inode)
{
	return inode_type(inode) == S_IFREG || inode_type(inode) == S_IFDIR || inode->ops == &ext2_slow_link_ops;
}

void ext2_inode_delete(struct inode *inode)
{
	struct ext2_inode *e = ext2_inode(inode);
	struct ext2 *fs = ext2_of(inode);
	struct list gone = LIST_INIT(gone);

	spin_lock(&fs->store_lock);
	e->gone = true;
	spin_unlock(&fs->store_lock);
	atomic_store_explicit(&inode->mapping.size, 0, memory_order_relaxed);
	if (has_blocks(inode))
		ext2_cut_loose(inode, &gone);
	if (e->file_acl)
		drop_attributes(fs, e->file_acl, &gone);
	e->file_acl = 0;
	inode->blocks = 0;
	inode->nlink = 0;
	ext2_inode_unlinked(fs, (uint32_t)inode->ino, inode_type(inode) == S_IFDIR, &gone);
}

void ext2_inode_undo(struct inode *inode)
{
	ext2_inode_delete(inode);
	discard(inode);
}

void ext2_evict(struct inode *inode)
{
	struct ext2_inode *e = ext2_inode(inode);

	if (!e)
		return;
	if (!inode->nlink && ext2_orphan_take(inode))
		ext2_inode_delete(inode);
	inode->private = NULL;
	info_free(e);
}
