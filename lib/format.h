/* SPDX-License-Identifier: MIT */
/*
 * printf's formatting, a subset: %d %i %u %x %X %c %s %p %% with the flags 0 and -, a width (number or *), a precision for %s
 * (number or *), and the lengths hh h l ll z t j. %p prints 0x and the digits, NULL included. Anything else comes out as it
 * stands, and takes no argument.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* As in C: at most size - 1 characters and a NUL (none at all if size is 0); returns how long it all would have been. */
int vsnprintf(char *buf, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));
int snprintf(char *buf, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
