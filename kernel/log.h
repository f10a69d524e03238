/* SPDX-License-Identifier: MIT */
/* The kernel log and the framed console (one UART, several streams). */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include "arch/upcall.h" /* log_line */

enum stream {
	STREAM_STDOUT = 1,
	STREAM_STDERR = 2,
	STREAM_LOG = 3,
	STREAM_RESULTS = 4,
	STREAM_STATUS = 5, /* one byte: the run's exit status */
	STREAM_TRACE = 6,
};

/* Any context. Bytes of one call come out together. Unframed consoles get plain bytes (STATUS: nothing). */
void console_put(enum stream to, const char *bytes, size_t n);

/* Panic only: whoever held the console is gone. */
void console_break_lock(void);

extern bool console_framed;

#endif
