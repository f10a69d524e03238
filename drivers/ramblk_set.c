/* SPDX-License-Identifier: MIT */
/*
 * The settings of a RAM block device, as text:
 *
 *	latency		policy | fixed:US | uniform:US,US | exp:MEAN_US | sector:US,US_PER_MIB | seek:US,US_PER_MIB
 *	depth		requests served at a time, 0: all
 *	iops		requests a second, 0: no bound		(the submitter sleeps)
 *	bandwidth	bytes a second, K, M or G may follow, 0: no bound	(the same)
 *	errors		none, or rules FIRST-LAST,rw[,once|,chance:MILLIONTHS|,nth:K] separated by blanks: requests that touch these sectors
 *			fail, once, or with that probability, or the K-th of them only. Of a request for several pages the pages fail that
 *			have such a sector.
 *	hold		none, or rules FIRST-LAST,rw[,nth:K]: such requests, or the K-th of them, do not complete until the value is another
 *	seed		of everything that is left to chance
 *	stats		to be looked at: counts, requests under way, how long they took
 *
 * `r` or `w` instead of `rw`: only reads, only writes. A rule that has struck once and for all is not shown any more. One value replaces the
 * one before; a value with a mistake in it changes nothing.
 */
#include "drivers/ramblk_impl.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

#define US_MOST 100000000ull /* 100 s */

/* ---- numbers and rules ---- */

static bool take_number(const char **s, uint64_t most, uint64_t *out)
{
	return !parse_u64(*s, s, out) && *out <= most;
}

static bool take_word(const char **s, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*s, word, len) != 0)
		return false;
	*s += len;
	return true;
}

static unsigned take_touch(const char **s)
{
	if (take_word(s, ",rw"))
		return TOUCH_READS | TOUCH_WRITES;
	if (take_word(s, ",r"))
		return TOUCH_READS;
	return take_word(s, ",w") ? TOUCH_WRITES : 0;
}

static bool take_when(const char **s, struct sector_rule *rule, bool errors)
{
	uint64_t number = 1;
	bool good = true;

	if (take_word(s, ",nth:")) {
		rule->when = WHEN_NTH;
		good = take_number(s, UINT32_MAX, &number) && number;
	} else if (errors && take_word(s, ",once")) {
		rule->when = WHEN_ONCE;
	} else if (errors && take_word(s, ",chance:")) {
		rule->when = WHEN_CHANCE;
		good = take_number(s, 1000000, &number);
	}
	rule->number = (uint32_t)number;
	return good;
}

static bool take_rule(const char **s, struct sector_rule *rule, bool errors)
{
	*rule = (struct sector_rule){ 0 };
	if (!take_number(s, UINT64_MAX, &rule->first) || *(*s)++ != '-' || !take_number(s, UINT64_MAX, &rule->last))
		return false;
	rule->touch = take_touch(s);
	return rule->touch && rule->first <= rule->last && take_when(s, rule, errors);
}

static bool parse_rules(const char *s, struct sector_rule *rules, bool errors)
{
	memset(rules, 0, RULES * sizeof(*rules));
	if (!strcmp(s, "none"))
		return true;
	for (unsigned i = 0; *s && i < RULES; i++) {
		if (!take_rule(&s, &rules[i], errors))
			return false;
		while (*s == ' ')
			s++;
	}
	return !*s;
}

/* ---- what a value is turned into before the lock is taken ---- */

union value {
	uint64_t number;
	struct latency latency;
	struct sector_rule rules[RULES];
};

static const struct {
	const char *word;
	unsigned numbers;
} latency_kinds[] = {
	[LATENCY_POLICY] = { "policy", 0 },   [LATENCY_FIXED] = { "fixed:", 1 },   [LATENCY_UNIFORM] = { "uniform:", 2 },
	[LATENCY_EXP] = { "exp:", 1 }, [LATENCY_SECTOR] = { "sector:", 2 }, [LATENCY_SEEK] = { "seek:", 2 },
};

