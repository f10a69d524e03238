/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails, or is slow, at every point of a run: for each k the same things are done while the k-th request to the disk fails, until
 * none is left to fail. Each call gives what it should or EIO, each access through a mapping the byte or SIGBUS; and when the disk is well again
 * everything can be done, and nothing is wrong. The same with the k-th request held back until somebody lets it go. Errors of write-back are told
 * once to each open file. Linux has no such disk, and skips.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "disk.h"
#include "tap.h"

#define HOME "/ioerrors"
#define POINTS 400 /* more than any run has */
#define FAR 61440  /* behind what an inode names by itself, in blocks of 1 KiB and of 4 */

static int wrong, failures;

static void no(const char *what, long k)
{
	if (wrong++ < 10)
		printf("# point %ld: %s (%s)\n", k, what, strerror(errno));
}

/* A call may fail with EIO only. true: it has not failed. */
static int worked(long result, const char *what, long k)
{
	if (result >= 0)
		return 1;
	failures++;
	if (errno != EIO)
		no(what, k);
	return 0;
}

static unsigned char byte_of(int seed, long at)
{
	return (unsigned char)(at * 7 + at / 4096 * 13 + seed);
}

static int right(const unsigned char *buf, int seed, long at, long n)
{
	for (long i = 0; i < n; i++)
		if (buf[i] != byte_of(seed, at + i))
			return 0;
	return 1;
}

static void fill(unsigned char *buf, int seed, long at, long n)
{
	for (long i = 0; i < n; i++)
		buf[i] = byte_of(seed, at + i);
}

/* ---- reading ---- */

static jmp_buf bus;

static void on_bus(int sig)
{
	(void)sig;
	longjmp(bus, 1);
}

static void read_mapped(int fd, long k)
{
	volatile unsigned char *p = mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE, fd, 40 * PAGE);

	if (p == MAP_FAILED)
		return no("mmap", k);
	for (unsigned long at = 0; at < 8 * PAGE; at += PAGE) {
		if (setjmp(bus))
			failures++;
		else if (p[at] != byte_of(5, 40 * PAGE + at))
			no("a wrong byte in a mapping", k);
	}
	munmap((void *)p, 8 * PAGE);
}

static void read_file(long k)
{
	static unsigned char buf[20000];
	static const long places[] = { 100, 300000, 2000000 };
	int fd = open("/data/big", O_RDONLY);

	if (!worked(fd, "open", k))
		return;
	for (unsigned i = 0; i < 3; i++) {
		ssize_t n = pread(fd, buf, sizeof(buf), places[i]);

		if (worked(n, "pread", k) && (!n || !right(buf, 5, places[i], n)))
			no("a wrong byte of pread", k);
	}
	read_mapped(fd, k);
	close(fd);
	fd = open("/data/sparse", O_RDONLY); /* behind two tables */
	if (worked(fd, "open", k) && worked(pread(fd, buf, 11, 5000 * PAGE), "pread", k) && memcmp(buf, "at 20480000", 11))
		no("a wrong byte far away", k);
	close(fd);
}

