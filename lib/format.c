/* SPDX-License-Identifier: MIT */
#include "lib/format.h"
#include "lib/string.h"
#include <stdbool.h>
#include <stdint.h>

struct out {
	char *buf;
	size_t size;
	size_t length; /* characters given so far, whether or not they fitted */
};

struct spec {
	bool left, zero;
	int width;     /* 0: none */
	int precision; /* -1: none */
	int length;    /* bytes of the integer argument */
	char conversion;
};

static void put(struct out *o, char c)
{
	if (o->length + 1 < o->size)
		o->buf[o->length] = c;
	o->length++;
}

static void put_bytes(struct out *o, const char *s, size_t n)
{
	while (n--)
		put(o, *s++);
}

static void put_fill(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

/* prefix (sign or 0x), then the digits, filled up to the width on the side that the flags say. */
static void put_field(struct out *o, const struct spec *s, const char *prefix, const char *text, size_t n)
{
	size_t lead = strlen(prefix);
	int fill = s->width - (int)(lead + n);
	bool zero = s->zero && !s->left;

	if (!s->left && !zero)
		put_fill(o, ' ', fill);
	put_bytes(o, prefix, lead);
	if (zero)
		put_fill(o, '0', fill);
	put_bytes(o, text, n);
	if (s->left)
		put_fill(o, ' ', fill);
}

static void put_number(struct out *o, const struct spec *s, const char *prefix, uint64_t value, unsigned base)
{
	const char *digits = s->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[20], *p = text + sizeof(text);

	do {
		*--p = digits[value % base];
		value /= base;
	} while (value);
	put_field(o, s, prefix, p, (size_t)(text + sizeof(text) - p));
}

static void put_string(struct out *o, struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	s->zero = false;
	put_field(o, s, "", text, s->precision < 0 ? strlen(text) : strnlen(text, (size_t)s->precision));
}

static void put_char(struct out *o, struct spec *s, char c)
{
	s->zero = false;
	put_field(o, s, "", &c, 1);
}

static int64_t signed_arg(const struct spec *s, va_list *args)
{
	switch (s->length) {
	case 1: return (signed char)va_arg(*args, int);
	case 2: return (short)va_arg(*args, int);
	case 8: return va_arg(*args, int64_t);
	default: return va_arg(*args, int);
	}
}

static uint64_t unsigned_arg(const struct spec *s, va_list *args)
{
	switch (s->length) {
	case 1: return (unsigned char)va_arg(*args, unsigned);
	case 2: return (unsigned short)va_arg(*args, unsigned);
	case 8: return va_arg(*args, uint64_t);
	default: return va_arg(*args, unsigned);
	}
}

/* A number, or * for an int argument; the text behind it. */
static const char *spec_number(const char *f, int *value, va_list *args)
{
	if (*f == '*') {
		*value = va_arg(*args, int);
		return f + 1;
	}
	for (*value = 0; *f >= '0' && *f <= '9'; f++)
		*value = *value * 10 + (*f - '0');
	return f;
}

static const char *spec_length(const char *f, int *length)
{
	_Static_assert(sizeof(long) == 8 && sizeof(size_t) == 8 && sizeof(ptrdiff_t) == 8, "one size for l, z, t, j");

	for (*length = 4;; f++) {
		if (*f == 'h')
			*length /= 2;
		else if (*f == 'l' || *f == 'z' || *f == 't' || *f == 'j')
			*length = 8;
		else
			return f;
	}
}

/* Reads what stands behind the %; returns the text behind the conversion letter. */
static const char *spec_read(const char *f, struct spec *s, va_list *args)
{
	*s = (struct spec){ .precision = -1 };
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else
			break;
	}
	f = spec_number(f, &s->width, args);
	if (s->width < 0) {
		s->left = true;
		s->width = -s->width;
	}
	if (*f == '.')
		f = spec_number(f + 1, &s->precision, args);
	f = spec_length(f, &s->length);
	s->conversion = *f;
	return *f ? f + 1 : f;
}

static void put_signed(struct out *o, const struct spec *s, int64_t value)
{
	if (value < 0)
		put_number(o, s, "-", -(uint64_t)value, 10);
	else
		put_number(o, s, "", (uint64_t)value, 10);
}

/* One conversion. false: we do not know it. */
static bool convert(struct out *o, struct spec *s, va_list *args)
{
	switch (s->conversion) {
	case 'd':
	case 'i': put_signed(o, s, signed_arg(s, args)); return true;
	case 'u': put_number(o, s, "", unsigned_arg(s, args), 10); return true;
	case 'x':
	case 'X': put_number(o, s, "", unsigned_arg(s, args), 16); return true;
	case 'p': put_number(o, s, "0x", (uintptr_t)va_arg(*args, void *), 16); return true;
	case 's': put_string(o, s, va_arg(*args, const char *)); return true;
	case 'c': put_char(o, s, (char)va_arg(*args, int)); return true;
	case '%': put(o, '%'); return true;
	default: return false;
	}
}

int vsnprintf(char *buf, size_t size, const char *format, va_list args)
{
	struct out o = { .buf = buf, .size = size };
	va_list rest;

	va_copy(rest, args);
	while (*format) {
		const char *start = format++;
		struct spec s;

		if (*start != '%') {
			put(&o, *start);
			continue;
		}
		format = spec_read(format, &s, &rest);
		if (!convert(&o, &s, &rest))
			put_bytes(&o, start, (size_t)(format - start));
	}
	va_end(rest);
	if (size)
		buf[o.length < size ? o.length : size - 1] = '\0';
	return (int)o.length;
}

int snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf, size, format, args);
	va_end(args);
	return n;
}
