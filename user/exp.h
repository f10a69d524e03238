/* SPDX-License-Identifier: MIT */
/*
 * What programs of experiments share: clock, counters of the kernel, histograms, and results as lines "key=value... metric value unit" on the
 * results channel, or on standard output where there is none (Linux).
 */
#ifndef EXP_H
#define EXP_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static UNUSED void fatal(const char *what)
{
	perror(what);
	exit(1);
}

static UNUSED uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static UNUSED void sleep_ns(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	nanosleep(&ts, NULL);
}

static UNUSED uint64_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* ---- results ---- */

/* One line; `keys` is what tells this from other results of the same run ("threads=8"), or "". */
static UNUSED void result(const char *keys, const char *metric, uint64_t value, const char *unit)
{
	static FILE *to;

	if (!to) { /* not by fopen: who may make files in /dev would make this one, elsewhere */
		int fd = open("/dev/results", O_WRONLY);

		to = fd < 0 ? stdout : fdopen(fd, "w");
	}
	fprintf(to, "%s%s%s %llu %s\n", keys, *keys ? " " : "", metric, (unsigned long long)value, unit);
	fflush(to);
}

/* ---- what the kernel counts ---- */

static char exp_text[16384];

static UNUSED const char *read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = 0, got;

	if (fd < 0)
		return NULL;
	while ((got = read(fd, exp_text + n, sizeof(exp_text) - 1 - (size_t)n)) > 0)
		n += got;
	close(fd);
	exp_text[n] = '\0';
	return exp_text;
}

static UNUSED int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/* The number behind `name` at the beginning of a line of the file; 0: there is none. */
static UNUSED uint64_t counter(const char *path, const char *name)
{
	const char *at = read_file(path);
	size_t len = strlen(name);

	for (; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (!strncmp(at, name, len) && at[len] == ' ')
			return strtoull(at + len, NULL, 10);
	return 0;
}

/* ---- histograms: eight buckets an octave ---- */

#define HIST_BUCKETS (40 * 8)

struct hist {
	uint64_t count, max;
	uint32_t bucket[HIST_BUCKETS];
};

static UNUSED unsigned hist_bucket(uint64_t v)
{
	unsigned top = 63 - (unsigned)__builtin_clzll(v | 8), at = (top - 3) * 8 + (unsigned)(v >> (top - 3));

	return at < HIST_BUCKETS ? at : HIST_BUCKETS - 1;
}

static UNUSED void hist_add(struct hist *h, uint64_t v)
{
	h->count++;
	h->max = v > h->max ? v : h->max;
	h->bucket[hist_bucket(v)]++;
}

static UNUSED void hist_merge(struct hist *to, const struct hist *from)
{
	to->count += from->count;
	to->max = from->max > to->max ? from->max : to->max;
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

/* The lower edge of bucket i. */
static UNUSED uint64_t hist_edge(unsigned i)
{
	return i < 8 ? i : (uint64_t)(8 + i % 8) << (i / 8 - 1);
}

/* The value that `part` of a thousand are at most, give or take a bucket. */
static UNUSED uint64_t hist_quantile(const struct hist *h, uint64_t part)
{
	uint64_t want = (h->count * part + 999) / 1000, seen = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= want && h->count)
			return hist_edge(i + 1) < h->max ? hist_edge(i + 1) : h->max;
	}
	return h->max;
}

#endif
