/* SPDX-License-Identifier: MIT */
/*
 * Console input. The interrupt puts bytes into a ring; readers take them out. On a framed console the host keeps count and never sends more
 * than fits (CONSOLE_CREDIT); on a plain one what does not fit is lost, as on any UART.
 *
 *	framed console	0xFF 0xFF: that byte; 0xFF 0x00: the end of input; 0xFF 0x03: the interrupt key; 0xFF and another byte: nothing
 *	plain console	Ctrl-D: the end of input; all others are bytes
 */
#include "drivers/console.h"

#include "kernel/log.h"
#include "kernel/wait.h"
#include "lib/errno.h"

#define RING 65536
#define ESCAPE 0xff
#define ESCAPED_END 0
#define ESCAPED_INTERRUPT 3
#define CTRL_D 4

static struct spinlock lock = SPINLOCK_INIT(LOCK_CONSOLE);
static struct waitq readers = WAITQ_INIT(readers);
static char ring[RING];	    /* lock */
static unsigned head, tail; /* lock: next to write, next to read; free-running */
static bool ended;	    /* lock */
static unsigned unread;	    /* lock: bytes read that no credit has been given for */
static bool escaped;	    /* the console interrupt's own */
static void (*interrupt_key)(void); /* constant, or NULL */

static void put(int byte)
{
	if (head - tail < RING)
		ring[head++ % RING] = (char)byte;
}

/* What stands behind an escape. Lock held. true: the interrupt key. */
static bool take_escaped(int byte)
{
	if (byte == ESCAPE)
		put(byte);
	else if (byte == ESCAPED_END)
		ended = true;
	return byte == ESCAPED_INTERRUPT;
}

/* One byte as it came. Lock held. true: the interrupt key. */
static bool take(int byte)
{
	bool was_escaped = escaped;

	escaped = console_framed && byte == ESCAPE && !was_escaped;
	if (was_escaped)
		return take_escaped(byte);
	if (!console_framed && byte == CTRL_D)
		ended = true;
	else if (!escaped)
		put(byte);
	return false;
}

static void console_byte(int byte)
{
	irqflags_t flags = spin_lock_irq(&lock);
	bool interrupt = take(byte);

	spin_unlock_irq(&lock, flags);
	if (interrupt && interrupt_key)
		interrupt_key();
	else
		waitq_wake_all(&readers);
}

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
	static const struct wait_why why = { .what = "console input" };
	long got = 0;
	int err;

	if (!n)
		return 0;
	err = wait_until(&readers, &why, WAIT_SIGNAL, UINT64_MAX, (got = take_bytes(buf, n)) != -EAGAIN);
	give_credit();
	return got == -EAGAIN ? err : got; /* bytes that came together with the signal are not to be lost */
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
