/* SPDX-License-Identifier: MIT */
/*
 * The terminal: the console as POSIX describes one. There is one, and only if the command line says so; otherwise the console is two
 * plain streams. Which process may use it, and who gets its signals, is the business of the floor above, through tty_jobs.
 */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "fs/ldisc.h"
#include "fs/vfs.h"

/* What the terminal has to know of processes. "We": the calling process. */
struct tty_jobs {
	unsigned (*session)(void);
	unsigned (*group)(void);
	bool (*leads_session)(void);
	unsigned (*session_of)(unsigned group); /* 0: there is no such group */
	void (*signal)(unsigned group, unsigned sig); /* to all of a group. Any context */
	void (*signal_leader)(unsigned session, unsigned sig); /* the same */

	/* We are in the background and did what only the foreground may. Our group gets sig: -ERESTARTSYS; -EIO: nobody would ever continue it;
	 * 0: we ignore or block sig. */
	int (*stop_group)(unsigned sig);
};

/* There is a terminal, of this size, and the first process's session has it. Boot, before console_input_init. */
void tty_start(const struct tty_jobs *jobs, unsigned rows, unsigned columns);
bool tty_there(void);

/* The session has ended, if it has a terminal: its foreground group is told. */
void tty_session_ended(unsigned session);

/* -ENXIO: the calling process has no controlling terminal. */
int tty_open_controlling(struct file *file);

extern const struct file_ops tty_ops;

#endif