static void read_names(long k)
{
	struct stat st;
	char buf[400];
	int fd = open("/data/many", O_RDONLY | O_DIRECTORY), n = 0;
	long got;

	if (worked(fd, "open of a directory", k)) {
		while ((got = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
			for (long at = 0; at < got; at += *(unsigned short *)(buf + at + 16))
				n++;
		if (worked(got, "getdents", k) && n != 302)
			no("names are missing", k);
		close(fd);
	}
	if (worked(readlink("/data/slow", buf, sizeof(buf)), "readlink", k) && memcmp(buf, "xxxx", 4))
		no("a wrong link", k);
	if (worked(stat("/data/d0/d1/d2/d3/d4/d5/d6/d7/d8/d9/d10/d11/bottom", &st), "stat", k) && st.st_size != 7)
		no("a wrong size", k);
}

/* It runs, or cannot be started, or a page of it cannot be had. */
static void run_program(long k)
{
	char *const args[] = { "prog", "seven", NULL };
	int status;
	pid_t pid = fork();

	if (!pid) {
		execve(HOME "/prog", args, args + 2);
		_exit(errno == EIO ? 8 : 9);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return no("fork, wait", k);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
		return;
	failures++;
	if (!(WIFEXITED(status) && WEXITSTATUS(status) == 8) && !killed_by(status, SIGBUS) && !killed_by(status, SIGKILL) &&
	    !killed_by(status, SIGSEGV))
		no("execve", k);
}

static void reading(long k)
{
	read_file(k);
	read_names(k);
	run_program(k);
}

/* ---- writing ---- */

/* What has been done to the file, as far as it could be. */
struct work {
	char dir[40], a[60], b[60], c[60], old[60];
	int fd, made, renamed, linked, unlinked, removed;
};

static void write_names(struct work *w, long k)
{
	char text[200];

	memset(text, 'y', sizeof(text));
	text[199] = 0;
	w->renamed = worked(rename(w->a, w->b), "rename", k);
	w->linked = worked(link(w->renamed ? w->b : w->a, w->c), "link", k);
	snprintf(w->dir + strlen(w->dir), 10, "/s");
	worked(symlink(text, w->dir), "symlink", k);
	w->unlinked = w->linked && worked(unlink(w->c), "unlink", k);
}

/* A file that was there before: with an indirect block, and all of it on the disk. */
static void old_file(struct work *w, long k)
{
	static unsigned char buf[9000];
	int fd;

	*w = (struct work){ .fd = -1 };
	snprintf(w->old, sizeof(w->old), HOME "/old%ld", k);
	fd = open(w->old, O_CREAT | O_WRONLY, 0644);
	if (fd < 0 || pwrite(fd, buf, sizeof(buf), FAR) != sizeof(buf) || pwrite(fd, buf, sizeof(buf), 0) != sizeof(buf) || fsync(fd))
		no("a file beforehand", k);
	close(fd);
}

static void writing(struct work *w, long k)
{
	static unsigned char buf[9000];

	w->removed = worked(truncate(w->old, FAR + 5), "truncate", k) && worked(unlink(w->old), "unlink", k);
	snprintf(w->dir, sizeof(w->dir), HOME "/%ld", k);
	snprintf(w->a, sizeof(w->a), "%s/a", w->dir);
	snprintf(w->b, sizeof(w->b), "%s/b", w->dir);
	snprintf(w->c, sizeof(w->c), "%s/c", w->dir);
	if (!worked(mkdir(w->dir, 0755), "mkdir", k))
		return;
	w->fd = open(w->a, O_CREAT | O_EXCL | O_RDWR, 0644);
	w->made = worked(w->fd, "creat", k);
	if (!w->made)
		return;
	fill(buf, 3, 0, sizeof(buf));
	worked(pwrite(w->fd, buf, sizeof(buf), 0), "pwrite", k);
	fill(buf, 3, FAR, sizeof(buf));
	worked(pwrite(w->fd, buf, sizeof(buf), FAR), "pwrite far away", k);
	worked(fsync(w->fd), "fsync", k);
	write_names(w, k);
	worked(fsync(w->fd), "fsync again", k);
	syscall(SYS_sync);
}

static int exists(const char *path)
{
	return !access(path, F_OK);
}

/* The disk is well again: the names are as the calls said, and so, once it is written anew, are the bytes. */
static void check_written(struct work *w, long k)
{
	static unsigned char buf[9000];

	if (exists(w->old) == w->removed)
		no("the old file is not as the calls said", k);
	if (!w->made)
		return;
	if (exists(w->a) == w->renamed || exists(w->b) != w->renamed || exists(w->c) != (w->linked && !w->unlinked))
		no("names are not as the calls said", k);
	fill(buf, 3, 0, sizeof(buf));
	if (pwrite(w->fd, buf, sizeof(buf), 0) != sizeof(buf))
		no("pwrite when the disk is well", k);
	fill(buf, 3, FAR, sizeof(buf));
	if (pwrite(w->fd, buf, sizeof(buf), FAR) != sizeof(buf))
		no("pwrite far away when the disk is well", k);
	if (fsync(w->fd) && (errno != EIO || fsync(w->fd))) /* what failed before may still have to be told, once */
		no("fsync when the disk is well", k);
	close(w->fd);
}

static void check_cold(struct work *w, long k)
{
	static unsigned char buf[9000];
	int fd = open(w->renamed ? w->b : w->a, O_RDONLY);

	if (!w->made)
		return;
	if (fd < 0 || pread(fd, buf, sizeof(buf), 0) != sizeof(buf) || !right(buf, 3, 0, sizeof(buf)))
		no("what was synced is not there", k);
	if (pread(fd, buf, sizeof(buf), FAR) != sizeof(buf) || !right(buf, 3, FAR, sizeof(buf)))
		no("what was synced far away is not there", k);
	close(fd);
}

/* ---- every point ---- */

static void every_read(const char *self)
{
	long k = 0;
	int more = 1;

	wrong = failures = 0;
	while (more && ++k < POINTS) {
		cold(self);
		arm("errors", "r", k);
		reading(k);
		more = disarm();
		reading(-k); /* with what is cached now: the next try asks again */
	}
	ok(!wrong && !more, "reading, with an error at each of %ld requests: %d failed, %d wrong", k - 1, failures, wrong);
}

static void every_write(const char *self, const char *kind, long base)
{
	struct work w;
	long k = 0;
	int more = 1;

	wrong = failures = 0;
	while (more && ++k < POINTS) {
		old_file(&w, base + k);
		cold(self);
		arm("errors", kind, k);
		writing(&w, base + k);
		more = disarm();
		check_written(&w, base + k);
		cold(self);
		check_cold(&w, base + k);
	}
	ok(!wrong && !more, "writing, with an error (%s) at each of %ld requests: %d failed, %d wrong", kind, k - 1, failures, wrong);
}

/* A child does all that; we let its request go when it is stuck. true: one was held. */
static int hold_once(const char *self, long k)
{
	struct work w;
	int status = -1, stuck = 0;
	pid_t pid;

	old_file(&w, 20000 + k);
	cold(self);
	fflush(stdout);
	arm("hold", "rw", k);
	pid = fork();
	if (!pid) {
		wrong = failures = 0;
		writing(&w, 20000 + k);
		reading(k);
		check_written(&w, k);
		_exit(wrong || failures);
	}
	while (!stuck && !waitpid(pid, &status, WNOHANG)) {
		stuck = held() > 0;
		if (!stuck)
			pause_ms(1);
	}
	put(DISK "hold", "none");
	if (stuck && waitpid(pid, &status, 0) != pid)
		no("wait", k);
	if (status)
		no("with a request held back", k);
	return stuck;
}

static void every_hold(const char *self)
{
	long k = 0;

	wrong = 0;
	while (++k < POINTS && hold_once(self, k))
		;
	ok(!wrong && k < POINTS, "the same, with each of %ld requests held back for a while: %d wrong", k - 1, wrong);
}

/* ---- told once ---- */

static void told_once(void)
{
	int one = open(HOME "/once", O_CREAT | O_RDWR, 0644), two = open(HOME "/once", O_RDWR), late;
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, two, 0);

	ok(pwrite(one, "old", 3, 0) == 3 && !fsync(one) && !fsync(two), "a file, written and synced");
	pwrite(one, "new", 3, 0);
	put(DISK "errors", "0-999999999,w");
	ok(fsync(one) < 0 && errno == EIO, "fsync when the disk does not write: EIO");
	put(DISK "errors", "none");
	ok(!fsync(one), "told once");
	ok(fsync(two) < 0 && errno == EIO && !fsync(two), "and once to the other open file");
	late = open(HOME "/once", O_RDWR);
	ok(!fsync(late), "but not to one that is opened later");
	p[0] = 'm';
	put(DISK "errors", "0-999999999,w");
	ok(syscall(SYS_msync, p, PAGE, MS_SYNC) < 0 && errno == EIO, "msync: EIO");
	put(DISK "errors", "none");
	ok(!syscall(SYS_msync, p, PAGE, MS_SYNC) && !fsync(two), "once, and to the file that is mapped");
	ok(syscall(SYS_sync_file_range, one, 0l, 0l, 7) < 0 && errno == EIO && !syscall(SYS_sync_file_range, one, 0l, 0l, 7),
	   "sync_file_range tells the other one");
	pwrite(one, "N", 1, 0);
	put(DISK "errors", "0-999999999,w");
	syscall(SYS_sync);
	put(DISK "errors", "none");
	ok(!close(one) && fsync(late) < 0 && errno == EIO, "close tells nobody; what nobody has been told stays to be told");
	ok(pwrite(late, "N", 1, 0) == 1 && !fsync(late), "written again: on the disk");
	munmap(p, PAGE);
	close(two);
	close(late);
}

static void copy_self(const char *self)
{
	static char buf[65536];
	int from = open(self, O_RDONLY), to = open(HOME "/prog", O_CREAT | O_WRONLY, 0755);
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			ok(0, "a copy of the program");
	close(from);
	fsync(to);
	close(to);
}

int main(int argc, char **argv)
{
	struct sigaction bus_action = { .sa_handler = on_bus, .sa_flags = SA_NODEFER };

	if (argc > 1)
		return 7;
	if (access(DISK "stats", F_OK)) {
		tap_skip("a disk that fails", "this kernel has none");
		return tap_done();
	}
	sigaction(SIGBUS, &bus_action, NULL);
	if (mkdir(HOME, 0755))
		ok(0, "a directory for the test");
	copy_self(argv[0]);
	syscall(SYS_sync);
	told_once();
	every_read(argv[0]);
	every_write(argv[0], "w", 0);
	every_write(argv[0], "r", 10000);
	every_hold(argv[0]);
	return tap_done();
}
