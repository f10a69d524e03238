/* SPDX-License-Identifier: MIT */
/* The files in /bad that calls are made with, and what they look like at one moment: modes, owners, links, sizes, contents, times. */
#ifndef BADCALLS_FIXTURE_H
#define BADCALLS_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "badcalls_values.h"

#define CWD (-100l)
#define LINUX_O_PATH 010000000 /* newlib has numbers of its own for these, which its functions translate */
#define LINUX_O_NONBLOCK 04000
#define LONG_AGO 1000000000l

static const char *const names[] = { "/bad",	      "/bad/file", "/bad/out",	"/bad/exec",	 "/bad/dir", "/bad/dir/in", "/bad/link",
				     "/bad/dirlink", "/bad/dangling", "/bad/loop", "/bad/fifo", "/bad/device", "/bad/new", "/bad/absent", name255 };

static uint32_t fold(uint32_t sum, const void *data, size_t n)
{
	const unsigned char *bytes = data;

	while (n--)
		sum = (sum ^ *bytes++) * 16777619u;
	return sum;
}

static int is_now(long then)
{
	long now = time(NULL);

	return then <= now && then > now - 100;
}

/* A time is what the fixture gave it, or now. */
static uint32_t look_at(uint32_t sum, const char *name)
{
	struct stat st;
	long facts[7] = { -1 };
	char text[128] = "";
	int fd;

	if (lstat(name, &st) == 0) {
		long size = S_ISDIR(st.st_mode) ? 0 : (long)st.st_size;

		memcpy(facts, (long[7]){ st.st_mode, st.st_nlink, st.st_uid, st.st_gid, size, st.st_rdev, is_now(st.st_mtime) ? 1 : st.st_mtime },
		       sizeof(facts));
		if (S_ISLNK(st.st_mode) && readlink(name, text, sizeof(text)) < 0)
			facts[0] = -2;
		if (S_ISREG(st.st_mode) && (fd = open(name, O_RDONLY)) >= 0) {
			facts[5] = read(fd, text, sizeof(text));
			close(fd);
		}
	}
	return fold(fold(sum, facts, sizeof(facts)), text, sizeof(text));
}

static uint32_t look(int aloud)
{
	uint32_t sum = 2166136261u;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t one = look_at(2166136261u, names[i]);

		if (aloud)
			printf("#   %s %08x\n", names[i], (unsigned)one);
		sum = fold(sum, &one, sizeof(one));
	}
	return sum;
}

static void make_file(const char *name, const char *text, unsigned mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (write(fd, text, strlen(text)) >= 0)
		fchmod(fd, mode);
	close(fd);
}

static void away_all(const char *folder, int keep);

static void away(const char *name)
{
	if (unlink(name) == 0 || rmdir(name) == 0)
		return;
	away_all(name, 0);
	rmdir(name);
}

/* What is there and is what it was at first: descriptors refer to it. */
static int stays(const char *name)
{
	struct stat st;

	for (unsigned i = 1; i < 5; i++)
		if (!strcmp(name, names[i]))
			return lstat(name, &st) == 0 && (i == 4 ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode) && st.st_nlink == 1);
	return 0;
}

static void away_all(const char *folder, int keep)
{
	char name[600];
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
			snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
			if (!keep || !stays(name))
				away(name);
		}
	if (dir)
		closedir(dir);
}

static void build(void)
{
	const struct timespec then[2] = { { LONG_AGO, 0 }, { LONG_AGO, 0 } };

	umask(0);
	away_all("/bad", 1);
	away_all("/bad/dir", 0);
	mkdir("/bad/dir", 0755);
	make_file("/bad/file", "a file of some length, with which calls are made", 0644);
	make_file("/bad/out", "", 0644);
	make_file("/bad/exec", "no program at all", 0755);
	make_file("/bad/dir/in", "inside", 0600);
	if (symlink("file", "/bad/link") | symlink("dir", "/bad/dirlink") | symlink("nothing", "/bad/dangling") | symlink("loop", "/bad/loop"))
		exit(5);
	syscall(SYS_mknodat, CWD, "/bad/fifo", S_IFIFO | 0600, 0);
	syscall(SYS_mknodat, CWD, "/bad/device", S_IFCHR | 0600, 0x103);
	if (chown("/", 0, 0) | chmod("/", 0755))
		exit(6);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (i < 6 && chown(names[i], 0, 0) + chmod(names[i], i == 0 || i == 3 || i == 4 ? 0755 : i == 5 ? 0600 : 0644))
			exit(6);
		syscall(SYS_utimensat, CWD, names[i], then, 0x100);
	}
}

static void give(int fd, int number)
{
	if (fd < 0 || dup2(fd, number) != number)
		exit(7 + number);
	if (fd != number)
		close(fd);
}

static void open_all(void)
{
	int pipes[2];

	give(open("/bad/file", O_RDWR), FILE_FD);
	give(open("/bad/dir", O_RDONLY), DIR_FD);
	give(open("/bad/file", O_RDONLY), READ_FD);
	give(open("/bad/out", O_WRONLY), OUT_FD);
	give(syscall(SYS_openat, CWD, "/bad/file", LINUX_O_PATH, 0), PATH_FD);
	if (pipe(pipes) || fcntl(pipes[0], F_SETFL, O_NONBLOCK) || fcntl(pipes[1], F_SETFL, O_NONBLOCK))
		exit(7);
	give(pipes[0], PIPE_FD);
	give(pipes[1], PIPE_IN_FD);
	give(syscall(SYS_epoll_create1, 0), EPOLL_FD);
	give(syscall(SYS_eventfd2, 0, LINUX_O_NONBLOCK), EVENT_FD);
	give(syscall(SYS_timerfd_create, 1, LINUX_O_NONBLOCK), TIMER_FD);
	give(open("/dev/null", O_RDWR), NULL_FD);
	give(open("/dev/zero", O_RDWR), ZERO_FD);
	give(open("/bad/fifo", O_RDWR | O_NONBLOCK), FIFO_FD);
	give(syscall(SYS_memfd_create, "bad", 0), MEM_FD);
	give(open("/bad/file", O_RDWR | O_APPEND), APPEND_FD);
	give(syscall(SYS_pidfd_open, getpid(), 0), PROCESS_FD);
	if (syscall(SYS_socketpair, 1, 1 | LINUX_O_NONBLOCK, 0, pipes)) /* AF_UNIX, SOCK_STREAM */
		exit(7);
	give(pipes[0], SOCKET_FD);
	give(pipes[1], PEER_FD);
}

/* Positions at the start, pipes empty. */
static void rewind_all(void)
{
	char text[4096];

	for (int fd = FILE_FD; fd < LAST_FD; fd++)
		lseek(fd, 0, SEEK_SET);
	while (read(PIPE_FD, text, sizeof(text)) > 0 || read(FIFO_FD, text, sizeof(text)) > 0 || read(PEER_FD, text, sizeof(text)) > 0)
		;
}

#endif
