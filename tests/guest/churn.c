/* SPDX-License-Identifier: MIT */
/*
 * Six processes, two threads each, make, link, rename, exchange, remove, list and open names in the same few directories: on tmpfs, and on the
 * disk, which e2fsck looks at when the run is over.
 *
 * What must hold: a name that nobody touches is in every listing, once. A token (a file, or a directory with a file in it) that is only
 * renamed, to places that are free, is in one place in the end. And then every link count is as many names as there are, and ".." leads to
 * where the directory is.
 */
#define _GNU_SOURCE
#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define HERE (-100)
#define REMOVEDIR 0x200
#define NOREPLACE 1
#define EXCHANGE 2

#define PROCESSES 6
#define DIRS 4
#define NAMES 10
#define TOKENS 8
#define FIXED 40
#define MOST 4000 /* names in one listing */

static unsigned rounds = 700;

static int err(long ret)
{
	return ret < 0 ? errno : 0;
}

static unsigned below(unsigned *state, unsigned n)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % n;
}

static int fail(const char *what, const char *name, int error)
{
	printf("# %s %s: %s\n", what, name, strerror(error));
	fflush(stdout);
	return 1;
}

/* ---- listing ---- */

struct dirent64 {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

/* Calls fn for each entry but "." and "..", by small steps, so that there are many positions. Sum of what it returns, or -1. */
static int list(const char *dir, int (*fn)(const struct dirent64 *, void *), void *arg)
{
	int fd = open(dir, O_RDONLY), sum = 0;
	_Alignas(8) char buf[128];
	long n;

	if (fd < 0)
		return -1;
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n;) {
			struct dirent64 *d = (struct dirent64 *)(buf + at);

			if (strcmp(d->name, ".") && strcmp(d->name, ".."))
				sum += fn(d, arg);
			at += d->reclen;
		}
	close(fd);
	return n < 0 ? -1 : sum;
}

static int see_fixed(const struct dirent64 *d, void *arg)
{
	if (d->name[0] == 'f')
		((unsigned char *)arg)[atoi(d->name + 1)]++;
	return 0;
}

static int check_fixed(const char *dir)
{
	unsigned char seen[FIXED] = { 0 };

	if (list(dir, see_fixed, seen) < 0)
		return fail("list", dir, errno);
	for (unsigned i = 0; i < FIXED; i++)
		if (seen[i] != 1) {
			printf("# %s: f%u is listed %u times\n", dir, i, seen[i]);
			fflush(stdout);
			return 1;
		}
	return 0;
}

/* ---- one step ---- */

struct step {
	unsigned r;
	char a[64], b[64];
};

/* In directory d, or in one in it. */
static void any_name(struct step *s, char *name)
{
	unsigned d = below(&s->r, DIRS), n = below(&s->r, NAMES);

	if (below(&s->r, 3))
		sprintf(name, "d%u/n%u", d, n);
	else
		sprintf(name, "d%u/n%u/n%u", d, n, below(&s->r, 3));
}

static int among(int error, const int *good, const char *what, const char *name)
{
	if (!error)
		return 0;
	for (; *good; good++)
		if (error == *good)
			return 0;
	return fail(what, name, error);
}

static int make(struct step *s)
{
	static const int good[] = { EEXIST, ENOENT, ENOTDIR, 0 };
	int fd = open(s->a, O_CREAT | O_EXCL | O_RDWR, 0600), error = err(fd);

	if (fd >= 0) {
		error = write(fd, s->a, 10) == 10 ? 0 : errno;
		close(fd);
	}
	return among(error, good, "make", s->a);
}

static int look(struct step *s)
{
	static const int good[] = { ENOENT, ENOTDIR, 0 };
	struct stat st;
	int fd = open(s->a, O_RDONLY), error = err(fd);

	if (fd >= 0) {
		error = err(fstat(fd, &st));
		close(fd);
	}
	return among(error, good, "open", s->a);
}

static int make_dir(struct step *s)
{
	static const int good[] = { EEXIST, ENOENT, ENOTDIR, 0 };

	return among(err(mkdir(s->a, 0700)), good, "mkdir", s->a);
}

static int make_link(struct step *s)
{
	static const int good[] = { EEXIST, ENOENT, ENOTDIR, EPERM, 0 };

	return among(err(syscall(SYS_linkat, HERE, s->a, HERE, s->b, 0)), good, "link", s->a);
}

