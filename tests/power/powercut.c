/* SPDX-License-Identifier: MIT */
/*
 * powercut SEED WORKERS OPS: files and directories are changed at random by several processes, and the console is told of it: each operation
 * before it begins and when it is done. When the power goes (--cut-after), tests/power/cut.py knows from that what must be on the disk.
 *
 * A line is WORKER "<" OPERATION ARGUMENTS, or WORKER ">" RESULT. Objects (files and directories) have numbers, given once; a name is a
 * directory's number and one of its own. A write has a stamp, from which its bytes follow.
 */
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLE 65536
#define FAR 400000
#define PAGE 4096l

static int next_object = 2, next_name, next_stamp = 1;
static unsigned char table[TABLE];

static void say(const char *format, ...)
{
	char line[200];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (write(1, line, (size_t)n) != n)
		_exit(3);
}

static void begin(const char *operation, long a, long b, long c, long d, long e, long f)
{
	say("%u< %s %ld %ld %ld %ld %ld %ld\n", worker, operation, a, b, c, d, e, f);
}

/* ok: what is not an error. */
static long end(long result)
{
	say("%u> %ld\n", worker, result < 0 ? -(long)errno : result);
	if (result < 0 && errno != ENOSPC)
		_exit(4);
	return result;
}

/* Bytes of the write with this stamp, at `at` of the file: never 0. */
static void fill(unsigned char *to, long at, long n, int stamp)
{
	for (long i = 0; i < n; i++)
		to[i] = table[(unsigned long)(at + i + stamp * 40503l) % TABLE];
}

static void make_table(void)
{
	unsigned long x = 12345;

	for (int i = 0; i < TABLE; i++) {
		x = (x * 1103515245 + 12345) & 0x7fffffff;
		table[i] = (unsigned char)(1 + (x >> 16) % 255);
	}
}

/* ---- operations ---- */

static struct name *make(int directory)
{
	struct name *n = unused_name();
	struct stat st = { 0 };
	char path[400];
	int fd, object = next_object;

	if (!n || object == OBJECTS)
		return NULL;
	*n = (struct name){ pick_dir(), next_name++, 0 };
	name_path(n, path);
	next_object++;
	begin("make", object, directory, n->dir, n->num, 0, 0);
	if (directory) {
		fd = mkdir(path, 0755);
	} else {
		fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0644);
		if (fd >= 0)
			close(fd);
	}
	if (fd >= 0)
		stat(path, &st);
	if (end(fd < 0 ? -1 : (long)st.st_ino) < 0)
		return NULL;
	n->object = object;
	objects[object] = (struct object){ directory, 0, 1 };
	return n;
}

static int open_name(const struct name *n, int flags)
{
	char path[400];
	int fd;

	name_path(n, path);
	fd = open(path, flags);
	if (fd < 0) {
		say("%u! open %s: %d\n", worker, path, errno);
		_exit(5);
	}
	return fd;
}

static long some_length(void)
{
	return random_below(4) ? 1 + (long)random_below(6000) : 1 + (long)random_below(50000);
}

static void write_file(struct name *n, long at, long len)
{
	static unsigned char buf[65536];
	struct object *o = &objects[n->object];
	int fd = open_name(n, O_RDWR), stamp = next_stamp++;
	long done;

	fill(buf, at, len, stamp);
	begin("write", n->object, at, len, stamp, 0, 0);
	done = end(pwrite(fd, buf, (size_t)len, at));
	if (done > 0 && at + done > o->size)
		o->size = at + done;
	close(fd);
}

static void write_some(struct name *n)
{
	long size = objects[n->object].size;

	long at = random_below(3) ? (long)random_below((unsigned long)size + 1) : random_below(4) ? size : (long)random_below(FAR);

	write_file(n, at, some_length());
}

