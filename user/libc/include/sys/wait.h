/* SPDX-License-Identifier: MIT */
/* newlib's, and what Linux has besides. */
#ifndef _FL_SYS_WAIT_H
#define _FL_SYS_WAIT_H

#include_next <sys/wait.h>
#include <sys/resource.h>

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

#endif
