/* SPDX-License-Identifier: MIT */
/* flock, records of fcntl, copies between files, memfd, hints. */
#define _GNU_SOURCE
#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SHARED 1
#define EXCLUSIVE 2
#define NONBLOCK 4
#define UNLOCK 8
#define GETLK 5
#define SETLK 6
#define SETLKW 7
#define OFD_SETLK 37
#define RD 0
#define WR 1
#define UN 2

struct lk {
	short type, whence;
	long start, len;
	int pid;
};

static int err(long ret)
{
	return ret < 0 ? errno : 0;
}

static int flk(int fd, int op)
{
	return err(syscall(SYS_flock, fd, op));
}

static int rec(int fd, int command, int type, long start, long len)
{
	struct lk l = { (short)type, 0, start, len, 0 };

	return err(syscall(SYS_fcntl, fd, command, &l));
}

static int file;

/* In another process: what does it get? */
static void try_records(void *arg)
{
	struct lk l = { WR, 0, 0, 100, 0 };
	int bad = 0, fd = open("f", O_RDWR);

	bad |= rec(fd, SETLK, WR, 0, 5) != EAGAIN;
	bad |= (rec(fd, SETLK, RD, 10, 5) != 0) << 1;
	bad |= (syscall(SYS_fcntl, fd, GETLK, &l) || l.type != WR || l.start != 0 || l.len != 10 || l.pid != *(int *)arg) << 2;
	bad |= (rec(fd, SETLK, WR, 12, 1) != EAGAIN) << 3;
	bad |= (rec(fd, SETLK, WR, 20, 0) != 0) << 4;
	_exit(bad);
}

/* In another process: the first that stands in the way of all of it. */
static void see_first(void *arg)
{
	struct lk l = { WR, 0, 0, 0, 0 }, *want = arg;
	int fd = open("f", O_RDWR);

	_exit(syscall(SYS_fcntl, fd, GETLK, &l) || l.type != want->type || l.start != want->start || l.len != want->len);
}

static int first_is(int type, long start, long len)
{
	struct lk want = { (short)type, 0, start, len, 0 };

	return in_child(see_first, &want) == 0;
}

static void joining(void)
{
	rec(file, SETLK, UN, 0, 0);
	rec(file, SETLK, WR, 10, 10);
	rec(file, SETLK, WR, 20, 10);
	ok(first_is(WR, 10, 20), "records side by side are one");
	rec(file, SETLK, WR, 40, 10);
	rec(file, SETLK, WR, 25, 20);
	ok(first_is(WR, 10, 40), "one that touches two joins them");
	rec(file, SETLK, RD, 15, 5);
	ok(first_is(WR, 10, 5), "but not with another type's");
	rec(file, SETLK, UN, 0, 15);
	ok(first_is(RD, 15, 5), "which is what comes next");
	rec(file, SETLK, WR, 0, 0);
	ok(first_is(WR, 0, 0), "everything is one");
	rec(file, SETLK, UN, 0, 0);
}

/* ---- a close while another thread locks ---- */

static _Atomic int victim, tries, stop;

static void *lock_on(void *arg)
{
	while (!stop) {
		rec(victim, SETLK, WR, 500, 10);
		tries++;
	}
	return arg;
}

static void closing(void)
{
	int other = open("r", O_CREAT | O_RDWR, 0600), stale = 0;
	pthread_t thread;

	victim = 99;
	pthread_create(&thread, NULL, lock_on, NULL);
	for (int i = 0; i < 300; i++) {
		int fd = open("r", O_RDWR), seen;

		victim = fd;
		seen = tries;
		while (tries - seen < i % 3)
			;
		close(fd);
		seen = tries;
		while (tries - seen < 2)
			pause_ms(0);
		stale += rec(other, OFD_SETLK, WR, 500, 10) != 0;
		rec(other, OFD_SETLK, UN, 0, 0);
	}
	stop = 1;
	pthread_join(thread, NULL);
	ok(!stale, "a close while another thread locks leaves nothing locked (%d)", stale);
	close(other);
	unlink("r");
}

