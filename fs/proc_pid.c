/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID, /proc/PID/task/TID and what is in them: inodes made for each look-up, which hold numbers, not the process. The process is looked
 * for again when the file is read or the link followed; if it has gone, -ESRCH (-ENOENT for a link).
 *
 * Directories are listed by number: the position after an entry is its number and one more, so whoever goes on finds what is there then,
 * nothing twice, and everything that was there all the time.
 */
#include "fs/proc_pid.h"

#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

static const struct proc_processes *processes;

enum { POS_DIR, POS_UP, POS_TASK, POS_FD, POS_FILES, POS_FDS = 256 };

/* (C) constant */
struct pid_inode {
	struct proc_id id;	      /* (C) */
	const struct proc_file *file; /* (C) */
};

static const struct inode_ops pid_dir_ops, task_dir_ops, fd_dir_ops, text_ops, link_ops, fd_link_ops, self_ops, thread_self_ops;

void proc_set_processes(const struct proc_processes *p)
{
	processes = p;
}

/* Different for all that can be there at a time; pids and tids stay below 2^22. */
static uint64_t ino_of(const struct proc_id *id, uint64_t pos)
{
	return 1ull << 62 | (uint64_t)id->pid << 40 | (uint64_t)id->tid << 18 | pos;
}

bool dir_stop_emit(struct dir_sink *sink, const char *name, size_t len, uint64_t ino, unsigned type, uint64_t next)
{
	struct dir_stop *stop = container_of(sink, struct dir_stop, sink);

	stop->stopped = !stop->to->emit(stop->to, name, len, ino, type, next);
	return !stop->stopped;
}

static void pid_evict(struct inode *inode)
{
	kfree(inode->private);
}

static struct pid_inode *pid_of(const struct inode *inode)
{
	return inode->private;
}

struct kind {
	uint64_t pos;
	unsigned mode;
	const struct inode_ops *ops;
};

static int pid_inode_new(const struct pid_inode *like, const struct kind *kind, struct inode **out)
{
	struct pid_inode *p = kmalloc(sizeof(*p));
	struct inode *inode = p ? inode_new(proc_root_inode()->super, ino_of(&like->id, kind->pos), kind->mode) : NULL;

	if (!inode) {
		kfree(p);
		return -ENOMEM;
	}
	*p = *like;
	inode->private = p;
	inode->ops = kind->ops;
	inode->nlink = (kind->mode & S_IFMT) == S_IFDIR ? 2 : 1;
	if (like->file)
		strlcpy(inode->name, like->file->name, sizeof(inode->name));
	*out = inode;
	return 0;
}

static bool is(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(name, word, len);
}

/* A decimal number as it is listed, or UINT32_MAX. */
static unsigned number_of(const char *name, size_t len)
{
	char number[12];
	uint64_t n;

	if (len >= sizeof(number))
		return UINT32_MAX;
	memcpy(number, name, len);
	number[len] = 0;
	if (parse_u64(number, NULL, &n) || n >= UINT32_MAX || (number[0] == '0' && len > 1))
		return UINT32_MAX;
	return (unsigned)n;
}

static bool emit_number(struct dir_sink *sink, unsigned number, uint64_t ino, unsigned type, uint64_t next)
{
	char text[12];
	int len = snprintf(text, sizeof(text), "%u", number);

	return sink->emit(sink, text, (size_t)len, ino, type >> 12, next);
}

static bool emit_dots(struct inode *dir, uint64_t *pos, uint64_t up, struct dir_sink *sink)
{
	if (*pos == 0 && !sink->emit(sink, ".", 1, dir->ino, S_IFDIR >> 12, ++*pos))
		return false;
	return *pos != 1 || sink->emit(sink, "..", 2, up, S_IFDIR >> 12, ++*pos);
}

/* ---- files and links ---- */

static int file_make(struct inode *inode, struct text *t)
{
	const struct pid_inode *p = pid_of(inode);

	return p->file->show(&p->id, t);
}

static int file_store(struct inode *inode, const char *data)
{
	const struct pid_inode *p = pid_of(inode);

	return p->file->store(&p->id, data);
}

static int file_open(struct inode *inode, struct file *file)
{
	const struct pid_inode *p = pid_of(inode);

	if (file_flags(file) & VFS_WRITE && !p->file->store)
		return -EACCES;
	return proc_text_open(file, file_make, p->file->store ? file_store : NULL);
}

typedef int find_target(const struct proc_id *id, struct inode **out, char *path, size_t size);

