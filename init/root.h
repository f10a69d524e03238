/* SPDX-License-Identifier: MIT */
/* The disks, and what is mounted on them. */
#ifndef INIT_ROOT_H
#define INIT_ROOT_H

/* Makes the disks of the command line, mounts disk 0 as root, and /dev and /proc in it. Panics, saying why, if there is no
 * root. Sleeps. */
void root_mount(void);

struct super;
/* What is mounted where, in order; NULL: no more. */
struct mounted {
	const char *path;	    /* (C) */
	const char *source;	    /* "/dev/disk0", or the type of what has no device	(C) */
	const struct super *super;  /* (C) */
};

const struct mounted *root_mounted(unsigned i);

extern struct super *memfd_super; /* where files without any name live; NULL: there was no memory for it	(boot) */

#endif
