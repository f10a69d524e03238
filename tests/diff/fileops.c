/* SPDX-License-Identifier: MIT */
/*
 * Random operations on files and mappings, from a seed: what each of them answered, and what the files hold at the end, must be the same on
 * Linux and on Faultline. tests/diff/run compares.
 *
 * fileops [-s SEED] [-c SEEDS] [-n OPERATIONS] [-p PROCESSES] [-d FOLDER] [-S SPREAD] [-M MOST] [-t] [-C] [-D] [-v] [-x STOP] [-k I,J,...]
 *	[-w FILE=TEXT]
 *
 * A line for each seed: its hash. -v: every answer. -t: the folder is of tmpfs, and holes and blocks are compared. -C: no O_DIRECT. -D: there is a
 * drop_caches. -x, -k: only the operations before STOP, none of those listed; the others stay what they are, since each has random numbers of
 * its own. -w: first writes TEXT to FILE.
 *
 * Several processes have files of their own, and one that all share, each in its range. What Linux leaves open is avoided: bytes behind the end of
 * a file in its last page are not stored to through shared mappings, and nothing is copied onto itself.
 */
#include "ops.h"

struct op {
	const char *name;
	unsigned weight;
	void (*fn)(void);
};

static void op_fork(void);

static const struct op ops[] = {
	{ "open", 10, op_open },	 { "close", 4, op_close },	 { "read", 6, op_read },	{ "write", 8, op_write },
	{ "pread", 6, op_pread },	 { "pwrite", 10, op_pwrite },	 { "readv", 4, op_readv },	{ "writev", 4, op_writev },
	{ "seek", 3, op_seek },		 { "mmap", 10, op_mmap },	 { "munmap", 4, op_munmap },	{ "load", 14, op_load },
	{ "store", 14, op_store },	 { "msync", 4, op_msync },	 { "truncate", 8, op_truncate }, { "fallocate", 8, op_fallocate },
	{ "mremap", 4, op_mremap },	 { "madvise", 5, op_madvise },	 { "mprotect", 2, op_mprotect }, { "fork", 2, op_fork },
	{ "sync", 4, op_sync },		 { "drop", 2, op_drop },	 { "fadvise", 4, op_fadvise },	{ "sendfile", 3, op_sendfile },
	{ "copy", 3, op_copy },		 { "holes", 3, op_holes },	 { "stat", 3, op_stat },	{ "rename", 2, op_rename },
	{ "unlink", 2, op_unlink },	 { "pathcut", 2, op_pathcut },	 { "direct", 8, op_direct },
};

#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

static const struct op *choose(void)
{
	unsigned total = 0, at;

	for (unsigned i = 0; i < NR_OPS; i++)
		total += ops[i].weight;
	at = (unsigned)pick(total);
	for (unsigned i = 0; i < NR_OPS; i++) {
		if (at < ops[i].weight)
			return &ops[i];
		at -= ops[i].weight;
	}
	return NULL;
}

/* What a child hands back: its hash, and how long it has left the files. */
struct legacy {
	uint64_t digest;
	struct object objects[OBJECTS];
};

static void child_run(int end)
{
	struct legacy l;

	for (unsigned i = 1 + (unsigned)pick(6); i; i--) {
		void (*fn)(void) = choose()->fn;

		if (fn != op_fork)
			fn();
	}
	l.digest = digest;
	memcpy(l.objects, objects, sizeof(objects));
	_exit(write(end, &l, sizeof(l)) != sizeof(l));
}

static void inherit(const struct legacy *l)
{
	digest = l->digest;
	for (unsigned i = 0; i < OBJECTS; i++)
		for (unsigned j = 0; j < OBJECTS; j++)
			if (l->objects[i].users && objects[j].users && objects[j].ino == l->objects[i].ino)
				objects[j].size = l->objects[i].size;
	for (unsigned i = 0; i < FDS; i++)
		if (handles[i].of)
			object_look(handles[i].of, handles[i].fd);
}

static void op_fork(void)
{
	struct legacy l;
	int ends[2], status = 0;
	pid_t pid;

	if (pipe(ends))
		return;
	say("fork");
	pid = fork();
	if (!pid)
		child_run(ends[1]);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && !status && read(ends[0], &l, sizeof(l)) == sizeof(l))
		inherit(&l);
	else
		say("child: status %x", (unsigned)status);
	close(ends[0]);
	close(ends[1]);
}

/* ---- one seed ---- */

static void bases_choose(void)
{
	static const uint64_t some[] = { 0, 12 << 10, 48 << 10, 268 << 10, (4 << 20) + (48 << 10), (64 << 20) + (268 << 10), 1ull << 30 };
	bool sparse = !pick(3);

	for (unsigned i = 0; i < BASES; i++) {
		bases[i] = sparse ? some[pick(sizeof(some) / sizeof(some[0]))] : 0;
		bases[i] -= bases[i] ? pick(4 * PAGE) : 0;
	}
}

