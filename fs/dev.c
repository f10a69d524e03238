/* SPDX-License-Identifier: MIT */
/* /dev: null, zero, random numbers, the console's streams, links to one's own descriptors. */
#include "drivers/console.h"
#include "fs/memdir.h"
#include "fs/tty.h"
#include "fs/mount.h"
#include "kernel/log.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/prng.h"
#include "lib/string.h"

#define CHUNK 512 /* bytes on the stack between the console and user memory */

/* ---- null and zero ---- */

static long null_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return 0;
}

static long null_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return (long)n;
}

static long zero_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	size_t done = 0;

	while (done < n && !thread_killed()) {
		size_t part = n - done < PAGE_SIZE ? n - done : PAGE_SIZE;

		if (clear_user(buf + done, part))
			return done ? (long)done : -EFAULT;
		done += part;
	}
	return (long)done;
}

static long full_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return n ? -ENOSPC : 0;
}

/* ---- random ---- */

static long random_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	static _Atomic uint64_t state;
	size_t done = 0;

	while (done < n) {
		/* splitmix64 of a counter: threads that read together get different numbers */
		uint64_t seed = atomic_fetch_add_explicit(&state, 0x9e3779b97f4a7c15ull, memory_order_relaxed) + clock_ns();
		uint64_t word = prng_mix(seed);
		size_t part = n - done < sizeof(word) ? n - done : sizeof(word);

		if (copy_to_user(buf + done, &word, part))
			return done ? (long)done : -EFAULT;
		done += part;
	}
	return (long)done;
}

/* ---- the console ---- */

static long stream_write(enum stream to, uintptr_t buf, size_t n)
{
	char chunk[CHUNK];
	size_t done = 0;

	while (done < n && !thread_killed()) {
		size_t part = n - done < CHUNK ? n - done : CHUNK;
		size_t left = copy_from_user_part(chunk, buf + done, part);

		console_put(to, chunk, part - left);
		done += part - left;
		if (left)
			return done ? (long)done : -EFAULT;
	}
	return (long)done;
}

static long stdout_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return stream_write(STREAM_STDOUT, buf, n);
}

static long stderr_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return stream_write(STREAM_STDERR, buf, n);
}

static long results_write(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	return stream_write(STREAM_RESULTS, buf, n);
}

static long console_file_read(struct file *file, uintptr_t buf, size_t n, uint64_t pos)
{
	char chunk[CHUNK];
	long got = console_read(chunk, n < CHUNK ? n : CHUNK);

	if (got > 0 && copy_to_user(buf, chunk, (size_t)got))
		return -EFAULT;
	return got;
}

/* ---- the table ---- */

/* (C) constant */
struct device {
	const char *name;	      /* (C) */
	unsigned major, minor, mode;  /* (C) */
	struct file_ops ops;	      /* (C) */
};

static const struct device devices[] = {
	{ "null", 1, 3, 0666, { .read = null_read, .write = null_write, .same_everywhere = true } },
	{ "zero", 1, 5, 0666, { .read = zero_read, .write = null_write, .same_everywhere = true } },
	{ "full", 1, 7, 0666, { .read = zero_read, .write = full_write, .same_everywhere = true } },
	{ "random", 1, 8, 0666, { .read = random_read, .write = null_write, .same_everywhere = true } },
	{ "urandom", 1, 9, 0666, { .read = random_read, .write = null_write, .same_everywhere = true } },
	{ "console", 5, 1, 0600, { .read = console_file_read, .write = stdout_write, .stream = true } },
	{ "tty", 5, 0, 0666, { .stream = true } },
	{ "stderr-console", 5, 64, 0600, { .write = stderr_write, .stream = true } },
	{ "results", 5, 65, 0600, { .write = results_write, .stream = true } },
};

static uint32_t device_number(const struct device *dev)
{
	return dev->major << 8 | dev->minor;
}

#define TTY_NUMBER (5u << 8)
#define CONSOLE_NUMBER (5u << 8 | 1)

int device_node_open(struct inode *inode, struct file *file)
{
	if (inode->rdev == TTY_NUMBER)
		return tty_open_controlling(file);
	if (inode->rdev == CONSOLE_NUMBER && tty_there()) {
		file->ops = &tty_ops;
		return 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
		if (inode->rdev == device_number(&devices[i])) {
			file->ops = &devices[i].ops;
			return 0;
		}
	return -ENXIO;
}

const struct inode_ops device_node_ops = { .open = device_node_open };

/* ---- names for one's own descriptors ---- */

static const char *const links[][2] = {
	{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
};

static long dev_readlink(struct inode *inode, char *buf, size_t size)
{
	const char *target = memnode_of(inode)->arg;
	size_t len = strnlen(target, size);

	memcpy(buf, target, len);
	return (long)len;
}

static const struct inode_ops dev_link_ops = { .readlink = dev_readlink };

static bool links_add(struct super *super, struct memnode *root)
{
	for (unsigned i = 0; i < ARRAY_SIZE(links); i++) {
		struct memnode *node = memdir_add(super, root, links[i][0], strlen(links[i][0]), S_IFLNK | 0777);

		if (!node)
			return false;
		node->arg = links[i][1];
		node->inode->ops = &dev_link_ops;
	}
	return true;
}

static struct super dev_super = { .type = "devtmpfs", .dev = 5, .read_only = true };
static struct memnode *dev_root;

struct super *dev_mount(void)
{
	dev_root = memdir_root(&dev_super);
	if (!dev_root)
		return NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
		const struct device *dev = &devices[i];
		struct memnode *node = memdir_add(&dev_super, dev_root, dev->name, strlen(dev->name), S_IFCHR | dev->mode);

		if (!node)
			return NULL;
		node->inode->ops = &device_node_ops;
		node->inode->rdev = device_number(dev);
	}
	if (!memdir_add(&dev_super, dev_root, "shm", 3, S_IFDIR | 0755)) /* to be mounted on */
		return NULL;
	return links_add(&dev_super, dev_root) ? &dev_super : NULL;
}

static int open_device(const char *name, unsigned flags, struct file **out)
{
	return vfs_open_inode(memdir_find(dev_root, name, strlen(name))->inode, flags, out);
}

/* One open file for reading and writing, as whoever starts a program at a terminal opens it; standard error may be elsewhere. */
static int terminal_open(bool err_apart, struct file *files[3])
{
	int error = open_device("console", VFS_READ | VFS_WRITE, &files[0]);

	if (!error && err_apart)
		error = open_device("stderr-console", VFS_WRITE, &files[2]);
	if (error)
		return error;
	files[1] = files[0];
	file_get(files[0]);
	if (!err_apart) {
		files[2] = files[0];
		file_get(files[0]);
	}
	return 0;
}

/* Boot only: what fails here ends the boot. */
int console_open(bool err_apart, struct file *files[3])
{
	int error;

	if (tty_there())
		return terminal_open(err_apart, files);
	error = open_device("console", VFS_READ, &files[0]);
	if (!error)
		error = open_device("console", VFS_WRITE, &files[1]);
	return error ? error : open_device("stderr-console", VFS_WRITE, &files[2]);
}
