/* SPDX-License-Identifier: MIT */
/*
 * Tracing: a ring of events for each CPU, off until asked for. An event is a pointer to a static description, the time, the
 * thread and three words. Emitting takes no lock and may be done anywhere but in an NMI.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include "kernel/assert.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_point {
	const char *name;   /* "fault.find-vma" */
	const char *format; /* how to print a, b, c: up to three of " name=%x", each %x, %u, %d or %s (static string) */
};

extern _Atomic bool trace_enabled;

/* Switches tracing; the first time takes memory for the rings of the CPUs there are. 0 or -ENOMEM. */
int trace_enable(bool on);

/* A CPU that is about to start gets its ring, if tracing is on. 0 or -ENOMEM: it will not trace. */
int trace_start_cpu(unsigned cpu);

void trace_emit(const struct trace_point *point, uint64_t a, uint64_t b, uint64_t c);

static inline bool trace_on(void)
{
	return unlikely(atomic_load_explicit(&trace_enabled, memory_order_relaxed));
}

#define trace(point, a, b, c)                                                                      \
	do {                                                                                       \
		if (trace_on())                                                                    \
			trace_emit(point, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c));            \
	} while (0)

/* Stops tracing and prints all rings merged by time, one line an event with its newline: "TIME_NS cpu=N tid=N NAME a=.. b=.."
 * through put(). Thread. */
void trace_dump(void (*put)(const char *line, size_t len));

#endif
