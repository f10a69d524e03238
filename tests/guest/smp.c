/* SPDX-License-Identifier: MIT */
/*
 * Many at a time: processes that map, check and unmap the same files; threads that fault on the same pages of one address space, while
 * others change it. Right answers on one CPU are asked for on many.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "tap.h"

#define THREADS 4
#define WATCHERS 2
#define PAGES 256
#define ROUNDS 12

static int big;

static unsigned char expect(size_t i)
{
	return (unsigned char)(i * 7 + i / PAGE * 13 + 5);
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void *must(void *p)
{
	if (p == MAP_FAILED)
		_exit(9);
	return p;
}

static void each_thread(void *(*run)(void *))
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)i))
			exit(3);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- processes on the same file ---- */

/* One range of the file: every page right, a private write seen by nobody else, gone again. */
static int visit(unsigned *seed)
{
	size_t first = next(seed) % 1000, n = 1 + next(seed) % 24;
	unsigned char *p = must(mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, big, (off_t)(first * PAGE)));
	int good = 1;

	for (size_t i = 0; i < n; i++) {
		size_t at = i * PAGE + next(seed) % PAGE;

		good &= p[at] == expect(first * PAGE + at);
		if (next(seed) % 3 == 0)
			p[at] = (unsigned char)~p[at];
	}
	return munmap(p, n * PAGE) == 0 && good;
}

static void test_processes(void)
{
	int good = 1, status;

	for (unsigned i = 0; i < 6; i++)
		if (fork() == 0) {
			unsigned seed = i + 1;

			for (int k = 0; k < 300 && good; k++)
				good &= visit(&seed);
			_exit(!good);
		}
	while (wait(&status) > 0)
		good &= status == 0;
	ok(good, "six processes map, check, write privately and unmap 300 ranges of one file each");
}

/* ---- threads: first touch ---- */

static _Atomic unsigned *counters; /* one a page */
static _Atomic unsigned arrived;

static void meet(unsigned round)
{
	atomic_fetch_add(&arrived, 1);
	while (atomic_load(&arrived) < (round + 1) * THREADS)
		sched_yield();
}

/* Everybody adds one to every page, which nobody has touched yet: each page must be made once, and no addition lost. */
static void *touch_first(void *arg)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (!arg)
			madvise(counters, PAGES * PAGE, MADV_DONTNEED);
		meet(3 * round);
		for (unsigned i = 0; i < PAGES; i++)
			atomic_fetch_add(&counters[i * PAGE / sizeof(unsigned)], 1);
		meet(3 * round + 1);
		for (unsigned i = (unsigned)(long)arg; i < PAGES; i += THREADS)
			if (atomic_load(&counters[i * PAGE / sizeof(unsigned)]) != THREADS)
				return (void *)1;
		meet(3 * round + 2);
	}
	return NULL;
}

static void test_first_touch(void)
{
	pthread_t threads[THREADS];
	void *bad = NULL, *result;

	counters = must(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, touch_first, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		bad = result ? result : bad;
	}
	ok(!bad, "four threads touch the same fresh pages: each page is made once");
	munmap(counters, PAGES * PAGE);
}

/* ---- threads: copy on write ---- */

static unsigned char *shared_file;

/* All write into the same pages of a private mapping, each its own byte: one copy must have them all. */
static void *write_own_byte(void *arg)
{
	for (unsigned i = 0; i < PAGES; i++)
		shared_file[i * PAGE + 100 + (unsigned long)arg] = (unsigned char)(i + (unsigned long)arg);
	return NULL;
}

static void test_copy_on_write(void)
{
	int good = 1;

	for (int round = 0; round < ROUNDS; round++) {
		shared_file = must(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, big, 0));
		each_thread(write_own_byte);
		for (unsigned i = 0; i < PAGES; i++) {
			for (unsigned t = 0; t < THREADS; t++)
				good &= shared_file[i * PAGE + 100 + t] == (unsigned char)(i + t);
			good &= shared_file[i * PAGE + 99] == expect(i * PAGE + 99) && shared_file[i * PAGE + 104] == expect(i * PAGE + 104);
		}
		munmap(shared_file, PAGES * PAGE);
	}
	ok(good, "four threads write the same private pages: one copy has what all wrote");
}

