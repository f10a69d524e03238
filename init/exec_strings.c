/* SPDX-License-Identifier: MIT */
/* Argument strings on their way from one address space to the next: bytes in kernel pages, allocated as they come. */
#include "init/exec.h"

#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

struct strings *strings_new(void)
{
	struct strings *s = kzalloc(sizeof(struct strings));

	if (s)
		s->start = s->used = STRINGS_FRONT;
	return s;
}

void strings_free(struct strings *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->pages); i++)
		kfree(s->pages[i]);
	kfree(s);
}

/* What is left of the page at the end of the block. NULL: *err says why there is none. */
static char *room(struct strings *s, size_t *n, int *err)
{
	size_t pointers = (s->argc + s->envc + 3ul) * sizeof(uint64_t);
	char **page;

	*err = -E2BIG;
	if (s->used - STRINGS_FRONT + pointers >= STRINGS_MAX)
		return NULL;
	page = &s->pages[s->used / PAGE_SIZE];
	if (!*page)
		*page = kmalloc(PAGE_SIZE);
	*err = -ENOMEM;
	if (!*page)
		return NULL;
	*n = PAGE_SIZE - s->used % PAGE_SIZE;
	return *page + s->used % PAGE_SIZE;
}

/* Copies up to n bytes of text with its NUL. How many; n without a NUL among them: there is more. */
static long part_kernel(char *to, uintptr_t text, size_t n)
{
	size_t len = strnlen((const char *)text, n);

	memcpy(to, (const char *)text, len < n ? len + 1 : n);
	return (long)len;
}

static long part_user(char *to, uintptr_t text, size_t n)
{
	long len = strncpy_from_user(to, text, n);

	return len == -ENAMETOOLONG ? (long)n : len;
}

static int strings_append(struct strings *s, uintptr_t text, long (*part)(char *to, uintptr_t text, size_t n))
{
	size_t total = 0, n;
	char *to;
	int err;

	while ((to = room(s, &n, &err))) {
		long len = part(to, text + total, n);

		if (len < 0)
			return (int)len;
		total += (size_t)len;
		if (total >= STRING_MAX)
			return -E2BIG;
		s->used += (size_t)len;
		if ((size_t)len < n) {
			s->used++; /* the NUL */
			return 0;
		}
	}
	return err;
}

int strings_add(struct strings *s, const char *text)
{
	return strings_append(s, (uintptr_t)text, part_kernel);
}

int strings_add_user(struct strings *s, uintptr_t text)
{
	return strings_append(s, text, part_user);
}

int strings_add_front(struct strings *s, const char *text)
{
	size_t n = strlen(text) + 1;

	if (n > s->start)
		return -E2BIG;
	while (n--) {
		char **page = &s->pages[--s->start / PAGE_SIZE];

		if (!*page)
			*page = kmalloc(PAGE_SIZE);
		if (!*page)
			return -ENOMEM;
		(*page)[s->start % PAGE_SIZE] = text[n];
	}
	s->argc++;
	return 0;
}

void strings_drop_front(struct strings *s)
{
	s->start = strings_next(s, s->start);
	s->argc--;
}

size_t strings_next(const struct strings *s, size_t offset)
{
	while (s->pages[offset / PAGE_SIZE][offset % PAGE_SIZE])
		offset++;
	return offset + 1;
}

int strings_copy_out(const struct strings *s, uintptr_t to)
{
	size_t n;

	for (size_t at = s->start; at < s->used; at += n) {
		n = PAGE_SIZE - at % PAGE_SIZE;
		if (n > s->used - at)
			n = s->used - at;
		if (copy_to_user(to + (at - s->start), s->pages[at / PAGE_SIZE] + at % PAGE_SIZE, n))
			return -EFAULT;
	}
	return 0;
}
