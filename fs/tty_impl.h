/* SPDX-License-Identifier: MIT */
/* What tty.c and tty_ioctl.c share. */
#ifndef FS_TTY_IMPL_H
#define FS_TTY_IMPL_H

#include "fs/tty.h"
#include "kernel/wait.h"

struct window_size {
	uint16_t rows, columns, x, y;
};

/* (T) lock, (C) constant */
struct tty {
	struct spinlock lock;	     /* LOCK_TTY				*/
	struct line line;	     /*						(T) */
	struct window_size window;   /*						(T) */
	unsigned session;	     /* whose terminal it is; 0: nobody's	(T) */
	unsigned foreground;	     /* process group; 0: none			(T) */
	bool hung;		     /* nobody is at the other end any more	(T) */
	const struct tty_jobs *jobs; /* NULL: there is no terminal		(C) */
	struct waitq changed;	     /* something to read, output goes on, or hung up */
};

extern struct tty tty;

int tty_ioctl(struct file *file, unsigned cmd, uintptr_t arg);

/* May we? sig: what a process in the background gets for trying. 0, -EIO, -ERESTARTSYS; 1: only because we ignore or block sig. */
int tty_check_foreground(unsigned sig);

#endif