/* ---- threads: an address space that changes ---- */

static unsigned char *stage;
static _Atomic unsigned generation, misses, stop;

static unsigned char scene(unsigned n)
{
	return expect(n % 64 * PAGE);
}

/* What is seen belongs to a generation between those read before and after (the change itself comes before its number). */
static void *watch(void *arg)
{
	volatile unsigned char *p = stage;

	(void)arg;
	while (!atomic_load(&stop)) {
		unsigned before = atomic_load(&generation), n;
		unsigned char seen = *p;
		unsigned after = atomic_load(&generation) + 1;

		for (n = before; n <= after && scene(n) != seen; n++)
			;
		if (n > after)
			atomic_fetch_add(&misses, 1);
	}
	return NULL;
}

static void test_replacing(void)
{
	pthread_t threads[WATCHERS];

	stage = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, big, 0));
	for (int i = 0; i < WATCHERS; i++)
		pthread_create(&threads[i], NULL, watch, NULL);
	for (unsigned n = 1; n < 100; n++) {
		must(mmap(stage, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, big, (off_t)(n % 64 * PAGE)));
		atomic_store(&generation, n);
		if (n % 16 == 0)
			sched_yield();
	}
	atomic_store(&stop, 1);
	for (int i = 0; i < WATCHERS; i++)
		pthread_join(threads[i], NULL);
	ok(!atomic_load(&misses), "a page replaced 100 times under two readers: none sees an old one afterwards (%u did)", atomic_load(&misses));
	munmap(stage, PAGE);
}

/* Maps, uses, splits by mprotect and unmaps memory of its own, beside the others'. */
static void *churn(void *arg)
{
	unsigned seed = (unsigned)(long)arg + 1;
	unsigned long good = 1;

	for (int i = 0; i < 100; i++) {
		size_t n = 4 + next(&seed) % 20; /* the hole stays inside: nobody else maps there */
		unsigned char *p = must(mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

		for (size_t k = 0; k < n; k++)
			p[k * PAGE] = (unsigned char)(k + seed);
		good &= mprotect(p + PAGE, PAGE, PROT_READ) == 0 && munmap(p + 2 * PAGE, PAGE) == 0;
		for (size_t k = 0; k < n; k++)
			good &= k == 2 || p[k * PAGE] == (unsigned char)(k + seed);
		good &= munmap(p, n * PAGE) == 0;
	}
	return (void *)good;
}

static void test_churn(void)
{
	pthread_t threads[THREADS];
	unsigned long good = 1;
	void *result;

	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, churn, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		good &= (unsigned long)result;
	}
	ok(good, "four threads map, split and unmap in one address space");
}

/* ---- fork beside a writer ---- */

static void *scribble(void *arg)
{
	_Atomic unsigned *words = arg;

	while (!atomic_load(&stop))
		for (unsigned i = 0; i < 32; i++)
			atomic_fetch_add(&words[i * PAGE / sizeof(unsigned)], 1);
	return NULL;
}

/* In a child nobody writes: what it reads twice is the same. */
static int still(const _Atomic unsigned *words)
{
	unsigned first[32];

	for (unsigned i = 0; i < 32; i++)
		first[i] = atomic_load(&words[i * PAGE / sizeof(unsigned)]);
	for (int k = 0; k < 50; k++)
		sched_yield();
	for (unsigned i = 0; i < 32; i++)
		if (first[i] != atomic_load(&words[i * PAGE / sizeof(unsigned)]))
			return 0;
	return 1;
}

static void test_fork_beside_writer(void)
{
	_Atomic unsigned *words = must(mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int good = 1, status;
	pthread_t writer;

	fflush(stdout);
	atomic_store(&stop, 0);
	pthread_create(&writer, NULL, scribble, words);
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(!still(words));
		good &= waitpid(pid, &status, 0) == pid && status == 0;
	}
	atomic_store(&stop, 1);
	pthread_join(writer, NULL);
	ok(good, "40 forks beside a thread that writes: no write reaches a child");
}

int main(void)
{
	big = open("/data/big", O_RDONLY);
	if (big < 0)
		return 2;
	test_processes();
	test_first_touch();
	test_copy_on_write();
	test_replacing();
	test_churn();
	test_fork_beside_writer();
	return tap_done();
}
