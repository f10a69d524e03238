/* SPDX-License-Identifier: MIT */
/* /proc's fixed files. A file's text is made when somebody reads its start; a write is handed to the owner as one piece of text. */
#include "fs/proc.h"

#include "fs/memdir.h"
#include "fs/proc_pid.h"
#include "fs/mount.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define STORE_MAX 4096

/* (C) constant */
struct entry {
	void (*show)(struct text *t, const char *path);	  /* (C) */
	int (*store)(const char *path, const char *data); /* (C) */
	const char *path;				  /* below /proc (C) */
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

void text_bytes(struct text *t, const void *bytes, size_t n)
{
	if (!text_room(t, n + 1))
		return;
	memcpy(t->buf + t->len, bytes, n);
	t->len += n;
}

/* ---- open text files ---- */

/* A text as it was made once. Nobody changes it, so it is read without a lock. */
struct snapshot {
	_Atomic unsigned refs; /* (A) */
	struct text text;      /* (C) */
};

/* (C) constant, (D) lock */
struct text_file {
	make_text *make;	   /*						(C) */
	store_text *store;	   /* or NULL					(C) */
	struct spinlock lock;
	struct snapshot *snapshot; /* what is being read, referenced; or NULL	(D) */
};

static void snapshot_put(struct snapshot *s)
{
	/* acq_rel: the others have read before it goes */
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) > 1)
		return;
	kfree(s->text.buf);
	kfree(s);
}

/* One more reference on what is being read. */
static struct snapshot *snapshot_get(struct text_file *t)
{
	struct snapshot *s;

	spin_lock(&t->lock);
	s = t->snapshot;
	if (s)
		atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	spin_unlock(&t->lock);
	return s;
}

/* Who begins to read gets a fresh text, and so does everybody else from then on. 0 or -errno. */
static int remake(struct file *file, struct text_file *t)
{
	struct snapshot *s = kzalloc(sizeof(*s)), *old;
	int err = s ? t->make(file->inode, &s->text) : -ENOMEM;

	if (s)
		atomic_store_explicit(&s->refs, 1, memory_order_relaxed);
	if (err) {
		snapshot_put(s);
		return err;
	}
	spin_lock(&t->lock);
	old = t->snapshot;
	t->snapshot = s;
	spin_unlock(&t->lock);
	snapshot_put(old);
	return 0;
}

static long text_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	struct text_file *t = file->private;
	struct snapshot *s = pos ? snapshot_get(t) : NULL;
	long done = 0;

	if (!s) { /* at the start, or nobody has been there yet */
		int err = remake(file, t);

		if (err)
			return err;
		s = snapshot_get(t);
	}
	if (pos < s->text.len) {
		done = (long)(n < s->text.len - pos ? n : s->text.len - pos);
		if (copy_to_user(buf, s->text.buf + pos, (size_t)done))
			done = -EFAULT;
	}
	snapshot_put(s);
	return done;
}

/* Without the blanks at the end, which echo puts there. */
static void trim(char *data, size_t n)
{
	while (n && (data[n - 1] == '\n' || data[n - 1] == ' '))
		n--;
	data[n] = 0;
}

static long text_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	const struct text_file *t = file->private;
	char *data;
	int err;

	(void)pos; /* one write is one value, wherever it goes */
	if (!t->store || n >= STORE_MAX)
		return -EINVAL;
	data = kmalloc(n + 1);
	if (!data)
		return -ENOMEM;
	err = copy_from_user(data, buf, n);
	if (!err) {
		trim(data, n);
		err = t->store(file->inode, data);
	}
	kfree(data);
	return err ? err : (long)n;
}

static void text_release(struct file *file)
{
	struct text_file *t = file->private;

	snapshot_put(t->snapshot);
	kfree(t);
}

static const struct file_ops text_ops = { .read = text_read, .write = text_write, .release = text_release, .loose_position = true };

int proc_text_open(struct file *file, make_text *make, store_text *store)
{
	struct text_file *t = kzalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->make = make;
	t->store = store;
	spin_init(&t->lock, LOCK_TEXT);
	file->private = t;
	file->ops = &text_ops;
	return 0;
}

/* ---- registered files ---- */

static int entry_make(struct inode *inode, struct text *t)
{
	const struct entry *entry = memnode_of(inode)->arg;

	entry->show(t, entry->path);
	return 0;
}

static int entry_store(struct inode *inode, const char *data)
{
	const struct entry *entry = memnode_of(inode)->arg;

	return entry->store(entry->path, data);
}

static int entry_open(struct inode *inode, struct file *file)
{
	const struct entry *entry = memnode_of(inode)->arg;

	if ((file_flags(file) & VFS_WRITE) && !entry->store)
		return -EACCES;
	return proc_text_open(file, entry_make, entry->store ? entry_store : NULL);
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

void proc_register(const char *path, void (*show)(struct text *t, const char *path),
		   int (*store)(const char *path, const char *data))
{
	size_t size = strlen(path) + 1, len;
	struct entry *entry = kzalloc(sizeof(*entry) + size);
	struct memnode *node = proc_root;
	const char *whole = path;

	for (; node && (len = component(path)); path += len + (path[len] == '/')) {
		unsigned mode = path[len] ? S_IFDIR | 0555 : S_IFREG | (store ? 0644 : 0444);

		node = memdir_add(&proc_super, node, path, len, mode);
	}
	if (!node || !entry)
		panic("too little memory: no room for /proc");
	*entry = (struct entry){ show, store, memcpy(entry + 1, whole, size) };
	node->arg = entry;
	node->inode->ops = &entry_inode_ops;
}

struct inode *proc_register_dir(const char *name, const struct inode_ops *ops)
{
	struct memnode *node = memdir_add(&proc_super, proc_root, name, strlen(name), S_IFDIR | 0755);

	if (!node)
		panic("too little memory: no room for /proc");
	node->inode->ops = ops;
	return node->inode;
}

static int root_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	int err = memdir_lookup(dir, name, len, out);

	return err == -ENOENT ? proc_pid_lookup(name, len, out) : err;
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
