/* SPDX-License-Identifier: MIT */
/*
 * Trace rings. Each is written by its own CPU alone, with interrupts off from the choice of the slot to the last word: so
 * a ring needs no lock, is in order of time, and has no half-written event in it unless its CPU is in trace_emit right now.
 * That is why the dump first switches tracing off and then waits for a grace period: who has interrupts off is in a read section.
 */
#include "kernel/trace.h"

#include "kernel/sched.h"
#include "kernel/slab.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define TRACE_EVENTS 16384u
#define TRACE_LINE 192
#define TRACE_ARGS 3

struct event {
	uint64_t time;
	const struct trace_point *point;
	uint64_t args[TRACE_ARGS];
	uint32_t tid;
};

static struct ring {
	_Atomic(struct event *) events;
	uint64_t n;    /* events so far: the last TRACE_EVENTS of them are there	(its CPU, interrupts off) */
	uint64_t next; /* the next one to print			(trace_dump) */
} __attribute__((aligned(64))) rings[MAX_CPUS];

_Atomic bool trace_enabled;

static int ring_make(struct ring *r)
{
	struct event *none = NULL, *events;

	if (atomic_load_explicit(&r->events, memory_order_relaxed))
		return 0;
	events = kmalloc(TRACE_EVENTS * sizeof(*events));
	if (!events)
		return -ENOMEM;
	/* release: pairs with trace_emit; the memory is nobody else's any more */
	if (!atomic_compare_exchange_strong_explicit(&r->events, &none, events, memory_order_release,
						     memory_order_relaxed))
		kfree(events); /* somebody else was first */
	return 0;
}

int trace_enable(bool on)
{
	for (unsigned i = 0; on && i < MAX_CPUS; i++)
		if (cpus[i].idle && ring_make(&rings[i]))
			return -ENOMEM;
	atomic_store_explicit(&trace_enabled, on, memory_order_relaxed);
	return 0;
}

int trace_start_cpu(unsigned cpu)
{
	return trace_on() ? ring_make(&rings[cpu]) : 0;
}

void trace_emit(const struct trace_point *point, uint64_t a, uint64_t b, uint64_t c)
{
	irqflags_t flags = arch_irq_save();
	struct ring *r = &rings[this_cpu()->id];
	struct event *events = atomic_load_explicit(&r->events, memory_order_acquire); /* pairs with trace_enable */

	if (events) /* else the switch was seen before the memory, or there was none for this CPU */
		events[r->n++ % TRACE_EVENTS] = (struct event){
			.time = clock_ns(), .point = point, .args = { a, b, c }, .tid = current->tid
		};
	arch_irq_restore(flags);
}

/* ---- printing ---- */

static size_t print_arg(char *to, size_t size, char conversion, uint64_t arg)
{
	switch (conversion) {
	case 'x':
		return (size_t)snprintf(to, size, "0x%llx", (unsigned long long)arg);
	case 'd':
		return (size_t)snprintf(to, size, "%lld", (long long)arg);
	case 's':
		return (size_t)snprintf(to, size, "%s", (const char *)(uintptr_t)arg);
	default:
		return (size_t)snprintf(to, size, "%llu", (unsigned long long)arg);
	}
}

/* The point's format with its arguments; what does not fit is cut off. */
static size_t print_args(char *to, size_t size, const struct event *e)
{
	size_t at = 0, arg = 0;

	for (const char *f = e->point->format; *f && at < size; f++) {
		if (*f == '%' && f[1] && arg < TRACE_ARGS)
			at += print_arg(to + at, size - at, *++f, e->args[arg++]);
		else
			to[at++] = *f;
	}
	return at < size ? at : size;
}

static void print_event(unsigned cpu, const struct event *e, void (*put)(const char *line, size_t len))
{
	char line[TRACE_LINE];
	size_t at = (size_t)snprintf(line, sizeof(line), "%llu cpu=%u tid=%u %s", (unsigned long long)e->time, cpu,
				     e->tid, e->point->name);

	if (at > sizeof(line) - 1)
		at = sizeof(line) - 1;
	at += print_args(line + at, sizeof(line) - 1 - at, e);
	line[at] = '\n';
	put(line, at + 1);
}

static const struct event *ring_head(const struct ring *r)
{
	const struct event *events = atomic_load_explicit(&r->events, memory_order_relaxed);

	return r->next < r->n ? &events[r->next % TRACE_EVENTS] : NULL;
}

/* The ring whose next event is the earliest; NULL: all printed. */
static struct ring *ring_earliest(void)
{
	struct ring *best = NULL;

	for (struct ring *r = rings; r < rings + MAX_CPUS; r++)
		if (ring_head(r) && (!best || ring_head(r)->time < ring_head(best)->time))
			best = r;
	return best;
}

void trace_dump(void (*put)(const char *line, size_t len))
{
	struct ring *r;

	trace_enable(false);
	rcu_synchronize();
	for (r = rings; r < rings + MAX_CPUS; r++)
		if (r->n - r->next > TRACE_EVENTS)
			r->next = r->n - TRACE_EVENTS;
	while ((r = ring_earliest()) != NULL) {
		print_event((unsigned)(r - rings), ring_head(r), put);
		r->next++;
	}
}
