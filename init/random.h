/* SPDX-License-Identifier: MIT */
/* Random bytes for user space. From a seed, so that runs repeat: not for secrets. */
#ifndef INIT_RANDOM_H
#define INIT_RANDOM_H

#include <stddef.h>

void random_bytes(void *buf, size_t n); /* any context */

#endif