/* Where there is something already: a store into a hole may find the disk full, which is a signal. */
static void store(struct name *n)
{
	struct object *o = &objects[n->object];
	int fd = open_name(n, O_RDWR), stamp = next_stamp++;
	long at = random_below((unsigned long)o->size / (unsigned long)PAGE + 1) * PAGE, len = o->size - at;
	unsigned char *map, byte;

	len = len < 3000 ? len : 3000;
	if (len <= 0 || pread(fd, &byte, 1, at) != 1 || !byte) {
		close(fd);
		return;
	}
	len = len < 1000 ? len : 1000; /* a block at least */
	map = mmap(NULL, (size_t)PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
	if (map != MAP_FAILED) {
		begin("write", n->object, at, len, stamp, 0, 0);
		fill(map, at, len, stamp);
		end(len);
		if (random_below(2)) {
			begin("ignored", 0, 0, 0, 0, 0, 0);
			end(syscall(SYS_msync, map, PAGE, MS_SYNC));
		}
		munmap(map, (size_t)PAGE);
	}
	close(fd);
}

static void truncate_file(struct name *n)
{
	struct object *o = &objects[n->object];
	int fd = open_name(n, O_RDWR);
	long size = random_below(3) ? (long)random_below((unsigned long)o->size + 1) : random_below(3) ? 0 : (long)random_below(FAR);

	begin("truncate", n->object, size, 0, 0, 0, 0);
	if (end(ftruncate(fd, size)) >= 0)
		o->size = size;
	close(fd);
}

static void punch(struct name *n)
{
	int fd = open_name(n, O_RDWR);
	long at = (long)random_below((unsigned long)objects[n->object].size + 1), len = some_length();

	begin("punch", n->object, at, len, 0, 0, 0);
	end(syscall(SYS_fallocate, fd, 3, at, len)); /* KEEP_SIZE | PUNCH_HOLE */
	close(fd);
}

static void sync_name(struct name *n)
{
	int fd = open_name(n, O_RDONLY), object = n->object;

	begin(objects[object].directory ? "syncdir" : "syncfile", object, 0, 0, 0, 0, 0);
	end(objects[object].directory || random_below(2) ? fsync(fd) : syscall(SYS_fdatasync, fd));
	close(fd);
}

static void sync_dir(int dir)
{
	char path[400];
	int fd;

	path_of(dir, path);
	fd = open(path, O_RDONLY);
	begin("syncdir", dir, 0, 0, 0, 0, 0);
	end(fsync(fd));
	close(fd);
}

static void remove_name(struct name *n)
{
	int directory = objects[n->object].directory;
	char path[400];

	if (directory && !is_empty(n->object))
		return;
	name_path(n, path);
	begin("unlink", n->object, n->dir, n->num, 0, 0, 0);
	end(directory ? rmdir(path) : unlink(path));
	objects[n->object].links--;
	n->object = 0;
}

static void link_name(struct name *n)
{
	struct name *to = unused_name();
	char path[400], other[400];

	if (!to)
		return;
	name_path(n, path);
	*to = (struct name){ pick_dir(), next_name++, 0 };
	name_path(to, other);
	begin("link", n->object, to->dir, to->num, 0, 0, 0);
	if (end(link(path, other)) < 0)
		return;
	to->object = n->object;
	objects[n->object].links++;
}

/* Over another name of the same sort, or to a new one. */
static void rename_to(struct name *n, struct name *over)
{
	int directory = objects[n->object].directory, old = over ? over->object : 0;
	struct name to = over ? *over : (struct name){ pick_dir(), next_name++, 0 };
	char path[400], other[400];

	if (over == n || old == n->object || (directory && (is_below(to.dir, n->object) || (old && !is_empty(old)))))
		return;
	if (old && is_below(n->dir, old))
		return;
	name_path(n, path);
	name_path(&to, other);
	begin("rename", n->object, n->dir, n->num, to.dir, to.num, old);
	if (end(rename(path, other)) < 0)
		return;
	if (over) {
		objects[old].links--;
		over->object = 0;
	}
	n->dir = to.dir;
	n->num = to.num;
}

/* What editors do: a whole new file takes the old one's name. */
static void replace(struct name *old)
{
	struct name *n = make(0);

	if (!n)
		return;
	write_file(n, 0, some_length());
	if (random_below(4))
		sync_name(n);
	rename_to(n, old);
	if (random_below(2))
		sync_dir(n->dir);
}

static void sync_all(void)
{
	begin("sync", 0, 0, 0, 0, 0, 0);
	syscall(SYS_sync);
	end(0);
}

static void step(void)
{
	unsigned long what = random_below(100);
	struct name *file = pick(0), *dir = pick(1), *any = random_below(2) ? file : dir;

	if (!file || what < 10)
		make(0);
	else if (what < 14)
		make(1);
	else if (what < 34)
		write_some(file);
	else if (what < 38)
		store(file);
	else if (what < 45)
		truncate_file(file);
	else if (what < 48)
		punch(file);
	else if (what < 58)
		sync_name(file);
	else if (what < 66)
		sync_dir(pick_dir());
	else if (what < 75)
		remove_name(any ? any : file);
	else if (what < 78)
		link_name(file);
	else if (what < 88)
		rename_to(any ? any : file, random_below(3) ? NULL : pick(any == dir && dir));
	else if (what < 98)
		replace(file);
	else
		sync_all();
}

static void work(unsigned number, unsigned long seed, long operations)
{
	char path[20];

	worker = number;
	state = seed * 1000003 + number * 7919 + 1;
	for (int i = 0; i < 8; i++)
		random_below(2);
	objects[1] = (struct object){ 1, 0, 1 };
	sprintf(path, "/w%u", worker);
	if (chdir(path))
		_exit(6);
	while (operations--)
		step();
	_exit(0);
}

static void set(const char *name, const char *value)
{
	char path[100];
	int fd;

	sprintf(path, "/proc/sys/ramblk/disk0/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return; /* not on Linux */
	if (write(fd, value, strlen(value)) < 0)
		_exit(7);
	close(fd);
}

/* Requests overtake each other, in a way that follows from the seed as far as anything does. */
static void set_device(unsigned long seed)
{
	static const char *const latencies[] = { "uniform:0,3000", "exp:500", "fixed:0", "uniform:0,300" };
	char text[30];

	sprintf(text, "%lu", seed);
	set("seed", text);
	set("latency", latencies[seed % 4]);
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	unsigned workers = argc > 2 ? (unsigned)atoi(argv[2]) : 2;
	long operations = argc > 3 ? atol(argv[3]) : 100;
	int status, bad = 0;
	char path[20];
	struct stat st;

	make_table();
	for (unsigned i = 0; i < workers; i++) {
		sprintf(path, "/w%u", i);
		if ((mkdir(path, 0755) && errno != EEXIST) || stat(path, &st))
			return 2;
		worker = i;
		say("%u= %lu\n", i, (unsigned long)st.st_ino);
	}
	syscall(SYS_sync);
	for (unsigned i = 0; i < workers; i++)
		say("%u^\n", i);
	set_device(seed);
	for (unsigned i = 0; i < workers; i++)
		if (!fork())
			work(i, seed, operations);
	while (wait(&status) > 0)
		bad |= status;
	return bad ? 1 : 0;
}
