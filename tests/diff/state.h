/* SPDX-License-Identifier: MIT */
/* What tests/diff/fileops.c knows of its files, and how it says what happened: lines, folded into a hash and printed if wanted. */
#ifndef STATE_H
#define STATE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define NAMES 4
#define FDS 6
#define MAPS 6
#define OBJECTS (FDS + MAPS)
#define BASES 4
#define SKIPS 4096

/* A file that is open or mapped. */
struct object {
	unsigned users;
	unsigned long ino;
	uint64_t size;
	uint64_t low, high; /* what this process may touch */
	bool fixed;	    /* others use the rest: its size stays */
};

struct handle {
	struct object *of; /* NULL: free */
	int fd, flags;
};

struct map {
	struct object *of; /* NULL: free */
	unsigned char *at;
	size_t len;
	uint64_t pos;
	bool shared;
};

static struct {
	uint64_t seed;
	unsigned ops, stop, processes, process;
	size_t spread, most; /* how far positions go from a base; the longest transfer */
	bool verbose, tmpfs, drop, cached;
	const char *folder;
	bool skip[SKIPS];
} set = { .ops = 100, .stop = ~0u, .processes = 1, .spread = 96 << 10, .most = 24 << 10, .folder = "." };

static struct object objects[OBJECTS];
static struct handle handles[FDS];
static struct map maps[MAPS];
static uint64_t bases[BASES];
static unsigned char *buffer; /* page-aligned, set.most + PAGE */
static uint64_t state, digest;
static unsigned step;

/* ---- chance ---- */

static uint64_t random64(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static uint64_t pick(uint64_t n)
{
	return n ? random64() % n : 0;
}

static void seed_with(uint64_t a, uint64_t b)
{
	state = a;
	state = random64() ^ b * 0xd6e8feb86659fd93ull;
	random64();
}

/* ---- saying ---- */

static uint64_t fold(uint64_t hash, const void *data, size_t n)
{
	const unsigned char *at = data;
	uint64_t word;

	for (; n >= 8; n -= 8, at += 8) {
		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0x9fb21c651e98df25ull;
		hash ^= hash >> 29;
	}
	while (n--)
		hash = (hash ^ *at++) * 0x100000001b3ull;
	return hash;
}

static void put_all(const char *data, size_t n)
{
	ssize_t done;

	while (n && (done = write(1, data, n)) > 0) {
		data += done;
		n -= (size_t)done;
	}
}

static void __attribute__((format(printf, 1, 2))) say(const char *what, ...)
{
	char line[400];
	int head = snprintf(line, sizeof(line), "%u %u ", set.process, step), n;
	va_list args;

	va_start(args, what);
	n = head + vsnprintf(line + head, sizeof(line) - (size_t)head - 1, what, args);
	va_end(args);
	n = n < (int)sizeof(line) - 1 ? n : (int)sizeof(line) - 2;
	line[n++] = '\n';
	digest = fold(digest, line, (size_t)n);
	if (set.verbose)
		put_all(line, (size_t)n);
}

/* What a call said: its answer, or minus errno. */
static long told(long answer)
{
	return answer < 0 ? -(long)errno : answer;
}

/* ---- files ---- */

static unsigned index_of(const struct handle *h)
{
	return (unsigned)(h - handles);
}

static const char *name_of(unsigned i)
{
	static char names[NAMES][24];

	if (!i && set.processes > 1)
		return strcpy(names[0], "shared");
	snprintf(names[i], sizeof(names[i]), "f%u.%u", set.process, i);
	return names[i];
}

static struct object *object_find(unsigned long ino)
{
	struct object *empty = NULL;

	for (unsigned i = 0; i < OBJECTS; i++) {
		if (objects[i].users && objects[i].ino == ino)
			return &objects[i];
		if (!objects[i].users)
			empty = &objects[i];
	}
	*empty = (struct object){ .ino = ino, .high = UINT64_MAX >> 8 };
	return empty;
}

static void object_look(struct object *o, int fd)
{
	struct stat st;

	if (!fstat(fd, &st))
		o->size = (uint64_t)st.st_size;
}

static uint64_t page_up(uint64_t n)
{
	return (n + PAGE - 1) & ~(PAGE - 1);
}

/* ---- which, where, how much ---- */

static struct handle *any_handle(void)
{
	unsigned first = (unsigned)pick(FDS);

	for (unsigned i = 0; i < FDS; i++)
		if (handles[(first + i) % FDS].of)
			return &handles[(first + i) % FDS];
	return NULL;
}

static struct map *any_map(void)
{
	unsigned first = (unsigned)pick(MAPS);

	for (unsigned i = 0; i < MAPS; i++)
		if (maps[(first + i) % MAPS].of)
			return &maps[(first + i) % MAPS];
	return NULL;
}

static uint64_t align_some(uint64_t pos)
{
	static const uint64_t to[] = { 1, 1, 1, 8, 512, 1024, PAGE, PAGE };

	return pos & ~(to[pick(8)] - 1);
}

/* Somewhere in the file; near its end now and then. */
static uint64_t place(const struct object *o)
{
	uint64_t pos, window = o->high - o->low;

	if (o->fixed)
		return o->low + align_some(pick(window));
	if (!pick(5))
		return align_some(o->size > 3 * PAGE ? o->size - 3 * PAGE + pick(5 * PAGE) : pick(5 * PAGE));
	pos = pick(8) ? 0 : bases[pick(BASES)];
	return align_some(pos + pick(set.spread));
}

static size_t amount(const struct object *o, uint64_t pos)
{
	static const size_t most[] = { 16, 600, PAGE, PAGE + 100, 3 * PAGE };
	unsigned kind = (unsigned)pick(7);
	size_t n = kind < 5 ? 1 + pick(most[kind]) : kind == 5 ? PAGE * (1 + pick(4)) : 1 + pick(set.most);

	n = n < set.most ? n : set.most;
	if (pos >= o->high)
		return 0;
	return n < o->high - pos ? n : (size_t)(o->high - pos);
}

static void fill(unsigned char *at, size_t n)
{
	uint64_t value = random64();

	for (size_t i = 0; i < n; i++) {
		value = value * 6364136223846793005ull + 1442695040888963407ull;
		at[i] = (unsigned char)(value >> 56);
	}
}

/* ---- memory that may not be there ---- */

static jmp_buf away;
static volatile int caught, caught_code;
static const unsigned char *volatile caught_at;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught = sig;
	caught_code = info->si_code;
	caught_at = info->si_addr;
	longjmp(away, 1);
}

static void catch_faults(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_sigaction = on_fault;
	act.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigaction(SIGBUS, &act, NULL);
	sigaction(SIGSEGV, &act, NULL);
}

#endif
