/* SPDX-License-Identifier: MIT */
/*
 * stutter: processes that write, fault and read the same few pages, and what that comes to.
 *
 *	stutter [-m MILLISECONDS] [-p PAGES] [-w ONE_IN] [-f FAULTS] [-r READS] [-t THINK] THREADS...
 *
 * For each number of threads (processes: they share files, no address space) a run of so many milliseconds of guest time. One in ONE_IN of them
 * writes, with pwrite of 4096 bytes (ONE_IN 0: all do, each eighth time). The others fault and read, FAULTS to READS, in random order: a store to a
 * private mapping, which copies the page and is dropped again; pread of 64 bytes. Each page is a file of its own, so that writers of different
 * pages do not wait for one file's lock. In between all compute THINK steps.
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "exp.h"

#define PAGE 4096u
#define BYTES 4096
#define MOST 256 /* threads */

enum kind { WRITE, FAULT, READ, KINDS };

static const char *const names[KINDS] = { "writes", "faults", "reads" };

static struct options {
	unsigned ms, pages, one_in, faults, reads, think;
} o = { .ms = 20, .pages = 1, .one_in = 2, .faults = 7, .reads = 1, .think = 0 };

struct worker {
	uint64_t done[KINDS];
	struct hist latency[KINDS];
};

static struct shared {
	_Atomic unsigned ready;
	_Atomic bool go, stop;
	struct worker worker[MOST];
} *shared;

static int files[MOST]; /* a page each: writers of different pages do not wait for each other's file */

/* ---- one thread ---- */

static void think(unsigned steps)
{
	for (volatile unsigned i = 0; i < steps; i++)
		;
}

static void one(enum kind kind, uint64_t random, char *const *maps)
{
	static char bytes[BYTES];
	unsigned page = (unsigned)(random % o.pages), at = (unsigned)(random / o.pages % (PAGE - BYTES + 1));

	switch (kind) {
	case WRITE:
		if (pwrite(files[page], bytes, BYTES, at) != BYTES)
			fatal("pwrite");
		break;
	case READ:
		if (pread(files[page], bytes, 64, at) != 64)
			fatal("pread");
		break;
	default:
		*(volatile char *)(maps[page] + at) = 1;
		madvise(maps[page], PAGE, MADV_DONTNEED);
	}
}

static enum kind choose(unsigned who, uint64_t random)
{
	if (o.one_in ? who % o.one_in == 0 : random % 8 == 0)
		return WRITE;
	return random / 8 % (o.faults + o.reads) < o.faults ? FAULT : READ;
}

static void work(unsigned who)
{
	struct worker *w = &shared->worker[who];
	static char *maps[MOST];
	uint64_t random = who + 1;

	for (unsigned i = 0; i < o.pages; i++) {
		maps[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, files[i], 0);
		if (maps[i] == MAP_FAILED)
			fatal("mmap");
	}
	atomic_fetch_add(&shared->ready, 1);
	while (!atomic_load(&shared->go))
		sleep_ns(100000);
	while (!atomic_load_explicit(&shared->stop, memory_order_relaxed)) {
		enum kind kind = choose(who, random_next(&random));
		uint64_t start = now_ns();

		one(kind, random_next(&random), maps);
		hist_add(&w->latency[kind], now_ns() - start);
		w->done[kind]++;
		think(o.think + (unsigned)random_next(&random) % (o.think + 1));
	}
	_exit(0);
}

/* ---- all of them ---- */

static struct before {
	uint64_t start, handoffs, steals, lost, switches, hung;
} before;

static uint64_t switches(void)
{
	uint64_t ours = counter("/proc/fault/stats", "switches");

	return ours ? ours : counter("/proc/stat", "ctxt");
}

static void note(struct before *b)
{
	b->handoffs = counter("/proc/fault/stats", "page_lock_handoffs");
	b->steals = counter("/proc/fault/stats", "page_lock_steals");
	b->lost = counter("/proc/fault/stats", "page_lock_lost");
	b->hung = counter("/proc/fault/stats", "hung_reports");
	b->switches = switches();
	b->start = now_ns();
}

