/* SPDX-License-Identifier: MIT */
/* The RAM block device as an instrument: what is set at run time happens. Linux has no such device, and skips. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tap.h"

#define SETTINGS "/proc/sys/ramblk/disk0/"
#define ALL "0-999999999,"
#define APART (64 * PAGE) /* no read-ahead reaches from one place to the next */

static int file;
static const char *self;
static off_t place; /* the next part of /data/big that nobody has read */

static int set(const char *name, const char *value)
{
	char path[100];
	int fd, err;

	snprintf(path, sizeof(path), SETTINGS "%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	err = write(fd, value, strlen(value)) < 0 ? errno : 0;
	close(fd);
	return err;
}

static void show(const char *name, char *buf, size_t size)
{
	char path[100];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), SETTINGS "%s", name);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
}

static long stat_of(const char *name)
{
	char text[2048], *at;

	show("stats", text, sizeof(text));
	at = strstr(text, name);
	return at ? atol(at + strlen(name)) : -1;
}

static int shows(const char *name, const char *value)
{
	char text[400];

	show(name, text, sizeof(text));
	text[strcspn(text, "\n")] = 0;
	return !strcmp(text, value);
}

/* One byte that has to come from the device. 0 or errno. */
static int read_fresh(off_t *at)
{
	char byte;
	ssize_t n;

	n = pread(file, &byte, 1, *at);
	*at += APART;
	return n == 1 ? 0 : errno;
}

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- */

static void test_values(void)
{
	static const char *const good[][2] = {
		{ "latency", "fixed:5" }, { "latency", "uniform:1,9" }, { "latency", "exp:30" }, { "latency", "sector:1,2" },
		{ "latency", "seek:3,4" }, { "latency", "policy" }, { "depth", "3" }, { "depth", "0" }, { "iops", "77" }, { "iops", "0" },
		{ "bandwidth", "0" }, { "seed", "42" }, { "errors", "5-5,r" }, { "errors", "5-7,w,once 9-9,rw,chance:10" },
		{ "errors", "1-2,r,nth:7" }, { "errors", "none" }, { "hold", "1-2,rw,nth:2" }, { "hold", "123456-123457,w" }, { "hold", "none" },
	};
	static const char *const bad[][2] = {
		{ "latency", "fixed" }, { "latency", "fixed:" }, { "latency", "uniform:9,1" }, { "latency", "exp:1,2" }, { "latency", "slow" },
		{ "latency", "fixed:999999999999" }, { "depth", "-1" }, { "depth", "" }, { "iops", "1k" }, { "bandwidth", "fast" },
		{ "errors", "5" }, { "errors", "7-5,r" }, { "errors", "5-7" }, { "errors", "5-7,x" }, { "errors", "5-7,r,chance:1000001" },
		{ "errors", "5-7,r,nth:0" },
		{ "hold", "5-7,r,once" }, { "seed", "x" },
	};
	unsigned i, right = 0;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		right += !set(good[i][0], good[i][1]) && shows(good[i][0], good[i][1]);
	ok(right == i, "%u of %u good values are taken and shown", right, i);
	for (i = right = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		right += set(bad[i][0], bad[i][1]) == EINVAL;
	ok(right == i, "%u of %u bad values are refused", right, i);
	ok(shows("latency", "policy") && shows("depth", "0") && shows("errors", "none"), "and change nothing");
	ok(set("stats", "0") != 0, "figures cannot be set");
}

static void test_latency(void)
{
	static const struct {
		const char *latency;
		long least_us;
	} rows[] = { { "fixed:3000", 3000 }, { "uniform:2000,4000", 2000 }, { "sector:1500,0", 1500 }, { "seek:1500,0", 1500 } };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		long start, took;

		set("latency", rows[i].latency);
		start = now_us();
		ok(!read_fresh(&place), "a read at latency %s", rows[i].latency);
		took = now_us() - start;
		ok(took >= rows[i].least_us, "takes %ld us or more", rows[i].least_us);
	}
	set("latency", "policy");
}

/* Four readers at a device that serves one at a time: nobody is quicker than the sum. */
static void test_depth(void)
{
	long start;
	pid_t pids[4];
	int right = 0;

	set("latency", "fixed:2000");
	set("depth", "1");
	start = now_us();
	for (int i = 0; i < 4; i++) {
		off_t at = place + i * APART;

		pids[i] = fork();
		if (!pids[i])
			_exit(read_fresh(&at) != 0);
	}
	for (int i = 0; i < 4; i++) {
		int status;

		right += waitpid(pids[i], &status, 0) == pids[i] && status == 0;
	}
	place += 4 * APART;
	ok(right == 4 && now_us() - start >= 8000, "depth=1 serves four readers one after the other");
	set("depth", "0");
	set("latency", "policy");
}

