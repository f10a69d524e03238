/* SPDX-License-Identifier: MIT */
/* The kernel log and the framed console (one UART, several streams). */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include "arch/upcall.h" /* log_line */

/* The host sends at most three blocks of input ahead of what has been read, and one more for each credit. */
#define CONSOLE_CREDIT 16384

enum stream {
	STREAM_STDOUT = 1,
	STREAM_STDERR = 2,
	STREAM_LOG = 3,
	STREAM_RESULTS = 4,
	STREAM_STATUS = 5, /* one byte: the run's exit status */
	STREAM_TRACE = 6,
	STREAM_CREDIT = 7, /* one byte: so many more blocks of CONSOLE_CREDIT bytes of input have been read */
};

/* Any context, current or not. Up to CONSOLE_CHUNK bytes of one call come out together; between longer pieces others may get in.
 * Unframed consoles get plain bytes (STATUS: nothing). */
#define CONSOLE_CHUNK 1024u
void console_put(enum stream to, const char *bytes, size_t n);

/* Panic only: whoever held the console is gone. From then on its lock and the log's are not taken. */
void console_break_lock(void);
extern _Atomic bool console_broken;

/* Before the first output in another stream than the log. */
extern bool console_framed;

/* fn gets each byte that comes in, in the console interrupt. */
void console_set_input(void (*fn)(int byte));

/* ARCH_IRQ_CONSOLE. Irq off. */
void console_interrupt(void);

/* The last bytes of the log, oldest first, for dmesg: up to size of them from position *from on; returns how many, and moves *from
 * behind them. What is no longer there is skipped. Any context. */
size_t log_read(uint64_t *from, char *to, size_t size);

#endif
