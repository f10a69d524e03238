/* SPDX-License-Identifier: MIT */
/* struct dirent as Linux's getdents64 gives it. <dirent.h> includes this. */
#ifndef _SYS_DIRENT_H
#define _SYS_DIRENT_H

#include <stdint.h>
#include <sys/types.h>

struct dirent {
	uint64_t d_ino;
	int64_t d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[256];
};

enum { DT_UNKNOWN = 0, DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6, DT_REG = 8, DT_LNK = 10, DT_SOCK = 12 };

typedef struct dir_stream DIR;

DIR *opendir(const char *path);
DIR *fdopendir(int fd);
struct dirent *readdir(DIR *dir);
int closedir(DIR *dir);
void rewinddir(DIR *dir);
long telldir(DIR *dir);
void seekdir(DIR *dir, long place);
int dirfd(DIR *dir);

#endif
