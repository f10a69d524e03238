/* SPDX-License-Identifier: MIT */
/*
 * The kernel log: lines with the time since power-on, to the console at once, and into a ring in memory, where gdb and
 * /proc find the last of them. The ring has a bare lock, for the reasons of console.c, and is written first, so that
 * it holds the line even if the console hangs.
 */
#include "kernel/log.h"

#include "kernel/spinlock.h"
#include "kernel/time.h"
#include "lib/format.h"
#include "lib/string.h"

#define LOG_LINE 512
#define LOG_RING 65536u

char log_ring[LOG_RING];			  /* byte n of the log is at n % LOG_RING	(log_lock) */
uint64_t log_end;				  /* bytes so far				(log_lock) */
static struct spinlock log_lock = SPINLOCK_INIT(LOCK_LOG);

static void ring_append(const char *bytes, size_t n)
{
	irqflags_t flags = arch_irq_save();
	bool broken = atomic_load_explicit(&console_broken, memory_order_relaxed);

	if (!broken)
		ticket_take(&log_lock);
	for (size_t i = 0; i < n; i++)
		log_ring[log_end++ % LOG_RING] = bytes[i];
	if (!broken)
		ticket_leave(&log_lock);
	arch_irq_restore(flags);
}

size_t log_read(uint64_t *from, char *to, size_t size)
{
	irqflags_t flags = arch_irq_save();
	size_t n = 0;

	ticket_take(&log_lock);
	if (log_end - *from > LOG_RING)
		*from = log_end < LOG_RING ? 0 : log_end - LOG_RING;
	while (n < size && *from < log_end)
		to[n++] = log_ring[(*from)++ % LOG_RING];
	ticket_leave(&log_lock);
	arch_irq_restore(flags);
	return n;
}

/* What does not fit is cut off, and the line says so. */
static size_t line_format(char *line, size_t size, const char *format, va_list args)
{
	uint64_t us = clock_ns() / NSEC_PER_USEC;
	size_t at = (size_t)snprintf(line, size, "[%5llu.%06llu] ", (unsigned long long)(us / 1000000),
				     (unsigned long long)(us % 1000000));
	size_t n = at + (size_t)vsnprintf(line + at, size - at, format, args);

	if (n >= size) {
		n = size - 1;
		memcpy(line + n - 3, "...", 3);
	}
	line[n++] = '\n';
	return n;
}

void log_line(const char *format, ...)
{
	char line[LOG_LINE];
	va_list args;
	size_t n;

	va_start(args, format);
	n = line_format(line, sizeof(line), format, args);
	va_end(args);
	ring_append(line, n);
	console_put(STREAM_LOG, line, n);
}
