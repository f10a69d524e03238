/* SPDX-License-Identifier: MIT */
/*
 * pidfd: an open file that stands for a process whatever becomes of its pid. It holds a reference, so that process->ended and the queue that is
 * woken after it is set live as long as the file.
 */
#include "init/pidfd.h"

#include "fs/event.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/process_impl.h"
#include "init/syscalls.h"
#include "lib/errno.h"

static unsigned pidfd_poll(struct file *file, struct poller *poller)
{
	struct process *p = file->private;

	poll_watch(poller, &p->end_wait);
	return atomic_load_explicit(&p->ended, memory_order_relaxed) ? POLL_READ : 0;
}

static void pidfd_release(struct file *file)
{
	process_put(file->private);
}

static const struct file_ops pidfd_ops = { .poll = pidfd_poll, .release = pidfd_release, .stream = true };

struct process *pidfd_process(const struct file *file)
{
	return file->ops == &pidfd_ops ? file->private : NULL;
}

int pidfd_file(struct process *p, unsigned flags, struct file **out)
{
	int err;

	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	err = anon_open(&pidfd_ops, p, flags, out);
	if (err)
		process_put(p);
	return err;
}

/* ---- the calls ---- */

long sys_pidfd_open(int pid, unsigned flags)
{
	struct process *p;
	struct file *file;
	int err;

	if (flags & ~(unsigned)ABI_O_NONBLOCK || pid <= 0)
		return -EINVAL;
	p = process_find((unsigned)pid);
	if (!p)
		return -ESRCH;
	err = p->pid == (unsigned)pid ? pidfd_file(p, flags ? VFS_NONBLOCK : 0, &file) : -EINVAL;
	process_put(p);
	return fd_for(err, file, true);
}

/* Its table of descriptors, with a reference; NULL: it has ended. */
static struct files *files_of(struct process *p)
{
	irqflags_t flags = spin_lock_irq(&p->lock);
	struct files *files = p->files ? files_get(p->files) : NULL;

	spin_unlock_irq(&p->lock, flags);
	return files;
}

static long get_from(struct process *p, int fd)
{
	unsigned at = (unsigned)fd;
	struct files *files;
	struct file *file;

	if (p != process_current() && !cred_may_look(p))
		return -EPERM;
	files = files_of(p);
	if (!files)
		return -ESRCH;
	file = fd < 0 ? NULL : files_next(files, &at);
	files_put(files);
	if (file && at == (unsigned)fd)
		return fd_for(0, file, true);
	if (file)
		file_put(file);
	return -EBADF;
}

long sys_pidfd_getfd(int pidfd, int fd, unsigned flags)
{
	struct file *file;
	long ret;

	if (flags)
		return -EINVAL;
	file = fd_get_open(pidfd);
	if (!file)
		return -EBADF;
	ret = pidfd_process(file) ? get_from(pidfd_process(file), fd) : -EBADF;
	file_put(file);
	return ret;
}
