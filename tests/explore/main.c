/* SPDX-License-Identifier: MIT */
/* The explorer's command: one test, one way to search, and what came of it. `./faultline explore` calls it. */
#include "tests/explore/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_SOUND, EXIT_FOUND, EXIT_LIMIT, EXIT_USAGE };

struct options {
	const char *replay, *save;
	bool random;
	uint64_t seed;
	unsigned runs, depth;
	struct limits limits;
};

static const char usage[] =
	"usage: explore list\n"
	"       explore TEST [weak] [preemptions=N] [states=N] [seconds=N] [save=FILE]\n"
	"       explore TEST random [weak] [seed=N] [runs=N] [depth=N] [seconds=N] [save=FILE]\n"
	"       explore TEST [weak] replay=FILE\n";

/* ---- showing a schedule: a column a thread ---- */

#define COLUMN 44

static const char *const kinds[] = {
	[OP_START] = "begins",	[OP_LOAD] = "load",	  [OP_STORE] = "store",	  [OP_RMW] = "rmw",	  [OP_CAS] = "cas",
	[OP_FENCE] = "fence",	[OP_LOCK] = "spin_lock",  [OP_TRYLOCK] = "spin_trylock", [OP_UNLOCK] = "spin_unlock",
	[OP_PARK] = "park",	[OP_UNPARK] = "unpark",	  [OP_KILL] = "kill",	  [OP_DONE] = "ends",
	[OP_CLOCK] = "clock",
};

static const char *const orders[] = { "relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst" };

static void describe(const struct op *op, unsigned outcome, char *buf, size_t size)
{
	char name[80];
	int n = snprintf(buf, size, "%s", kinds[op->kind]);

	if (op->kind == OP_UNPARK || op->kind == OP_KILL)
		n += snprintf(buf + n, size - (size_t)n, " thread %lu", (unsigned long)op->at);
	else if (op->at)
		n += snprintf(buf + n, size - (size_t)n, " %s", name_of(op->at, name, sizeof(name)));
	if (op->kind == OP_STORE)
		n += snprintf(buf + n, size - (size_t)n, " = %#lx", op->operand);
	if (op->kind == OP_RMW)
		n += snprintf(buf + n, size - (size_t)n, " %c= %#lx", (int)op->expected, op->operand);
	if (op->kind == OP_CAS)
		n += snprintf(buf + n, size - (size_t)n, " %#lx -> %#lx", op->expected, op->operand);
	if (op->size || op->kind == OP_FENCE)
		n += snprintf(buf + n, size - (size_t)n, " %s", orders[op->order % 6]);
	if (outcome)
		snprintf(buf + n, size - (size_t)n, op->kind == OP_LOAD ? " (%u stores old)" : " (%u)", outcome);
}

/* Where in the sources: PCs are for `addr2line`, which the command in front of us runs. */
static void show(unsigned n, struct step s)
{
	const struct op *op = &world.fibers[s.fiber].op;
	char text[200];

	describe(op, s.outcome, text, sizeof(text));
	printf("%4u  %*s%-*s @%#lx\n", n, (int)(s.fiber * COLUMN / 2), "", COLUMN, text, op->pc);
}

/* ---- schedules in files ---- */

static void save(const char *path, const struct result *r)
{
	FILE *file = fopen(path, "w");

	if (!file) {
		perror(path);
		exit(EXIT_USAGE);
	}
	fprintf(file, "%s %s\n", test->name, model_weak ? "weak" : "sc");
	for (unsigned i = 0; i < r->length; i++)
		fprintf(file, "%u.%u\n", r->schedule[i].fiber, r->schedule[i].outcome);
	fclose(file);
}

static struct result replay(const char *path)
{
	struct step *schedule = NULL;
	unsigned n = 0, fiber, outcome;
	char name[100], model[8];
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%99s %7s", name, model) != 2) {
		fprintf(stderr, "explore: %s: no schedule\n", path);
		exit(EXIT_USAGE);
	}
	model_weak = !strcmp(model, "weak");
	while (fscanf(file, "%u.%u", &fiber, &outcome) == 2) {
		schedule = realloc(schedule, (n + 1) * sizeof(*schedule));
		schedule[n++] = (struct step){ (uint8_t)fiber, (uint8_t)outcome };
	}
	fclose(file);
	return search_replay(schedule, n, show);
}

/* ---- options ---- */

static const char *value_of(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(arg, name, len) && arg[len] == '=' ? arg + len + 1 : NULL;
}

static bool option(struct options *o, const char *arg)
{
	const char *v;

	if (!strcmp(arg, "weak"))
		model_weak = true;
	else if (!strcmp(arg, "random"))
		o->random = true;
	else if ((v = value_of(arg, "replay")))
		o->replay = v;
	else if ((v = value_of(arg, "save")))
		o->save = v;
	else if ((v = value_of(arg, "seed")))
		o->seed = strtoull(v, NULL, 0);
	else if ((v = value_of(arg, "runs")))
		o->runs = (unsigned)strtoul(v, NULL, 0);
	else if ((v = value_of(arg, "depth")))
		o->depth = (unsigned)strtoul(v, NULL, 0);
	else if ((v = value_of(arg, "preemptions")))
		o->limits.preemptions = (unsigned)strtoul(v, NULL, 0);
	else if ((v = value_of(arg, "states")))
		o->limits.states = strtoull(v, NULL, 0);
	else if ((v = value_of(arg, "seconds")))
		o->limits.seconds = strtod(v, NULL);
	else
		return false;
	return true;
}

static int list(void)
{
	for (unsigned i = 0; explore_tests[i]; i++)
		printf("%s\t%u\t%s\n", explore_tests[i]->name, explore_tests[i]->threads, explore_tests[i]->about);
	return 0;
}

static bool choose_test(const char *name)
{
	for (unsigned i = 0; explore_tests[i]; i++)
		if (!strcmp(explore_tests[i]->name, name))
			test = explore_tests[i];
	return test;
}

static int report(const struct options *o, const struct result *r)
{
	if (!r->failed) {
		printf("%s: states %lu schedules %lu steps %lu: %s\n", test->name, r->states, r->schedules, r->steps,
		       r->complete ? "sound" : "limit reached, nothing found");
		return r->complete ? EXIT_SOUND : EXIT_LIMIT;
	}
	if (o->save)
		save(o->save, r);
	if (!o->replay)
		search_replay(r->schedule, r->length, show);
	printf("%s: states %lu schedules %lu steps %lu: FOUND %s\n", test->name, r->states, r->schedules, r->steps, r->why);
	return EXIT_FOUND;
}

int main(int argc, char **argv)
{
	struct options o = { .seed = 1, .runs = 100000, .depth = 3, .limits = { UINT32_MAX, 1ull << 32, 3600 } };
	struct result r;

	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc < 2 || !choose_test(argv[1])) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	for (int i = 2; i < argc; i++)
		if (!option(&o, argv[i])) {
			fprintf(stderr, "explore: %s is no option\n%s", argv[i], usage);
			return EXIT_USAGE;
		}
	model_races = o.random;
	watch_begin();
	if (o.replay)
		r = replay(o.replay);
	else if (o.random)
		r = search_random(o.seed, o.runs, o.depth < 8 ? o.depth : 8, o.limits.seconds);
	else
		r = search_all(&o.limits);
	return report(&o, &r);
}
