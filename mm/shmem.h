/* SPDX-License-Identifier: MIT */
/* Memory shared by fork without a file: a mapping whose pages begin as zeroes and have no device behind them. */
#ifndef MM_SHMEM_H
#define MM_SHMEM_H

#include "mm/backing.h"

/* A mapping of `size` bytes with one reference, the caller's: m->ops->put drops it. NULL: no memory. */
struct mapping *shmem_create(uint64_t size);

#endif
