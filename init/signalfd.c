/* SPDX-License-Identifier: MIT */
/*
 * signalfd: pending signals, read as data. What a reader gets depends on who reads, not on who opened: its own signals and its process's.
 *
 * Sleepers and pollers of all signalfds wait on one queue, which lives for ever, so a file that has gone to another process needs no care.
 * No signal is missed: a sleeper is on the queue before it looks, under its process's lock; a sender makes the signal pending under that
 * lock, then wakes the queue if there is any signalfd. `open` was raised before the sleeper took the lock: so a sender that comes
 * after it in the order of that lock sees it.
 */
#include "init/signalfd.h"

#include "fs/event.h"
#include "init/files.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/syscalls.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

/* (A) atomic */
struct signalfd {
	_Atomic uint64_t mask; /* what it reads	(A) */
};

_Atomic unsigned signalfds_open;
static struct waitq changed = WAITQ_INIT(changed);

void signalfd_wake(void)
{
	waitq_wake_all(&changed);
}

static uint64_t mask_of(const struct file *file)
{
	const struct signalfd *s = file->private;

	return atomic_load_explicit(&s->mask, memory_order_relaxed);
}

/* ---- reading ---- */

struct linux_signalfd_siginfo {
	uint32_t signo;
	int32_t error, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t tid, band, overrun, trapno;
	int32_t status, value;
	uint64_t pointer, utime, stime, addr;
	uint16_t addr_lsb, pad[23];
};

_Static_assert(sizeof(struct linux_signalfd_siginfo) == 128, "struct signalfd_siginfo");

static bool is_fault(const struct siginfo *info)
{
	return info->signo == SIGSEGV || info->signo == SIGBUS || info->signo == SIGILL || info->signo == SIGFPE || info->signo == SIGTRAP;
}

/* What it says depends on what it is. */
static struct linux_signalfd_siginfo to_linux(const struct siginfo *info)
{
	struct linux_signalfd_siginfo s = { .signo = (uint32_t)info->signo, .error = info->error, .code = info->code };
	bool kernel = info->code > SI_USER && info->code < SI_KERNEL;

	if (info->code == SI_TIMER) {
		s.tid = (uint32_t)info->timer;
		s.overrun = (uint32_t)info->overrun;
		s.pointer = info->timer_value;
		s.value = (int32_t)info->timer_value;
	} else if (kernel && is_fault(info)) {
		s.addr = info->addr;
	} else {
		s.pid = info->pid;
		s.uid = info->uid;
	}
	if (kernel && info->signo == SIGCHLD) {
		s.status = info->status;
		s.utime = (uint64_t)info->utime;
		s.stime = (uint64_t)info->stime;
	} else if (info->code < 0 && info->code != SI_TIMER) {
		s.pointer = info->value;
		s.value = (int32_t)info->value;
	}
	return s;
}

static bool try_take(uint64_t mask, struct siginfo *info)
{
	struct process *p = process_current();
	irqflags_t flags = spin_lock_irq(&p->lock);
	unsigned sig = signal_take_locked(p, task_current(), mask, info);

	spin_unlock_irq(&p->lock, flags);
	return sig;
}

static int take(const struct file *file, bool wait, struct siginfo *info)
{
	static const struct wait_why why = { .what = "signal (signalfd)", .lasting = true };

	if (try_take(mask_of(file), info))
		return 0;
	return wait ? wait_until(&changed, &why, WAIT_SIGNAL, TIME_NEVER, try_take(mask_of(file), info)) : -EAGAIN;
}

/* Waits for the first one only. */
static long signalfd_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	bool wait = !(file_flags(file) & VFS_NONBLOCK);
	size_t done = 0, each = sizeof(struct linux_signalfd_siginfo);
	struct linux_signalfd_siginfo s;
	struct siginfo info;
	int err = n < each ? -EINVAL : 0;

	while (!err && n - done >= each) {
		err = take(file, wait && !done, &info);
		if (err)
			break;
		s = to_linux(&info);
		err = copy_to_user(buf + done, &s, each);
		done += err ? 0 : each;
	}
	return done ? (long)done : err;
}

static unsigned signalfd_poll(struct file *file, struct poller *poller)
{
	poll_watch(poller, &changed);
	return signal_pending_set(task_current()) & mask_of(file) ? POLLIN : 0;
}

static void signalfd_release(struct file *file)
{
	atomic_fetch_sub_explicit(&signalfds_open, 1, memory_order_relaxed);
	kfree(file->private);
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.stream = true,
};

/* ---- the call ---- */

static long signalfd_new(uint64_t mask, unsigned flags)
{
	struct signalfd *s = kzalloc(sizeof(*s));
	struct file *file;
	int err;

	if (!s)
		return -ENOMEM;
	s->mask = mask;
	err = anon_open(&signalfd_ops, s, flags & ABI_O_NONBLOCK ? VFS_NONBLOCK : 0, &file);
	if (err)
		kfree(s);
	else
		atomic_fetch_add_explicit(&signalfds_open, 1, memory_order_relaxed);
	return fd_for(err, file, flags & ABI_O_CLOEXEC);
}

static long signalfd_change(int fd, uint64_t mask)
{
	struct file *file = fd_get_open(fd);
	struct signalfd *s;
	long ret = fd;

	if (!file)
		return -EBADF;
	s = file->private;
	if (file->ops != &signalfd_ops)
		ret = -EINVAL;
	else
		atomic_store_explicit(&s->mask, mask, memory_order_relaxed);
	file_put(file);
	signalfd_wake();
	return ret;
}

long sys_signalfd4(int fd, uintptr_t mask, size_t mask_size, unsigned flags)
{
	uint64_t bits;

	if (mask_size != sizeof(bits))
		return -EINVAL;
	if (copy_from_user(&bits, mask, sizeof(bits)))
		return -EFAULT;
	if (flags & ~(unsigned)(ABI_O_CLOEXEC | ABI_O_NONBLOCK))
		return -EINVAL;
	bits &= ~(signal_bit(SIGKILL) | signal_bit(SIGSTOP));
	return fd == -1 ? signalfd_new(bits, flags) : signalfd_change(fd, bits);
}

long sys_signalfd(int fd, uintptr_t mask, size_t mask_size)
{
	return sys_signalfd4(fd, mask, mask_size, 0);
}
