/* SPDX-License-Identifier: MIT */
/* tmpfs: a file system whose inodes, names and pages live in memory only, and are given back when the last name and the last user are gone. */
#include "fs/tmpfs.h"
#include "fs/mount.h"
#include "fs/seals.h"

#include "kernel/slab.h"
#include "lib/string.h"

static long link_read(struct inode *inode, char *buf, size_t size)
{
	size_t len = mapping_size(&inode->mapping);

	len = len < size ? len : size;
	memcpy(buf, inode->private, len);
	return (long)len;
}

static const struct inode_ops link_ops = { .readlink = link_read, .evict = tmpfs_evict };
static const struct inode_ops device_ops = { .open = device_node_open, .evict = tmpfs_evict };
static const struct inode_ops other_ops = { .evict = tmpfs_evict };

static const struct inode_ops *ops_for(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return &tmpfs_file_ops;
	case S_IFDIR:
		return &tmpfs_dir_ops;
	case S_IFLNK:
		return &link_ops;
	case S_IFCHR:
		return &device_ops;
	default:
		return &other_ops;
	}
}

/* What is its own. false: no memory. */
static bool fill(struct inode *inode, const struct inode_make *make, struct inode *parent)
{
	switch (inode_type(inode)) {
	case S_IFREG:
		mapping_init(&inode->mapping, &tmpfs_backing, 0);
		inode->mapping.write_lock = &inode->lock;
		inode->seals = VFS_SEAL_SEAL;
		return true;
	case S_IFDIR:
		inode->private = tmpfs_dir_new(parent ? parent : inode);
		return inode->private;
	case S_IFLNK:
		inode->private = kmalloc(strlen(make->target) + 1);
		if (inode->private)
			strlcpy(inode->private, make->target, strlen(make->target) + 1);
		inode->mapping.size = strlen(make->target);
		return inode->private;
	default:
		return true;
	}
}

int tmpfs_inode_new(struct super *super, const struct inode_make *make, struct inode *parent, const char *name, size_t len, struct inode **out)
{
	struct tmpfs *fs = super->private;
	struct inode *inode;
	int got;

	if (atomic_load_explicit(&fs->inodes, memory_order_relaxed) >= fs->max_inodes)
		return -ENOSPC;
	got = inode_get_or_new(super, atomic_fetch_add_explicit(&fs->next_ino, 1, memory_order_relaxed), &inode);
	if (got < 0)
		return got;
	inode_init_new(inode, make);
	if (!fill(inode, make, parent)) {
		inode_discard(inode);
		return -ENOMEM;
	}
	atomic_fetch_add_explicit(&fs->inodes, 1, memory_order_relaxed);
	strlcpy(inode->name, name, len < sizeof(inode->name) ? len + 1 : sizeof(inode->name));
	inode->ops = ops_for(make->mode);
	inode_publish(inode);
	*out = inode;
	return 0;
}

void tmpfs_evict(struct inode *inode)
{
	switch (inode_type(inode)) {
	case S_IFREG:
		tmpfs_uncharge(inode);
		break;
	case S_IFDIR:
		tmpfs_dir_free(inode->private);
		break;
	case S_IFLNK:
		kfree(inode->private);
		break;
	default:
		break;
	}
	atomic_fetch_sub_explicit(&tmpfs_of(inode)->inodes, 1, memory_order_relaxed);
}

static uint64_t left(uint64_t limit, uint64_t used)
{
	return used < limit ? limit - used : 0;
}

static void tmpfs_usage(struct super *super, struct fs_usage *out)
{
	struct tmpfs *fs = super->private;

	out->magic = TMPFS_MAGIC;
	out->blocks = fs->limit;
	out->free = out->available = left(fs->limit, atomic_load_explicit(&fs->used, memory_order_relaxed));
	out->inodes = fs->max_inodes;
	out->free_inodes = left(fs->max_inodes, atomic_load_explicit(&fs->inodes, memory_order_relaxed));
}

static const struct super_ops tmpfs_super_ops = { .usage = tmpfs_usage };

struct super *tmpfs_mount(unsigned mode)
{
	static unsigned next_dev = 21; /* boot only */
	struct inode_make root = { .mode = S_IFDIR | mode };
	struct tmpfs *fs = kzalloc(sizeof(*fs));

	if (!fs)
		return NULL;
	fs->super = (struct super){ .type = "tmpfs", .ops = &tmpfs_super_ops, .dev = next_dev++, .names_cached = true, .owned = true, .private = fs };
	fs->limit = fs->max_inodes = frame_total() / 2;
	fs->next_ino = 1;
	if (tmpfs_inode_new(&fs->super, &root, NULL, "", 0, &fs->super.root)) {
		kfree(fs);
		return NULL;
	}
	return &fs->super;
}
