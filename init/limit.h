/* SPDX-License-Identifier: MIT */
/*
 * Resource limits. All can be set and are handed down; enforced are NOFILE (init/files.c), FSIZE (limit_file_size, init/sys_attr.c), AS, DATA,
 * STACK and, without CAP_IPC_LOCK, MEMLOCK (mm/), SIGPENDING (init/signal_queue.c), CPU (init/timers.c, of the process that sets it and of its
 * children).
 * NPROC binds nobody. CORE limits what is never written, and only decides about the bit in the status (init/exit.c).
 */
#ifndef INIT_LIMIT_H
#define INIT_LIMIT_H

#include "init/linux.h"
#include <stdatomic.h>

/* (A) atomic: another process may set them at any time */
struct limit {
	_Atomic uint64_t cur, max; /* (A) */
};

void limits_init(struct limit *limits, const struct limit *like); /* like NULL: a first process's */

struct mm;
struct process;
void limits_apply(const struct process *p, struct mm *mm); /* an address space obeys its limits from now on */

/* The calling process's soft limit. */
uint64_t limit_get(unsigned what);

/* RLIMIT_FSIZE, for n bytes to be written at `at`: *n is cut, or SIGXFSZ and -EFBIG. */
int limit_file_size(uint64_t at, size_t *n);

#endif
