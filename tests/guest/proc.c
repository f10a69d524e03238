/* SPDX-License-Identifier: MIT */
/* /proc: texts, policies that can be set, processes. On Linux there is nothing of this in the tests' root. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tap.h"

static char text[65536];

/* The whole file, in pieces of n bytes. Its length, or -1. */
static long read_text(const char *path, size_t n)
{
	int fd = open(path, O_RDONLY);
	size_t at = 0;
	long got = -1;

	while (fd >= 0 && (got = read(fd, text + at, n)) > 0)
		at += (size_t)got;
	close(fd);
	text[at] = 0;
	return got < 0 ? -1 : (long)at;
}

static int set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	long n = fd < 0 ? -1 : write(fd, value, strlen(value));
	int error = errno;

	close(fd);
	errno = error;
	return n == (long)strlen(value);
}

static void test_policies(void)
{
	ok(set("/proc/sys/fault/latency_us", "25\n") && read_text("/proc/sys/fault/latency_us", 1) == 3 && !strcmp(text, "25\n"),
	   "a policy is set and read back");
	ok(!set("/proc/sys/fault/latency_us", "soon") && errno == EINVAL, "a bad value: EINVAL");
	ok(set("/proc/sys/fault/latency_us", "0"), "without a newline too");
	ok(!set("/proc/sys/fault/none", "1") && errno == ENOENT, "no such policy: ENOENT");
	ok(!set("/proc/fault/stats", "1") && errno == EACCES, "nothing to set: EACCES");
}

/* The value behind `name `, or -1. */
static long stat_of(const char *name)
{
	char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void test_again(void)
{
	int fd = open("/proc/fault/stats", O_RDONLY);
	long n = read(fd, text, sizeof(text) - 1), first, pages = 10;
	char *p;

	text[n > 0 ? n : 0] = 0;
	first = stat_of("fault_anon ");
	p = mmap(NULL, (size_t)pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long i = 0; i < pages; i++)
		p[i * 4096] = 1;
	ok(n > 100 && first > 0 && read(fd, text, sizeof(text)) == 0, "counters, to the end");
	ok(lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, sizeof(text) - 1) > 100 && stat_of("fault_anon ") >= first + pages,
	   "read again from the start, they have gone on");
	ok(pread(fd, text, sizeof(text) - 1, 0) > 100, "pread");
	ok(lseek(fd, 1 << 20, SEEK_SET) == 1 << 20 && read(fd, text, 1) == 0, "behind the end: nothing");
	close(fd);
}

static void test_processes(void)
{
	struct stat st;
	char path[64];

	ok(read_text("/proc/self/maps", 100) > 100 && strstr(text, "[stack]") && strstr(text, "r-xp"), "/proc/self/maps, in pieces");
	snprintf(path, sizeof(path), "/proc/%d/status", (int)getpid());
	ok(read_text(path, 4096) > 0 && strstr(text, "Pid:"), "by number");
	ok(stat("/proc/self/", &st) == 0 && S_ISDIR(st.st_mode), "/proc/self is a link to a directory");
	ok(readlink("/proc/self/exe", path, sizeof(path)) > 1 && path[0] == '/', "/proc/self/exe");
	ok(open("/proc/4000000/maps", O_RDONLY) == -1 && errno == ENOENT, "no such process: ENOENT");
	ok(open("/proc/self/none", O_RDONLY) == -1 && errno == ENOENT, "no such file: ENOENT");
	ok(open("/proc/new", O_WRONLY | O_CREAT, 0644) == -1 && errno == ENOENT, "nothing can be made: ENOENT");
	ok(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, open("/proc/self/maps", O_RDONLY), 0) == MAP_FAILED && errno == ENODEV,
	   "nothing can be mapped: ENODEV");
}

static void test_machine(void)
{
	ok(read_text("/proc/meminfo", 4096) > 0 && strstr(text, "MemTotal:") && stat_of("MemTotal:") > 16384, "/proc/meminfo");
	ok(read_text("/proc/uptime", 4096) > 0 && strchr(text, '.'), "/proc/uptime");
}

int main(void)
{
	if (access("/proc/fault/stats", R_OK)) {
		tap_skip("/proc", "not this kernel's");
		return tap_done();
	}
	test_policies();
	test_again();
	test_processes();
	test_machine();
	return tap_done();
}
