/* SPDX-License-Identifier: MIT */
/* What memory.c and mremap.c share. */
#ifndef MEMORY_H
#define MEMORY_H

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "tap.h"

#define FAILS(call, error) ((call) == MAP_FAILED && errno == (error))
#define REFUSED(call, error) ((call) == -1 && errno == (error))

static char *__attribute__((unused)) anon(size_t pages)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* A place of so many pages where nothing is. */
static char *__attribute__((unused)) hole(size_t pages)
{
	char *p = anon(pages);

	munmap(p, pages * PAGE);
	return p;
}

static void __attribute__((unused)) number(char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		p[i * PAGE + i] = (char)(i + 1);
}

static int __attribute__((unused)) numbered(const char *p, size_t from, size_t pages)
{
	for (size_t i = from; i < from + pages; i++)
		if (p[(i - from) * PAGE + i] != (char)(i + 1))
			return 0;
	return 1;
}

static void __attribute__((unused)) touch(void *p)
{
	*(volatile char *)p = 1;
}

static int __attribute__((unused)) faults(void *p)
{
	return killed_by(in_child(touch, p), SIGSEGV);
}

#endif
