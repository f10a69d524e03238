/* SPDX-License-Identifier: MIT */
/*
 * Files on the disk's file system, made, written, moved and removed by four processes at a time; what each has left is compared from another
 * one. On Faultline the disk is checked by e2fsck when the run is over.
 */
#include "tap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOME "/ext2write"
#define PROCESSES 4
#define FILES 250
#define FAR (3ll << 30)

#define must(good)                                                                                 \
	do {                                                                                       \
		if (!(good)) {                                                                     \
			printf("# %s:%d: %s (%s)\n", __FILE__, __LINE__, #good, strerror(errno));  \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static unsigned char byte_of(unsigned file, size_t at)
{
	return (unsigned char)(file * 7 + at + at / 251);
}

static size_t size_of(unsigned file)
{
	return file % 9 * 1111 + file;
}

static void write_file(const char *name, unsigned file)
{
	static unsigned char buf[16384];
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0640);

	for (size_t i = 0; i < size_of(file); i++)
		buf[i] = byte_of(file, i);
	must(fd >= 0 && write(fd, buf, size_of(file)) == (ssize_t)size_of(file) && !close(fd));
}

static void check_file(const char *name, unsigned file)
{
	static unsigned char buf[16384];
	int fd = open(name, O_RDONLY);

	must(fd >= 0 && read(fd, buf, sizeof(buf)) == (ssize_t)size_of(file) && !close(fd));
	for (size_t i = 0; i < size_of(file); i++)
		must(buf[i] == byte_of(file, i));
}

/* Many files, of which every second is moved to another directory and every third goes. */
static void many(unsigned who)
{
	char name[100], other[100];

	snprintf(name, sizeof(name), "%u", who);
	must(!mkdir(name, 0755) && !chdir(name) && !mkdir("moved", 0700));
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file-%u-with-a-name-of-some-length", i);
		write_file(name, i);
		snprintf(other, sizeof(other), "moved/%u", i);
		if (i % 2)
			must(!rename(name, other));
		if (i % 3 == 0)
			must(!unlink(i % 2 ? other : name));
	}
}

static void check_many(unsigned who)
{
	char name[100];
	struct stat st;

	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), i % 2 ? HOME "/%u/moved/%u" : HOME "/%u/file-%u-with-a-name-of-some-length", who, i);
		if (i % 3)
			check_file(name, i);
		else
			must(stat(name, &st) && errno == ENOENT);
	}
}

/* A hole of 3 GiB, made shorter and longer. */
static void sparse(void)
{
	struct stat st;
	char buf[8] = "";
	int fd = open("sparse", O_CREAT | O_RDWR, 0600);

	must(fd >= 0 && pwrite(fd, "far", 3, FAR) == 3 && !fstat(fd, &st) && st.st_size == FAR + 3 && st.st_blocks < 200);
	must(pread(fd, buf, 8, FAR - 5) == 8 && !memcmp(buf, "\0\0\0\0\0far", 8));
	must(!ftruncate(fd, FAR + 1) && !ftruncate(fd, FAR + 3) && pread(fd, buf, 8, FAR - 5) == 8 && !memcmp(buf, "\0\0\0\0\0f\0\0", 8));
	must(!ftruncate(fd, 0) && !fstat(fd, &st) && st.st_size == 0 && st.st_blocks == 0 && !close(fd));
}

static void links(void)
{
	char text[200], back[300];
	struct stat st;

	memset(text, 'x', sizeof(text));
	text[199] = 0;
	must(!symlink("short", "s") && readlink("s", back, sizeof(back)) == 5 && !memcmp(back, "short", 5));
	must(!symlink(text, "l") && readlink("l", back, sizeof(back)) == 199 && !memcmp(back, text, 199));
	write_file("one", 5);
	must(!link("one", "two") && !stat("two", &st) && st.st_nlink == 2 && !unlink("one"));
	check_file("two", 5);
	must(!chmod("two", 0604) && !stat("two", &st) && (st.st_mode & 07777) == 0604 && st.st_nlink == 1);
}

/* A file without a name, until it is closed; directories that are not empty, and into themselves. */
static void names(void)
{
	char buf[3];
	int fd = open("open", O_CREAT | O_RDWR, 0600);

	must(fd >= 0 && !unlink("open") && write(fd, "abc", 3) == 3 && pread(fd, buf, 3, 0) == 3 && !memcmp(buf, "abc", 3));
	must(!mkdir("a", 0755) && !mkdir("a/b", 0755) && !mkdir("c", 0755));
	must(rmdir("a") && errno == ENOTEMPTY);
	must(rename("a", "a/b/c") && errno == EINVAL);
	must(rename("c", "a") && errno == ENOTEMPTY);
	must(!rename("a/b", "c/b") && !rename("c", "a") && !access("a/b", F_OK) && access("c", F_OK));
	must(!chdir("a/b") && !access("../../two", F_OK) && !chdir("../..") && !rmdir("a/b") && !rmdir("a"));
	must(open("two/x", O_CREAT | O_WRONLY, 0600) < 0 && errno == ENOTDIR); /* the other one stays open until the end */
}

static void child(unsigned who)
{
	must(!chdir(HOME));
	many(who);
	sparse();
	links();
	names();
	_exit(0);
}

static int all(void (*fn)(unsigned who))
{
	int status, bad = 0;

	for (unsigned i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (!pid) {
			fn(i);
			_exit(0);
		}
		bad += pid < 0;
	}
	while (wait(&status) > 0)
		bad += status != 0;
	return !bad;
}

/* All that is left: a directory that is not empty would not go. */
static void remove_all(unsigned who)
{
	static const char *const others[] = { "sparse", "s", "l", "two" };
	char name[100];

	snprintf(name, sizeof(name), HOME "/%u", who);
	must(!chdir(name));
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), i % 2 ? "moved/%u" : "file-%u-with-a-name-of-some-length", i);
		must(i % 3 == 0 || !unlink(name));
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		must(!unlink(others[i]));
	snprintf(name, sizeof(name), HOME "/%u", who);
	must(!rmdir("moved") && !chdir("..") && !rmdir(name));
}

int main(void)
{
	struct stat st;

	ok(!mkdir(HOME, 0755), "a directory on the disk");
	ok(all(child), "four processes make, write, move and remove");
	ok(!stat(HOME, &st) && st.st_nlink == 2 + PROCESSES, "directories count as links");
	ok(all(check_many), "others find what they left");
	ok(all(remove_all), "and remove it");
	ok(!rmdir(HOME), "the directory goes too");
	return tap_done();
}
