/* SPDX-License-Identifier: MIT */
/* What ldisc.c and ldisc_out.c share. */
#ifndef FS_LDISC_IMPL_H
#define FS_LDISC_IMPL_H

#include "fs/ldisc.h"

#define DELETE 0x7f
#define TAB 8u
#define DISABLED 0 /* a control character that is none */

static inline bool canonical(const struct line *line)
{
	return line->t.lflag & ICANON;
}

static inline bool local(const struct line *line, unsigned flags)
{
	return line->t.lflag & flags;
}

static inline bool is_key(const struct line *line, enum line_cc key, char c)
{
	return line->t.cc[key] != DISABLED && (uint8_t)c == line->t.cc[key];
}

static inline bool is_control(char c)
{
	return ((uint8_t)c < 0x20 && c != '\t' && c != '\n') || c == DELETE;
}

static inline bool is_continuation(const struct line *line, char c)
{
	return line->t.iflag & IUTF8 && ((uint8_t)c & 0xc0) == 0x80;
}

#endif
