/* SPDX-License-Identifier: MIT */
/* Every policy: one row each. A new policy is a new row, and one place that consults it. */
#include "mm/policy.h"

#include "arch/arch.h"
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
	.complete = COMPLETE_TIMER,
	.latency_us = 0,
	.slice_us = 0,
};

struct row {
	const char *name;
	_Atomic uint32_t *value;
	const char *const *words; /* by value, NULL at the end; or NULL: a number */
	uint32_t least, most;	  /* of a number */
	bool power_of_two;
};

static const char *const around_words[] = { "lockless", "trylock", "off", NULL };
static const char *const stable_words[] = { "wait", "off", NULL };
static const char *const complete_words[] = { "timer", "inline", NULL };

static const struct row rows[] = {
	{ .name = "around", .value = &policy.around, .words = around_words },
	{ .name = "around_pages", .value = &policy.around_pages, .least = 1, .most = PTES_PER_TABLE, .power_of_two = true },
	{ .name = "readahead_pages", .value = &policy.readahead_pages, .most = READAHEAD_MAX },
	{ .name = "stable", .value = &policy.stable, .words = stable_words },
	{ .name = "dirty_percent", .value = &policy.dirty_percent, .least = 1, .most = 80 },
	{ .name = "complete", .value = &policy.complete, .words = complete_words },
	{ .name = "latency_us", .value = &policy.latency_us, .most = 10000000 },
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
	return -EINVAL;
}

/* ---- setting and showing ---- */

static bool word_value(const struct row *row, const char *value, uint32_t *out)
{
	for (uint32_t i = 0; row->words[i]; i++)
		if (!strcmp(row->words[i], value)) {
			*out = i;
			return true;
		}
	return false;
}

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
	uint32_t n;

	if (!row)
		return -ENOENT;
	n = policy_get(row->value);
	if (row->words)
		snprintf(buf, size, "%s", row->words[n]);
	else
		snprintf(buf, size, "%u", n);
	return 0;
}
