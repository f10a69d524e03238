/* SPDX-License-Identifier: MIT */
/* What fs/socket.c and fs/socket_move.c share and nobody else needs. The statement is at the head of fs/socket.c. */
#ifndef FS_SOCKET_IMPL_H
#define FS_SOCKET_IMPL_H

#include "fs/poll.h"
#include "fs/socket.h"
#include "kernel/mutex.h"

/* (C) constant once it is on its way, (R) its end's `reading` */
struct message {
	struct list link;	    /* end->messages			(end->lock) */
	struct socket_files *files; /* that go with its first byte	(R) */
	size_t len;		    /*					(C) */
	size_t at;		    /* read already: less than len, unless that is 0	(R) */
	char bytes[];
};

/* (D) lock */
struct end {
	struct spinlock lock;
	struct list messages;	 /* oldest first					(D) */
	size_t used;		 /* by them						(D) */
	bool no_reader, no_writer; /*							(D) */
	bool closed;		 /* its file						(D) */
	int error;		 /* told once						(D) */
	struct mutex reading;	 /* point 2 */
	struct waitq read_wait;	 /* for messages, or that there will be none */
	struct waitq write_wait; /* for room, or that there is nobody to read */
};

struct pair {
	_Atomic unsigned refs; /* files	(A) */
	struct end end[2];
};

/* (C) constant */
struct socket {
	struct pair *pair;	       /*	(C) */
	unsigned side;		       /*	(C) */
	struct socket_options options; /* fs/socket.h */
};

static inline struct end *here(const struct socket *s)
{
	return &s->pair->end[s->side];
}

static inline struct end *there(const struct socket *s)
{
	return &s->pair->end[!s->side];
}

/* Will nothing come any more? Who sends datagrams does not tell when he stops. here's lock held. */
static inline bool is_over(const struct socket *s)
{
	const struct end *e = here(s);

	return e->no_reader || (e->no_writer && s->options.type != SOCK_DGRAM);
}

/* Their end; a list of them that nobody else has. */
void message_free(struct message *m);

#endif