static bool latency_parse(const char *s, union value *v)
{
	struct latency *l = &v->latency;

	*l = (struct latency){ 0 };
	for (unsigned kind = 0; kind < ARRAY_SIZE(latency_kinds); kind++) {
		unsigned numbers = latency_kinds[kind].numbers;

		if (!take_word(&s, latency_kinds[kind].word))
			continue;
		l->kind = (enum latency_kind)kind;
		if (numbers && !take_number(&s, US_MOST, &l->a))
			return false;
		if (numbers == 2 && (*s++ != ',' || !take_number(&s, US_MOST, &l->b)))
			return false;
		return !*s && (kind != LATENCY_UNIFORM || l->a <= l->b);
	}
	return false;
}

static bool number_parse(const char *s, union value *v)
{
	return !parse_u64(s, NULL, &v->number);
}

static bool size_parse(const char *s, union value *v)
{
	return !parse_size(s, NULL, &v->number);
}

static bool errors_parse(const char *s, union value *v)
{
	return parse_rules(s, v->rules, true);
}

static bool hold_parse(const char *s, union value *v)
{
	return parse_rules(s, v->rules, false);
}

/* ---- putting it in force; lock held ---- */

static void latency_set(struct ramblk *disk, const union value *v)
{
	disk->latency = v->latency;
}

static void depth_set(struct ramblk *disk, const union value *v)
{
	disk->depth = v->number;
	ramblk_fill(disk);
}

static void iops_set(struct ramblk *disk, const union value *v)
{
	disk->iops = (struct throttle){ .per_second = v->number };
	disk->throttles++;
}

static void bandwidth_set(struct ramblk *disk, const union value *v)
{
	disk->bandwidth = (struct throttle){ .per_second = v->number };
	disk->throttles++;
}

static void seed_set(struct ramblk *disk, const union value *v)
{
	disk->seed = v->number;
	prng_seed(&disk->random, v->number);
}

static void errors_set(struct ramblk *disk, const union value *v)
{
	memcpy(disk->errors, v->rules, sizeof(disk->errors));
}

static void hold_set(struct ramblk *disk, const union value *v)
{
	memcpy(disk->holds, v->rules, sizeof(disk->holds));
	ramblk_release_held(disk);
}

/* ---- showing; lock held ---- */

struct line {
	char *buf;
	size_t size, used;
};

