/* SPDX-License-Identifier: MIT */
#include "fs/memdir.h"

#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct memnode *node_new(struct super *super, const char *name, size_t len, unsigned mode)
{
	static uint64_t next_ino = 1; /* boot only */
	struct memnode *node = kzalloc(sizeof(*node) + len + 1);

	if (!node)
		return NULL;
	node->inode = inode_new(super, next_ino++, mode);
	if (!node->inode) {
		kfree(node);
		return NULL;
	}
	memcpy(node + 1, name, len);
	node->name = (const char *)(node + 1);
	node->mode = mode;
	node->inode->private = node;
	strlcpy(node->inode->name, node->name, sizeof(node->inode->name));
	if ((mode & S_IFMT) == S_IFDIR) {
		node->inode->ops = &memdir_ops;
		node->inode->nlink = 2;
	}
	return node;
}

struct memnode *memdir_root(struct super *super)
{
	struct memnode *root = node_new(super, "", 0, S_IFDIR | 0555);

	if (!root)
		return NULL;
	root->parent = root;
	super->root = root->inode;
	return root;
}

struct memnode *memdir_find(struct memnode *dir, const char *name, size_t len)
{
	for (struct memnode *n = dir->children; n; n = n->next)
		if (strlen(n->name) == len && !memcmp(n->name, name, len))
			return n;
	return NULL;
}

struct memnode *memdir_add(struct super *super, struct memnode *parent, const char *name, size_t len, unsigned mode)
{
	struct memnode *node = memdir_find(parent, name, len), **last = &parent->children;

	if (node)
		return node;
	node = node_new(super, name, len, mode);
	if (!node)
		return NULL;
	node->parent = parent;
	while (*last)
		last = &(*last)->next;
	*last = node;
	return node;
}

int memdir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct memnode *here = memnode_of(dir), *node;

	node = len == 2 && !memcmp(name, "..", 2) ? here->parent : memdir_find(here, name, len);
	if (!node)
		return -ENOENT;
	inode_get(node->inode);
	*out = node->inode;
	return 0;
}

/* Positions: 0 is ".", 1 is "..", 2 the first child. */
int memdir_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	struct memnode *here = memnode_of(dir), *node = here->children;

	if (pos == 0 && !sink->emit(sink, ".", 1, dir->ino, 4, ++pos))
		return 0;
	if (pos <= 1 && !sink->emit(sink, "..", 2, here->parent->inode->ino, 4, 2))
		return 0;
	for (uint64_t at = 2; node; node = node->next, at++) {
		if (at < pos)
			continue;
		if (!sink->emit(sink, node->name, strlen(node->name), node->inode->ino, (node->mode & S_IFMT) >> 12, at + 1))
			return 0;
	}
	return 0;
}

const struct inode_ops memdir_ops = { .lookup = memdir_lookup, .readdir = memdir_readdir };