static int remove_file(struct step *s)
{
	static const int good[] = { ENOENT, ENOTDIR, EISDIR, 0 };

	return among(err(syscall(SYS_unlinkat, HERE, s->a, 0)), good, "unlink", s->a);
}

static int remove_dir(struct step *s)
{
	static const int good[] = { ENOENT, ENOTDIR, ENOTEMPTY, 0 };

	return among(err(syscall(SYS_unlinkat, HERE, s->a, REMOVEDIR)), good, "rmdir", s->a);
}

static int move(struct step *s)
{
	static const int good[] = { ENOENT, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL, EEXIST, 0 };
	static const unsigned flags[] = { 0, 0, 0, NOREPLACE, EXCHANGE };

	return among(err(syscall(SYS_renameat2, HERE, s->a, HERE, s->b, flags[below(&s->r, 5)])), good, "rename", s->a);
}

/* Tokens: t0.. are files, T0.. directories, which may be in each other. */
static int move_token(struct step *s)
{
	static const int good[] = { ENOENT, EINVAL, 0 };
	unsigned k = below(&s->r, TOKENS);
	char kind = below(&s->r, 2) ? 't' : 'T';
	char in[24], to[24];

	sprintf(in, below(&s->r, 3) ? "d%u" : "d%u/T%u", below(&s->r, DIRS), below(&s->r, TOKENS));
	sprintf(to, below(&s->r, 3) ? "d%u" : "d%u/T%u", below(&s->r, DIRS), below(&s->r, TOKENS));
	sprintf(s->a, "%s/%c%u", in, kind, k);
	sprintf(s->b, "%s/%c%u", to, kind, k);
	if (!strcmp(s->a, s->b))
		return 0;
	return among(err(syscall(SYS_renameat2, HERE, s->a, HERE, s->b, NOREPLACE)), good, "move", s->a);
}

static int list_some(struct step *s)
{
	char dir[8];

	if (below(&s->r, 8))
		return 0;
	sprintf(dir, "d%u", below(&s->r, DIRS));
	return check_fixed(dir);
}

static void *churn(void *seed)
{
	static int (*const steps[])(struct step *) = { make, make, make_dir, make_dir, look, make_link, remove_file, remove_dir, remove_dir,
						       move, move, move_token, move_token, list_some };
	struct step s = { .r = (unsigned)(uintptr_t)seed };
	uintptr_t bad = 0;

	for (unsigned i = 0; i < rounds && !bad; i++) {
		any_name(&s, s.a);
		any_name(&s, s.b);
		bad = (uintptr_t)steps[below(&s.r, sizeof(steps) / sizeof(steps[0]))](&s);
	}
	return (void *)bad;
}

/* ---- in the end ---- */

struct seen {
	uint64_t ino;
	unsigned names, nlink;
};

struct survey {
	char path[1000];
	struct seen *files;
	unsigned nr, tokens[2][TOKENS], bad, subdirs;
	uint64_t ino; /* of the directory that is listed */
};

static void note_file(struct survey *v, const struct stat *st)
{
	unsigned i = 0;

	while (i < v->nr && v->files[i].ino != st->st_ino)
		i++;
	if (i == v->nr && v->nr < MOST)
		v->files[v->nr++] = (struct seen){ .ino = st->st_ino, .nlink = (unsigned)st->st_nlink };
	v->files[i].names++;
}

static void survey_dir(struct survey *v);

static int survey_entry(const struct dirent64 *d, void *arg)
{
	struct survey *v = arg;
	size_t len = strlen(v->path);
	struct stat st;

	sprintf(v->path + len, "/%s", d->name);
	if (lstat(v->path, &st) || st.st_ino != d->ino)
		v->bad += 1 + (unsigned)fail("in the end", v->path, errno);
	if ((d->name[0] | 32) == 't')
		v->tokens[d->name[0] == 'T'][atoi(d->name + 1)]++;
	if (S_ISDIR(st.st_mode)) {
		v->subdirs++;
		survey_dir(v);
	} else {
		note_file(v, &st);
	}
	v->path[len] = 0;
	return 1;
}

