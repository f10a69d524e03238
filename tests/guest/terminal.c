/* SPDX-License-Identifier: MIT */
/*
 * The terminal (tests/boot/keys.t has one): who may read, write and set; lines; timed reading; two readers; whose it is; and hang-up, which only
 * the exit status tells.
 */
#include "keys.h"

/* ---- who may ---- */

static int answer(long ret)
{
	return ret < 0 ? errno : 0;
}

static void reads(void)
{
	char line[10];

	_exit(read(0, line, sizeof(line)) == 3 && !memcmp(line, "hi\n", 3) ? 0 : errno);
}

static void reads_ignoring(void)
{
	signal(SIGTTIN, SIG_IGN);
	reads();
}

static void reads_blocking(void)
{
	sigset_t in = set_of(SIGTTIN);

	sigprocmask(SIG_BLOCK, &in, NULL);
	reads();
}

static void writes(void)
{
	_exit(answer(write(1, "# job\n", 6)));
}

static void writes_ignoring(void)
{
	signal(SIGTTOU, SIG_IGN);
	writes();
}

static void sets(void)
{
	_exit(answer(control(SET, &plain)));
}

static void takes_front(void)
{
	pid_t group = getpid();

	_exit(answer(control(SET_GROUP, &group)));
}

/* A job in the background gets sig for what it does; brought to the front, it does it. */
static void refused(void (*fn)(void), int sig, const char *keys, const char *what)
{
	pid_t pid = job_start(fn, 0);
	int status = wait_plain(pid);

	ok(WIFSTOPPED(status) && WSTOPSIG(status) == sig, "%s in the background: signal %d", what, sig);
	foreground(pid);
	kill(-pid, SIGCONT);
	wait_plain(pid);
	if (keys)
		type(keys);
	status = wait_plain(pid);
	foreground(shell);
	ok(status == 0, "and in the foreground (%x)", status);
}

static void allowed(void (*fn)(void), int err, const char *what)
{
	int status = wait_plain(job_start(fn, 0));

	ok(WIFEXITED(status) && WEXITSTATUS(status) == err, "%s: %d", what, err);
	foreground(shell);
}

static void with(unsigned lflag, unsigned min, unsigned time)
{
	struct settings s = plain;

	s.lflag = lflag;
	s.cc[MIN] = (unsigned char)min;
	s.cc[TIME] = (unsigned char)time;
	control(SET, &s);
}

static int orphan_up[2], orphan_says[2];

/* In a group of its own, whose only keeper then ends. */
static void orphan_makes(void)
{
	int codes[3] = { 0 };
	pid_t group;
	char c;

	if (fork())
		_exit(0);
	setpgid(0, 0);
	close(orphan_up[1]);
	while (read(orphan_up[0], &c, 1) > 0)
		;
	codes[0] = answer(read(0, &c, 1));
	codes[1] = answer(control(SET, &plain));
	group = getpid();
	codes[2] = answer(control(SET_GROUP, &group));
	(void)!write(orphan_says[1], codes, sizeof(codes));
	_exit(0);
}

static void orphans(void)
{
	int codes[3] = { 0 };

	(void)!pipe(orphan_up);
	(void)!pipe(orphan_says);
	wait_plain(job_start(orphan_makes, 0));
	close(orphan_up[1]);
	(void)!read(orphan_says[0], codes, sizeof(codes));
	ok(codes[0] == EIO && codes[1] == EIO && codes[2] == ENOTTY, "nobody looks after it: EIO, EIO, ENOTTY (%d %d %d)", codes[0], codes[1],
	   codes[2]);
}

static void who_may(void)
{
	pid_t bad = -1;

	refused(reads, SIGTTIN, "68690a", "reading");
	allowed(reads_ignoring, EIO, "SIGTTIN ignored");
	allowed(reads_blocking, EIO, "blocked");
	allowed(writes, 0, "writing in the background");
	with(plain.lflag | TOSTOP_, 1, 0);
	refused(writes, SIGTTOU, NULL, "writing with TOSTOP");
	allowed(writes_ignoring, 0, "SIGTTOU ignored");
	with(plain.lflag, 1, 0);
	refused(sets, SIGTTOU, NULL, "changing settings");
	refused(takes_front, SIGTTOU, NULL, "TIOCSPGRP");
	orphans();
	ok(control(SET_GROUP, &bad) == -1 && errno == EINVAL, "no group: EINVAL");
	bad = 0x3fffffff;
	ok(control(SET_GROUP, &bad) == -1 && errno == ESRCH, "none of that number: ESRCH");
}

/* ---- reading without lines ---- */

static long gets_(const char *keys, size_t n, char *to)
{
	if (keys)
		type(keys);
	return read(0, to, n);
}

