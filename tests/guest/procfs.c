/* SPDX-License-Identifier: MIT */
/* /proc as Linux has it: a process seen by itself and by others. Where /proc is not mounted (the tests' root on Linux) it is skipped. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tap.h"

static char text[1 << 20];

static long slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t at = 0;
	long got = -1;

	while (fd >= 0 && at < sizeof(text) - 1 && (got = read(fd, text + at, sizeof(text) - 1 - at)) > 0)
		at += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[at] = 0;
	return got < 0 ? -1 : (long)at;
}

/* The line of maps that begins at p, or "". */
static const char *map_line(const void *p)
{
	static char line[256];
	char start[32];
	char *at;

	slurp("/proc/self/maps");
	snprintf(start, sizeof(start), "%08lx-", (unsigned long)p);
	at = strstr(text, start);
	snprintf(line, sizeof(line), "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
	return line;
}

static char *anon(size_t pages, int prot)
{
	return mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int line_is(const char *line, const void *from, const void *to, const char *rest)
{
	char want[100];

	snprintf(want, sizeof(want), "%08lx-%08lx %s", (unsigned long)from, (unsigned long)to, rest);
	return !strncmp(line, want, strlen(want));
}

static void test_maps(void)
{
	char *p = anon(8, PROT_READ | PROT_WRITE);
	char path[64], *f;
	struct stat st;
	int fd;

	mprotect(p, PAGE, PROT_NONE);
	mprotect(p + 7 * PAGE, PAGE, PROT_NONE);
	ok(line_is(map_line(p + PAGE), p + PAGE, p + 7 * PAGE, "rw-p 00000000 00:00 0"), "an anonymous mapping");
	ok(line_is(map_line(p), p, p + PAGE, "---p 00000000 00:00 0"), "PROT_NONE");
	mprotect(p + 3 * PAGE, PAGE, PROT_READ);
	ok(line_is(map_line(p + 3 * PAGE), p + 3 * PAGE, p + 4 * PAGE, "r--p"), "mprotect splits");
	mprotect(p + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	ok(line_is(map_line(p + PAGE), p + PAGE, p + 7 * PAGE, "rw-p"), "and joins");
	munmap(p + 3 * PAGE, PAGE);
	mmap(p + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ok(line_is(map_line(p + PAGE), p + PAGE, p + 7 * PAGE, "rw-p"), "a hole that is filled joins both sides");
	fd = open("/proc/self/exe", O_RDONLY);
	fstat(fd, &st);
	f = mmap(p + 3 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
	snprintf(path, sizeof(path), "r--p 00001000 %02x:%02x %lu ", (unsigned)(st.st_dev >> 8 & 0xfff),
		 (unsigned)(st.st_dev & 0xff), (unsigned long)st.st_ino);
	ok(f == p + 3 * PAGE && line_is(map_line(f), f, f + 2 * PAGE, path), "a file: offset, device, inode");
	ok(strstr(map_line(f), " /") != NULL && strstr(map_line(f), "procfs"), "and its path");
	syscall(SYS_brk, syscall(SYS_brk, 0l) + (long)PAGE); /* not every C library has used it */
	slurp("/proc/self/maps");
	ok(strstr(text, "[stack]") && strstr(text, "[heap]"), "stack and heap are named");
	ok(slurp("/proc/self/smaps") > 500 && strstr(text, "Rss:") && strstr(text, "Private_Dirty:"), "smaps");
	munmap(p, 8 * PAGE);
	close(fd);
}

static long number_after(const char *name)
{
	char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static void test_self(void)
{
	long size, rss;
	char *p;

	ok(slurp("/proc/self/status") > 0 && number_after("\nPid:") == getpid() && number_after("\nPPid:") == getppid() &&
	   number_after("\nThreads:") == 1, "status");
	size = number_after("\nVmSize:");
	p = anon(256, PROT_READ | PROT_WRITE);
	slurp("/proc/self/status");
	ok(number_after("\nVmSize:") == size + 1024, "VmSize counts 1 MiB more");
	rss = number_after("\nVmRSS:");
	memset(p, 1, 256 * PAGE);
	slurp("/proc/self/status");
	ok(number_after("\nVmRSS:") >= rss + 800, "VmRSS follows");
	ok(number_after("\nVmLck:") == 0 && mlock(p, 64 * PAGE) == 0 && slurp("/proc/self/status") > 0 && number_after("\nVmLck:") == 256,
	   "VmLck");
	munmap(p, 256 * PAGE);
	ok(slurp("/proc/self/stat") > 0 && atoi(text) == getpid() && strstr(text, "(procfs) R "), "stat");
	ok(slurp("/proc/self/statm") > 0 && atoi(text) > 10, "statm");
	ok(slurp("/proc/self/cmdline") > 0 && strstr(text, "procfs") && !memcmp(text + strlen(text) + 1, "", 1), "cmdline");
	setenv("LATER", "1", 1);
	ok(slurp("/proc/self/environ") >= 0 && !strstr(text, "LATER"), "environ is what the program began with");
	ok(slurp("/proc/self/limits") > 0 && strstr(text, "Max open files"), "limits");
	ok(slurp("/proc/self/wchan") >= 0, "wchan");
}

static void test_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_RDWR), status = -1;
	pid_t child;

	ok(slurp("/proc/self/oom_score_adj") > 0 && !strcmp(text, "0\n"), "oom_score_adj");
	ok(write(fd, "-1000", 5) == 5 && slurp("/proc/self/oom_score_adj") > 0 && !strcmp(text, "-1000\n"), "it keeps what is written");
	ok(write(fd, "1001", 4) == -1 && errno == EINVAL, "more than 1000: EINVAL");
	child = fork();
	if (!child)
		_exit(slurp("/proc/self/oom_score_adj") <= 0 || strcmp(text, "-1000\n"));
	ok(waitpid(child, &status, 0) == child && !status, "a child has its parent's");
	ok(write(fd, "0", 1) == 1, "and back");
	close(fd);
}

static void test_comm(void)
{
	int fd = open("/proc/self/comm", O_RDWR);

	ok(slurp("/proc/self/comm") > 0 && !strcmp(text, "procfs\n"), "comm");
	ok(write(fd, "another-name-too-long", 21) == 21 && slurp("/proc/self/comm") > 0 && !strcmp(text, "another-name-to\n"),
	   "comm is written, and cut to 15");
	ok(write(fd, "procfs", 6) == 6, "and back");
	close(fd);
}

static void test_links(void)
{
	char path[256], link[64];
	int fds[2], again;
	struct stat a, b;
	ssize_t n;

	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	ok(n > 0 && path[0] == '/' && strstr(path, "procfs"), "exe");
	ok(chdir("/proc") == 0 && (n = readlink("/proc/self/cwd", path, sizeof(path))) == 5 && !memcmp(path, "/proc", 5), "cwd");
	ok(stat("/proc/self/root/proc", &a) == 0 && stat("/proc", &b) == 0 && a.st_ino == b.st_ino, "root leads to the root");
	chdir("/");
	ok(pipe(fds) == 0, "a pipe");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fds[0]);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	fstat(fds[0], &a);
	snprintf(link, sizeof(link), "pipe:[%lu]", (unsigned long)a.st_ino);
	ok(!strcmp(path, link), "fd of a pipe is %s", "pipe:[n]");
	again = open("/proc/self/exe", O_RDONLY);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", again);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	ok(n > 0 && strstr(path, "procfs"), "fd of a file is its path");
	close(fds[1]);
	fds[1] = open(link, O_RDONLY);
	ok(fds[1] >= 0 && fstat(again, &a) == 0 && fstat(fds[1], &b) == 0 && a.st_ino == b.st_ino && read(fds[1], path, 4) == 4 &&
	   !memcmp(path, "\177ELF", 4), "and can be opened again through it");
	close(fds[0]);
	close(fds[1]);
	close(again);
	ok(readlink(link, path, sizeof(path)) == -1 && errno == ENOENT, "closed: ENOENT");
}

static int count_in(const char *path, const char *name)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += name ? !strcmp(e->d_name, name) : e->d_name[0] != '.';
	if (d)
		closedir(d);
	return d ? n : -1;
}

static _Atomic int stop;

static void *idler(void *arg)
{
	while (!stop)
		pause_ms(1);
	return arg;
}

static void test_directories(void)
{
	char path[64], number[16];
	pthread_t threads[3];
	int many = 1;

	ok(count_in("/proc/self", "maps") == 1 && count_in("/proc/self", "task") == 1, "a process's directory");
	ok(count_in("/proc/self/task", NULL) == 1, "one thread");
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, idler, NULL);
	ok(count_in("/proc/self/task", NULL) == 4, "four threads");
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", getpid());
	ok(slurp(path) > 0 && !strcmp(text, "procfs\n"), "a thread's files");
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	snprintf(number, sizeof(number), "%d", getpid());
	for (int i = 0; i < 30; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		many &= count_in("/proc", number) == 1 && count_in("/proc", "meminfo") == 1;
		waitpid(pid, NULL, 0);
	}
	ok(many, "/proc lists what stays once, while others come and go");
	many = count_in("/proc/self/fd", NULL);
	ok(many >= 4, "descriptors are listed (%s)", many >= 4 ? "all" : "too few");
}

static void test_others(void)
{
	char path[64], *p = anon(1, PROT_READ | PROT_WRITE);
	int fds[2];
	pid_t pid;

	pipe(fds);
	pid = fork();
	if (!pid) {
		read(fds[0], path, 1);
		_exit(3);
	}
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	ok(slurp(path) > 0 && strstr(text, "procfs"), "a child's cmdline");
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	ok(slurp(path) > 0 && strstr(text, "[stack]"), "a child's maps");
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	ok(slurp(path) > 0 && number_after("\nPid:") == pid && number_after("\nPPid:") == getpid(), "a child's status");
	write(fds[1], "x", 1);
	for (int i = 0; i < 1000 && !strstr(text, "Z ("); i++) {
		pause_ms(1);
		slurp(path);
	}
	ok(strstr(text, "State:\tZ (zombie)") != NULL, "a zombie");
	waitpid(pid, NULL, 0);
	ok(slurp(path) == -1 && errno == ENOENT, "gone");
	munmap(p, PAGE);
	close(fds[0]);
	close(fds[1]);
}

static void test_machine(void)
{
	static const char *const files[] = { "meminfo", "cpuinfo", "mounts", "filesystems", "stat", "uptime", "loadavg", "vmstat",
					     "version", "partitions", "swaps", "sys/kernel/ostype", "sys/kernel/osrelease",
					     "sys/kernel/hostname", "sys/kernel/pid_max", "sys/kernel/random/uuid",
					     "sys/kernel/random/boot_id", "sys/vm/max_map_count", "sys/vm/overcommit_memory",
					     "sys/fs/file-max" };
	char path[64];

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%s", files[i]);
		ok(slurp(path) > 0, "%s", path);
	}
	ok(slurp("/proc/meminfo") > 0 && number_after("MemTotal:") > number_after("MemFree:"), "free memory is part of all");
	ok(slurp("/proc/sys/kernel/ostype") > 0 && !strcmp(text, "Linux\n"), "ostype");
	ok(slurp("/proc/stat") > 0 && strstr(text, "\ncpu0 ") && strstr(text, "\nbtime "), "stat");
	ok(slurp("/proc/cpuinfo") > 0 && strstr(text, "processor\t: 0\n"), "cpuinfo");
}

/* What has a device of its own is mounted, and so is listed. */
static void test_mounts(void)
{
	static const char *const paths[] = { "/", "/dev", "/proc", "/tmp", "/dev/shm" };
	char above[32], word[32];
	struct stat st, up;
	int missing = 0;

	slurp("/proc/mounts");
	for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(above, sizeof(above), "%s/..", paths[i]);
		snprintf(word, sizeof(word), " %s ", paths[i]);
		if (!stat(paths[i], &st) && !stat(above, &up) && (!i || st.st_dev != up.st_dev) && !strstr(text, word)) {
			printf("# %s is not listed\n", paths[i]);
			missing++;
		}
	}
	ok(!missing, "what is mounted");
}

int main(void)
{
	if (access("/proc/self/stat", R_OK)) {
		tap_skip("/proc", "not mounted");
		return tap_done();
	}
	free(malloc(1000));
	test_maps();
	test_self();
	test_score();
	test_comm();
	test_links();
	test_directories();
	test_others();
	test_machine();
	test_mounts();
	return tap_done();
}
