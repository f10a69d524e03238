/* SPDX-License-Identifier: MIT */
/*
 * From a file's block to the disk's, and reading file pages.
 *
 * Blocks 0 to 11 are named in the inode; then come one indirect block, one double and one triple. An indirect block is read through the
 * device's own pages in the cache; 0 means a hole at any level.
 */
#include "fs/ext2.h"
#include "lib/errno.h"

/* How deep block `index` lies, and its index in each level from the inode down. -EFBIG: beyond what ext2 can name. */
static int path_to(const struct ext2 *fs, uint64_t index, uint32_t path[4])
{
	unsigned bits = fs->block_shift - 2; /* block numbers in a block, as a power of two */
	uint32_t mask = (1u << bits) - 1;

	if (index < EXT2_DIRECT) {
		path[0] = (uint32_t)index;
		return 1;
	}
	index -= EXT2_DIRECT;
	for (unsigned depth = 1; depth <= 3; depth++) {
		if (index >> (bits * depth) == 0) {
			path[0] = EXT2_DIRECT + depth - 1;
			for (unsigned i = 1; i <= depth; i++)
				path[i] = (uint32_t)(index >> (bits * (depth - i))) & mask;
			return (int)depth + 1;
		}
		index -= 1ull << (bits * depth);
	}
	return -EFBIG;
}

static int check_block(const struct inode *inode, uint32_t block)
{
	struct ext2 *fs = ext2_of(inode);

	if (block > fs->first_block && block < fs->blocks)
		return 0;
	return block ? ext2_corrupt(fs, "a block number of an inode", inode->ino) : 0;
}

int ext2_map_block(struct inode *inode, uint64_t index, uint32_t *block)
{
	struct ext2 *fs = ext2_of(inode);
	uint32_t path[4];
	int depth = path_to(fs, index, path), err;

	if (depth < 0)
		return depth;
	*block = inode->block[path[0]];
	err = check_block(inode, *block);
	for (int i = 1; i < depth && *block && !err; i++) {
		uint64_t at = ((uint64_t)*block << fs->block_shift) + path[i] * sizeof(*block);
		long got = mapping_read_kernel(fs->meta, at, block, sizeof(*block));

		err = got == (long)sizeof(*block) ? check_block(inode, *block) : got < 0 ? (int)got : -EIO;
	}
	return err;
}

/* The pieces of one page, block by block. */
static void read_page(struct inode *inode, struct read_batch *b, struct page *page)
{
	struct ext2 *fs = ext2_of(inode);
	uint64_t pos = atomic_load_explicit(&page->index, memory_order_relaxed) << PAGE_SHIFT;
	uint64_t file_size = mapping_size(&inode->mapping);
	uint32_t size = ext2_block_size(fs), block;
	struct page_read *p = page_read_begin(page);
	int err = 0;

	if (!p)
		return;
	if (file_size - pos < PAGE_SIZE)
		page_read_cut(p, (unsigned)(file_size - pos));
	for (unsigned offset = 0; offset < PAGE_SIZE && !err; offset += size) {
		uint64_t at = pos + offset;

		block = 0;
		if (at < file_size)
			err = ext2_map_block(inode, at >> fs->block_shift, &block);
		if (err)
			break;
		if (block)
			page_read_piece(b, p, offset, size, (uint64_t)block << (fs->block_shift - SECTOR_SHIFT));
		else
			page_read_zero(p, offset, size);
	}
	page_read_end(p, err ? -EIO : 0);
}

static void ext2_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct inode *inode = inode_of(m);
	struct read_batch b = { .dev = ext2_of(inode)->dev };

	for (unsigned i = 0; i < n; i++)
		read_page(inode, &b, pages[i]);
	read_batch_submit(&b);
}

const struct backing_ops ext2_backing = {
	.read_pages = ext2_read_pages,
	.get = inode_backing_get,
	.put = inode_backing_put,
	.name = inode_backing_name,
};
