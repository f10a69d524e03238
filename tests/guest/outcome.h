/* SPDX-License-Identifier: MIT */
/* What became of a call, and of the file it was about. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static inline int err(long ret)
{
	return ret < 0 ? errno : 0;
}

static inline struct stat of(int fd)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	fstat(fd, &st);
	return st;
}

#endif
