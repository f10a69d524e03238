/* SPDX-License-Identifier: MIT */
/*
 * What inodes can do besides being looked in: sizes, holes, fsync, and what symbolic links say.
 *
 * Shorter: mm lowers the size and waits for the pages behind it; then their blocks are given back, then the inode is stored: once. Longer:
 * only the size changes, what lies between is a hole.
 */
#include "fs/ext2.h"
#include "fs/direct.h"
#include "fs/pipe.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/truncate.h"
#include "mm/write.h"
#include "mm/writeback.h"

static long fast_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t len = mapping_size(&inode->mapping);

	if (len > size)
		len = size;
	memcpy(buf, (const void *)ext2_inode(inode)->block, len);
	return (long)len;
}

static long slow_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t len = mapping_size(&inode->mapping);
	struct ext2_run run;
	struct ext2_meta m;
	int err = ext2_map(inode, 0, 1, &run);

	if (!err && !run.block)
		err = ext2_corrupt(ext2_of(inode), "the symbolic link, inode", inode->ino);
	if (!err)
		err = ext2_meta_get(ext2_of(inode), run.block, &m);
	if (err)
		return err;
	if (len > size)
		len = size;
	memcpy(buf, m.data, len);
	ext2_meta_put(&m);
	return (long)len;
}

static int ext2_truncate(struct inode *inode, uint64_t size)
{
	bool shorter = size < mapping_size(&inode->mapping);
	int err = mapping_truncate(&inode->mapping, size);

	if (err)
		return err;
	if (shorter) {
		ext2_unconfirmed(inode, size);
		err = ext2_cut(inode, ext2_blocks_of(inode));
	}
	return ext2_inode_store(inode) ?: err;
}

/* Blocks for a range, which read as zero: pages are written, for what a new block holds is anybody's guess. */
static int fill_page(struct inode *inode, uint64_t pos, size_t len)
{
	static const char zeroes[PAGE_SIZE];
	struct ext2_run run;
	uint64_t end = pos + len;
	unsigned shift = ext2_of(inode)->block_shift;

	while (pos < end) {
		uint64_t block = pos >> shift, next = (block + 1) << shift;
		size_t n = (size_t)((next < end ? next : end) - pos);
		int err = ext2_map(inode, block, 1, &run);
		long done;

		if (err)
			return err;
		done = run.block && pos < mapping_size(&inode->mapping) ? (long)n : mapping_write_kernel(&inode->mapping, pos, zeroes, n);
		if (done < 0)
			return (int)done;
		pos += (uint64_t)done;
	}
	return writeback_settle();
}

static int allocate(struct inode *inode, uint64_t start, uint64_t end)
{
	uint64_t size = mapping_size(&inode->mapping);
	int err = 0;

	for (uint64_t pos = start; pos < end && !err;) {
		uint64_t next = (pos | (PAGE_SIZE - 1)) + 1;

		next = next < end ? next : end;
		err = fill_page(inode, pos, (size_t)(next - pos));
		pos = next;
	}
	if (err && mapping_size(&inode->mapping) > size) {
		ext2_truncate(inode, size);
		return err;
	}
	if (!err && mapping_size(&inode->mapping) < end)
		err = ext2_truncate(inode, end);
	return ext2_inode_store(inode) ?: err;
}

static int punch(struct inode *inode, uint64_t start, uint64_t end)
{
	struct ext2 *fs = ext2_of(inode);
	uint64_t first = (start + ext2_block_size(fs) - 1) >> fs->block_shift, behind = end >> fs->block_shift;
	int err = mapping_punch_begin(&inode->mapping, start, end);

	if (err)
		return err;
	if (end >= mapping_size(&inode->mapping))
		behind = ext2_blocks_of(inode);
	err = first < behind ? ext2_punch(inode, first, behind) : 0;
	mapping_punch_end(&inode->mapping);
	return err;
}

static int ext2_fallocate(struct inode *inode, unsigned mode, uint64_t start, uint64_t len)
{
	uint64_t end = start + len, size = mapping_size(&inode->mapping);

	if (mode & FALLOC_PUNCH_HOLE)
		return start < size ? punch(inode, start, end < size ? end : size) : 0;
	if (mode & FALLOC_KEEP_SIZE) /* e2fsck wants no blocks behind the end */
		end = end < size ? end : size;
	return start < end ? allocate(inode, start, end) : 0;
}

static int ext2_locate(struct inode *inode, uint64_t pos, uint64_t len, struct file_extent *out)
{
	struct ext2 *fs = ext2_of(inode);
	uint64_t offset = pos & (ext2_block_size(fs) - 1), blocks = (offset + len + ext2_block_size(fs) - 1) >> fs->block_shift, there;
	struct ext2_run run;
	int err = ext2_map(inode, pos >> fs->block_shift, blocks < UINT32_MAX ? (uint32_t)blocks : UINT32_MAX, &run);

	if (err)
		return err;
	there = ((uint64_t)run.count << fs->block_shift) - offset;
	*out = (struct file_extent){
		.dev = fs->dev,
		.sector = ((uint64_t)run.block << (fs->block_shift - SECTOR_SHIFT)) + (offset >> SECTOR_SHIFT),
		.len = len < there ? len : there,
		.hole = !run.block,
	};
	return 0;
}

int ext2_fsync(struct inode *inode, bool data_only)
{
	uint64_t size = mapping_size(&inode->mapping);
	int err = 0;

	(void)data_only;
	if (inode_type(inode) == S_IFREG)
		err = mapping_sync(&inode->mapping, 0, UINT64_MAX);
	if (!err)
		err = ext2_meta_flush(ext2_of(inode));
	if (!err)
		ext2_confirmed(inode, size);
	return err;
}

static const struct inode_ops file_ops = {
	.dirty = ext2_dirty,
	.truncate = ext2_truncate,
	.fallocate = ext2_fallocate,
	.locate = ext2_locate,
	.fsync = ext2_fsync,
	.evict = ext2_evict,
};

const struct inode_ops ext2_fast_link_ops = { .readlink = fast_readlink, .dirty = ext2_dirty, .fsync = ext2_fsync, .evict = ext2_evict };
const struct inode_ops ext2_slow_link_ops = { .readlink = slow_readlink, .dirty = ext2_dirty, .fsync = ext2_fsync, .evict = ext2_evict };

static const struct inode_ops device_ops = { .open = device_node_open, .dirty = ext2_dirty, .fsync = ext2_fsync, .evict = ext2_evict };
static const struct inode_ops fifo_ops = { .open = fifo_open, .dirty = ext2_dirty, .fsync = ext2_fsync, .evict = ext2_evict };
static const struct inode_ops other_ops = { .dirty = ext2_dirty, .fsync = ext2_fsync, .evict = ext2_evict };

const struct inode_ops *ext2_ops_of(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return &file_ops;
	case S_IFDIR:
		return &ext2_dir_ops;
	case S_IFLNK:
		return &ext2_fast_link_ops;
	case S_IFCHR:
		return &device_ops;
	case S_IFIFO:
		return &fifo_ops;
	case S_IFBLK:
	case S_IFSOCK:
		return &other_ops;
	default:
		return NULL;
	}
}
