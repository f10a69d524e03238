/* SPDX-License-Identifier: MIT */
/* What init/sys_socket.c and init/sys_message.c share and nobody else needs. */
#ifndef INIT_SOCKET_MESSAGE_H
#define INIT_SOCKET_MESSAGE_H

#include "init/linux.h"

struct file;

/* A socket, referenced: 0, -EBADF, -ENOTSOCK. */
int socket_get(int fd, struct file **out);

#endif
