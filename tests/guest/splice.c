/* SPDX-License-Identifier: MIT */
/* splice, tee and vmsplice: bytes through pipes, positions, short transfers, and what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tap.h"

#define SIZE 10000
#define NONBLOCK 2l

static char data[SIZE], got[SIZE];
static int file, other, a[2], b[2];

static long splice_to(int in, int64_t *in_pos, int out, int64_t *out_pos, long n, long flags)
{
	return syscall(SYS_splice, (long)in, (long)in_pos, (long)out, (long)out_pos, n, flags);
}

static long tee_to(int in, int out, long n, long flags)
{
	return syscall(SYS_tee, (long)in, (long)out, n, flags, 0l, 0l);
}

static long vmsplice_to(int fd, const struct iovec *v, long count, long flags)
{
	return syscall(SYS_vmsplice, (long)fd, (long)v, count, flags, 0l, 0l);
}

static int fails(long result, int error)
{
	return result == -1 && errno == error;
}

static int has(int fd, const char *bytes, long n)
{
	memset(got, 0, sizeof(got));
	return read(fd, got, sizeof(got)) == n && !memcmp(got, bytes, (size_t)n);
}

static void test_files(void)
{
	int64_t pos = 100;

	ok(splice_to(file, NULL, a[1], NULL, 5000, 0) == 5000 && lseek(file, 0, SEEK_CUR) == 5000 && has(a[0], data, 5000),
	   "from a file, which moves on");
	ok(splice_to(file, &pos, a[1], NULL, 300, 0) == 300 && pos == 400 && lseek(file, 0, SEEK_CUR) == 5000 && has(a[0], data + 100, 300),
	   "from a place in it: that moves on");
	ok(splice_to(file, NULL, a[1], NULL, SIZE, 0) == 5000 && splice_to(file, NULL, a[1], NULL, SIZE, 0) == 0, "to the end of the file");
	pos = 7;
	ok(splice_to(a[0], NULL, other, &pos, 1000, 0) == 1000 && pos == 1007 && pread(other, got, 1000, 7) == 1000 &&
	   !memcmp(got, data + 5000, 1000), "into a place of a file");
	ok(splice_to(a[0], NULL, other, NULL, SIZE, 0) == 4000 && lseek(other, 0, SEEK_CUR) == 4000 && pread(other, got, 4000, 0) == 4000 &&
	   !memcmp(got, data + 6000, 4000), "into a file: as much as there is");
}

static void test_pipes(void)
{
	ok(write(a[1], data, 6000) == 6000 && tee_to(a[0], b[1], 5000, 0) == 5000 && has(b[0], data, 5000), "tee: a copy");
	ok(tee_to(a[0], b[1], SIZE, 0) == 6000 && has(b[0], data, 6000), "tee: all there is");
	ok(splice_to(a[0], NULL, b[1], NULL, 4500, 0) == 4500 && has(b[0], data, 4500) && has(a[0], data + 4500, 1500),
	   "pipe to pipe: the rest stays");
	ok(fails(splice_to(a[0], NULL, b[1], NULL, 10, NONBLOCK), EAGAIN) && fails(tee_to(a[0], b[1], 10, NONBLOCK), EAGAIN) &&
	   fails(splice_to(a[0], NULL, other, NULL, 10, NONBLOCK), EAGAIN), "an empty pipe: EAGAIN");
}

static void test_full(void)
{
	long n = 0, part;

	lseek(file, 0, SEEK_SET);
	while ((part = splice_to(file, &(int64_t){ 0 }, a[1], NULL, 4096, NONBLOCK)) > 0)
		n += part;
	ok(part == -1 && errno == EAGAIN && n == 65536, "a full pipe: EAGAIN");
	ok(fails(tee_to(a[0], a[1], 10, 0), EINVAL) && fails(splice_to(a[0], NULL, a[1], NULL, 10, 0), EINVAL), "a pipe to itself: EINVAL");
	while (n > 0 && (part = read(a[0], got, sizeof(got))) > 0)
		n -= part;
	ok(n == 0, "and it has them all");
}

static void test_memory(void)
{
	struct iovec v[2] = { { data, 3000 }, { data + 5000, 2000 } }, into[2] = { { got, 2500 }, { got + 2500, 2500 } };

	ok(vmsplice_to(a[1], v, 2, 0) == 5000 && read(a[0], got, sizeof(got)) == 5000 && !memcmp(got, data, 3000) &&
	   !memcmp(got + 3000, data + 5000, 2000), "vmsplice: into a pipe");
	memset(got, 0, sizeof(got));
	ok(write(a[1], data, 5000) == 5000 && vmsplice_to(a[0], into, 2, 0) == 5000 && !memcmp(got, data, 5000), "vmsplice: out of one");
	ok(fails(vmsplice_to(file, v, 2, 0), EBADF) && fails(vmsplice_to(-1, v, 2, 0), EBADF), "vmsplice: no pipe: EBADF");
	ok(fails(vmsplice_to(a[1], v, 1025, 0), EINVAL) && fails(vmsplice_to(a[1], v, 1, 0x100), EINVAL), "vmsplice: too many, flags: EINVAL");
	ok(fails(vmsplice_to(a[1], (struct iovec *)8, 1, 0), EFAULT) && vmsplice_to(a[1], v, 0, 0) == 0, "vmsplice: EFAULT; nothing");
}

static void test_refused(void)
{
	int64_t pos = 0;
	int append = open("/tmp/splice-2", O_WRONLY | O_APPEND);

	ok(splice_to(-1, NULL, -1, NULL, 0, 0) == 0 && fails(splice_to(file, NULL, a[1], NULL, 1, 0x100), EINVAL), "no bytes; flags: EINVAL");
	ok(fails(splice_to(-1, NULL, a[1], NULL, 1, 0), EBADF) && fails(splice_to(file, NULL, -1, NULL, 1, 0), EBADF), "no file: EBADF");
	ok(fails(splice_to(file, NULL, other, NULL, 1, 0), EINVAL), "no pipe at all: EINVAL");
	ok(fails(splice_to(a[1], NULL, b[1], NULL, 1, 0), EBADF) && fails(splice_to(a[0], NULL, b[0], NULL, 1, 0), EBADF) &&
	   fails(tee_to(a[1], b[1], 1, 0), EBADF), "the wrong ends: EBADF");
	ok(fails(splice_to(file, NULL, a[1], &pos, 1, 0), ESPIPE) && fails(splice_to(a[0], &pos, other, NULL, 1, 0), ESPIPE) &&
	   fails(splice_to(a[0], &pos, b[1], NULL, 1, 0), ESPIPE), "a place in a pipe: ESPIPE");
	ok(fails(splice_to(a[0], NULL, append, NULL, 1, 0), EINVAL), "to the end of a file that is appended to: EINVAL");
	ok(fails(tee_to(file, a[1], 1, 0), EINVAL) && fails(tee_to(a[0], other, 1, 0), EINVAL), "tee: files: EINVAL");
	ok(fails(splice_to(file, (int64_t *)8, a[1], NULL, 1, 0), EFAULT), "a bad place: EFAULT");
	close(append);
}

static void test_ends(void)
{
	signal(SIGPIPE, SIG_IGN);
	close(a[1]);
	ok(splice_to(a[0], NULL, b[1], NULL, 10, 0) == 0 && tee_to(a[0], b[1], 10, 0) == 0, "no writer: the end");
	close(b[0]);
	ok(fails(splice_to(file, &(int64_t){ 0 }, b[1], NULL, 10, 0), EPIPE), "no reader: EPIPE");
}

int main(void)
{
	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + i / 256);
	file = open("/tmp/splice-1", O_RDWR | O_CREAT | O_TRUNC, 0600);
	other = open("/tmp/splice-2", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (write(file, data, SIZE) != SIZE || lseek(file, 0, SEEK_SET) || pipe(a) || pipe(b))
		return 2;
	test_files();
	test_pipes();
	test_full();
	test_memory();
	test_refused();
	test_ends();
	unlink("/tmp/splice-1");
	unlink("/tmp/splice-2");
	return tap_done();
}