static void hold_a_while(void *arg)
{
	struct timespec t = { 0, 100000000 };
	int fd = open("f", O_RDWR);

	if (rec(fd, SETLK, WR, 200, 10))
		_exit(1);
	write(*(int *)arg, "x", 1);
	nanosleep(&t, NULL);
	_exit(0);
}

/* Has 10, wants 0: its parent has 0 and wants 10. */
static void cross_over(void *arg)
{
	int fd = open("f", O_RDWR), *pipes = arg;
	char c;

	if (rec(fd, SETLK, WR, 300, 1))
		_exit(1);
	write(pipes[1], "x", 1);
	if (rec(fd, SETLKW, WR, 310, 1))
		_exit(2);
	read(pipes[2], &c, 1);
	_exit(0);
}

static void circle(void)
{
	struct timespec t = { 0, 50000000 };
	int p[4], status = -1, got;
	pid_t child;
	char c;

	ok(rec(file, SETLK, WR, 310, 1) == 0 && pipe(p) == 0 && pipe(p + 2) == 0, "two records");
	fflush(stdout);
	child = fork();
	if (!child)
		cross_over(p);
	read(p[0], &c, 1);
	nanosleep(&t, NULL);
	got = rec(file, SETLKW, WR, 300, 1);
	ok(got == EDEADLK, "two that want what the other has: EDEADLK (%d)", got);
	rec(file, SETLK, UN, 310, 1);
	write(p[3], "x", 1);
	ok(waitpid(child, &status, 0) == child && !status, "the other one gets it (%x)", status);
	for (int i = 0; i < 4; i++)
		close(p[i]);
}

static void records(void)
{
	int pid = getpid(), p[2], other, status;
	pid_t child;
	char c;

	ok(rec(file, SETLK, WR, 0, 20) == 0 && rec(file, SETLK, RD, 10, 10) == 0, "a record, part of it shared");
	status = in_child(try_records, &pid);
	ok(status == 0, "what others get (%x)", status);
	ok(rec(file, SETLK, 9, 0, 1) == EINVAL && rec(file, SETLK, RD, -1, 1) == EINVAL &&
	   rec(file, SETLK, RD, 5, LONG_MIN) == EINVAL && rec(99, SETLK, RD, 0, 1) == EBADF, "errors");
	other = open("f", O_RDONLY);
	ok(rec(other, SETLK, WR, 50, 1) == EBADF, "exclusive without writing: EBADF");
	ok(rec(other, OFD_SETLK, RD, 0, 5) == EAGAIN, "an open file's own record conflicts with the process's");
	close(other);
	other = open("f", O_RDWR);
	ok(rec(other, OFD_SETLK, WR, 0, 5) == 0, "which are all gone with any close of the file");
	ok(rec(file, SETLK, WR, 0, 5) == EAGAIN && close(other) == 0 && rec(file, SETLK, WR, 0, 5) == 0, "the open file's goes with it");
	pipe(p);
	fflush(stdout);
	child = fork();
	if (!child)
		hold_a_while(&p[1]);
	read(p[0], &c, 1);
	ok(rec(file, SETLK, WR, 205, 1) == EAGAIN && rec(file, SETLKW, WR, 205, 1) == 0, "waiting for one that ends with its process");
	waitpid(child, &status, 0);
	close(p[0]), close(p[1]);
}

static void whole(void)
{
	int other = open("f", O_RDWR), same = dup(file);

	ok(flk(file, EXCLUSIVE) == 0 && flk(other, SHARED | NONBLOCK) == EAGAIN && flk(same, EXCLUSIVE | NONBLOCK) == 0, "flock");
	ok(flk(file, SHARED) == 0 && flk(other, SHARED | NONBLOCK) == 0 && flk(other, EXCLUSIVE | NONBLOCK) == EAGAIN, "shared");
	ok(flk(same, UNLOCK) == 0 && flk(other, EXCLUSIVE | NONBLOCK) == 0, "a duplicate unlocks");
	ok(flk(file, 0) == EINVAL && flk(file, 3) == EINVAL && flk(99, SHARED) == EBADF, "errors");
	ok(close(other) == 0 && flk(file, EXCLUSIVE | NONBLOCK) == 0, "the last close unlocks");
	close(same);
}

