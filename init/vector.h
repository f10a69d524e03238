/* SPDX-License-Identifier: MIT */
/* Vectors of ranges of user memory, as readv and sendmsg take them: init/sys_rw.c. */
#ifndef INIT_VECTOR_H
#define INIT_VECTOR_H

#include "fs/vfs.h"

/* Reads and checks the vector. 0 or -errno; every range lies in user memory and the sum does not overflow afterwards. */
int vector_read(struct user_range *v, uintptr_t user, size_t count);

/* Bytes, at least so far that it is more than one call moves. */
size_t vector_total(const struct user_range *v, size_t count);

#endif
