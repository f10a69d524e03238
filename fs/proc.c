/* SPDX-License-Identifier: MIT */
/* /proc's fixed files. A file's text is made when it is opened; a write is handed to the owner as one piece of text. */
#include "fs/proc.h"

#include "fs/memdir.h"
#include "fs/proc_pid.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define STORE_MAX 4096

struct entry {
	void (*show)(struct text *t, const char *name);
	int (*store)(const char *name, const char *data);
};

static struct super proc_super = { .type = "proc", .dev = 4 };
static struct memnode *proc_root;

/* ---- text ---- */

static bool text_room(struct text *t, size_t more)
{
	size_t size = t->size ? t->size : 1024;
	char *buf;

	if (t->len + more < t->size)
		return true;
	while (size <= t->len + more)
		size *= 2;
	buf = kmalloc(size);
	if (!buf)
		return false;
	if (t->len)
		memcpy(buf, t->buf, t->len);
	kfree(t->buf);
	t->buf = buf;
	t->size = size;
	return true;
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (!text_room(t, (size_t)n + 1))
		return;
	va_start(args, format);
	t->len += (size_t)vsnprintf(t->buf + t->len, t->size - t->len, format, args);
	va_end(args);
}

/* ---- open text files ---- */

static long text_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	struct text *t = file->private;

	if (pos >= t->len)
		return 0;
	if (n > t->len - pos)
		n = t->len - pos;
	return copy_to_user(buf, t->buf + pos, n) ? -EFAULT : (long)n;
}

static long entry_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	const struct memnode *node = memnode_of(file->inode);
	const struct entry *entry = node->arg;
	size_t all = n;
	char *data;
	int err;

	if (!entry->store)
		return -EINVAL;
	if (n >= STORE_MAX)
		return -EINVAL;
	data = kmalloc(n + 1);
	if (!data)
		return -ENOMEM;
	err = copy_from_user(data, buf, n);
	if (!err) {
		while (n && (data[n - 1] == '\n' || data[n - 1] == ' '))
			n--;
		data[n] = 0;
		err = entry->store(node->name, data);
	}
	kfree(data);
	return err ? err : (long)all;
}

static void text_release(struct file *file)
{
	struct text *t = file->private;

	if (t)
		kfree(t->buf);
	kfree(t);
}

static const struct file_ops text_ops = { .read = text_read, .release = text_release };
static const struct file_ops entry_ops = { .read = text_read, .write = entry_write, .release = text_release };

struct text *proc_text_new(struct file *file)
{
	file->private = kzalloc(sizeof(struct text));
	if (file->private)
		file->ops = &text_ops;
	return file->private;
}

static int entry_open(struct inode *inode, struct file *file)
{
	const struct memnode *node = memnode_of(inode);
	const struct entry *entry = node->arg;
	struct text *t;

	if ((file_flags(file) & VFS_WRITE) && !entry->store)
		return -EACCES;
	t = proc_text_new(file);
	if (!t)
		return -ENOMEM;
	file->ops = &entry_ops;
	if (file_flags(file) & VFS_READ)
		entry->show(t, node->name);
	return 0;
}

static const struct inode_ops entry_inode_ops = { .open = entry_open };

/* ---- the tree ---- */

static size_t component(const char *path)
{
	size_t len = 0;

	while (path[len] && path[len] != '/')
		len++;
	return len;
}

void proc_register(const char *path, void (*show)(struct text *t, const char *name),
		   int (*store)(const char *name, const char *data))
{
	struct entry *entry = kzalloc(sizeof(*entry));
	struct memnode *node = proc_root;
	size_t len;

	for (; node && (len = component(path)); path += len + (path[len] == '/')) {
		unsigned mode = path[len] ? S_IFDIR | 0555 : S_IFREG | (store ? 0644 : 0444);

		node = memdir_add(&proc_super, node, path, len, mode);
	}
	if (!node || !entry)
		panic("too little memory: no room for /proc");
	*entry = (struct entry){ show, store };
	node->arg = entry;
	node->inode->ops = &entry_inode_ops;
}

static int root_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	int err = memdir_lookup(dir, name, len, out);

	return err == -ENOENT ? proc_pid_lookup(&proc_super, name, len, out) : err;
}

/* Fixed entries first; processes have positions from PROC_PID_POS on. */
static int root_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	struct dir_stop stop = { .sink.emit = dir_stop_emit, .to = sink };
	int err = 0;

	if (pos < PROC_PID_POS)
		err = memdir_readdir(dir, pos, &stop.sink);
	if (err || stop.stopped)
		return err;
	return proc_pid_readdir(pos < PROC_PID_POS ? PROC_PID_POS : pos, sink);
}

static const struct inode_ops root_ops = { .lookup = root_lookup, .readdir = root_readdir };

struct super *proc_mount(void)
{
	proc_root = memdir_root(&proc_super);
	if (!proc_root)
		return NULL;
	proc_root->inode->ops = &root_ops;
	return &proc_super;
}

struct inode *proc_root_inode(void)
{
	return proc_root->inode;
}
