/* SPDX-License-Identifier: MIT */
/*
 * What an open file is called, for /proc. It remembers how it was opened: the path, and the directory that began at. Asked for its name it
 * walks that path again up to the last name, so directories that were renamed are seen; the file itself keeps the name it was opened by.
 */
#include "fs/vfs.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

/* A link of /proc that leads to an inode, not to a name: its text, while it says what it does now. NULL: it is none. */
static char *link_text(struct inode *base, const char *path)
{
	struct inode *link;
	char *text = NULL;
	long len = -1;

	if (strncmp(path, "/proc/", 6) || vfs_lookup(base, path, LOOKUP_NOFOLLOW, &link))
		return NULL;
	if (link->ops->target && (text = kmalloc(PATH_MAX)))
		len = inode_readlink(link, text, PATH_MAX - 1);
	inode_put(link);
	if (len > 0) {
		text[len] = 0;
		return text;
	}
	kfree(text);
	return NULL;
}

void file_remember(struct file *file, struct inode *base, const char *path)
{
	size_t size = strlen(path) + 1;

	file->path = link_text(base, path);
	if (file->path) {
		file->base = vfs_root;
		inode_get(vfs_root);
		return;
	}
	file->path = kmalloc(size);
	if (!file->path)
		return; /* its inode's name will have to do */
	memcpy(file->path, path, size);
	file->base = base;
	inode_get(base);
}

void file_forget(struct file *file)
{
	if (!file->path)
		return;
	inode_put(file->base);
	kfree(file->path);
}

void file_via_get(void *via)
{
	file_get(via);
}

void file_via_put(void *via)
{
	file_put(via);
}

struct readahead *file_via_readahead(void *via)
{
	struct file *file = via;

	return &file->ra;
}

static int remembered_path(struct file *file, char *buf, size_t size)
{
	struct place place;
	int err = vfs_find_place(file->base, file->path, 0, &place);

	if (err)
		return err;
	err = vfs_path_of(place.dir, buf, size);
	if (!err && place.name[0]) {
		if (strcmp(buf, "/") != 0)
			strlcat(buf, "/", size);
		strlcat(buf, place.name, size);
	}
	place_put(&place);
	return err;
}

void file_path(struct file *file, char *buf, size_t size)
{
	struct inode *inode = file->inode;

	if (inode_type(inode) == S_IFIFO && !file->path) {
		snprintf(buf, size, "pipe:[%lu]", inode->ino);
		return;
	}
	if (inode_type(inode) != S_IFDIR || vfs_path_of(inode, buf, size)) {
		if (!file->path)
			snprintf(buf, size, "/%s", inode->name);
		else if (remembered_path(file, buf, size))
			strlcpy(buf, file->path, size);
	}
	if (!inode->nlink)
		strlcat(buf, " (deleted)", size);
}
