/* SPDX-License-Identifier: MIT */
/*
 * Console input. The interrupt puts bytes into a ring; readers take them out. On a framed console 0xFF begins an escape: 0xFF 0xFF is that
 * byte, 0xFF 0x00 the end of input. On a plain one Ctrl-D is the end. What does not fit into the ring is lost, as on any UART.
 */
#include "drivers/console.h"

#include "kernel/log.h"
#include "kernel/wait.h"
#include "lib/errno.h"

#define RING 65536
#define ESCAPE 0xff
#define CTRL_D 4

static struct spinlock lock = SPINLOCK_INIT(LOCK_CONSOLE);
static struct waitq readers = WAITQ_INIT(readers);
static char ring[RING];	     /* lock */
static unsigned head, tail;  /* lock: next to write, next to read; free-running */
static bool ended;	     /* lock */
static bool escaped;	     /* the interrupt's own */

static void put(char byte)
{
	if (head - tail < RING)
		ring[head++ % RING] = byte;
}

/* One byte as it came. Lock held. */
static void take(int byte)
{
	if (escaped) {
		escaped = false;
		if (byte == ESCAPE)
			put((char)byte);
		else if (byte == 0)
			ended = true;
	} else if (console_framed && byte == ESCAPE) {
		escaped = true;
	} else if (!console_framed && byte == CTRL_D) {
		ended = true;
	} else {
		put((char)byte);
	}
}

static void console_byte(int byte)
{
	irqflags_t flags = spin_lock_irq(&lock);

	take(byte);
	spin_unlock_irq(&lock, flags);
	waitq_wake_all(&readers);
}

static bool something(void)
{
	irqflags_t flags = spin_lock_irq(&lock);
	bool yes = head != tail || ended;

	spin_unlock_irq(&lock, flags);
	return yes;
}

long console_read(char *buf, size_t n)
{
	static const struct wait_why why = { .what = "console input" };
	irqflags_t flags;
	size_t got = 0;

	if (wait_until(&readers, &why, WAIT_SIGNAL, UINT64_MAX, something()))
		return -EINTR;
	flags = spin_lock_irq(&lock);
	while (got < n && head != tail)
		buf[got++] = ring[tail++ % RING];
	spin_unlock_irq(&lock, flags);
	return (long)got;
}

void console_input_init(void)
{
	console_set_input(console_byte);
	arch_console_irq_enable();
}