static void test_throttle(void)
{
	long start = now_us();

	set("iops", "100");
	for (int i = 0; i < 4; i++)
		read_fresh(&place);
	ok(now_us() - start >= 20000, "iops=100: four reads take three periods, less the burst of one");
	set("iops", "0");
}

static void test_errors(void)
{
	char range[64];
	long failed = stat_of("failed");
	off_t at = place;

	ok(!set("errors", ALL "r,once") && read_fresh(&at) == EIO, "an error once: EIO");
	at = place;
	ok(!read_fresh(&at), "and the next try asks the device again");
	place = at;
	snprintf(range, sizeof(range), ALL "r,chance:%d", 1000000);
	set("errors", range);
	at = place;
	ok(read_fresh(&at) == EIO && (at = place, read_fresh(&at) == EIO), "chance 1: EIO each time");
	set("errors", ALL "w");
	ok(!read_fresh(&place), "an error for writes is none for reads");
	set("errors", "none");
	ok(stat_of("failed") >= failed + 3, "errors are counted");
}

/* What the program itself needs shall not come from a device that is told to misbehave. */
static void warm_up(void)
{
	char buf[PAGE];
	int fd = open(self, O_RDONLY);

	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	set("errors", "none");
	if (write(fd, "1", 1) != 1)
		ok(0, "drop_caches");
	close(fd);
	warm_up();
}

/* Does reading that byte of the file fail, when sectors [first, last] do? */
static int fails_with(off_t at, unsigned long first, unsigned long last)
{
	char rule[64];

	drop_caches();
	snprintf(rule, sizeof(rule), "%lu-%lu,r", first, last);
	set("errors", rule);
	return read_fresh(&at) == EIO;
}

/* The sector of the disk in which that byte is: found as one would find a bad one. */
static unsigned long sector_of(off_t at)
{
	unsigned long first = 0, last = (1ul << 20) - 1;

	while (first < last) {
		unsigned long middle = first + (last - first) / 2;

		if (fails_with(at, first, middle))
			last = middle;
		else
			first = middle + 1;
	}
	return first;
}

/* Of a request for many pages those fail that have a bad sector, and no others. */
static void test_one_sector(void)
{
	static char buf[4 * PAGE];
	off_t bad = 5 * PAGE + 600; /* named in the inode, which is in memory */
	unsigned long sector = sector_of(bad);

	ok(fails_with(bad, sector, sector) && fails_with(bad, sector + 7, sector + 7) && !fails_with(bad, 0, sector - 1) &&
	   !fails_with(bad, sector + 8, 1ul << 20), "a sector is bad");
	ok(fails_with(bad - 600, sector, sector) && fails_with(bad + 3000, sector, sector), "and with it its page");
	ok(!fails_with(bad - PAGE, sector, sector) && !fails_with(bad + PAGE, sector, sector), "but not the next to it, whatever is read ahead");
	ok(fails_with(bad, sector, sector), "once more");
	ok(pread(file, buf, sizeof(buf), 3 * PAGE) == 2 * (long)PAGE, "a read ends where it is");
	ok(pread(file, buf, sizeof(buf), 5 * PAGE) < 0 && errno == EIO, "and the next one begins with EIO");
	set("errors", "none");
	ok(pread(file, buf, sizeof(buf), 3 * PAGE) == sizeof(buf), "well again");
}

static void test_nth(void)
{
	off_t at = 0;

	drop_caches();
	read_fresh(&(off_t){ 800 * PAGE }); /* and what leads to the rest */
	set("errors", ALL "r,nth:3");
	ok(!read_fresh(&at) && !read_fresh(&at) && read_fresh(&at) == EIO && !read_fresh(&at), "nth:3 is the third request");
	ok(shows("errors", "none"), "and then the rule is gone");
}

static void test_hold(void)
{
	int ends[2];
	char byte = 0;
	pid_t pid;
	int status;

	if (pipe(ends))
		return;
	set("hold", ALL "r");
	pid = fork();
	if (!pid) {
		int err = read_fresh(&place);

		_exit(write(ends[1], "x", 1) != 1 || err);
	}
	while (stat_of("held") < 1)
		pause_ms(1);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	ok(read(ends[0], &byte, 1) < 0 && errno == EAGAIN, "a held request: its reader sleeps");
	set("hold", "none");
	ok(waitpid(pid, &status, 0) == pid && status == 0 && read(ends[0], &byte, 1) == 1, "released: it goes on");
	ok(stat_of("held") == 0, "nothing is held any more");
	place += APART;
}

int main(int argc, char **argv)
{
	file = open("/data/big", O_RDONLY);
	if (access(SETTINGS "stats", F_OK)) {
		tap_skip("the RAM block device", "this kernel has none");
		return tap_done();
	}
	self = argv[0];
	warm_up();
	test_values();
	test_latency();
	test_depth();
	test_throttle();
	test_errors();
	test_nth();
	test_one_sector();
	test_hold();
	return tap_done();
}
