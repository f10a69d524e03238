/* SPDX-License-Identifier: MIT */
/* mremap in its forms, and memory that is moved and changed under threads that use it. */
#include <fcntl.h>
#include <pthread.h>

#include "memory.h"

/* ---- mremap ---- */

static void test_resize(void)
{
	char *room = hole(64), *p, *q;

	p = mmap(room, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	number(p, 8);
	ok(mremap(p, 8 * PAGE, 6 * PAGE, 0) == p && numbered(p, 0, 6) && faults(p + 6 * PAGE), "mremap shrinks");
	ok(mremap(p, 6 * PAGE, 20 * PAGE, 0) == p && numbered(p, 0, 6) && !p[19 * PAGE], "grows in place");
	q = mmap(p + 20 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ok(FAILS(mremap(p, 20 * PAGE, 21 * PAGE, 0), ENOMEM), "no room and may not move: ENOMEM");
	q = mremap(p, 20 * PAGE, 2000 * PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p && numbered(q, 0, 6) && !q[1999 * PAGE] && faults(p), "moves, over tables");
	munmap(q, 2000 * PAGE);
	munmap(room, 64 * PAGE);
}

static void test_fixed(void)
{
	char *from = anon(16), *to = anon(16), *r;

	number(from, 16);
	memset(to, 99, 16 * PAGE);
	r = mremap(from + 4 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 2 * PAGE);
	ok(r == to + 2 * PAGE && numbered(r, 4, 0) && r[4] == 5 && to[0] == 99 && to[6 * PAGE] == 99, "FIXED replaces what is there");
	ok(numbered(from, 0, 4) && numbered(from + 8 * PAGE, 8, 0) && faults(from + 4 * PAGE), "and leaves the rest where it was");
	ok(FAILS(mremap(from, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from + PAGE), EINVAL), "overlapping: EINVAL");
	ok(FAILS(mremap(from, 4 * PAGE, 4 * PAGE, MREMAP_FIXED, to), EINVAL), "FIXED without MAYMOVE: EINVAL");
	ok(FAILS(mremap(from, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + 1), EINVAL), "odd place: EINVAL");
	ok(FAILS(mremap(from + 1, PAGE, PAGE, 0), EINVAL) && FAILS(mremap(from, PAGE, 0, 0), EINVAL) &&
	   FAILS(mremap(from, PAGE, PAGE, 64), EINVAL), "odd address, no length, unknown flag: EINVAL");
	ok(FAILS(mremap(from, 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE), EFAULT), "over a hole: EFAULT");
	ok(FAILS(mremap(from + 4 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT), "nothing there: EFAULT");
	mprotect(from, PAGE, PROT_READ);
	ok(FAILS(mremap(from, 3 * PAGE, 5 * PAGE, MREMAP_MAYMOVE), EFAULT), "two mappings: EFAULT");
	munmap(from, 16 * PAGE);
	munmap(to, 16 * PAGE);
}

/* From an old length that goes on into the kernel's half: nothing there may be touched, and what lies before it stays. */
static void test_beyond(void)
{
	static const size_t lengths[] = { 1ul << 47,	    (1ul << 47) + (1ul << 39), 1ul << 48,
					  (size_t)-1 << 47, ((size_t)-1 << 47) + PAGE, (size_t)-1 << 30 };
	char *p = anon(4), *to = anon(4);
	int good = 1;

	number(p, 4);
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		good &= FAILS(mremap(p, lengths[i], PAGE, 0), EINVAL);
		good &= FAILS(mremap(p, lengths[i], PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to), EINVAL);
		good &= munmap(p, lengths[i]) == -1;
	}
	ok(good, "an old length beyond user memory: EINVAL");
	munmap(p, 4 * PAGE);
	munmap(to, 4 * PAGE);
}

static void test_dontunmap(void)
{
	char *p = anon(8), *q;

	number(p, 8);
	q = mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	ok(q != MAP_FAILED && numbered(q, 0, 8) && !p[0] && !p[7 * PAGE + 7], "DONTUNMAP: the pages go, the mapping stays");
	ok(FAILS(mremap(p, 8 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0), EINVAL), "with another length: EINVAL");
	munmap(p, 8 * PAGE);
	munmap(q, 8 * PAGE);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	number(p, 4);
	q = mremap(p, 0, 4 * PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p && numbered(q, 0, 4), "length 0 of a shared mapping: once more");
	q[100] = 77;
	ok(p[100] == 77, "and it is the same memory");
	munmap(p, 4 * PAGE);
	munmap(q, 4 * PAGE);
	p = anon(1);
	ok(FAILS(mremap(p, 0, PAGE, MREMAP_MAYMOVE), EINVAL), "of a private one: EINVAL");
	munmap(p, PAGE);
}

/* What several calls mapped side by side is one mapping. */
static void test_joined(void)
{
	char *room = hole(8), *q;

	for (int i = 0; i < 8; i += 2)
		mmap(room + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (int i = 1; i < 8; i += 2)
		mmap(room + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	number(room, 8);
	q = mremap(room, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && numbered(q, 0, 8), "eight mappings that join are moved by one call");
	munmap(q, 16 * PAGE);
}

/* ---- threads ---- */

static char *place[2];
static _Atomic int stop;
static _Atomic long done[4];

/* Adds one to its own counter wherever the memory is; SIGSEGV while it is on its way. A call finds out without a signal. */
static void *counter(void *arg)
{
	long who = (long)arg, mine = 0;
	int fds[2];

	pipe(fds);
	fcntl(fds[0], F_SETFL, O_NONBLOCK); /* whether a read that faulted took the bytes is not what this is about */
	while (!stop)
		for (int i = 0; i < 2; i++) {
			char *at = place[i] + who * PAGE * 5;
			long v = mine + 1, seen = 0;

			if (write(fds[1], &v, sizeof(v)) != sizeof(v))
				break;
			if (read(fds[0], at, sizeof(v)) == sizeof(v))
				mine = v;
			else
				read(fds[0], &seen, sizeof(seen));
		}
	close(fds[0]);
	close(fds[1]);
	done[who] = mine;
	return NULL;
}

static void test_moving(void)
{
	pthread_t threads[3];
	int good = 1;

	place[0] = anon(16);
	place[1] = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* so that no stack comes there */
	for (int i = 0; i < 3; i++)
		memset(place[0] + i * PAGE * 5, 0, 8);
	for (long i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, counter, (void *)i);
	for (int i = 0; i < 100; i++) {
		char *from = place[i % 2], *to = place[(i + 1) % 2];

		good &= mremap(from, 16 * PAGE, 16 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to;
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ok(good, "moved to and fro under three threads");
	for (int i = 0; i < 3; i++)
		good &= *(long *)(place[0] + i * PAGE * 5) == done[i];
	ok(good, "and no write is lost");
	munmap(place[0], 16 * PAGE);
}

static char *shared_range;

static void *reader(void *arg)
{
	long bad = 0;

	while (!stop)
		for (int i = 0; i < 16; i++) {
			char c = *(volatile char *)(shared_range + i * PAGE);

			bad += c != 0 && c != 7;
		}
	(void)arg;
	return (void *)bad;
}

static void test_changing(void)
{
	pthread_t threads[3];
	long bad = 0;
	void *ret;

	shared_range = anon(16);
	stop = 0;
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, reader, NULL);
	for (int i = 0; i < 20; i++) {
		memset(shared_range, 7, 16 * PAGE);
		bad += mprotect(shared_range + 3 * PAGE, 5 * PAGE, PROT_READ) != 0;
		bad += madvise(shared_range + 8 * PAGE, 4 * PAGE, MADV_DONTNEED) != 0;
		bad += mprotect(shared_range, 16 * PAGE, PROT_READ | PROT_WRITE) != 0;
		bad += mmap(shared_range + 12 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		       MAP_FAILED;
	}
	stop = 1;
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], &ret);
		bad += (long)ret;
	}
	ok(!bad, "mprotect, madvise and mmap on what three threads read");
	munmap(shared_range, 16 * PAGE);
}

int main(void)
{
	test_resize();
	test_fixed();
	test_beyond();
	test_dontunmap();
	test_joined();
	test_moving();
	test_changing();
	return tap_done();
}
