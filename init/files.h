/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: from a small number to an open file. A descriptor is free, reserved (a number promised to a file that is
 * still being opened: looks closed) or open. fd_ functions work on the current process's table.
 */
#ifndef INIT_FILES_H
#define INIT_FILES_H

#include <stdbool.h>
#include <stdint.h>

#define FILES_MAX 65536u /* the hard limit, RLIMIT_NOFILE */

struct file;
struct files;

struct files *files_new(void);			    /* empty; NULL: no memory */
struct files *files_copy(struct files *from);	    /* the same open files. Sleeps. NULL: no memory */
struct files *files_get(struct files *files);	    /* one more process uses this very table */
void files_put(struct files *files);		    /* the last one closes all. Sleeps */
bool files_shared(const struct files *files);
void files_close_on_exec(struct files *files);	    /* sleeps */

/* The lowest open descriptor >= *fd of any table, which becomes *fd, and its file, with a reference; NULL: none. */
struct file *files_next(struct files *files, unsigned *fd);

/* The open file, with a reference; NULL: none. Takes no lock. */
struct file *fd_get(int fd);

/* The same, if it can do more than O_PATH. */
struct file *fd_get_open(int fd);

/* The lowest free number >= from, now reserved; -EMFILE, -ENOMEM. Sleeps. */
int fd_reserve(unsigned from, bool close_on_exec);

/* Two numbers for two ends, told to the user. 0, or an error: then nothing is reserved. */
int fd_reserve_two(int fds[2], uintptr_t out, bool close_on_exec);

/* A reserved number gets its file (the caller's reference goes along), or is given back. */
void fd_install(int fd, struct file *file);
void fd_unreserve(int fd);

/* A fresh number for a file that was made with this result: the number, the error, or that there is none, and then puts the file. Sleeps. */
int fd_for(int err, struct file *file, bool close_on_exec);

/* Makes `fd` this file, closing what it was; takes the reference. The number, -EBADF, -EBUSY (reserved), -ENOMEM: then it has
 * put the file. Sleeps. */
int fd_replace(int fd, struct file *file, bool close_on_exec);

unsigned fd_table_size(void); /* descriptors below this may be open */

int fd_close(int fd); /* 0 or -EBADF. Sleeps */
bool fd_still(int fd, const struct file *file); /* nobody has closed it meanwhile. Sleeps */

int fd_cloexec(int fd);		    /* 0, 1 or -EBADF */
int fd_set_cloexec(int fd, bool on); /* 0 or -EBADF */

#endif
