/* SPDX-License-Identifier: MIT */
/* What the watchdog prints, and /proc/fault/waiters shows. The first line of each thread is for programs: name=value, in this order. */
#include "kernel/hang_impl.h"

#include "kernel/ksyms.h"
#include "kernel/time.h"
#include "lib/format.h"

#define LINE 352 /* the first one may be as long */
#define QUEUE 16 /* of a queue's members that are shown */

void (*hang_device)(char *buf, size_t size);

static void say(const struct hang_sink *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct hang_sink *to, const char *format, ...)
{
	char line[LINE];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	to->line(to->arg, line);
}

static void say_sites(const struct hang_sink *to, const uintptr_t *pcs, unsigned n)
{
	for (unsigned i = 0; i < n && pcs[i]; i++) {
		uint32_t offset = 0;
		const char *name = ksym_find(pcs[i] - 1, &offset);

		say(to, "    %016lx %s+0x%x", (unsigned long)pcs[i], name ? name : "?", offset + 1);
	}
}

static void say_stack(const struct hang_sink *to, const struct thread *t)
{
	uintptr_t pcs[STACK_DEPTH];

	if (atomic_load_explicit(&t->on_cpu, memory_order_relaxed))
		say(to, "  %u (%s) runs on CPU %u", t->tid, t->name, atomic_load_explicit(&t->cpu, memory_order_relaxed));
	else
		say(to, "  stack of %u (%s):", t->tid, t->name);
	say_sites(to, pcs, atomic_load_explicit(&t->on_cpu, memory_order_relaxed) ? 0 : site_of_sleeper(t, pcs, STACK_DEPTH));
}

/* ---- the queue ---- */

/* Its maker's. */
struct queue {
	const void *object;
	uint64_t behind; /* the next to be shown came after this	*/
	struct thread *next;
	uint64_t next_since;
};

/* The earliest that came after `behind`. */
static void queue_look(struct thread *t, void *arg)
{
	struct queue *q = arg;
	struct wait_why why;
	uint64_t since;

	if (!thread_why(t, &why, &since) || why.object != q->object || since <= q->behind)
		return;
	if (q->next && q->next_since <= since)
		return;
	q->next = t;
	q->next_since = since;
}

/* By time of arrival, which is the order of every queue that is served in order. */
static void say_queue(const struct hang_sink *to, const void *object)
{
	char line[LINE - 16] = "";
	struct queue q = { .object = object };
	unsigned used = 0, n;

	for (n = 0; object && n < QUEUE && used < sizeof(line); n++) {
		q.next = NULL;
		thread_for_each(queue_look, &q);
		if (!q.next)
			break;
		used += (unsigned)snprintf(line + used, sizeof(line) - used, " %u", q.next->tid);
		q.behind = q.next_since;
	}
	if (n > 1)
		say(to, "  queue:%s%s", line, n == QUEUE ? " ..." : "");
}

/* ---- one thread ---- */

static void say_first(const struct hang_sink *to, const struct thread *t, enum hang kind, const struct hang_look *look)
{
	uint64_t now = clock_ns(), us = now > look->since ? (now - look->since) / NSEC_PER_USEC : 0;

	say(to, "hung: kind=%s tid=%u name=\"%s\" for_us=%lu since_us=%lu parks=%u retries=%u waits=\"%s\" object=%p %s", hang_name(kind), t->tid,
	    t->name, (unsigned long)us, (unsigned long)(look->since / NSEC_PER_USEC), look->parks, look->retries, look->sleeps ? look->why.what : "-",
	    look->sleeps ? look->why.object : NULL, look->object);
}

static void say_holders(const struct hang_sink *to, const struct hang_look *look)
{
	struct hang_holders holders;

	hang_holders(look, &holders);
	for (unsigned i = 0; i < holders.n; i++) {
		const struct site *site = &holders.by[i].site;

		say(to, "  held by %u (%s)%s", holders.by[i].thread->tid, holders.by[i].thread->name, site->pc[0] ? ", taken at" : "");
		say_sites(to, site->pc, SITE_DEPTH);
	}
}

static void say_device(const struct hang_sink *to, const struct hang_look *look)
{
	char text[120] = "";
	struct site site;

	if (look->sleeps && look->why.site && look->why.site(look->why.object, &site)) {
		say(to, "  given to the device at");
		say_sites(to, site.pc, SITE_DEPTH);
	}
	if (hang_device)
		hang_device(text, sizeof(text));
	if (text[0])
		say(to, "  oldest request: %s", text);
}

/* "3 (a) waits for mutex INODE, which 4 (b) has; ..." a line a link. */
static void say_chain(const struct hang_sink *to, enum hang kind, const struct hang_chain *chain)
{
	for (unsigned i = 0; i < chain->n; i++) {
		bool last = i + 1 == chain->n;
		const struct thread *t = chain->link[i];
		const struct thread *next = !last ? chain->link[i + 1] : kind == HANG_cycle ? chain->link[chain->loop] : NULL;
		struct hang_look look;

		if (!hang_look(chain->link[i], &look) || !look.sleeps)
			say(to, "  %u (%s) waits for nobody", t->tid, t->name);
		else if (next)
			say(to, "  %u (%s) waits for %s %s %p, which %u (%s) has", t->tid, t->name, look.why.what, look.object,
			    look.why.object, next->tid, next->name);
		else
			say(to, "  %u (%s) waits for %s %s %p", t->tid, t->name, look.why.what, look.object, look.why.object);
		if (i)
			say_stack(to, t);
	}
}

void hang_show(struct thread *t, enum hang kind, const struct hang_chain *chain, const struct hang_sink *to)
{
	struct hang_look look;

	if (!hang_look(t, &look))
		return;
	say_first(to, t, kind, &look);
	say_holders(to, &look);
	if (kind == HANG_request)
		say_device(to, &look);
	say_queue(to, look.sleeps ? look.why.object : NULL);
	say_stack(to, t);
	if (chain->n > 1 || kind == HANG_cycle) {
		say(to, "  %s, link by link:", kind == HANG_cycle ? "a cycle" : "a chain");
		say_chain(to, kind, chain);
	}
}

/* ---- all of them ---- */

#define IN_FULL 64 /* each takes some looks at all threads, and preemption is off */

/* Its maker's. */
struct showing {
	const struct hang_sink *to;
	unsigned full;
};

static void show_one(struct thread *t, void *arg)
{
	struct showing *s = arg;
	struct hang_chain chain;
	struct hang_look look;

	if (!hang_look(t, &look))
		return;
	if (hang_should_end(&look) && s->full++ < IN_FULL)
		hang_show(t, hang_follow(t, &chain), &chain, s->to);
	else
		say_first(s->to, t, HANG_none, &look);
}

void hang_show_all(const struct hang_sink *to)
{
	struct showing s = { .to = to };

	thread_for_each(show_one, &s);
}
