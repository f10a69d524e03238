/* SPDX-License-Identifier: MIT */
/* Pairs of connected sockets of this machine (AF_UNIX): what fs/socket.c moves, and for whom. */
#ifndef FS_SOCKET_H
#define FS_SOCKET_H

#include "fs/vfs.h"

/* Linux's numbers, here and below. */
enum socket_type { SOCK_STREAM = 1, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET = 5 };

enum message_flags {
	MSG_OOB = 1,
	MSG_PEEK = 2,
	MSG_CTRUNC = 8,
	MSG_TRUNC = 0x20,
	MSG_DONTWAIT = 0x40,
	MSG_WAITALL = 0x100,
	MSG_NOSIGNAL = 0x4000,
	MSG_CMSG_CLOEXEC = 0x40000000,
};

enum { SHUT_READING, SHUT_WRITING, SHUT_BOTH };

#define SOCKET_BUFFER 212992u /* bytes that may be on their way to one end, with what keeping them takes */
#define SOCKET_FILES 253u     /* in one message */

/* Open files on their way to another process, each referenced. */
struct socket_files {
	unsigned n;
	struct file *file[];
};

void socket_files_put(struct socket_files *files); /* and frees it; NULL is fine. Sleeps */

/* One send or receive. */
struct socket_io {
	const struct user_range *v; /* all of it in user memory */
	size_t count, total;
	unsigned flags; /* enum message_flags; a receive sets MSG_TRUNC, or clears it */
	const char *bytes; /* unless NULL: of the kernel's own, instead of the vector */
	struct socket_files *files; /* send: NULL when they have gone along; receive: those that came, for the caller to put */
};

/* Who has made a pair. */
struct socket_owner {
	uint32_t pid, uid, gid;
};

int socket_pair(enum socket_type type, unsigned flags, const struct socket_owner *owner, struct file *ends[2]);
bool file_is_socket(const struct file *file);

/* Of a socket. Bytes, or as Linux's. Sleep. */
long socket_send(struct file *file, struct socket_io *io);
long socket_receive(struct file *file, struct socket_io *io);
int socket_shutdown(struct file *file, unsigned how);

/* What can be asked and set. (C) constant, (A) atomic */
struct socket_options {
	enum socket_type type;	    /*						(C) */
	struct socket_owner owner;  /*						(C) */
	_Atomic uint64_t timeout[2]; /* ns, 0: none; of receiving, of sending	(A) */
};

struct socket_options *socket_options(const struct file *file);
int socket_error(struct file *file); /* what has happened to it, once: errno or 0 */

#endif
