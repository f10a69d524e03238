/* SPDX-License-Identifier: MIT */
/* The calls on memory beyond mmap's common forms: stacks that grow, locking, advice, what is resident, limits. mremap has a program of its own. */
#include <fcntl.h>
#include <sys/syscall.h>

#include "memory.h"

#ifndef MADV_POPULATE_READ /* musl 1.2.3 */
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* The kernel's own form, which every C library has a name for and newlib has not. */
enum { LIMIT_STACK = 3, LIMIT_AS = 9 };

struct limit {
	unsigned long cur, max;
};

static void limit_set(int what, const struct limit *to, struct limit *old)
{
	syscall(SYS_prlimit64, 0, what, to, old);
}

/* ---- mmap's rarer forms ---- */

static void test_flags(void)
{
	int file = open("/data/big", O_RDONLY), dir = open("/data", O_RDONLY), null = open("/dev/null", O_RDWR),
	    zero = open("/dev/zero", O_RDWR), only = open("/dev/null", O_WRONLY);
	char *p;

	ok(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 0x800000, file, 0), EOPNOTSUPP), "SHARED_VALIDATE with more: EOPNOTSUPP");
	ok(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV), "a directory: ENODEV");
	ok(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, null, 0), ENODEV), "/dev/null: ENODEV");
	ok(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, only, 0), EACCES), "opened for writing alone: EACCES");
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
	ok(p != MAP_FAILED && !p[0] && (p[PAGE] = 5) && p[PAGE] == 5, "/dev/zero is fresh memory");
	munmap(p, 4 * PAGE);
	close(zero);
	zero = open("/dev/zero", O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, zero, 0);
	ok(FAILS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, zero, 0), EACCES) && mprotect(p, PAGE, PROT_WRITE) == -1 && errno == EACCES,
	   "/dev/zero that is read only: shared, it cannot be written");
	munmap(p, PAGE);
	ok(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, (off_t)1 << 62 << 1), EOVERFLOW) ||
	   errno == EINVAL, "an offset beyond everything is refused");
	ok(FAILS(mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, file, 0x7ffffffffffff000), EOVERFLOW), "offset and length overflow: EOVERFLOW");
	p = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_POPULATE | MAP_NONBLOCK, file, 0);
	ok(p != MAP_FAILED, "POPULATE with NONBLOCK");
	munmap(p, 16 * PAGE);
	p = mmap(NULL, 1ul << 40, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ok(p != MAP_FAILED && mprotect(p + (1ul << 39), PAGE, PROT_READ | PROT_WRITE) == 0 && !p[1ul << 39] && munmap(p, 1ul << 40) == 0,
	   "a terabyte is reserved, and a page of it used");
	ok(FAILS(mmap(NULL, 1ul << 45, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM),
	   "32 terabytes that could be written: ENOMEM");
	ok(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), EINVAL), "SHARED_VALIDATE without a file: EINVAL");
	close(file);
	close(dir);
	close(null);
	close(zero);
	close(only);
}

/* ---- what grows down ---- */

static char deep(unsigned n)
{
	volatile char frame[4000];
	char below;

	frame[0] = (char)n;
	below = n ? deep(n - 1) : 0;
	return (char)(frame[0] + below); /* needed after the call: each call has a frame of its own */
}

static void use_stack(void *arg)
{
	volatile char sum = deep((unsigned)(long)arg);

	(void)sum;
}

