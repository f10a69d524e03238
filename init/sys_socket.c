/* SPDX-License-Identifier: MIT */
/*
 * System calls on sockets. There are pairs of this machine's own (AF_UNIX) and nothing else: what would make another kind answers
 * EAFNOSUPPORT, as Linux does without that family.
 */
#include "fs/socket.h"

#include "init/clock.h"
#include "init/files.h"
#include "init/process.h"
#include "init/socket_message.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

enum { SOCK_TYPE_MASK = 15, SOCK_TYPES = 11 };

/* ---- making ---- */

static bool flags_ok(unsigned type)
{
	return !(type & ~(unsigned)(SOCK_TYPE_MASK | ABI_O_CLOEXEC | ABI_O_NONBLOCK));
}

long sys_socket(int family, unsigned type, int protocol)
{
	(void)family;
	(void)protocol;
	return flags_ok(type) && (type & SOCK_TYPE_MASK) < SOCK_TYPES ? -EAFNOSUPPORT : -EINVAL;
}

static int pair_make(int family, unsigned type, int protocol, struct file *ends[2])
{
	struct cred cred = cred_current();
	struct socket_owner owner = { process_current()->pid, cred.user.effective, cred.group.effective };
	unsigned kind = type & SOCK_TYPE_MASK;

	if (kind >= SOCK_TYPES)
		return -EINVAL;
	if (family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_RAW && kind != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	return socket_pair(kind == SOCK_RAW ? SOCK_DGRAM : kind, type & ABI_O_NONBLOCK ? VFS_NONBLOCK : 0, &owner, ends);
}

long sys_socketpair(int family, unsigned type, int protocol, uintptr_t out)
{
	struct file *ends[2];
	int fds[2], err;

	if (!flags_ok(type))
		return -EINVAL;
	err = fd_reserve_two(fds, out, type & ABI_O_CLOEXEC);
	if (err)
		return err;
	err = pair_make(family, type, protocol, ends);
	for (unsigned i = 0; i < 2; i++)
		if (err)
			fd_unreserve(fds[i]);
		else
			fd_install(fds[i], ends[i]);
	return err;
}

/* ---- using one ---- */

int socket_get(int fd, struct file **out)
{
	*out = fd_get_open(fd);
	if (!*out)
		return -EBADF;
	if (file_is_socket(*out))
		return 0;
	file_put(*out);
	return -ENOTSOCK;
}

void pipe_broken(const struct file *file)
{
	if (!file_is_socket(file) || socket_options(file)->type == SOCK_STREAM)
		signal_send_task(task_current(), SIGPIPE);
}

long sys_shutdown(int fd, unsigned how)
{
	struct file *file;
	int err = socket_get(fd, &file);

	if (err)
		return err;
	err = socket_shutdown(file, how);
	file_put(file);
	return err;
}

/* What a socket that is one of a pair has no use for. */
static long refuse(int fd, int error)
{
	struct file *file;
	int err = socket_get(fd, &file);

	if (!err)
		file_put(file);
	return err ? err : error;
}

long sys_bind(int fd, uintptr_t address, int size)
{
	(void)address;
	(void)size;
	return refuse(fd, -EINVAL);
}

long sys_connect(int fd, uintptr_t address, int size)
{
	(void)address;
	(void)size;
	return refuse(fd, -EISCONN);
}

/* Nobody connects to one of a pair; and to nothing that takes datagrams. */
static long refuse_to_listen(int fd)
{
	struct file *file;
	int err = socket_get(fd, &file);

	if (err)
		return err;
	err = socket_options(file)->type == SOCK_DGRAM ? -EOPNOTSUPP : -EINVAL;
	file_put(file);
	return err;
}

long sys_listen(int fd, int backlog)
{
	(void)backlog;
	return refuse_to_listen(fd);
}

long sys_accept4(int fd, uintptr_t address, uintptr_t size, unsigned flags)
{
	long ret = refuse_to_listen(fd);

	(void)address;
	(void)size;

	return ret != -EBADF && flags & ~(unsigned)(ABI_O_CLOEXEC | ABI_O_NONBLOCK) ? -EINVAL : ret;
}

long sys_accept(int fd, uintptr_t address, uintptr_t size)
{
	return sys_accept4(fd, address, size, 0);
}

/* Neither end has a name. */
static long name_get(int fd, uintptr_t address, uintptr_t size_at)
{
	uint16_t family = AF_UNIX;
	int32_t size;
	int err = (int)refuse(fd, 0);

	if (err)
		return err;
	if (copy_from_user(&size, size_at, sizeof(size)))
		return -EFAULT;
	if (size < 0)
		return -EINVAL;
	if (copy_to_user(address, &family, (size_t)size < sizeof(family) ? (size_t)size : sizeof(family)))
		return -EFAULT;
	size = sizeof(family);
	return copy_to_user(size_at, &size, sizeof(size));
}

long sys_getsockname(int fd, uintptr_t address, uintptr_t size)
{
	return name_get(fd, address, size);
}

long sys_getpeername(int fd, uintptr_t address, uintptr_t size)
{
	return name_get(fd, address, size);
}

/* ---- options ---- */

enum { SOL_SOCKET = 1 };
enum {
	SO_REUSEADDR = 2,
	SO_TYPE = 3,
	SO_ERROR = 4,
	SO_BROADCAST = 6,
	SO_SNDBUF = 7,
	SO_RCVBUF = 8,
	SO_KEEPALIVE = 9,
	SO_PASSCRED = 16,
	SO_PEERCRED = 17,
	SO_RCVTIMEO = 20,
	SO_SNDTIMEO = 21,
	SO_ACCEPTCONN = 30,
	SO_PROTOCOL = 38,
	SO_DOMAIN = 39,
};

union option {
	int32_t number;
	struct timeval time;
	struct socket_owner owner;
};

/* Its size, or -ENOPROTOOPT. */
static int option_value(struct file *file, int name, union option *v)
{
	struct socket_options *o = socket_options(file);

	*v = (union option){ 0 };
	switch (name) {
	case SO_TYPE:
		v->number = (int32_t)o->type;
		break;
	case SO_ERROR:
		v->number = socket_error(file);
		break;
	case SO_SNDBUF:
	case SO_RCVBUF:
		v->number = SOCKET_BUFFER;
		break;
	case SO_DOMAIN:
		v->number = AF_UNIX;
		break;
	case SO_PEERCRED:
		v->owner = o->owner;
		return sizeof(v->owner);
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
		v->time = to_timeval(atomic_load_explicit(&o->timeout[name == SO_SNDTIMEO], memory_order_relaxed));
		return sizeof(v->time);
	case SO_REUSEADDR:
	case SO_BROADCAST:
	case SO_KEEPALIVE:
	case SO_PASSCRED:
	case SO_ACCEPTCONN:
	case SO_PROTOCOL:
		break;
	default:
		return -ENOPROTOOPT;
	}
	return sizeof(v->number);
}

static long option_get(struct file *file, int level, int name, uintptr_t out, uintptr_t size_at)
{
	union option v;
	int32_t size;
	int is;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (copy_from_user(&size, size_at, sizeof(size)))
		return -EFAULT;
	if (size < 0)
		return -EINVAL;
	is = option_value(file, name, &v);
	if (is < 0)
		return is;
	size = size < is ? size : is;
	return copy_to_user(out, &v, (size_t)size) || copy_to_user(size_at, &size, sizeof(size)) ? -EFAULT : 0;
}

long sys_getsockopt(int fd, int level, int name, uintptr_t out, uintptr_t size)
{
	struct file *file;
	long ret = socket_get(fd, &file);

	if (ret)
		return ret;
	ret = option_get(file, level, name, out, size);
	file_put(file);
	return ret;
}

static int timeout_set(struct file *file, bool sending, uintptr_t from, int size)
{
	struct timeval tv;
	uint64_t ns;

	if (size < (int)sizeof(tv))
		return -EINVAL;
	if (copy_from_user(&tv, from, sizeof(tv)))
		return -EFAULT;
	if (tv.usec < 0 || tv.usec >= 1000000)
		return -EDOM;
	ns = tv.sec < 0 ? 1 : (uint64_t)tv.sec < UINT64_MAX / NSEC_PER_SEC / 2 ? (uint64_t)tv.sec * NSEC_PER_SEC : 0;
	atomic_store_explicit(&socket_options(file)->timeout[sending], ns + (uint64_t)tv.usec * NSEC_PER_USEC, memory_order_relaxed);
	return 0;
}

/* What has no meaning for a pair is accepted, as on Linux. */
static long option_set(struct file *file, int level, int name, uintptr_t from, int size)
{
	union option v;
	int32_t number;

	if (size < 0)
		return -EINVAL;
	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (name == SO_RCVTIMEO || name == SO_SNDTIMEO)
		return timeout_set(file, name == SO_SNDTIMEO, from, size);
	if ((size_t)size < sizeof(number))
		return -EINVAL;
	if (copy_from_user(&number, from, sizeof(number)))
		return -EFAULT;
	switch (name) {
	case SO_TYPE:
	case SO_ERROR:
	case SO_PEERCRED:
	case SO_ACCEPTCONN:
	case SO_PROTOCOL:
	case SO_DOMAIN:
		return -ENOPROTOOPT;
	default:
		return option_value(file, name, &v) < 0 ? -ENOPROTOOPT : 0;
	}
}

long sys_setsockopt(int fd, int level, int name, uintptr_t from, int size)
{
	struct file *file;
	long ret = socket_get(fd, &file);

	if (ret)
		return ret;
	ret = option_set(file, level, name, from, size);
	file_put(file);
	return ret;
}
