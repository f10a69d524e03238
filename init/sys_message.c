/* SPDX-License-Identifier: MIT */
/* System calls that send and receive by sockets: bytes, and open files (SCM_RIGHTS). */
#include "fs/socket.h"

#include "init/files.h"
#include "init/process.h"
#include "init/socket_message.h"
#include "init/syscalls.h"
#include "init/vector.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/bits.h"
#include "lib/errno.h"

enum { SOL_SOCKET = 1, SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };

struct linux_msghdr {
	uint64_t name;
	uint32_t name_len, pad;
	uint64_t iov, iov_len, control, control_len;
	uint32_t flags, pad2;
};

struct linux_cmsghdr {
	uint64_t len; /* with this head */
	int32_t level, type;
};

_Static_assert(sizeof(struct linux_msghdr) == 56, "struct msghdr");

#define NAME_SIZE 128		    /* struct sockaddr_storage */
#define UNIX_NAME_SIZE 110	    /* struct sockaddr_un */
#define CONTROL_MAX (128u << 10) /* Linux's optmem_max since 6.7 */

static long sent(long ret, unsigned flags, struct file *file)
{
	return flags & MSG_NOSIGNAL ? ret : pipe_signal(file, ret);
}

/* A name that is to get a message. Nobody has one here: packets take no notice of it, a stream goes to its other end only. */
static int name_refuse(struct file *file, uintptr_t name, size_t size)
{
	union {
		uint16_t family;
		char bytes[NAME_SIZE];
	} n;

	if (!name || !size)
		return 0;
	if (copy_from_user(&n, name, size))
		return -EFAULT;
	switch (socket_options(file)->type) {
	case SOCK_STREAM:
		return -EISCONN;
	case SOCK_SEQPACKET:
		return 0;
	default:
		return size > sizeof(n.family) && size <= UNIX_NAME_SIZE && n.family == AF_UNIX ? -ECONNREFUSED : -EINVAL;
	}
}

/* ---- one range ---- */

long sys_sendto(int fd, uintptr_t buf, size_t n, unsigned flags, uintptr_t address, int size)
{
	struct user_range r = { buf, n < MAX_RW_COUNT ? n : MAX_RW_COUNT };
	struct socket_io io = { .v = &r, .count = 1, .total = r.len, .flags = flags };
	struct file *file;
	long ret;

	if (!user_range_ok(buf, n))
		return -EFAULT;
	ret = socket_get(fd, &file);
	if (ret)
		return ret;
	if (address && (size < 0 || size > NAME_SIZE))
		ret = -EINVAL;
	else
		ret = name_refuse(file, address, (size_t)size);
	if (!ret)
		ret = sent(socket_send(file, &io), flags, file);
	file_put(file);
	return ret;
}

static int no_name(uintptr_t size_at)
{
	int32_t none = 0;

	return size_at ? copy_to_user(size_at, &none, sizeof(none)) : 0;
}

long sys_recvfrom(int fd, uintptr_t buf, size_t n, unsigned flags, uintptr_t address, uintptr_t size_at)
{
	struct user_range r = { buf, n < MAX_RW_COUNT ? n : MAX_RW_COUNT };
	struct socket_io io = { .v = &r, .count = 1, .total = r.len, .flags = flags };
	struct file *file;
	long ret;

	if (!user_range_ok(buf, n))
		return -EFAULT;
	ret = socket_get(fd, &file);
	if (ret)
		return ret;
	ret = socket_receive(file, &io);
	file_put(file);
	socket_files_put(io.files);
	return ret >= 0 && address && no_name(size_at) ? -EFAULT : ret;
}

/* ---- files in a message ---- */

/* Adds the file of each of n numbers at `from`. */
static int files_get_some(struct socket_files *files, uintptr_t from, size_t n)
{
	int32_t fd;

	if (files->n + n > SOCKET_FILES)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		struct file *file;

		if (copy_from_user(&fd, from + i * sizeof(fd), sizeof(fd)))
			return -EFAULT;
		file = fd_get(fd);
		if (!file)
			return -EBADF;
		files->file[files->n++] = file;
		if (file_is_socket(file))
			return -ETOOMANYREFS;
	}
	return 0;
}

/* One head of the control part and what belongs to it; *at moves behind it. */
static int control_next(const struct linux_msghdr *m, size_t *at, struct socket_files *files)
{
	struct linux_cmsghdr head;
	uintptr_t data = m->control + *at + sizeof(head);
	int err = 0;

	if (copy_from_user(&head, m->control + *at, sizeof(head)))
		return -EFAULT;
	if (head.len < sizeof(head) || head.len > m->control_len - *at)
		return -EINVAL;
	if (head.level == SOL_SOCKET && head.type == SCM_RIGHTS)
		err = files_get_some(files, data, (head.len - sizeof(head)) / sizeof(int32_t));
	else if (head.level == SOL_SOCKET && head.type != SCM_CREDENTIALS)
		err = -EINVAL;
	*at += align_up(head.len, sizeof(uint64_t));
	return err;
}