/* RLIMIT_FSIZE */
static void copies_limited(int to)
{
	long old[2], small[2] = { 10, 0 }, in = 0, out = 6;

	syscall(SYS_prlimit64, 0, 1, NULL, old);
	small[1] = old[1];
	signal(SIGXFSZ, SIG_IGN);
	syscall(SYS_prlimit64, 0, 1, small, NULL);
	ok(syscall(SYS_copy_file_range, file, &in, to, &out, 8L, 0) == 4 && out == 10 &&
	   err(syscall(SYS_copy_file_range, file, &in, to, &out, 4L, 0)) == EFBIG, "a copy ends where a file may");
	in = 0;
	lseek(to, 8, SEEK_SET);
	ok(syscall(SYS_sendfile, to, file, &in, 8L) == 2 && err(syscall(SYS_sendfile, to, file, &in, 4L)) == EFBIG, "and sendfile");
	syscall(SYS_prlimit64, 0, 1, old, NULL);
}

static void copies(void)
{
	int to = open("g", O_CREAT | O_RDWR, 0644), p[2];
	long in = 1, out = 2;
	char buf[16] = { 0 };

	pwrite(file, "abcdefgh", 8, 0);
	ok(syscall(SYS_copy_file_range, file, &in, to, &out, 4L, 0) == 4 && in == 5 && out == 6, "copy_file_range");
	ok(pread(to, buf, 16, 0) == 6 && !memcmp(buf, "\0\0bcde", 6), "what it copied");
	ok(err(syscall(SYS_copy_file_range, file, &in, to, &out, 4L, 1)) == EINVAL &&
	   err(syscall(SYS_copy_file_range, 99, 0L, to, 0L, 4L, 0)) == EBADF, "its errors");
	in = 0, out = 2;
	ok(err(syscall(SYS_copy_file_range, file, &in, file, &out, 4L, 0)) == EINVAL, "onto itself: EINVAL");
	in = 2;
	lseek(to, 0, SEEK_SET);
	ok(syscall(SYS_sendfile, to, file, &in, 100L) == 6 && in == 8 && lseek(to, 0, SEEK_CUR) == 6 &&
	   pread(to, buf, 3, 0) == 3 && !memcmp(buf, "cde", 3), "sendfile");
	copies_limited(to);
	pipe(p);
	ok(err(syscall(SYS_fadvise64, p[0], 0L, 0L, 0)) == ESPIPE && err(syscall(SYS_fadvise64, to, 0L, 0L, 9)) == EINVAL &&
	   syscall(SYS_fadvise64, to, 0L, 0L, 4) == 0 && syscall(SYS_readahead, to, 0L, 10L) == 0 &&
	   err(syscall(SYS_readahead, p[1], 0L, 1L)) == EBADF, "hints");
	close(p[0]), close(p[1]), close(to);
	unlink("g");
}

static void memfd(void)
{
	struct stat st;
	char c = 0;
	int fd = (int)syscall(SYS_memfd_create, "name", 1);

	ok(fd >= 0 && write(fd, "xyz", 3) == 3 && pread(fd, &c, 1, 1) == 1 && c == 'y', "memfd_create");
	ok(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 3 && S_ISREG(st.st_mode) && ftruncate(fd, 100000) == 0,
	   "a file without a name");
	ok(err(syscall(SYS_memfd_create, "name", 0x8000)) == EINVAL && err(syscall(SYS_memfd_create, NULL, 0)) == EFAULT, "its errors");
	close(fd);
}

int main(int argc, char **argv)
{
	const char *base = argc > 1 ? argv[1] : access("/tmp", W_OK) ? "." : "/tmp";
	char name[64];

	snprintf(name, sizeof(name), "%s/flock-%d", base, getpid());
	if (mkdir(name, 0755) || chdir(name)) {
		ok(0, "a directory to work in: %s: %s", name, strerror(errno));
		return tap_done();
	}
	file = open("f", O_CREAT | O_RDWR, 0644);
	records();
	circle();
	joining();
	closing();
	whole();
	copies();
	memfd();
	close(file);
	ok(unlink("f") == 0 && chdir("..") == 0 && rmdir(strrchr(name, '/') + 1) == 0, "the directory is empty in the end");
	return tap_done();
}