static void survey_dir(struct survey *v)
{
	unsigned outer = v->subdirs;
	uint64_t above = v->ino;
	size_t len = strlen(v->path);
	struct stat st, up;

	v->subdirs = 0;
	stat(v->path, &st);
	strcat(v->path, "/..");
	stat(v->path, &up);
	v->path[len] = 0;
	v->ino = st.st_ino;
	if (list(v->path, survey_entry, v) < 0)
		v->bad++;
	if (st.st_nlink != 1 && st.st_nlink != 2 + v->subdirs) { /* 1: some file systems do not count */
		printf("# %s: %lu links, %u directories\n", v->path, (unsigned long)st.st_nlink, v->subdirs);
		v->bad++;
	}
	if (above && up.st_ino != above)
		v->bad += (unsigned)fail("..", v->path, 0);
	v->ino = above;
	v->subdirs = outer;
}

static int clear_entry(const struct dirent64 *d, void *arg)
{
	char *path = arg;
	size_t len = strlen(path);

	sprintf(path + len, "/%s", d->name);
	if (unlink(path))
		while (list(path, clear_entry, path) > 0)
			;
	syscall(SYS_unlinkat, HERE, path, REMOVEDIR);
	path[len] = 0;
	return 1;
}

static void survey(const char *where)
{
	struct survey v = { .path = ".", .files = calloc(MOST + 1, sizeof(struct seen)) };
	unsigned wrong = 0, lost = 0;

	survey_dir(&v);
	for (unsigned i = 0; i < v.nr; i++)
		wrong += v.files[i].names != v.files[i].nlink;
	for (unsigned i = 0; i < TOKENS; i++)
		lost += (v.tokens[0][i] != 1) + (v.tokens[1][i] != 1);
	ok(!v.bad, "%s: each name leads to what is listed, each directory counts those in it, and knows where it is", where);
	ok(!wrong, "%s: %u files have as many links as names (%u do not)", where, v.nr, wrong);
	ok(!lost, "%s: what was only moved is in one place (%u are not)", where, lost);
	free(v.files);
}

/* ---- the whole ---- */

static void prepare(void)
{
	char name[64];

	for (unsigned d = 0; d < DIRS; d++) {
		sprintf(name, "d%u", d);
		mkdir(name, 0755);
		for (unsigned i = 0; i < FIXED; i++) {
			sprintf(name, "d%u/f%u", d, i);
			close(open(name, O_CREAT | O_RDWR, 0600));
		}
	}
	for (unsigned i = 0; i < TOKENS; i++) {
		sprintf(name, "d%u/t%u", i % DIRS, i);
		close(open(name, O_CREAT | O_RDWR, 0600));
		sprintf(name, "d%u/T%u", i % DIRS, i);
		mkdir(name, 0700);
		strcat(name, "/in");
		close(open(name, O_CREAT | O_RDWR, 0600));
	}
}

static void one_process(unsigned seed)
{
	pthread_t thread;
	void *bad, *bad_too;

	if (pthread_create(&thread, NULL, churn, (void *)(uintptr_t)(seed * 2)))
		_exit(2);
	bad = churn((void *)(uintptr_t)(seed * 2 + 1));
	pthread_join(thread, &bad_too);
	_exit(bad || bad_too);
}

static void test_in(const char *base, const char *where, unsigned seed)
{
	char dir[64], path[1000] = ".";
	int status, bad = 0;

	snprintf(dir, sizeof(dir), "%s/churn-%d", base, getpid());
	if (mkdir(dir, 0755) || chdir(dir)) {
		ok(0, "%s: a directory to work in: %s", dir, strerror(errno));
		return;
	}
	prepare();
	fflush(stdout);
	for (unsigned i = 0; i < PROCESSES; i++)
		if (!fork())
			one_process(seed * PROCESSES + i);
	while (wait(&status) > 0)
		bad += status != 0;
	ok(!bad, "%s: nothing failed that should not, and no listing lost or doubled a name that stays", where);
	survey(where);
	list(".", clear_entry, path);
	ok(chdir("/") == 0 && rmdir(dir) == 0, "%s: everything can be removed", where);
}

int main(int argc, char **argv)
{
	unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1;

	rounds = argc > 2 ? (unsigned)atoi(argv[2]) : rounds;
	test_in("/tmp", "memory", seed);
	test_in(argc > 3 ? argv[3] : "", "disk", seed);
	return tap_done();
}
