/* SPDX-License-Identifier: MIT */
/* Out of memory. */
#ifndef INIT_OOM_H
#define INIT_OOM_H

#include <stdbool.h>

/* For reclaim_set_killer. */
bool oom_kill_one(void);

#endif
