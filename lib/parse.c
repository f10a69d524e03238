/* SPDX-License-Identifier: MIT */
#include "lib/parse.h"
#include "lib/errno.h"
#include <stddef.h>

int parse_digit(char c, unsigned base)
{
	unsigned d = 16;

	if (c >= '0' && c <= '9')
		d = (unsigned)(c - '0');
	else if (c >= 'a' && c <= 'f')
		d = (unsigned)(c - 'a' + 10);
	else if (c >= 'A' && c <= 'F')
		d = (unsigned)(c - 'A' + 10);
	return d < base ? (int)d : -1;
}

/* Digits of `base` from *s on, at least one; *s is moved behind them. */
static int parse_digits(const char **s, unsigned base, uint64_t *out)
{
	const char *p = *s;
	uint64_t value = 0;
	int digit;

	while ((digit = parse_digit(*p, base)) >= 0) {
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return -ERANGE;
		p++;
	}
	if (p == *s)
		return -EINVAL;
	*s = p;
	*out = value;
	return 0;
}

static int parse_number(const char **s, uint64_t *out)
{
	const char *p = *s;

	/* "0x" without a digit behind it is the number 0, and an x */
	if (p[0] == '0' && (p[1] | 0x20) == 'x' && parse_digit(p[2], 16) >= 0) {
		*s += 2;
		return parse_digits(s, 16, out);
	}
	return parse_digits(s, 10, out);
}

/* Applies the rule about *end, and gives the value out only if all is well. */
static int parse_finish(const char *s, const char **end, uint64_t value, uint64_t *out)
{
	if (end)
		*end = s;
	else if (*s)
		return -EINVAL;
	*out = value;
	return 0;
}

int parse_u64(const char *s, const char **end, uint64_t *out)
{
	uint64_t value;
	int err = parse_number(&s, &value);

	return err ? err : parse_finish(s, end, value, out);
}

static unsigned suffix_shift(char c)
{
	switch (c | 0x20) {
	case 'k': return 10;
	case 'm': return 20;
	case 'g': return 30;
	case 't': return 40;
	default: return 0;
	}
}

int parse_size(const char *s, const char **end, uint64_t *out)
{
	uint64_t value;
	unsigned shift;
	int err = parse_number(&s, &value);

	if (err)
		return err;
	shift = suffix_shift(*s);
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	return parse_finish(s + !!shift, end, value << shift, out);
}