static void line_add(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line_add(struct line *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (l->used < l->size)
		l->used += (size_t)vsnprintf(l->buf + l->used, l->size - l->used, format, args);
	va_end(args);
}

static void latency_show(const struct ramblk *disk, struct line *l)
{
	const struct latency *latency = &disk->latency;
	unsigned numbers = latency_kinds[latency->kind].numbers;

	line_add(l, "%s", latency_kinds[latency->kind].word);
	if (numbers)
		line_add(l, "%lu", latency->a);
	if (numbers == 2)
		line_add(l, ",%lu", latency->b);
}

static void depth_show(const struct ramblk *disk, struct line *l)
{
	line_add(l, "%lu", disk->depth);
}

static void iops_show(const struct ramblk *disk, struct line *l)
{
	line_add(l, "%lu", disk->iops.per_second);
}

static void bandwidth_show(const struct ramblk *disk, struct line *l)
{
	line_add(l, "%lu", disk->bandwidth.per_second);
}

static void seed_show(const struct ramblk *disk, struct line *l)
{
	line_add(l, "%lu", disk->seed);
}

static void rules_show(const struct sector_rule *rules, struct line *l)
{
	static const char *const touch[] = { "", "r", "w", "rw" };
	bool any = false;

	for (unsigned i = 0; i < RULES; i++) {
		const struct sector_rule *rule = &rules[i];

		if (!rule->touch)
			continue;
		line_add(l, "%s%lu-%lu,%s", any ? " " : "", rule->first, rule->last, touch[rule->touch]);
		if (rule->when == WHEN_ONCE)
			line_add(l, ",once");
		if (rule->when == WHEN_CHANCE || rule->when == WHEN_NTH)
			line_add(l, rule->when == WHEN_NTH ? ",nth:%u" : ",chance:%u", rule->number);
		any = true;
	}
	if (!any)
		line_add(l, "none");
}

static void errors_show(const struct ramblk *disk, struct line *l)
{
	rules_show(disk->errors, l);
}

static void hold_show(const struct ramblk *disk, struct line *l)
{
	rules_show(disk->holds, l);
}

static unsigned list_length(const struct list *list)
{
	const struct list *at;
	unsigned n = 0;

	for (at = list->next; at != list; at = at->next)
		n++;
	return n;
}

static void stats_show(const struct ramblk *disk, struct line *l)
{
	line_add(l, "reads %lu\nwrites %lu\nfailed %lu\nsectors_read %lu\nsectors_written %lu\n", disk->reads, disk->writes,
		 disk->failed, disk->sectors_read, disk->sectors_written);
	line_add(l, "in_service %u\nwaiting %u\nheld %u\ndeepest %u\n", disk->busy, list_length(&disk->waiting),
		 list_length(&disk->held), disk->deepest);
	for (unsigned k = 0; k < BUCKETS; k++)
		if (disk->histogram[k])
			line_add(l, "latency_ns_from_%lu %lu\n", 1ul << k, disk->histogram[k]);
}

/* ---- the table ---- */

static const struct setting {
	const char *name;
	bool (*parse)(const char *s, union value *v); /* NULL: only to be looked at */
	void (*set)(struct ramblk *disk, const union value *v);
	void (*show)(const struct ramblk *disk, struct line *l);
	const char *good;
} settings[] = {
	{ "latency", latency_parse, latency_set, latency_show,
	  "policy, fixed:US, uniform:US,US, exp:US, sector:US,US_PER_MIB or seek:US,US_PER_MIB" },
	{ "depth", number_parse, depth_set, depth_show, "a number, 0 for no bound" },
	{ "iops", number_parse, iops_set, iops_show, "a number, 0 for no bound" },
	{ "bandwidth", size_parse, bandwidth_set, bandwidth_show, "bytes a second (K, M, G may follow), 0 for no bound" },
	{ "errors", errors_parse, errors_set, errors_show,
	  "none, or up to 16 rules FIRST-LAST,rw (or r, w), each perhaps with ,once or ,chance:MILLIONTHS or ,nth:K" },
	{ "hold", hold_parse, hold_set, hold_show, "none, or up to 16 rules FIRST-LAST,rw (or r, w), each perhaps with ,nth:K" },
	{ "seed", number_parse, seed_set, seed_show, "a number" },
	{ "stats", NULL, NULL, stats_show, NULL },
};

const char *ramblk_name(unsigned n)
{
	return n < ramblk_count ? ramblk_disks[n]->name : NULL;
}

const char *ramblk_setting(unsigned i)
{
	return i < ARRAY_SIZE(settings) ? settings[i].name : NULL;
}

bool ramblk_can_set(unsigned setting)
{
	return settings[setting].parse;
}

int ramblk_set(unsigned disk, unsigned setting, const char *value, char *why, size_t size)
{
	const struct setting *s = &settings[setting];
	struct ramblk *d = ramblk_disks[disk];
	irqflags_t flags;
	union value v;

	if (!s->parse(value, &v)) {
		snprintf(why, size, "%s of %s: '%s' is not %s", s->name, d->name, value, s->good);
		return -EINVAL;
	}
	flags = spin_lock_irq(&d->lock);
	s->set(d, &v);
	spin_unlock_irq(&d->lock, flags);
	waitq_wake_all(&d->throttled);
	return 0;
}

void ramblk_show(unsigned disk, unsigned setting, char *buf, size_t size)
{
	struct ramblk *d = ramblk_disks[disk];
	struct line l = { buf, size, 0 };
	irqflags_t flags = spin_lock_irq(&d->lock);

	settings[setting].show(d, &l);
	spin_unlock_irq(&d->lock, flags);
}
