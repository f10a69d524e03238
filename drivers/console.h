/* SPDX-License-Identifier: MIT */
/* Console input: bytes from the UART, as a stream with an end. */
#ifndef DRIVERS_CONSOLE_H
#define DRIVERS_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

/* no_input: every read finds the end of input at once. */
void console_input_init(bool no_input);

/* fn is called for each interrupt key (Ctrl-C), in the console interrupt. Before console_input_init. */
void console_on_interrupt(void (*fn)(void));

/* Sleeps until there is something. Bytes; 0 at the end of input, from then on always; -ERESTARTSYS: a signal. */
long console_read(char *buf, size_t n);

#endif
