/* SPDX-License-Identifier: MIT */
/* A bad pointer, descriptor or length given to any system call is an error, the one Linux gives, and never the end of anybody. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tap.h"

#define CWD (-100) /* Linux's AT_FDCWD */
#define BAD 0xbadbadl /* in a row: the bad pointer goes here */
#define FD 0xfdfdl    /* in a row: the descriptor in question goes here */

static char good[4096];
static int file, directory, pipes[2];
static unsigned char *wall; /* one page, readable and writable, then one that is not */

static const char self[] = "/bin/badargs", one[] = "/data/one", none[] = "/data/none", link_path[] = "/data/link";

struct row {
	const char *name;
	long number, args[5];
};

#define ROW(name, ...) { #name, SYS_##name, { __VA_ARGS__ } }

/* ---- pointers ---- */

static long call(const struct row *row, long bad, long fd)
{
	long a[5];

	for (int i = 0; i < 5; i++)
		a[i] = row->args[i] == BAD ? bad : row->args[i] == FD ? fd : row->args[i];
	return syscall(row->number, a[0], a[1], a[2], a[3], a[4], 0);
}

static void check_pointers(const struct row *row, long fd)
{
	const long bad[] = { 8, (long)wall + 4096, 0x800000000000l, (long)0xffff800000001000ul, (long)0xffffffff80100000ul, -8 };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		long got = call(row, bad[i], fd);

		if (got != -1 || errno != EFAULT) {
			ok(0, "%s with pointer %#lx: %ld, errno %d", row->name, (unsigned long)bad[i], got, errno);
			return;
		}
	}
	ok(1, "%s: six bad pointers, EFAULT", row->name);
}

static void test_pointers(void)
{
	const struct row with_file[] = {
		ROW(read, FD, BAD, 100), ROW(pread64, FD, BAD, 100, 0), ROW(readv, FD, BAD, 1), ROW(fstat, FD, BAD),
	};
	const struct row with_pipe[] = { ROW(write, FD, BAD, 1), ROW(writev, FD, BAD, 1) };
	const struct row rows[] = {
		ROW(openat, CWD, BAD, 0, 0), ROW(newfstatat, CWD, BAD, (long)good, 0), ROW(newfstatat, CWD, (long)one, BAD, 0),
		ROW(readlinkat, CWD, BAD, (long)good, 10), ROW(readlinkat, CWD, (long)link_path, BAD, 10), ROW(faccessat, CWD, BAD, 0),
		ROW(getcwd, BAD, 100), ROW(chdir, BAD), ROW(pipe2, BAD, 0), ROW(execve, BAD, 0, 0), ROW(execve, (long)self, BAD, 0),
		ROW(uname, BAD), ROW(sysinfo, BAD), ROW(getrandom, BAD, 10, 0), ROW(clock_gettime, 0, BAD), ROW(clock_getres, 0, BAD),
		ROW(gettimeofday, BAD, 0), ROW(nanosleep, BAD, 0), ROW(clock_nanosleep, 0, 0, BAD, 0), ROW(times, BAD), ROW(getrusage, 0, BAD),
		ROW(prlimit64, 0, 7, 0, BAD), ROW(rt_sigaction, 10, BAD, 0, 8), ROW(rt_sigaction, 10, 0, BAD, 8),
		ROW(rt_sigprocmask, 0, BAD, 0, 8), ROW(rt_sigprocmask, 0, 0, BAD, 8), ROW(rt_sigpending, BAD, 8),
		ROW(sched_getaffinity, 0, 128, BAD),
	};
	const struct row list = ROW(getdents64, FD, BAD, 1000);

	for (unsigned i = 0; i < sizeof(with_file) / sizeof(with_file[0]); i++)
		check_pointers(&with_file[i], file);
	for (unsigned i = 0; i < sizeof(with_pipe) / sizeof(with_pipe[0]); i++)
		check_pointers(&with_pipe[i], pipes[1]);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_pointers(&rows[i], -1);
	check_pointers(&list, directory);
}

static void test_pointers_inside(void)
{
	struct iovec bad = { wall + 4096, 100 };
	struct iovec half[2] = { { good, 10 }, { wall + 4096, 10 } };
	char *const argv[] = { (char *)8, NULL };

	ok(readv(file, &bad, 1) == -1 && errno == EFAULT, "readv: a bad range in a good vector");
	ok(lseek(file, 0, SEEK_SET) == 0 && readv(file, half, 2) == 10, "readv: what came before the bad range counts");
	ok(execve(self, argv, NULL) == -1 && errno == EFAULT, "execve: a bad argument in a good vector");
	ok(lseek(file, 0, SEEK_SET) == 0 && read(file, wall, 8192) == 4096, "read: a page before the wall");
	ok(lseek(file, 0, SEEK_CUR) == 4096, "and the position says so");
	ok(open((char *)wall + 4090, O_RDONLY) == -1, "a path that ends at the wall");
}

