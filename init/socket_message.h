/* SPDX-License-Identifier: MIT */
/* What system calls on sockets share, and what those that write have to know of sockets. */
#ifndef INIT_SOCKET_MESSAGE_H
#define INIT_SOCKET_MESSAGE_H

#include "init/linux.h"
#include "kernel/assert.h"
#include "lib/errno.h"

enum { AF_UNIX = 1 };

struct file;

/* A socket, referenced: 0, -EBADF, -ENOTSOCK. */
int socket_get(int fd, struct file **out);

/* A write has ended in -EPIPE: SIGPIPE, but not where datagrams and packets go. */
void pipe_broken(const struct file *file);

/* The end of a write, or of anything: returns ret. */
static inline long pipe_signal(const struct file *file, long ret)
{
	if (unlikely(ret == -EPIPE))
		pipe_broken(file);
	return ret;
}

#endif
