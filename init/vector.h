/* SPDX-License-Identifier: MIT */
/* Vectors of ranges of user memory, as readv and sendmsg take them. */
#ifndef INIT_VECTOR_H
#define INIT_VECTOR_H

#include "fs/vfs.h"

#define VECTOR_SMALL 8

struct vector {
	struct user_range *v;
	size_t count;
	struct user_range small[VECTOR_SMALL]; /* where v is, if that is enough */
};

/* Reads and checks the vector. 0 or -errno; every range lies in user memory and the sum does not overflow afterwards. */
int vector_read(struct user_range *v, uintptr_t user, size_t count);

/* The same, with its memory; -EINVAL: too many, -ENOMEM. Nothing to be freed after an error. May sleep. */
int vector_get(struct vector *vec, uintptr_t user, unsigned count);
void vector_free(struct vector *vec);

/* Bytes, at least so far that it is more than one call moves. */
size_t vector_total(const struct user_range *v, size_t count);

#endif
