/* SPDX-License-Identifier: MIT */
/* What is in directories. */
#ifndef TESTS_GUEST_TREE_H
#define TESTS_GUEST_TREE_H

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Goes, with all that is in it, as deep as that may be. */
static void remove_tree(int at, const char *name)
{
	char list[2048];
	int dir = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	long n;

	while (dir >= 0 && (n = syscall(SYS_getdents64, dir, list, sizeof(list))) > 0)
		for (long i = 0; i < n; i += *(unsigned short *)(list + i + 16))
			if (strcmp(list + i + 19, ".") && strcmp(list + i + 19, ".."))
				remove_tree(dir, list + i + 19);
	if (dir >= 0)
		close(dir);
	if (syscall(SYS_unlinkat, at, name, 0))
		syscall(SYS_unlinkat, at, name, AT_REMOVEDIR);
}

#endif
