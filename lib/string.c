/* SPDX-License-Identifier: MIT */
/*
 * Memory is moved a word at a time, unaligned where it happens to be: both machines do that at full speed on normal memory
 * (arm64 code that runs before the MMU is on must not call these). Tails are done by one more word that overlaps the last.
 */
#include "lib/string.h"
#include <stdint.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;
typedef uint32_t __attribute__((may_alias, aligned(1))) half_t;

#define WORD sizeof(word_t)
#define BLOCK (4 * WORD)

/* Hides a loop from the compiler, which would otherwise see that it is a memcpy and call memcpy. */
static inline void loop_is_opaque(void)
{
	__asm__ volatile("" : : : "memory");
}

/* n < 16. Loads all before it stores any, so overlap is no matter. */
static inline void copy_small(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n >= WORD) {
		uint64_t first = *(const word_t *)from, last = *(const word_t *)(from + n - WORD);

		*(word_t *)to = first;
		*(word_t *)(to + n - WORD) = last;
	} else if (n >= 4) {
		uint32_t first = *(const half_t *)from, last = *(const half_t *)(from + n - 4);

		*(half_t *)to = first;
		*(half_t *)(to + n - 4) = last;
	} else if (n) {
		uint8_t first = from[0], middle = from[n / 2], last = from[n - 1];

		to[0] = first;
		to[n / 2] = middle;
		to[n - 1] = last;
	}
}

static inline void copy_block(uint8_t *to, const uint8_t *from)
{
	uint64_t a = ((const word_t *)from)[0], b = ((const word_t *)from)[1];
	uint64_t c = ((const word_t *)from)[2], d = ((const word_t *)from)[3];

	((word_t *)to)[0] = a;
	((word_t *)to)[1] = b;
	((word_t *)to)[2] = c;
	((word_t *)to)[3] = d;
}

/* Ascending; right when to <= from, or when they do not overlap. */
static inline __attribute__((always_inline)) void copy_up(uint8_t *to, const uint8_t *from, size_t n)
{
	while (n >= BLOCK) {
		copy_block(to, from);
		to += BLOCK;
		from += BLOCK;
		n -= BLOCK;
		loop_is_opaque();
	}
	while (n >= 2 * WORD) {
		*(word_t *)to = *(const word_t *)from;
		to += WORD;
		from += WORD;
		n -= WORD;
		loop_is_opaque();
	}
	copy_small(to, from, n);
}

/* Descending; right when to >= from. */
static void copy_down(uint8_t *to, const uint8_t *from, size_t n)
{
	while (n >= BLOCK) {
		n -= BLOCK;
		copy_block(to + n, from + n);
		loop_is_opaque();
	}
	while (n >= 2 * WORD) {
		n -= WORD;
		*(word_t *)(to + n) = *(const word_t *)(from + n);
		loop_is_opaque();
	}
	copy_small(to, from, n);
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	copy_up(to, from, n);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((uintptr_t)to - (uintptr_t)from >= n)
		copy_up(to, from, n);
	else
		copy_down(to, from, n);
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	uint64_t word = (uint8_t)byte * 0x0101010101010101u;
	uint8_t *p = to, *end = p + n;

	for (; n >= BLOCK; n -= BLOCK, p += BLOCK) {
		((word_t *)p)[0] = word;
		((word_t *)p)[1] = word;
		((word_t *)p)[2] = word;
		((word_t *)p)[3] = word;
		loop_is_opaque();
	}
	for (; n >= WORD; n -= WORD, p += WORD) {
		*(word_t *)p = word;
		loop_is_opaque();
	}
	while (p < end) {
		*p++ = (uint8_t)byte;
		loop_is_opaque();
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (; n >= WORD && *(const word_t *)p == *(const word_t *)q; n -= WORD) {
		p += WORD;
		q += WORD;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
	for (const uint8_t *p = s; n; n--, p++)
		if (*p == (uint8_t)byte)
			return (void *)(uintptr_t)p;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		loop_is_opaque();
	}
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do
		if (*s == (char)c)
			found = s;
	while (*s++);
	return (char *)(uintptr_t)found;
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; strncmp(s, what, n); s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t n = strlen(from), fit = n < size ? n : size - 1;

	memcpy(to, from, fit);
	to[fit] = '\0';
	return n;
}

size_t strlcat(char *to, const char *from, size_t size)
{
	size_t n = strnlen(to, size);

	return n == size ? n + strlen(from) : n + strlcpy(to + n, from, size - n);
}