static void process_run(void)
{
	memset(objects, 0, sizeof(objects));
	memset(handles, 0, sizeof(handles));
	memset(maps, 0, sizeof(maps));
	seed_with(set.seed, 1000000);
	bases_choose();
	for (step = 0; step < set.ops && step < set.stop; step++) {
		seed_with(set.seed * 16 + set.process, step);
		if (step < SKIPS && set.skip[step])
			continue;
		(step < 4 ? op_open : choose()->fn)();
	}
	for (unsigned i = 0; i < FDS; i++)
		if (handles[i].of && !handles[i].of->fixed)
			content("open", handles[i].fd);
	for (unsigned i = 0; i < MAPS; i++)
		if (maps[i].of)
			load(&maps[i], 0, maps[i].len);
	for (unsigned i = 0; i < MAPS; i++)
		map_close(&maps[i], 0, maps[i].len);
	for (unsigned i = 0; i < FDS; i++)
		if (handles[i].of)
			handle_close(&handles[i]);
}

static void contents(void)
{
	for (unsigned i = set.processes > 1; i < NAMES; i++) {
		int fd = open(name_of(i), O_RDONLY);

		if (fd >= 0)
			content(name_of(i), fd);
		close(fd);
	}
}

/* The hash of one process, as of its own. */
static uint64_t process_whole(unsigned number)
{
	set.process = number;
	digest = set.seed;
	process_run();
	contents();
	op_drop();
	contents();
	for (unsigned i = set.processes > 1; i < NAMES; i++)
		unlink(name_of(i));
	return digest;
}

static uint64_t processes_run(void)
{
	uint64_t got[2], sum = 0;
	int ends[2], fd = open("shared", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)(set.processes * set.spread)) || pipe(ends))
		exit(2);
	for (unsigned i = 0; i < set.processes; i++)
		if (!fork()) {
			got[0] = i;
			got[1] = process_whole(i);
			_exit(write(ends[1], got, sizeof(got)) != sizeof(got));
		}
	close(ends[1]);
	for (unsigned i = 0; i < set.processes; i++)
		if (read(ends[0], got, sizeof(got)) == sizeof(got))
			sum += got[1] * (2 * got[0] + 1);
	close(ends[0]);
	while (wait(NULL) > 0)
		;
	set.process = set.processes;
	digest = sum;
	content("shared", fd);
	op_drop();
	content("shared", fd);
	close(fd);
	unlink("shared");
	return digest;
}

/* ---- words ---- */

static void write_setting(char *word)
{
	char *text = strchr(word, '=');
	int fd;

	if (!text)
		exit(2);
	*text++ = 0;
	fd = open(word, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		fprintf(stderr, "fileops: cannot set %s to %s\n", word, text);
		exit(2);
	}
	close(fd);
}

static void skip_list(const char *list)
{
	char *end;

	for (; *list; list = *end ? end + 1 : end) {
		unsigned long i = strtoul(list, &end, 10);

		if (i < SKIPS)
			set.skip[i] = true;
		if (end == list)
			return;
	}
}

static void option(int c, char *value)
{
	switch (c) {
	case 's':
		set.seed = strtoul(value, NULL, 10);
		break;
	case 'n':
		set.ops = (unsigned)strtoul(value, NULL, 10);
		break;
	case 'p':
		set.processes = (unsigned)strtoul(value, NULL, 10);
		break;
	case 'd':
		set.folder = value;
		break;
	case 'S':
		set.spread = strtoul(value, NULL, 10) & ~(PAGE - 1);
		break;
	case 'M':
		set.most = strtoul(value, NULL, 10);
		break;
	case 't':
		set.tmpfs = true;
		break;
	case 'C':
		set.cached = true;
		break;
	case 'D':
		set.drop = true;
		break;
	case 'v':
		set.verbose = true;
		break;
	case 'x':
		set.stop = (unsigned)strtoul(value, NULL, 10);
		break;
	case 'k':
		skip_list(value);
		break;
	case 'w':
		write_setting(value);
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	unsigned long seeds = 1;
	char line[80];
	int c;

	while ((c = getopt(argc, argv, "s:c:n:p:d:S:M:tCDvx:k:w:")) != -1)
		if (c == 'c')
			seeds = strtoul(optarg, NULL, 10);
		else
			option(c, optarg);
	mkdir(set.folder, 0700);
	buffer = mmap(NULL, set.most + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chdir(set.folder) || buffer == MAP_FAILED)
		return 2;
	catch_faults();
	for (; seeds--; set.seed++) {
		uint64_t hash = set.processes > 1 ? processes_run() : process_whole(0);

		put_all(line, (size_t)snprintf(line, sizeof(line), "seed %lu %016lx\n", (unsigned long)set.seed, (unsigned long)hash));
	}
	return 0;
}
