/* SPDX-License-Identifier: MIT */
/* Reading directories by getdents64, whose entries are handed out as they are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "calls.h"

struct dir_stream {
	int fd;
	long at, end;  /* in buf: next entry, end of what was read */
	int64_t place; /* telldir: the next entry's, as the kernel counts */
	char buf[8192] __attribute__((aligned(8)));
};

DIR *fdopendir(int fd)
{
	DIR *dir = malloc(sizeof(*dir));

	if (dir) {
		dir->fd = fd;
		dir->at = dir->end = 0;
		dir->place = 0;
	}
	return dir;
}

DIR *opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

struct dirent *readdir(DIR *dir)
{
	struct dirent *entry;

	if (dir->at == dir->end) {
		long n = call3(getdents64, dir->fd, dir->buf, sizeof(dir->buf));

		if (n <= 0)
			return NULL;
		dir->at = 0;
		dir->end = n;
	}
	entry = (struct dirent *)(dir->buf + dir->at);
	dir->at += entry->d_reclen;
	dir->place = entry->d_off;
	return entry;
}

int closedir(DIR *dir)
{
	int fd = dir->fd;

	free(dir);
	return close(fd);
}

long telldir(DIR *dir)
{
	return dir->place;
}

void seekdir(DIR *dir, long place)
{
	lseek(dir->fd, place, SEEK_SET);
	dir->at = dir->end = 0;
	dir->place = place;
}

void rewinddir(DIR *dir)
{
	seekdir(dir, 0);
}

int dirfd(DIR *dir)
{
	return dir->fd;
}
