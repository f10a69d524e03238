/* SPDX-License-Identifier: MIT */
/* newlib's, and the call it declares only for some systems. */
#ifndef _FL_SYS_STAT_H
#define _FL_SYS_STAT_H

#include_next <sys/stat.h>

int lstat(const char *restrict path, struct stat *restrict st);

#endif
