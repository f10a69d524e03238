/* SPDX-License-Identifier: MIT */
/* Numbers out of text: command line, policies, image headers. */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include <stdint.h>

/*
 * Both: decimal, or hexadecimal after 0x. No sign, no blanks. *end is set behind the number; with end == NULL the number must
 * be the whole text. 0; -EINVAL: no number, or something behind it; -ERANGE: too large. On an error *out is as before.
 */
int parse_u64(const char *s, const char **end, uint64_t *out);

/* The number may be followed by K, M, G or T (either case): times 1024, 1024^2, ... */
int parse_size(const char *s, const char **end, uint64_t *out);

/* The value of one digit below base (at most 16), or -1. */
int parse_digit(char c, unsigned base);

#endif
