/* SPDX-License-Identifier: MIT */
/*
 * Console input. The interrupt puts bytes into a ring; readers take them out. On a framed console the host keeps count and never sends more
 * than fits (CONSOLE_CREDIT); on a plain one what does not fit is lost, as on any UART.
 *
 *	framed console	0xFF 0xFF: that byte; 0xFF 0x00: the end of input; 0xFF 0x03: the interrupt key; 0xFF 0x05 and four bytes: rows and
 *			columns of the window, low bytes first; 0xFF and another byte: nothing
 *	plain console	Ctrl-D: the end of input; all others are bytes
 *
 * If there is a terminal (fs/tty.c), it gets the bytes instead, each of them, and has a buffer of its own.
 */
#include "drivers/console.h"

#include "kernel/log.h"
#include "kernel/wait.h"
#include "lib/errno.h"

#define RING 65536
#define ESCAPE 0xff
#define ESCAPED_END 0
#define ESCAPED_INTERRUPT 3
#define ESCAPED_WINDOW 5
#define CTRL_D 4

static struct spinlock lock = SPINLOCK_INIT(LOCK_CONSOLE);
static struct waitq readers = WAITQ_INIT(readers);
static char ring[RING];	    /* lock */
static unsigned head, tail; /* lock: next to write, next to read; free-running */
static bool ended;	    /* lock */
static unsigned unread;	    /* lock: bytes read that no credit has been given for */
static void (*interrupt_key)(void);		  /* constant, or NULL */
static const struct console_terminal *terminal; /* constant, or NULL */

/* ---- bytes as they come: the console interrupt's own ---- */

enum event { EVENT_NONE, EVENT_BYTE, EVENT_END, EVENT_INTERRUPT, EVENT_WINDOW };

static bool escaped;
static unsigned window_left; /* bytes of the size that are still to come */
static uint8_t window[4];

static enum event decode_escaped(int byte)
{
	switch (byte) {
	case ESCAPE:
		return EVENT_BYTE;
	case ESCAPED_END:
		return EVENT_END;
	case ESCAPED_INTERRUPT:
		return EVENT_INTERRUPT;
	case ESCAPED_WINDOW:
		window_left = sizeof(window);
		return EVENT_NONE;
	default:
		return EVENT_NONE;
	}
}

static enum event decode(int byte)
{
	bool was_escaped = escaped;

	if (window_left) {
		window[sizeof(window) - window_left--] = (uint8_t)byte;
		return window_left ? EVENT_NONE : EVENT_WINDOW;
	}
	escaped = console_framed && byte == ESCAPE && !was_escaped;
	if (was_escaped)
		return decode_escaped(byte);
	if (!console_framed && byte == CTRL_D && !terminal)
		return EVENT_END;
	return escaped ? EVENT_NONE : EVENT_BYTE;
}

static void stream_take(enum event event, int byte)
{
	irqflags_t flags = spin_lock_irq(&lock);

	if (event == EVENT_BYTE && head - tail < RING)
		ring[head++ % RING] = (char)byte;
	if (event == EVENT_END)
		ended = true;
	spin_unlock_irq(&lock, flags);
	if (event == EVENT_INTERRUPT && interrupt_key)
		interrupt_key();
	else
		waitq_wake_all(&readers);
}

static void terminal_take(enum event event, int byte)
{
	if (event == EVENT_BYTE)
		terminal->byte((char)byte);
	else if (event == EVENT_WINDOW)
		terminal->window(window[0] | window[1] << 8, window[2] | window[3] << 8);
	else if (event == EVENT_END)
		terminal->hangup();
}

static void console_byte(int byte)
{
	enum event event = decode(byte);

	if (terminal)
		terminal_take(event, byte);
	else if (event != EVENT_NONE)
		stream_take(event, byte);
}

/* ---- reading ---- */

/* What there is, at most n bytes: 0 at the end of input, -EAGAIN if there is nothing yet. */
static long take_bytes(char *buf, size_t n)
{
	irqflags_t flags = spin_lock_irq(&lock);
	long got = 0;

	while ((size_t)got < n && head != tail)
		buf[got++] = ring[tail++ % RING];
	unread += (unsigned)got;
	if (!got && !ended)
		got = -EAGAIN;
	spin_unlock_irq(&lock, flags);
	return got;
}

/* Tells the host how much more it may send. */
static void give_credit(void)
{
	irqflags_t flags = spin_lock_irq(&lock);
	char blocks = (char)(unread / CONSOLE_CREDIT);

	unread %= CONSOLE_CREDIT;
	spin_unlock_irq(&lock, flags);
	if (blocks)
		console_put(STREAM_CREDIT, &blocks, 1);
}

long console_read(char *buf, size_t n)
{
	static const struct wait_why why = { .what = "console input", .lasting = true };
	long got = 0;
	int err;

	if (!n)
		return 0;
	err = wait_until(&readers, &why, WAIT_SIGNAL, UINT64_MAX, (got = take_bytes(buf, n)) != -EAGAIN);
	give_credit();
	return got == -EAGAIN ? err : got; /* bytes that came together with the signal are not to be lost */
}

void console_set_terminal(const struct console_terminal *t)
{
	terminal = t;
}

void console_taken(size_t n)
{
	irqflags_t flags = spin_lock_irq(&lock);

	unread += (unsigned)n;
	spin_unlock_irq(&lock, flags);
	give_credit();
}

void console_on_interrupt(void (*fn)(void))
{
	interrupt_key = fn;
}

void console_input_init(bool no_input)
{
	ended = no_input;
	console_set_input(console_byte);
	arch_console_irq_enable();
}