/* What the kernel knows of its page locks; and what only it knows. */
static void kernel_results(const char *keys)
{
	static const char *const waits[] = { "waits", "wait_p50_us", "wait_p99_us", "wait_p999_us", "wait_max_us", "position_max",
					     "place_max_us", "section_max_us", "switch_max_us" };
	struct before after;

	note(&after);
	result(keys, "switches", after.switches - before.switches, "1");
	if (!read_file("/proc/fault/stats"))
		return;
	result(keys, "handoffs", after.handoffs - before.handoffs, "1");
	result(keys, "steals", after.steals - before.steals, "1");
	result(keys, "lost_races", after.lost - before.lost, "1");
	result(keys, "hung_reports", after.hung - before.hung, "1");
	for (unsigned i = 0; i < sizeof(waits) / sizeof(*waits) && read_file("/proc/fault/page_lock"); i++)
		result(keys, waits[i], counter("/proc/fault/page_lock", waits[i]), strstr(waits[i], "_us") ? "us" : "1");
}

static void results(unsigned threads, uint64_t ns)
{
	static struct hist sum[KINDS];
	uint64_t all = 0;
	char keys[32], name[32];

	snprintf(keys, sizeof(keys), "threads=%u", threads);
	memset(sum, 0, sizeof(sum));
	for (unsigned k = 0; k < KINDS; k++) {
		for (unsigned i = 0; i < threads; i++)
			hist_merge(&sum[k], &shared->worker[i].latency[k]);
		all += sum[k].count;
	}
	result(keys, "ops_per_s", all * 1000000000u / ns, "1/s");
	for (unsigned k = 0; k < KINDS; k++) {
		snprintf(name, sizeof(name), "%s_per_s", names[k]);
		result(keys, name, sum[k].count * 1000000000u / ns, "1/s");
		snprintf(name, sizeof(name), "%.*s_p99_us", (int)strlen(names[k]) - 1, names[k]);
		result(keys, name, hist_quantile(&sum[k], 990) / 1000, "us");
		snprintf(name, sizeof(name), "%.*s_max_us", (int)strlen(names[k]) - 1, names[k]);
		result(keys, name, sum[k].max / 1000, "us");
	}
	kernel_results(keys);
}

static void run(unsigned threads)
{
	static pid_t pids[MOST];
	uint64_t ns;

	memset(shared, 0, sizeof(*shared));
	for (unsigned i = 0; i < threads; i++) {
		pids[i] = fork();
		if (!pids[i])
			work(i);
		if (pids[i] < 0)
			fatal("fork");
	}
	while (atomic_load(&shared->ready) < threads)
		sleep_ns(1000000);
	write_file("/proc/fault/page_lock", "0");
	note(&before);
	atomic_store(&shared->go, true);
	sleep_ns(o.ms * 1000000ull);
	atomic_store(&shared->stop, true);
	ns = now_ns() - before.start;
	for (unsigned i = 0; i < threads; i++)
		waitpid(pids[i], NULL, 0);
	results(threads, ns);
}

static void prepare(void)
{
	char page[PAGE], name[32];

	memset(page, 7, sizeof(page));
	for (unsigned i = 0; i < o.pages; i++) {
		snprintf(name, sizeof(name), "/stutter-%u", i);
		files[i] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
		if (write(files[i], page, PAGE) != PAGE)
			fatal(name);
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fatal("mmap");
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	if (!text || *end || end == text || n > 1000000) {
		fprintf(stderr, "stutter: '%s' is not a number\n", text ? text : "");
		exit(2);
	}
	return (unsigned)n;
}

static int usage(void)
{
	fprintf(stderr, "stutter [-m MS] [-p PAGES] [-w ONE_IN] [-f FAULTS] [-r READS] [-t THINK] THREADS...\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const char letters[] = "mpwfrt";
	unsigned *const to[] = { &o.ms, &o.pages, &o.one_in, &o.faults, &o.reads, &o.think };
	int i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		const char *at = argv[i][1] && !argv[i][2] ? strchr(letters, argv[i][1]) : NULL;

		if (!at)
			return usage();
		*to[at - letters] = number(argv[i + 1]);
	}
	if (i == argc || !o.pages || o.pages > MOST || !o.ms || !(o.faults + o.reads))
		return usage();
	prepare();
	for (; i < argc; i++) {
		unsigned threads = number(argv[i]);

		if (!threads || threads > MOST)
			return usage();
		run(threads);
	}
	return 0;
}