static long read_target(struct inode *inode, find_target *target, char *buf, size_t size)
{
	char *path = kmalloc(PATH_MAX);
	long len = path ? target(&pid_of(inode)->id, NULL, path, PATH_MAX) : -ENOMEM;

	if (!len) {
		len = (long)strlen(path);
		if ((size_t)len > size)
			len = (long)size;
		memcpy(buf, path, (size_t)len);
	}
	kfree(path);
	return len == -ESRCH ? -ENOENT : len;
}

static int go_to_target(struct inode *inode, find_target *target, struct inode **out)
{
	int err = target(&pid_of(inode)->id, out, NULL, 0);

	return err == -ESRCH ? -ENOENT : err;
}

static long link_readlink(struct inode *inode, char *buf, size_t size)
{
	return read_target(inode, pid_of(inode)->file->target, buf, size);
}

static int link_target(struct inode *inode, struct inode **out)
{
	return go_to_target(inode, pid_of(inode)->file->target, out);
}

static long fd_readlink(struct inode *inode, char *buf, size_t size)
{
	return read_target(inode, processes->fd_target, buf, size);
}

static int fd_target(struct inode *inode, struct inode **out)
{
	return go_to_target(inode, processes->fd_target, out);
}

static const struct inode_ops text_ops = { .open = file_open, .evict = pid_evict };
static const struct inode_ops link_ops = { .readlink = link_readlink, .target = link_target, .evict = pid_evict };
static const struct inode_ops fd_link_ops = { .readlink = fd_readlink, .target = fd_target, .evict = pid_evict };

/* ---- the directory of a process, and of a thread ---- */

static const struct kind task_kind = { POS_TASK, S_IFDIR | 0555, &task_dir_ops };
static const struct kind fd_kind = { POS_FD, S_IFDIR | 0500, &fd_dir_ops };
static const struct kind process_kind = { POS_DIR, S_IFDIR | 0555, &pid_dir_ops };

static unsigned file_mode(const struct proc_file *file)
{
	if (file->target)
		return S_IFLNK | 0777;
	return S_IFREG | (file->store ? 0644 : 0444);
}

static int up_from(const struct proc_id *id, struct inode **out)
{
	const struct pid_inode like = { .id.pid = id->pid };

	if (id->tid)
		return pid_inode_new(&like, &task_kind, out);
	*out = proc_root_inode();
	inode_get(*out);
	return 0;
}

static int pid_dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct pid_inode like = { .id = pid_of(dir)->id };
	const struct proc_file *file = processes->files;

	if (is(name, len, ".."))
		return up_from(&like.id, out);
	if (is(name, len, "fd"))
		return pid_inode_new(&like, &fd_kind, out);
	if (is(name, len, "task") && !like.id.tid)
		return pid_inode_new(&like, &task_kind, out);
	for (uint64_t pos = POS_FILES; file->name; file++, pos++)
		if (is(name, len, file->name)) {
			struct kind kind = { pos, file_mode(file), file->target ? &link_ops : &text_ops };

			like.file = file;
			return pid_inode_new(&like, &kind, out);
		}
	return -ENOENT;
}

static int pid_dir_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	const struct proc_id *id = &pid_of(dir)->id;
	const struct proc_file *file = processes->files;

	if (!emit_dots(dir, &pos, id->tid ? ino_of(&(struct proc_id){ .pid = id->pid }, POS_TASK) : proc_root_inode()->ino, sink))
		return 0;
	if (pos == POS_TASK && !id->tid && !sink->emit(sink, "task", 4, ino_of(id, POS_TASK), S_IFDIR >> 12, POS_FD))
		return 0;
	if (pos <= POS_FD && !sink->emit(sink, "fd", 2, ino_of(id, POS_FD), S_IFDIR >> 12, POS_FILES))
		return 0;
	for (uint64_t at = POS_FILES; file->name; file++, at++)
		if (at >= pos && !sink->emit(sink, file->name, strlen(file->name), ino_of(id, at), file_mode(file) >> 12, at + 1))
			break;
	return 0;
}

static const struct inode_ops pid_dir_ops = { .lookup = pid_dir_lookup, .readdir = pid_dir_readdir, .evict = pid_evict };

/* ---- task ---- */

static int parent_dir(const struct inode *dir, struct inode **out)
{
	const struct pid_inode like = { .id = pid_of(dir)->id };

	return pid_inode_new(&like, &process_kind, out);
}

static int task_dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct pid_inode like = { .id = pid_of(dir)->id };
	unsigned tid = number_of(name, len);

	if (is(name, len, ".."))
		return parent_dir(dir, out);
	if (!tid || tid == UINT32_MAX || processes->next_thread(like.id.pid, tid) != tid)
		return -ENOENT;
	like.id.tid = tid;
	return pid_inode_new(&like, &process_kind, out);
}

