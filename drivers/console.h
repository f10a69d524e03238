/* SPDX-License-Identifier: MIT */
/* Console input: bytes from the UART, as a stream with an end; or, if somebody takes them, a terminal's keys. */
#ifndef DRIVERS_CONSOLE_H
#define DRIVERS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* no_input: every read finds the end of input at once. */
void console_input_init(bool no_input);

/* fn is called for each interrupt key (Ctrl-C), in the console interrupt. Before console_input_init. */
void console_on_interrupt(void (*fn)(void));

/* Who gets the bytes instead of console_read. All are called in the console interrupt, no lock held. */
struct console_terminal {
	void (*byte)(char c);
	void (*window)(unsigned rows, unsigned columns); /* has another size now */
	void (*hangup)(void);				 /* nobody is there any more */
};

/* Before console_input_init; t stays. */
void console_set_terminal(const struct console_terminal *t);

/* The terminal has room for n bytes more. Any context. */
void console_taken(size_t n);

/* Sleeps until there is something. Bytes; 0 at the end of input, from then on always; -ERESTARTSYS: a signal. */
long console_read(char *buf, size_t n);

#endif
