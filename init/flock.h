/* SPDX-License-Identifier: MIT */
/* The record locks of fcntl(2). */
#ifndef INIT_FLOCK_H
#define INIT_FLOCK_H

#include <stdint.h>

struct file;

enum { F_OFD_GETLK = 36, F_OFD_SETLK, F_OFD_SETLKW };

/* file: what fd was when the caller looked. command: F_GETLK, F_SETLK, F_SETLKW, or F_OFD_ of them; struct flock at user. Sleeps. */
long file_record_lock(int fd, struct file *file, unsigned command, uintptr_t user);

#endif