/* *files: what the control part says shall go along; NULL: nothing. */
static int control_read(const struct linux_msghdr *m, struct socket_files **files)
{
	struct socket_files *f;
	size_t at = 0;
	int err = 0;

	*files = NULL;
	if (!m->control || m->control_len < sizeof(struct linux_cmsghdr))
		return 0;
	if (m->control_len >= CONTROL_MAX)
		return -ENOBUFS;
	f = kzalloc(sizeof(*f) + SOCKET_FILES * sizeof(f->file[0]));
	if (!f)
		return -ENOMEM;
	while (!err && at < m->control_len && m->control_len - at >= sizeof(struct linux_cmsghdr))
		err = control_next(m, &at, f);
	if (err || !f->n)
		socket_files_put(f);
	else
		*files = f;
	return err;
}

/* Numbers for as many of the files as there is room for; what the message's head says of it. */
static int control_write(struct linux_msghdr *m, struct socket_files *files, bool close_on_exec)
{
	struct linux_cmsghdr head = { .level = SOL_SOCKET, .type = SCM_RIGHTS };
	size_t room = m->control && m->control_len > sizeof(head) ? (m->control_len - sizeof(head)) / sizeof(int32_t) : 0;
	unsigned n = 0, want = files ? files->n : 0;

	while (n < want && n < room) {
		int32_t fd = fd_reserve(0, close_on_exec);

		if (fd < 0)
			break;
		if (copy_to_user(m->control + sizeof(head) + n * sizeof(fd), &fd, sizeof(fd))) {
			fd_unreserve(fd);
			break;
		}
		file_get(files->file[n]);
		fd_install(fd, files->file[n++]);
	}
	head.len = sizeof(head) + n * sizeof(int32_t);
	if (n && copy_to_user(m->control, &head, sizeof(head)))
		return -EFAULT;
	if (n < want)
		m->flags |= MSG_CTRUNC;
	head.len = n ? align_up(head.len, sizeof(uint64_t)) : 0;
	if (head.len < m->control_len)
		m->control_len = head.len;
	return 0;
}

/* ---- messages with a head ---- */

#define FEW 8

static long send_vector(struct file *file, const struct linux_msghdr *m, struct user_range *v, unsigned flags)
{
	struct socket_io io = { .v = v, .count = m->iov_len, .flags = flags };
	long ret = vector_read(v, m->iov, m->iov_len);

	if (ret)
		return ret;
	ret = name_refuse(file, m->name, m->name_len < NAME_SIZE ? m->name_len : NAME_SIZE);
	if (ret)
		return ret;
	io.total = vector_total(v, m->iov_len);
	ret = control_read(m, &io.files);
	if (ret)
		return ret;
	ret = sent(socket_send(file, &io), flags, file);
	socket_files_put(io.files);
	return ret;
}

static long receive_vector(struct file *file, struct linux_msghdr *m, struct user_range *v, unsigned flags)
{
	struct socket_io io = { .v = v, .count = m->iov_len, .flags = flags };
	long ret = vector_read(v, m->iov, m->iov_len);

	if (ret)
		return ret;
	io.total = vector_total(v, m->iov_len);
	ret = socket_receive(file, &io);
	m->flags = (io.flags & MSG_TRUNC) | (flags & MSG_CMSG_CLOEXEC);
	m->name_len = 0;
	if (ret >= 0 && control_write(m, io.files, flags & MSG_CMSG_CLOEXEC))
		ret = -EFAULT;
	socket_files_put(io.files);
	return ret;
}

static long with_vector(struct file *file, struct linux_msghdr *m, unsigned flags, bool send)
{
	struct user_range few[FEW], *v = few;
	long ret;

	if (m->name && m->name_len > INT32_MAX)
		return -EINVAL;
	if (m->iov_len > UIO_MAXIOV)
		return -EMSGSIZE;
	if (m->iov_len > FEW)
		v = kmalloc(m->iov_len * sizeof(*v));
	if (!v)
		return -ENOMEM;
	ret = send ? send_vector(file, m, v, flags) : receive_vector(file, m, v, flags);
	if (v != few)
		kfree(v);
	return ret;
}

/* What a receive says in the head. */
static int head_put(uintptr_t at, const struct linux_msghdr *m)
{
	if (m->name && copy_to_user(at + offsetof(struct linux_msghdr, name_len), &m->name_len, sizeof(m->name_len)))
		return -EFAULT;
	if (copy_to_user(at + offsetof(struct linux_msghdr, flags), &m->flags, sizeof(m->flags)))
		return -EFAULT;
	return copy_to_user(at + offsetof(struct linux_msghdr, control_len), &m->control_len, sizeof(m->control_len));
}

static long with_head(int fd, uintptr_t at, unsigned flags, bool send)
{
	struct linux_msghdr m;
	struct file *file;
	long ret = socket_get(fd, &file);

	if (ret)
		return ret;
	ret = copy_from_user(&m, at, sizeof(m)) ? -EFAULT : with_vector(file, &m, flags, send);
	if (ret >= 0 && !send && head_put(at, &m))
		ret = -EFAULT;
	file_put(file);
	return ret;
}

long sys_sendmsg(int fd, uintptr_t from, unsigned flags)
{
	return with_head(fd, from, flags, true);
}

long sys_recvmsg(int fd, uintptr_t at, unsigned flags)
{
	return with_head(fd, at, flags, false);
}
