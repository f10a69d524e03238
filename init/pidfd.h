/* SPDX-License-Identifier: MIT */
/* Descriptors that stand for processes: init/pidfd.c. */
#ifndef INIT_PIDFD_H
#define INIT_PIDFD_H

struct file;
struct process;

/* An open file that stands for p, and keeps it, but neither its memory nor its pid. 0 or -ENOMEM. */
int pidfd_file(struct process *p, unsigned flags, struct file **out);

/* The process that file stands for, as long as the file is there; NULL: for none. */
struct process *pidfd_process(const struct file *file);

#endif