static void test_stack(void)
{
	struct limit old, small = { 1 << 20, 0 };
	char *p;

	ok(in_child(use_stack, (void *)1500L) == 0, "6 MB of stack");
	limit_set(LIMIT_STACK, NULL, &old);
	small.max = old.max;
	limit_set(LIMIT_STACK, &small, NULL);
	ok(killed_by(in_child(use_stack, (void *)1500L), SIGSEGV), "not with a limit of 1 MB");
	limit_set(LIMIT_STACK, &old, NULL);
	p = hole(1024);
	p = mmap(p + 800 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	ok(p != MAP_FAILED && in_child(touch, p - PAGE) == 0 && in_child(touch, p - 20 * PAGE) == 0, "MAP_GROWSDOWN grows");
	p[-PAGE] = 3;
	ok(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN) == 0 && faults(p - PAGE) && p[-PAGE] == 3, "PROT_GROWSDOWN: from its start");
	munmap(p - PAGE, 5 * PAGE);
	p = anon(2);
	ok(REFUSED(mprotect(p, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL), "where nothing grows: EINVAL");
	munmap(p, 2 * PAGE);
}

/* ---- locking, advice, residency ---- */

static void test_lock(void)
{
	unsigned char vec[8];
	char *p = anon(8), *q;

	ok(mlock(p + 1, 4 * PAGE - 2) == 0 && mincore(p, 8 * PAGE, vec) == 0 && (vec[0] & vec[3] & 1) && !(vec[4] & 1), "mlock fetches");
	ok(REFUSED(madvise(p, PAGE, MADV_DONTNEED), EINVAL), "what is locked is not dropped: EINVAL");
	ok(munlock(p, 8 * PAGE) == 0 && madvise(p, PAGE, MADV_DONTNEED) == 0, "munlock");
	q = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ok((q[2 * PAGE] = 1) && mincore(q, 8 * PAGE, vec) == 0 && vec[2] & 1 && !((vec[0] | vec[1] | vec[3] | vec[4] | vec[7]) & 1),
	   "shared memory comes page by page");
	munmap(q, 8 * PAGE);
	ok(syscall(SYS_mlock2, p, 8 * PAGE, 1) == 0 && mincore(p, 8 * PAGE, vec) == 0 && !(vec[7] & 1), "mlock2 ONFAULT does not fetch");
	ok(REFUSED((int)syscall(SYS_mlock2, p, PAGE, 2), EINVAL), "mlock2 with more flags: EINVAL");
	munlock(p, 8 * PAGE);
	munmap(p + 4 * PAGE, PAGE);
	ok(REFUSED(mlock(p, 8 * PAGE), ENOMEM) && REFUSED(munlock(p, 8 * PAGE), ENOMEM), "over a hole: ENOMEM");
	ok(REFUSED(mlockall(0), EINVAL) && REFUSED(mlockall(8), EINVAL) && REFUSED(mlockall(MCL_ONFAULT), EINVAL), "mlockall: EINVAL");
	munmap(p, 8 * PAGE);
	ok(mlockall(MCL_FUTURE) == 0 && (p = anon(4)) != MAP_FAILED && mincore(p, 4 * PAGE, vec) == 0 && (vec[3] & 1), "MCL_FUTURE");
	ok(munlockall() == 0 && munmap(p, 4 * PAGE) == 0 && (p = anon(4)) && mincore(p, 4 * PAGE, vec) == 0 && !(vec[3] & 1), "munlockall");
	ok(REFUSED(mincore(p + 1, PAGE, vec), EINVAL) && REFUSED(mincore(p, PAGE, (void *)16), EFAULT), "mincore: EINVAL, EFAULT");
	munmap(p, 4 * PAGE);
	ok(REFUSED(mincore(p, PAGE, vec), ENOMEM), "mincore of nothing: ENOMEM");
}

static void test_advice(void)
{
	int fd = open("/data/big", O_RDONLY);
	unsigned char vec[4];
	char *p = anon(8), *f = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	for (int advice = 0; advice < 4; advice++)
		ok(madvise(p, 8 * PAGE, advice) == 0 && madvise(f, 4 * PAGE, advice) == 0, "advice %d", advice);
	number(p, 8);
	ok(REFUSED(madvise(p, PAGE, 5), EINVAL) && REFUSED(madvise(p, PAGE, -1), EINVAL) && REFUSED(madvise(p + 1, PAGE, 0), EINVAL),
	   "unknown, negative, odd: EINVAL");
	ok(madvise(p, 4 * PAGE, MADV_FREE) == 0 && REFUSED(madvise(f, PAGE, MADV_FREE), EINVAL), "FREE of anonymous memory alone");
	p[0] = 44;
	ok(p[0] == 44, "and it can be written again");
	ok(madvise(p, 8 * PAGE, MADV_COLD) == 0 && madvise(p, 8 * PAGE, MADV_PAGEOUT) == 0 && numbered(p + 5 * PAGE, 5, 3), "COLD, PAGEOUT");
	ok(REFUSED(madvise(p, PAGE, MADV_REMOVE), EINVAL) && REFUSED(madvise(f, PAGE, MADV_REMOVE), EACCES), "REMOVE: EINVAL, EACCES");
	madvise(p, 8 * PAGE, MADV_DONTNEED);
	ok(madvise(p, 4 * PAGE, MADV_POPULATE_WRITE) == 0 && mincore(p, 4 * PAGE, vec) == 0 && (vec[0] & vec[3] & 1), "POPULATE_WRITE");
	ok(madvise(f, 4 * PAGE, MADV_POPULATE_READ) == 0 && REFUSED(madvise(f, PAGE, MADV_POPULATE_WRITE), EINVAL), "POPULATE_READ");
	munmap(p + 2 * PAGE, PAGE);
	number(p, 2);
	ok(REFUSED(madvise(p, 8 * PAGE, MADV_POPULATE_READ), ENOMEM), "POPULATE over a hole: ENOMEM");
	ok(REFUSED(madvise(p, 8 * PAGE, MADV_DONTNEED), ENOMEM) && !p[0] && !p[7 * PAGE + 7], "DONTNEED over a hole: ENOMEM, and done");
	munmap(p, 8 * PAGE);
	munmap(f, 4 * PAGE);
	close(fd);
}

static char *wiped, *kept;

static void child_sees(void *arg)
{
	(void)arg;
	if (wiped[0] || kept[0] != 2)
		_exit(1);
}

static void test_fork(void)
{
	char *gone = anon(2);

	wiped = anon(2);
	kept = anon(2);
	gone[0] = wiped[0] = 1;
	kept[0] = 2;
	ok(madvise(wiped, 2 * PAGE, MADV_WIPEONFORK) == 0 && madvise(gone, 2 * PAGE, MADV_DONTFORK) == 0, "WIPEONFORK, DONTFORK");
	ok(in_child(child_sees, NULL) == 0 && faults(gone), "the child sees zeroes in the one, nothing in the other");
	ok(madvise(wiped, 2 * PAGE, MADV_KEEPONFORK) == 0 && in_child(child_sees, NULL) == 1 << 8, "KEEPONFORK");
	ok(madvise(gone, 2 * PAGE, MADV_DOFORK) == 0 && in_child(touch, gone) == 0, "DOFORK");
	munmap(wiped, 2 * PAGE);
	munmap(kept, 2 * PAGE);
	munmap(gone, 2 * PAGE);
}

static void test_msync(void)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	p[0] = 1;
	ok(msync(p, 4 * PAGE, MS_SYNC) == 0 && msync(p, 4 * PAGE, MS_ASYNC) == 0 && msync(p, 0, MS_SYNC) == 0, "msync");
	ok(REFUSED(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL) && REFUSED(msync(p, PAGE, 8), EINVAL) && REFUSED(msync(p + 1, PAGE, MS_SYNC), EINVAL),
	   "EINVAL");
	munmap(p + PAGE, PAGE);
	ok(REFUSED(msync(p, 4 * PAGE, MS_SYNC), ENOMEM), "over a hole: ENOMEM");
	mlock(p, PAGE);
	ok(REFUSED(msync(p, PAGE, MS_SYNC | MS_INVALIDATE), EBUSY), "INVALIDATE of locked memory: EBUSY");
	munmap(p, 4 * PAGE);
}

