/* SPDX-License-Identifier: MIT */
/* Every policy: one row each. A new policy is a new row, and one place that consults it. */
#include "mm/policy.h"

#include "arch/arch.h"
#include "kernel/lock_order.h"
#include "kernel/watchdog.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/list.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/readahead.h"

struct policy policy = {
	.around = AROUND_LOCKLESS,
	.around_pages = 16,
	.readahead_pages = 32,
	.stable = STABLE_WAIT,
	.dirty_percent = 20,
	.dirty_background_percent = 10,
	.writeback_centisecs = 500,
	.complete = COMPLETE_TIMER,
	.latency_us = 0,
	.grab = GRAB_ONCE,
	.faultlock = FAULTLOCK_OFF,
	.journal_credits = 1024,
	.pagelock = PAGELOCK_DEADLINE | 50 << POLICY_NUMBER,
	.pagelock_watch = 32,
	.waitbug = WAITBUG_OFF,
	.slice_us = 0,
};

struct row {
	const char *name;
	_Atomic uint32_t *value;
	const char *const *words; /* by value, NULL at the end; one with a ':' takes a number behind it; or NULL: a number */
	uint32_t least, most;	  /* of a number */
	bool power_of_two;
};

static const char *const around_words[] = { "lockless", "trylock", "off", NULL };
static const char *const stable_words[] = { "wait", "off", NULL };
static const char *const complete_words[] = { "timer", "inline", NULL };
static const char *const grab_words[] = { "once", "relock", NULL };
static const char *const lockcheck_words[] = { "panic", "report", NULL };
static const char *const waitbug_words[] = { "off", "lost-wakeup", "cycle", "livelock", NULL };
static const char *const faultlock_words[] = { "off", "on", NULL };
static const char *const pagelock_words[] = { "unfair", "fair", "bounded:N", "deadline:USEC", NULL };

static const struct row rows[] = {
	{ .name = "around", .value = &policy.around, .words = around_words },
	{ .name = "around_pages", .value = &policy.around_pages, .least = 1, .most = PTES_PER_TABLE, .power_of_two = true },
	{ .name = "readahead_pages", .value = &policy.readahead_pages, .most = READAHEAD_MAX },
	{ .name = "stable", .value = &policy.stable, .words = stable_words },
	{ .name = "dirty_percent", .value = &policy.dirty_percent, .most = 100 },
	{ .name = "dirty_background_percent", .value = &policy.dirty_background_percent, .most = 100 },
	{ .name = "writeback_centisecs", .value = &policy.writeback_centisecs, .least = 1, .most = 360000 },
	{ .name = "complete", .value = &policy.complete, .words = complete_words },
	{ .name = "latency_us", .value = &policy.latency_us, .most = 10000000 },
	{ .name = "grab", .value = &policy.grab, .words = grab_words },
	{ .name = "faultlock", .value = &policy.faultlock, .words = faultlock_words },
	{ .name = "journal_credits", .value = &policy.journal_credits, .least = 64, .most = 65536 },
	{ .name = "waitbug", .value = &policy.waitbug, .words = waitbug_words },
	{ .name = "hung_us", .value = &watchdog_hung_us, .most = UINT32_MAX },
	{ .name = "lockcheck", .value = &lock_check_mode, .words = lockcheck_words },
	{ .name = "pagelock", .value = &policy.pagelock, .words = pagelock_words, .most = 10000000 },
	{ .name = "pagelock_watch", .value = &policy.pagelock_watch, .most = 10000 },
	{ .name = "slice_us", .value = &policy.slice_us, .most = 1000000 },
};

static const struct row *find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const char *policy_name(unsigned i)
{
	return i < ARRAY_SIZE(rows) ? rows[i].name : NULL;
}

/* ---- saying what would be right ---- */

struct line {
	char *buf;
	size_t size, used;
};

static void line_add(struct line *l, const char *word)
{
	if (l->used < l->size)
		l->used += (size_t)snprintf(l->buf + l->used, l->size - l->used, " %s", word);
}

static int no_such_policy(const char *name, char *why, size_t size)
{
	struct line l = { why, size, (size_t)snprintf(why, size, "no policy '%s'; there are:", name) };

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		line_add(&l, rows[i].name);
	return -ENOENT;
}

static int no_such_value(const struct row *row, const char *value, char *why, size_t size)
{
	struct line l = { why, size, 0 };

	if (!row->words) {
		snprintf(why, size, "policy %s: '%s' is not a %s from %u to %u", row->name, value,
			 row->power_of_two ? "power of two" : "number", row->least, row->most);
		return -EINVAL;
	}
	l.used = (size_t)snprintf(why, size, "policy %s: no value '%s'; there are:", row->name, value);
	for (const char *const *word = row->words; *word; word++)
		line_add(&l, *word);
	if (row->most && l.used < size)
		snprintf(why + l.used, size - l.used, " (from %u to %u)", row->least, row->most);
	return -EINVAL;
}

/* ---- setting and showing ---- */

static bool number_value(const struct row *row, const char *value, uint32_t *out)
{
	uint64_t n;

	if (parse_u64(value, NULL, &n) || n < row->least || n > row->most)
		return false;
	if (row->power_of_two && (n & (n - 1)))
		return false;
	*out = (uint32_t)n;
	return true;
}

/* How much of the word stands before its number; 0: it has none. */
static size_t word_stem(const char *word)
{
	const char *colon = strchr(word, ':');

	return colon ? (size_t)(colon + 1 - word) : 0;
}

static bool word_value(const struct row *row, const char *value, uint32_t *out)
{
	for (uint32_t i = 0; row->words[i]; i++) {
		const char *word = row->words[i];
		size_t stem = word_stem(word);
		uint32_t n = 0;

		if (stem ? strncmp(word, value, stem) || !number_value(row, value + stem, &n) : strcmp(word, value))
			continue;
		*out = i | n << POLICY_NUMBER;
		return true;
	}
	return false;
}

int policy_set(const char *name, const char *value, char *why, size_t size)
{
	const struct row *row = find(name);
	uint32_t n;

	if (!row)
		return no_such_policy(name, why, size);
	if (!(row->words ? word_value(row, value, &n) : number_value(row, value, &n)))
		return no_such_value(row, value, why, size);
	atomic_store_explicit(row->value, n, memory_order_relaxed);
	return 0;
}

int policy_show(const char *name, char *buf, size_t size)
{
	const struct row *row = find(name);
	const char *word;
	size_t stem;
	uint32_t n;

	if (!row)
		return -ENOENT;
	n = policy_get(row->value);
	word = row->words ? row->words[n & POLICY_WORD] : "";
	stem = word_stem(word);
	if (stem)
		snprintf(buf, size, "%.*s%u", (int)stem, word, n >> POLICY_NUMBER);
	else if (row->words)
		snprintf(buf, size, "%s", word);
	else
		snprintf(buf, size, "%u", n);
	return 0;
}
