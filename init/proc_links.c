/* SPDX-License-Identifier: MIT */
/* The links in /proc/PID: exe, cwd, root, and those in fd. */
#include "init/proc_files.h"

#include "fs/vfs.h"
#include "init/files.h"
#include "init/process_impl.h"
#include "init/where.h"
#include "lib/errno.h"
#include "lib/string.h"

/* The link leads to this file, whose reference is used up. */
static int lead_to_file(struct file *file, struct inode **out, char *path, size_t size)
{
	if (!file)
		return -ENOENT;
	if (path)
		file_path(file, path, size);
	if (out) {
		*out = file->inode;
		inode_get(*out);
	}
	file_put(file);
	return 0;
}

/* The link leads to this directory, whose reference is used up or becomes *out. */
static int lead_to_dir(struct inode *dir, struct inode **out, char *path, size_t size)
{
	int err = path ? vfs_path_of(dir, path, size) : 0;

	if (err == -ENOENT) {
		strlcpy(path, "/ (deleted)", size);
		err = 0;
	}
	if (out && !err)
		*out = dir;
	else
		inode_put(dir);
	return err;
}

int proc_exe(const struct proc_id *id, struct inode **out, char *path, size_t size)
{
	struct process *p = process_find(id->pid);
	struct file *exe;
	irqflags_t flags;

	if (!p)
		return -ESRCH;
	flags = spin_lock_irq(&p->lock);
	exe = p->exe;
	if (exe)
		file_get(exe);
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return lead_to_file(exe, out, path, size);
}

int proc_cwd(const struct proc_id *id, struct inode **out, char *path, size_t size)
{
	struct process *p = process_find(id->pid);
	struct where *where;
	irqflags_t flags;
	int err = -ENOENT;

	if (!p)
		return -ESRCH;
	flags = spin_lock_irq(&p->lock);
	where = p->where ? where_get(p->where) : NULL;
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	if (where) {
		err = lead_to_dir(where_cwd(where), out, path, size);
		where_put(where);
	}
	return err;
}

int proc_root_link(const struct proc_id *id, struct inode **out, char *path, size_t size)
{
	(void)id;
	inode_get(vfs_root);
	return lead_to_dir(vfs_root, out, path, size);
}

/* ---- descriptors ---- */

static struct files *files_of(unsigned pid)
{
	struct process *p = process_find(pid);
	struct files *files;
	irqflags_t flags;

	if (!p)
		return NULL;
	flags = spin_lock_irq(&p->lock);
	files = p->files ? files_get(p->files) : NULL;
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return files;
}

/* The first descriptor from *fd on. */
static struct file *file_of(unsigned pid, unsigned *fd)
{
	struct files *files = files_of(pid);
	struct file *file = files ? files_next(files, fd) : NULL;

	if (files)
		files_put(files);
	return file;
}

int proc_next_fd(unsigned pid, unsigned fd)
{
	struct file *file = file_of(pid, &fd);

	if (!file)
		return -1;
	file_put(file);
	return (int)fd;
}

int proc_fd(const struct proc_id *id, struct inode **out, char *path, size_t size)
{
	unsigned fd = id->fd;
	struct file *file = file_of(id->pid, &fd);

	if (file && fd != id->fd) {
		file_put(file);
		file = NULL;
	}
	return lead_to_file(file, out, path, size);
}
