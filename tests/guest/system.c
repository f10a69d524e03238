/* SPDX-License-Identifier: MIT */
/* The machine's name and figures, random bytes, what has no better place: umask, directories by descriptor, vectors, flushing. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tap.h"

#define CWD (-100l)
#define EACCESS 0x200l

static long call(long number, long a, long b, long c, long d)
{
	return syscall(number, a, b, c, d, 0l, 0l);
}

static int fails(long got, int error)
{
	return got == -1 && errno == error;
}

static void test_uname(void)
{
	static char name[6][65];

	ok(call(SYS_uname, (long)name, 0, 0, 0) == 0 && !strcmp(name[0], "Linux"), "uname: programs ask for Linux");
	ok(name[2][0] >= '3' && strchr(name[2], '.') && name[4][0] && memchr(name[5], 0, 65), "uname: a release and a machine (%s)", name[4]);
}

struct info {
	int64_t uptime;
	uint64_t loads[3], total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
	uint16_t procs, pad;
	uint64_t total_high, free_high;
	uint32_t unit;
};

static void test_sysinfo(void)
{
	struct info info;

	memset(&info, 0xff, sizeof(info));
	ok(call(SYS_sysinfo, (long)&info, 0, 0, 0) == 0 && info.unit >= 1 && info.total_ram * info.unit > 16 << 20 && info.free_ram <= info.total_ram,
	   "sysinfo: memory");
	ok(info.uptime >= 0 && info.uptime < 1l << 40 && info.procs >= 1 && info.free_swap <= info.total_swap, "sysinfo: time, processes, swap");
}

static void test_random(void)
{
	static unsigned char a[4096], b[4096];
	unsigned seen = 0;

	ok(call(SYS_getrandom, (long)a, 4096, 0, 0) == 4096 && call(SYS_getrandom, (long)b, 4096, 1, 0) == 4096 && memcmp(a, b, 4096),
	   "getrandom: different each time");
	for (int i = 0; i < 4096; i++)
		seen |= 1u << (a[i] & 31);
	ok(seen == 0xffffffffu, "getrandom: all kinds of bytes");
	ok(call(SYS_getrandom, (long)a, 0, 0, 0) == 0, "getrandom: none");
	ok(fails(call(SYS_getrandom, (long)a, 10, 0x80, 0), EINVAL), "getrandom: unknown flags: EINVAL");
	ok(fails(call(SYS_getrandom, (long)a, 10, 6, 0), EINVAL), "getrandom: RANDOM and INSECURE: EINVAL");
}

static void test_reboot(void)
{
	ok(fails(call(SYS_reboot, 1, 2, 0x4321fedc, 0), EINVAL), "reboot: without the magic numbers: EINVAL");
	ok(fails(call(SYS_reboot, 0xfee1dead, 672274793, 0x777, 0), EINVAL), "reboot: no such command: EINVAL");
}

static void test_umask(void)
{
	long old = call(SYS_umask, 0777777, 0, 0, 0);

	ok(old == 022 || old == 0, "umask: the one before");
	ok(call(SYS_umask, 022, 0, 0, 0) == 0777, "umask: only permissions count");
	ok(call(SYS_umask, 022, 0, 0, 0) == 022, "umask: as it was set");
}

static void test_fchdir(void)
{
	int dir = open("/data/many", O_RDONLY | O_DIRECTORY), file = open("/data/one", O_RDONLY);
	char cwd[100];

	ok(call(SYS_fchdir, dir, 0, 0, 0) == 0 && call(SYS_getcwd, (long)cwd, 100, 0, 0) == 11 && !strcmp(cwd, "/data/many"), "fchdir");
	ok(fails(call(SYS_fchdir, file, 0, 0, 0), ENOTDIR), "fchdir: a file: ENOTDIR");
	ok(call(SYS_faccessat2, CWD, (long)"file-with-a-longer-name-000", 4, 0) == 0, "faccessat2: from there");
	ok(call(SYS_faccessat2, CWD, (long)"file-with-a-longer-name-000", 4, EACCESS) == 0, "faccessat2: with AT_EACCESS");
	ok(call(SYS_faccessat2, dir, (long)"", 0, 0x1000) == 0, "faccessat2: the descriptor itself");
	ok(fails(call(SYS_faccessat2, CWD, (long)"/data/one", 8, 0), EINVAL) &&
	   fails(call(SYS_faccessat2, CWD, (long)"/data/one", 4, 0x4000), EINVAL),
	   "faccessat2: unknown modes and flags: EINVAL");
	ok(call(SYS_chdir, (long)"/", 0, 0, 0) == 0, "chdir: back");
	close(dir);
	close(file);
}

static void test_vectors(void)
{
	char a[10], b[4000], c[200], whole[4210];
	struct iovec parts[] = { { a, 10 }, { NULL, 0 }, { b, 4000 }, { c, 200 } };
	int fd = open("/data/big", O_RDONLY), pipes[2];

	ok(call(SYS_readv, fd, (long)parts, 4, 0) == 4210 && lseek(fd, 0, SEEK_CUR) == 4210, "readv: several parts, one of them empty");
	ok(pread(fd, whole, 4210, 0) == 4210 && !memcmp(whole, a, 10) && !memcmp(whole + 10, b, 4000) && !memcmp(whole + 4010, c, 200),
	   "readv: the bytes");
	ok(lseek(fd, (4 << 20) - 100, SEEK_SET) > 0 && call(SYS_readv, fd, (long)parts, 4, 0) == 100 && call(SYS_readv, fd, (long)parts, 4, 0) == 0,
	   "readv: to the end of the file, and no further");
	ok(pipe(pipes) == 0 && call(SYS_writev, pipes[1], (long)parts, 4, 0) == 4210 && read(pipes[0], whole, 4210) == 4210 &&
	   !memcmp(whole + 4010, c, 200), "writev: into a pipe");
	ok(fails(call(SYS_readv, pipes[1], (long)parts, 1, 0), EBADF) && fails(call(SYS_writev, pipes[0], (long)parts, 1, 0), EBADF),
	   "the wrong end of it: EBADF");
	ok(fails(call(SYS_pread64, pipes[0], (long)a, 1, 0), ESPIPE) && fails(call(SYS_pwrite64, pipes[1], (long)a, 1, 0), ESPIPE),
	   "pread64 and pwrite64 of a pipe: ESPIPE");
	ok(fails(call(SYS_pwrite64, fd, (long)a, 1, 0), EBADF), "pwrite64 to a file open for reading: EBADF");
	ok(fails(call(SYS_pwrite64, fd, (long)a, 1, -1), EINVAL), "pwrite64 at -1: EINVAL, before anything else");
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

static void test_dup3(void)
{
	int fd = open("/data/one", O_RDONLY);

	ok(call(SYS_dup3, fd, 20, 02000000, 0) == 20 && call(SYS_fcntl, 20, 1, 0, 0) == 1, "dup3: closed on exec");
	ok(call(SYS_dup3, fd, 20, 0, 0) == 20 && call(SYS_fcntl, 20, 1, 0, 0) == 0, "dup3: over an open one, and not");
	ok(fails(call(SYS_dup3, fd, 21, 1, 0), EINVAL) && fails(call(SYS_dup3, 99, 99, 0, 0), EINVAL), "dup3: flags, and twice the same: EINVAL");
	close(20);
	close(fd);
}

static void test_flush(void)
{
	int fd = open("/data/one", O_RDONLY), pipes[2];

	ok(call(SYS_sync, 0, 0, 0, 0) == 0 && call(SYS_fsync, fd, 0, 0, 0) == 0 && call(SYS_fdatasync, fd, 0, 0, 0) == 0,
	   "sync, fsync, fdatasync: also of what is open for reading");
	ok(pipe(pipes) == 0 && fails(call(SYS_fsync, pipes[0], 0, 0, 0), EINVAL) && fails(call(SYS_fdatasync, pipes[1], 0, 0, 0), EINVAL),
	   "fsync of a pipe: EINVAL");
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	test_uname();
	test_sysinfo();
	test_random();
	test_reboot();
	test_umask();
	test_fchdir();
	test_vectors();
	test_dup3();
	test_flush();
	return tap_done();
}