static int task_dir_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	struct proc_id id = pid_of(dir)->id;

	if (!emit_dots(dir, &pos, ino_of(&id, POS_DIR), sink))
		return 0;
	for (id.tid = (unsigned)pos - 1; (id.tid = processes->next_thread(id.pid, id.tid)); id.tid++)
		if (!emit_number(sink, id.tid, ino_of(&id, POS_DIR), S_IFDIR, id.tid + 2))
			break;
	return 0;
}

static const struct inode_ops task_dir_ops = { .lookup = task_dir_lookup, .readdir = task_dir_readdir, .evict = pid_evict };

/* ---- fd ---- */

static int fd_dir_lookup(struct inode *dir, const char *name, size_t len, struct inode **out)
{
	struct pid_inode like = { .id = pid_of(dir)->id };
	struct kind kind = { POS_FDS, S_IFLNK | 0700, &fd_link_ops };
	unsigned fd = number_of(name, len);

	if (is(name, len, ".."))
		return parent_dir(dir, out);
	if (fd > INT32_MAX || processes->next_fd(like.id.pid, fd) != (int)fd)
		return -ENOENT;
	like.id.fd = fd;
	kind.pos += fd;
	return pid_inode_new(&like, &kind, out);
}

static int fd_dir_readdir(struct inode *dir, uint64_t pos, struct dir_sink *sink)
{
	const struct proc_id *id = &pid_of(dir)->id;
	int fd;

	if (!emit_dots(dir, &pos, ino_of(id, POS_DIR), sink))
		return 0;
	for (; (fd = processes->next_fd(id->pid, (unsigned)pos - 2)) >= 0; pos = (uint64_t)fd + 3)
		if (!emit_number(sink, (unsigned)fd, ino_of(id, POS_FDS + (unsigned)fd), S_IFLNK, (uint64_t)fd + 3))
			break;
	return 0;
}

static const struct inode_ops fd_dir_ops = { .lookup = fd_dir_lookup, .readdir = fd_dir_readdir, .evict = pid_evict };

/* ---- self, thread-self ---- */

static long put_text(const char *text, char *buf, size_t size)
{
	size_t len = strlen(text);

	if (len > size)
		len = size;
	memcpy(buf, text, len);
	return (long)len;
}

static long self_readlink(struct inode *inode, char *buf, size_t size)
{
	char text[12];

	(void)inode;
	snprintf(text, sizeof(text), "%u", processes->self());
	return put_text(text, buf, size);
}

static long thread_self_readlink(struct inode *inode, char *buf, size_t size)
{
	char text[32];

	(void)inode;
	snprintf(text, sizeof(text), "%u/task/%u", processes->self(), processes->self_thread());
	return put_text(text, buf, size);
}

static const struct inode_ops self_ops = { .readlink = self_readlink, .evict = pid_evict };
static const struct inode_ops thread_self_ops = { .readlink = thread_self_readlink, .evict = pid_evict };

unsigned proc_pid_of(const struct inode *inode)
{
	return inode->ops == process_kind.ops && !pid_of(inode)->id.tid ? pid_of(inode)->id.pid : 0;
}

/* ---- the processes in /proc ---- */

static const char *const links[] = { "self", "thread-self" };
static const struct kind link_kinds[] = { { POS_DIR, S_IFLNK | 0777, &self_ops }, { POS_UP, S_IFLNK | 0777, &thread_self_ops } };

int proc_pid_lookup(const char *name, size_t len, struct inode **out)
{
	struct pid_inode like = { .file = NULL };
	unsigned pid = number_of(name, len);

	for (unsigned i = 0; processes && i < ARRAY_SIZE(links); i++)
		if (is(name, len, links[i]))
			return pid_inode_new(&like, &link_kinds[i], out);
	if (!processes || !pid || pid == UINT32_MAX || processes->next(pid) != pid)
		return -ENOENT;
	like.id.pid = pid;
	return pid_inode_new(&like, &process_kind, out);
}

int proc_pid_readdir(uint64_t pos, struct dir_sink *sink)
{
	struct proc_id id = { .pid = 0 };

	if (!processes)
		return 0;
	for (; pos < PROC_PID_POS + ARRAY_SIZE(links); pos++) {
		const char *name = links[pos - PROC_PID_POS];

		if (!sink->emit(sink, name, strlen(name), ino_of(&id, pos - PROC_PID_POS), S_IFLNK >> 12, pos + 1))
			return 0;
	}
	for (id.pid = (unsigned)(pos - PROC_PID_POS) - 1; (id.pid = processes->next(id.pid)); id.pid++)
		if (!emit_number(sink, id.pid, ino_of(&id, POS_DIR), S_IFDIR, PROC_PID_POS + id.pid + 2))
			break;
	return 0;
}