static void test_wait(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	ok(waitpid(pid, (int *)8, 0) == -1 && errno == EFAULT, "wait4: a bad pointer");
	ok(waitpid(pid, NULL, 0) == -1 && errno == ECHILD, "the child is gone nevertheless");
}

/* ---- descriptors ---- */

static void test_descriptors(void)
{
	const struct row rows[] = {
		ROW(read, FD, (long)good, 1), ROW(write, FD, (long)good, 1), ROW(readv, FD, (long)good, 0), ROW(writev, FD, (long)good, 0),
		ROW(pread64, FD, (long)good, 1, 0), ROW(lseek, FD, 0, 0), ROW(fstat, FD, (long)good), ROW(close, FD),
		ROW(getdents64, FD, (long)good, 1000), ROW(dup, FD), ROW(dup3, FD, 30, 0), ROW(fcntl, FD, 1), ROW(ioctl, FD, 0x5401, (long)good),
		ROW(fchdir, FD), ROW(fsync, FD), ROW(openat, FD, (long)"relative", 0), ROW(newfstatat, FD, (long)"relative", (long)good, 0),
	};
	const long bad[] = { -1, 999, 0x7fffffff, -4096 };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fine = 1;

		for (unsigned k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
			fine &= call(&rows[i], 0, bad[k]) == -1 && errno == EBADF;
		ok(fine, "%s: four bad descriptors, EBADF", rows[i].name);
	}
}

/* ---- numbers ---- */

static void refused(long got, int error, const char *what)
{
	ok(got == -1 && errno == error, "%s", what);
}

static void test_numbers(void)
{
	struct iovec whole = { good, 10 }, minus = { good, (size_t)-1 };

	ok(read(file, good, 0) == 0 && readv(file, &whole, 0) == 0, "nothing to read is nothing");
	refused(syscall(SYS_readv, file, &whole, -1), EINVAL, "readv: -1 ranges");
	refused(syscall(SYS_readv, file, &whole, 2000), EINVAL, "readv: 2,000 ranges");
	refused(syscall(SYS_readv, file, &minus, 1), EINVAL, "readv: a range of -1 bytes");
	refused(syscall(SYS_pread64, file, good, 1l, -1l), EINVAL, "pread64: position -1");
	refused(syscall(SYS_lseek, file, 0, 77), EINVAL, "lseek: no such whence");
	refused(syscall(SYS_pipe2, good, 0x7f), EINVAL, "pipe2: unknown flags");
	refused(syscall(SYS_dup3, file, file, 0), EINVAL, "dup3: to itself");
	refused(syscall(SYS_dup3, file, -1, 0), EBADF, "dup3: to -1");
	refused(syscall(SYS_getcwd, good, 1), ERANGE, "getcwd: one byte");
	refused(syscall(SYS_readlinkat, CWD, link_path, good, 0), EINVAL, "readlinkat: no bytes");
	refused(syscall(SYS_kill, getpid(), 65), EINVAL, "kill: no such signal");
	refused(syscall(SYS_kill, 999999, 0), ESRCH, "kill: no such process");
	refused(syscall(SYS_rt_sigaction, 9, good, 0, 8), EINVAL, "rt_sigaction: SIGKILL");
	refused(syscall(SYS_rt_sigprocmask, 0, good, 0, 4), EINVAL, "rt_sigprocmask: a set of 4 bytes");
	refused(syscall(SYS_wait4, -1, 0, 0x40, 0), EINVAL, "wait4: unknown options");
	refused(syscall(SYS_clock_gettime, 99, good), EINVAL, "clock_gettime: no such clock");
	refused(syscall(SYS_madvise, (long)wall + 1, 4096, 4), EINVAL, "madvise: an odd address");
	refused(syscall(SYS_mprotect, (long)wall + 1, 4096, 1), EINVAL, "mprotect: an odd address");
	refused(syscall(SYS_munmap, (long)wall, 0), EINVAL, "munmap: no length");
	refused(syscall(SYS_munmap, 4096l, -4096l), EINVAL, "munmap: a length that wraps");
	refused(syscall(499), ENOSYS, "an unknown call");
	refused(syscall(100000), ENOSYS, "a call far beyond the table");
	refused(syscall(-7), ENOSYS, "a call with a negative number");
	refused(syscall(SYS_execve, (long)none, 0, 0), ENOENT, "execve: no such program");
	refused(syscall(SYS_execve, (long)one, 0, 0), EACCES, "execve: no program");
}

int main(void)
{
	file = open("/data/big", O_RDONLY);
	directory = open("/data", O_RDONLY | O_DIRECTORY);
	wall = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(wall, 'w', 4096);
	if (file < 0 || directory < 0 || wall == MAP_FAILED || mprotect(wall + 4096, 4096, PROT_NONE) || pipe(pipes))
		return 2;
	test_pointers();
	test_pointers_inside();
	test_wait();
	test_descriptors();
	test_numbers();
	return tap_done();
}
