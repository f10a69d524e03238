/* SPDX-License-Identifier: MIT */
/* SYS_name for every call of Linux on this machine; the kernel's own table. */
#ifndef _SYS_SYSCALL_H
#define _SYS_SYSCALL_H

#include "sysno.h"

/* glibc declares it in <unistd.h>, newlib does not know it. -1 and errno for an error. */
long syscall(long number, ...);

#endif
