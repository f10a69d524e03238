/* SPDX-License-Identifier: MIT */
/*
 * Operations on directories: what vfs has locked and checked (vfs.h), done to entries. Each that fails leaves everything as it was: what
 * may fail comes first, and what was made is taken back.
 *
 * A new inode is whole, on the disk too, before its entry is added: a machine that ends in between leaves an inode without a name, which
 * e2fsck puts away. A rename sets or adds the new name before it removes the old one, so at every moment there is at least one. On the disk
 * too: the new name is flushed first, unless both lie in one sector, or the inode is so new that nobody can have been promised its old
 * name. And an inode that takes over a name is on the disk before it does, or a name that was promised would lead to nothing.
 */
#include "fs/ext2.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The text of a symbolic link: in the inode if it fits, else in a block. */
static int write_link(struct inode *inode, const char *target)
{
	struct ext2 *fs = ext2_of(inode);
	struct ext2_inode *e = ext2_inode(inode);
	size_t len = strlen(target);
	struct ext2_run run;
	struct ext2_meta m;
	int err;

	if (len >= ext2_block_size(fs))
		return -ENAMETOOLONG;
	atomic_store_explicit(&inode->mapping.size, len, memory_order_relaxed);
	if (len < EXT2_FAST_LINK) {
		inode->ops = &ext2_fast_link_ops;
		memcpy((void *)e->block, target, len);
		return ext2_inode_store(inode);
	}
	inode->ops = &ext2_slow_link_ops;
	err = ext2_grow(inode, 0, 1) ?: ext2_map(inode, 0, 1, &run) ?: ext2_meta_get_new(fs, run.block, &m);
	if (err)
		return err;
	memcpy(m.data, target, len);
	ext2_meta_dirty(fs, &m);
	ext2_meta_put(&m);
	return ext2_inode_store(inode);
}

static int fill_new(struct inode *dir, struct inode *inode, const struct inode_make *make)
{
	if (inode_type(inode) == S_IFDIR)
		return ext2_dir_begin(inode, dir);
	return make->target ? write_link(inode, make->target) : 0;
}

static int ext2_create(struct inode *dir, const char *name, size_t len, const struct inode_make *make, struct inode **out)
{
	struct inode *inode;
	int err = ext2_inode_new(dir, make, &inode);

	if (err)
		return err;
	if (!len)
		inode->nlink = 0;
	err = fill_new(dir, inode, make);
	if (!err && len)
		err = ext2_entry_add(dir, name, len, inode);
	if (err) {
		ext2_inode_undo(inode);
		return err;
	}
	if (!len)
		ext2_inode_store(inode);
	ext2_inode_publish(inode, name, len);
	ext2_meta_balance(ext2_of(dir));
	*out = inode;
	return 0;
}

static int ext2_link(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	ext2_inode(inode)->named = true;
	return ext2_entry_add(dir, name, len, inode);
}

static int ext2_unlink(struct inode *dir, const char *name, size_t len, struct inode *inode)
{
	int err = inode_type(inode) == S_IFDIR ? ext2_dir_empty(inode) : 0;

	if (!err)
		err = ext2_entry_remove(dir, name, len);
	ext2_meta_balance(ext2_of(dir));
	return err;
}

/* ---- rename ---- */

/* A directory that goes elsewhere has another parent. */
static int set_parent(struct inode *dir, const struct inode *from, const struct inode *to)
{
	return from != to && inode_type(dir) == S_IFDIR ? ext2_entry_set(dir, "..", 2, to) : 0;
}

static int on_disk(const struct inode *inode)
{
	struct ext2 *fs = ext2_of(inode);

	return ext2_surely_stored(fs, ext2_inode(inode)->born) ? 0 : ext2_meta_flush(fs);
}

/* The new name is in memory: before the old one goes. */
static int new_name_first(const struct renaming *r)
{
	struct ext2 *fs = ext2_of(r->inode);
	uint64_t from = 0, to = 0;
	int err;

	if (!ext2_maybe_stored(fs, ext2_inode(r->inode)->born))
		return 0;
	err = ext2_entry_sector(r->from_dir, r->from, r->from_len, &from) ?: ext2_entry_sector(r->to_dir, r->to, r->to_len, &to);
	return err || from == to ? err : ext2_meta_flush(fs);
}

static int exchange(const struct renaming *r)
{
	int err = on_disk(r->inode) ?: on_disk(r->target) ?: ext2_entry_set(r->to_dir, r->to, r->to_len, r->inode);

	if (err)
		return err;
	err = ext2_entry_set(r->from_dir, r->from, r->from_len, r->target);
	if (!err)
		err = set_parent(r->inode, r->from_dir, r->to_dir);
	if (!err)
		err = set_parent(r->target, r->to_dir, r->from_dir);
	if (err) {
		set_parent(r->inode, r->to_dir, r->from_dir);
		ext2_entry_set(r->from_dir, r->from, r->from_len, r->inode);
		ext2_entry_set(r->to_dir, r->to, r->to_len, r->target);
	}
	return err;
}

/* The new name is taken back. */
static void undo_new_name(const struct renaming *r)
{
	if (r->target)
		ext2_entry_set(r->to_dir, r->to, r->to_len, r->target);
	else
		ext2_entry_remove(r->to_dir, r->to, r->to_len);
}

static int ext2_rename(const struct renaming *r)
{
	int err = 0;

	if (r->exchange)
		return exchange(r);
	if (r->target && inode_type(r->target) == S_IFDIR)
		err = ext2_dir_empty(r->target);
	if (!err && r->target)
		err = on_disk(r->inode);
	if (err)
		return err;
	err = r->target ? ext2_entry_set(r->to_dir, r->to, r->to_len, r->inode) : ext2_entry_add(r->to_dir, r->to, r->to_len, r->inode);
	if (err)
		return err;
	err = set_parent(r->inode, r->from_dir, r->to_dir) ?: new_name_first(r) ?: ext2_entry_remove(r->from_dir, r->from, r->from_len);
	if (err) {
		set_parent(r->inode, r->to_dir, r->from_dir);
		undo_new_name(r);
	}
	ext2_meta_balance(ext2_of(r->to_dir));
	return err;
}

const struct inode_ops ext2_dir_ops = {
	.lookup = ext2_lookup,
	.readdir = ext2_readdir,
	.create = ext2_create,
	.link = ext2_link,
	.unlink = ext2_unlink,
	.rename = ext2_rename,
	.dirty = ext2_dirty,
	.fsync = ext2_fsync,
	.evict = ext2_evict,
};