static void timed(void)
{
	struct watched there = { .fd = 0, .events = 1 };
	struct timespec now = { 0, 0 };
	unsigned raw = plain.lflag & ~(unsigned)ICANON_;
	char to[10];
	long n;

	with(raw, 0, 0);
	ok(gets_(NULL, 10, to) == 0, "MIN 0, TIME 0: nothing there");
	with(raw, 0, 1);
	ok(gets_(NULL, 10, to) == 0, "MIN 0, TIME 1: nothing came");
	with(raw, 3, 0);
	ok(gets_("616263", 10, to) == 3 && !memcmp(to, "abc", 3), "MIN 3");
	type("6162");
	type("63");
	ok(gets_(NULL, 10, to) == 3 && !memcmp(to, "abc", 3), "in two parts");
	ok(gets_("616263", 2, to) == 2 && watch(&there, 1, &now) == 0, "fewer wanted: no more is waited for, and poll counts to MIN");
	ok(gets_("6465", 10, to) == 3 && !memcmp(to, "cde", 3), "the rest with what comes");
	with(raw, 10, 1);
	n = gets_("6162", 10, to);
	ok(n > 0 && (n == 2 || read(0, to + 1, 9) == 1) && !memcmp(to, "ab", 2), "MIN 10, TIME 1: a pause ends it");
	with(raw, 3, 0);
	type("616204");
	ok(watch(&there, 1, NULL) == 1 && read(0, to, 2) == 2, "poll waits for MIN");
	with(plain.lflag, 1, 0);
	ok(read(0, to, 10) == 1 && to[0] == 4, "what is left of that is a line when there are lines again");
	ok(gets_("616204", 2, to) == 2 && gets_("630a", 10, to) == 2 && to[0] == 'c', "Ctrl-D behind as much as is wanted goes with it");
	ok(gets_("04", 10, to) == 0, "Ctrl-D alone ends the input");
}

/* A line of 256 bytes that Ctrl-D ends is not joined with the next. */
static void long_line(void)
{
	static char hex[600], to[600];

	for (int i = 0; i < 256; i++)
		memcpy(hex + 2 * i, "61", 2);
	strcpy(hex + 512, "04620a");
	type(hex);
	ok(read(0, to, sizeof(to)) == 256 && read(0, to, sizeof(to)) == 2 && to[0] == 'b', "256 bytes and Ctrl-D, then a line: two reads");
}

/* ---- two readers ---- */

/* false: a read found the end of input, or more than a line. */
static int reads_lines(void)
{
	char line[10];
	long n;

	while ((n = read(0, line, sizeof(line))) == 2 && line[0] != 'q')
		say_up();
	return n == 2;
}

static void two_read(void)
{
	pid_t other = fork();
	int good = reads_lines(), status = 0;

	if (other)
		waitpid(other, &status, 0);
	_exit(!good || status);
}

/* Each line is for one; the other goes on waiting. */
static void readers(void)
{
	static char hex[4 * 500 + 1];
	pid_t job = job_start(two_read, 1);
	int status;

	for (int i = 0; i < 500; i++)
		memcpy(hex + 4 * i, "780a", 4);
	for (int i = 0; i < 10; i++) {
		type(hex);
		for (int line = 0; line < 500; line++)
			wait_up();
	}
	type("710a");
	type("710a");
	status = wait_plain(job);
	foreground(shell);
	ok(status == 0, "two readers: no line is the end of input for the other (%x)", status);
}

/* ---- whose ---- */

static void other_session(void)
{
	pid_t id;
	int opened, fd;

	setsid();
	opened = open("/dev/tty", O_RDWR) == -1 && errno == ENXIO;
	opened = opened && control(GET_GROUP, &id) == -1 && errno == ENOTTY && control(TAKE, NULL) == -1 && errno == EPERM;
	ok(opened, "another session: no /dev/tty, ENOTTY, and TIOCSCTTY may not");
	ok(control(TAKE, (void *)1) == 0 && control(GET_SESSION, &id) == 0 && id == getpid(), "unless by force");
	fd = open("/dev/tty", O_RDWR);
	ok(fd >= 0 && control(GET_GROUP, &id) == 0 && id == getpid(), "then it has one, and is in front");
	signal(SIGHUP, SIG_IGN);
	ok(control(GIVE_UP, NULL) == 0 && control(GET_GROUP, &id) == -1 && errno == ENOTTY, "until it gives it up");
	_exit(tap_number);
}

static void sessions(void)
{
	pid_t id, pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid)
		other_session();
	status = wait_plain(pid);
	tap_number = WEXITSTATUS(status);
	ok(control(GET_GROUP, &id) == -1 && errno == ENOTTY, "its first owner has lost it");
	ok(control(TAKE, NULL) == 0 && control(GET_GROUP, &id) == 0 && id == shell, "and takes it back");
}

/* ---- the end ---- */

static void hang_up(void)
{
	sigset_t hup = set_of(SIGHUP);
	char c;

	install(SIGHUP, note, 0, set_of(0));
	sigprocmask(SIG_BLOCK, &hup, NULL);
	printf("1..%d\nhang up\n", tap_number);
	fflush(stdout);
	hup = set_of(0);
	runs = 0;
	while (!runs)
		sigsuspend(&hup);
	_exit((read(0, &c, 1) == 0) + 2 * (write(1, "x", 1) == -1 && errno == EIO) + 4 * !!tap_failures + 40);
}

int main(void)
{
	shell_begin();
	if (!terminal) {
		tap_skip("a terminal", "standard input is none");
		return tap_done();
	}
	who_may();
	timed();
	long_line();
	readers();
	sessions();
	hang_up();
}