/* ---- limits ---- */

static void many_mappings(void *arg)
{
	unsigned n = 0;
	char *p = mmap(NULL, 140000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)arg;
	while (n < 70000 && !mprotect(p + 2 * n * PAGE, PAGE, PROT_READ))
		n++;
	if (n < 32000 || n > 32770 || errno != ENOMEM)
		_exit(1);
	if (!munmap(p + 2 * n * PAGE + PAGE, PAGE) && !munmap(p + 2 * n * PAGE + 3 * PAGE, PAGE))
		_exit(2); /* a hole makes one mapping more */
	if (munmap(p, 140000 * PAGE) || anon(1) == MAP_FAILED)
		_exit(3);
}

static void limited(void *arg)
{
	const struct limit r = { 64 << 20, 64 << 20 };
	char *p;

	(void)arg;
	limit_set(LIMIT_AS, &r, NULL);
	if (!FAILS(anon(16 << 10), ENOMEM))
		_exit(1);
	p = anon(16);
	if (p == MAP_FAILED || !FAILS(mremap(p, 16 * PAGE, 64 << 20, MREMAP_MAYMOVE), ENOMEM))
		_exit(2);
}

static void test_limits(void)
{
	unsigned long cpus = 0;
	int status;

	/* A minute in a debug build on an emulated machine of several CPUs. */
	syscall(SYS_sched_getaffinity, 0, sizeof(cpus), &cpus);
	if (!access("/proc/fault/stats", R_OK) && cpus != 1) {
		tap_skip("65,530 mappings", "runs on one CPU");
	} else {
		status = in_child(many_mappings, NULL);
		ok(status == 0, "65,530 mappings and no more, all given back (%x)", status);
	}
	status = in_child(limited, NULL);
	ok(status == 0, "RLIMIT_AS (%x)", status);
}

int main(void)
{
	test_flags();
	test_stack();
	test_lock();
	test_advice();
	test_fork();
	test_msync();
	test_limits();
	return tap_done();
}
