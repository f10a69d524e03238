/* SPDX-License-Identifier: MIT */
/*
 * The console: one UART that carries several streams.
 *
 * Framed, bytes belong to the stream last switched to: FF s switches to stream s, FF FF is one byte FF of data, FF 05 B is the run's
 * status B. At start the stream is the log.
 *
 * The lock is a bare ticket lock taken with interrupts off: it works before there is a current thread, in any
 * context, and is not seen by the validator, which reports through it. It is a leaf: nothing is taken under it.
 */
#include "kernel/log.h"

#include "kernel/spinlock.h"
#include "lib/string.h"

#define ESCAPE '\xff'

bool console_framed;
_Atomic bool console_broken;

static struct spinlock console_lock = SPINLOCK_INIT(LOCK_LOG);
static enum stream stream_now = STREAM_LOG; /* (console_lock) */
static void (*console_input)(int byte);

/* ---- out; console_lock held ---- */

static bool is_message(enum stream to)
{
	return to == STREAM_STATUS || to == STREAM_CREDIT;
}

static void switch_to(enum stream to)
{
	const char frame[2] = { ESCAPE, (char)to };

	arch_console_write(frame, sizeof(frame));
}

static void write_escaped(const char *bytes, size_t n)
{
	static const char literal[2] = { ESCAPE, ESCAPE };

	while (n) {
		const char *escape = memchr(bytes, ESCAPE & 0xff, n);
		size_t plain = escape ? (size_t)(escape - bytes) : n;

		arch_console_write(bytes, plain);
		if (escape) {
			arch_console_write(literal, sizeof(literal));
			plain++;
		}
		bytes += plain;
		n -= plain;
	}
}

/* A message to the host, of one byte: it belongs to no stream. */
static void write_message(enum stream kind, char byte)
{
	const char frame[3] = { ESCAPE, (char)kind, byte };

	arch_console_write(frame, sizeof(frame));
}

static void write_framed(enum stream to, const char *bytes, size_t n)
{
	if (is_message(to)) {
		write_message(to, *bytes);
		return;
	}
	if (to != stream_now) {
		switch_to(to);
		stream_now = to;
	}
	write_escaped(bytes, n);
}

/* ---- interface ---- */

static void put_chunk(enum stream to, const char *bytes, size_t n)
{
	irqflags_t flags = arch_irq_save();
	bool broken = atomic_load_explicit(&console_broken, memory_order_relaxed);

	if (!broken)
		ticket_take(&console_lock);
	if (console_framed)
		write_framed(to, bytes, n);
	else if (!is_message(to))
		arch_console_write(bytes, n);
	if (!broken)
		ticket_leave(&console_lock);
	arch_irq_restore(flags);
}

void console_put(enum stream to, const char *bytes, size_t n)
{
	while (n) {
		size_t chunk = n < CONSOLE_CHUNK ? n : CONSOLE_CHUNK;

		put_chunk(to, bytes, chunk);
		bytes += chunk;
		n -= chunk;
	}
}

/* It may have been in the middle of a frame: a first switch may be taken for the end of that, the second is not. */
void console_break_lock(void)
{
	atomic_store_explicit(&console_broken, true, memory_order_relaxed);
	if (console_framed) {
		switch_to(STREAM_LOG);
		switch_to(STREAM_LOG);
	}
	stream_now = STREAM_LOG;
}

/* ---- in ---- */

void console_set_input(void (*fn)(int byte))
{
	console_input = fn;
	arch_console_irq_enable();
}

void console_interrupt(void)
{
	int byte;

	while ((byte = arch_console_getc()) >= 0)
		console_input(byte);
}
