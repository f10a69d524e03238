/* SPDX-License-Identifier: MIT */
/*
 * Every system call with one bad argument at a time: badcalls [-v] [NAME...]. Prints what each answered, a line for each argument of each call:
 *
 *   read.1 good:8 null:-14 ... filled:8@0-8
 *
 * The answer is a value or a negative errno, or how the process ended. Behind it: @ which bytes of the arguments' FILLED pages were written;
 * ~N argument N's memory was written to though the call failed; ! and a checksum, the files in /bad have changed; CANARY, what nothing points to
 * was written to. tests/conformance/badcalls.t compares the lines with those of Linux.
 *
 * Each line is made in a process of its own, which dies of some calls; then the next one goes on with the next value. What sleeps is woken by a
 * timer. Results lie in memory shared with the parent.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "../guest/fuzz_calls.h"
#include "badcalls_fixture.h"
#include "badcalls_how.h"

/* Not through a library, which has numbers of its own for errors. */
#ifdef __x86_64__
#include "../../user/libc/x86_64/raw.h"
#else
#include "../../user/libc/arm64/raw.h"
#endif

#ifndef SYS_futex_waitv /* younger than some libraries' lists */
#define SYS_futex_waitv 449
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define PATIENCE 4      /* seconds for a process without an answer */
#define WAKE_US 100000 /* much longer than any call takes that does not sleep, on a busy host too */
#define LATER_US 200000 /* for calls that end by themselves after up to 24 ms */
#define WORDS 160       /* the longest answer */

static const struct call more[] = {
#define X(name, kinds) { #name, SYS_##name, kinds },
	MORE_BOTH(X)
#ifdef __x86_64__
	MORE_X86(X)
#endif
#undef X
};

/* One line: an argument of a call, and what is put into its place. */
struct line {
	const struct call *call;
	const char *how;
	int arg;
	const struct value *values;
	unsigned count;
	uint32_t files; /* as they should be */
};

static struct result {
	volatile unsigned at; /* the value that is being tried */
	char text[MOST_VALUES][WORDS];
} *results;

static int aloud;

static const struct kind *kind_of(char letter)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strchr(kinds[i].letters, letter))
			return &kinds[i];
	exit(4);
}

static int is_pointer(char letter)
{
	return strchr("mwtvsS", letter) != NULL;
}

static char *arena_of(int arg, int page)
{
	return (char *)(ARENA + arg * ARENA_STRIDE + page * (long)PAGE);
}

/* ---- memory ---- */

static void make_contents(int arg, char letter)
{
	long *at = (long *)arena_of(arg, AT_CONTENTS), room = (long)arena_of(arg, AT_FILLED), hole = (long)arena_of(arg, AT_HOLE);
	const long max = (long)(~0ul >> 1), time[8][4] = { { 0, 0, 0, 0 },   { 0, 1000000000 }, { 0, -1 },		{ -1, 0 },
							   { max, 0 }, { 0, 0x3fffffff, 0, 0x3ffffffe }, { 0, 0, 0, 1000000000 }, { 0, 1000000 } };
	const long vector[8][4] = { { room, 8, room + 8, 8 }, { (long)0xffff800000001000ul, 8, room, 8 }, { room, -1, room, 8 }, { room, 8, hole, 8 },
				    { room, max, room, 8 },   { 0, 0, 0, 0 }, { room, max, room, max }, { (long)0xffff800000001000ul, 0, room, 8 } };

	for (int i = 0; i < 8; i++)
		memcpy(at + i * 8, letter == 't' ? time[i] : vector[i], sizeof(time[i]));
}

static void make_arena(int arg)
{
	char *arena = arena_of(arg, 0);

	mmap(arena, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(arena, 0xa5, PAGE);
	memset(arena_of(arg, AT_FILLED), FILL, PAGE);
	munmap(arena_of(arg, AT_HOLE), PAGE);
	munmap(arena_of(arg, AT_HOLE2), PAGE);
	munmap(arena_of(arg, AT_HOLE3), PAGE);
	mprotect(arena_of(arg, AT_READONLY), PAGE, PROT_READ);
	mprotect(arena_of(arg, AT_NONE), PAGE, PROT_NONE);
	mprotect(arena_of(arg, AT_WRITEONLY), PAGE, PROT_WRITE);
}

static void make_playground(void)
{
	char *at = (char *)PLAYGROUND;

	munmap(at, 64 * PAGE);
	mmap(at, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(at + 5 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(at + 7 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(at + 8 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, FILE_FD, 0);
}

static int all_are(const char *at, unsigned char byte)
{
	return (unsigned char)at[0] == byte && !memcmp(at, at + 1, PAGE - 1);
}

/* Appends what has become of the memory, and puts it back. */
static void inspect_memory(const struct line *line, char *text, int failed)
{
	for (int i = 0; line->call->kinds[i]; i++) {
		char *filled = arena_of(i, AT_FILLED);
		int first = 0, last = PAGE;

		if (!is_pointer(line->call->kinds[i]))
			continue;
		if (!all_are(arena_of(i, AT_CANARY), 0xa5))
			sprintf(text + strlen(text), "CANARY");
		if (!all_are(filled, FILL)) {
			while (filled[first] == FILL)
				first++;
			while (filled[last - 1] == FILL)
				last--;
			if (!failed || i != line->arg)
				sprintf(text + strlen(text), "@%d-%d", first & ~7, (last + 7) & ~7);
			memset(filled, FILL, PAGE);
		}
		if (!all_are(arena_of(i, AT_ZEROS), 0)) {
			if (failed && i != line->arg && !strchr(line->how, 'N'))
				sprintf(text + strlen(text), "~%d", i);
			memset(arena_of(i, AT_ZEROS), 0, PAGE);
		}
	}
}

/* ---- one call ---- */

static long at_place(const struct value *value, int arg)
{
	if (value->value == SELF)
		return getpid();
	return value->relative ? (long)arena_of(arg, 0) + value->value : value->value;
}

/* What argument i is when another one is bad: the call's own, or the first of its kind. */
static long good_argument(const struct call *call, int i)
{
	for (unsigned k = 0; k < sizeof(goods) / sizeof(goods[0]); k++)
		if (goods[k].number == call->number && goods[k].arg == i)
			return goods[k].value;
	if (call->kinds[i] == 'n' && strchr(call->kinds, 'a'))
		return PAGE;
	if (call->kinds[i] == 'f' && call->kinds[i + 1] && strchr("sS", call->kinds[i + 1]))
		return CWD;
	return at_place(kind_of(call->kinds[i])->values, i);
}

/* And again and again, for it may be about to sleep only. */
static void wake_later(long us)
{
	struct itimerval wake = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &wake, NULL);
}

/* One that is there, whatever became of those before it. */
static void make_zombie(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (fork() == 0)
		_exit(3);
	while (syscall(SYS_waitid, 0, 0, NULL, 0x01000004, NULL) < 0) /* WNOWAIT | WEXITED */
		;
}

static void make_call(const struct line *line, const struct value *value, char *text)
{
	long a[6] = { 0 }, got;
	int failed;

	for (int i = 0; line->call->kinds[i]; i++) {
		a[i] = i == line->arg && value != line->values ? at_place(value, i) : good_argument(line->call, i);
		if (strchr("tv", line->call->kinds[i]))
			make_contents(i, line->call->kinds[i]);
	}
	if (strchr(line->how, 'Z'))
		make_zombie();
	wake_later(strchr(line->how, 'W') ? LATER_US : WAKE_US);
	got = raw(line->call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (got == 0 && strchr(line->how, 'C'))
		syscall(SYS_exit, 0);
	failed = got < 0 && got > -4096;
	if (strchr(line->how, 'V') && !failed)
		sprintf(text, "fine");
	else
		sprintf(text, "%ld", got);
	inspect_memory(line, text, failed);
}

static void inspect_files(const struct line *line, char *text)
{
	uint32_t now = look(0);

	if (now == line->files)
		return;
	sprintf(text + strlen(text), "!%08x", (unsigned)now);
	if (aloud)
		look(1);
	build();
}

static int touches_files(const struct call *call)
{
	return strpbrk(call->kinds, "fsSa") != NULL;
}

static void woken(int sig)
{
	(void)sig;
}

/* Its own session, limits that keep files small, a timer that ends what sleeps, and a timer of its own. */
static void become(const struct line *line)
{
	struct sigaction action = { .sa_handler = woken };
	unsigned long small[2] = { 16 << 20, 16 << 20 }, few[2] = { 1024, 1024 };
	const long none[3] = { 0, 2, 0 };
	int id;

	setsid();
	for (int i = 0; line->call->kinds[i]; i++)
		if (is_pointer(line->call->kinds[i]))
			make_arena(i);
	syscall(SYS_prlimit64, 0, 1, small, NULL); /* the size of files */
	syscall(SYS_prlimit64, 0, 7, few, NULL);   /* descriptors */
	syscall(SYS_timer_create, 1, NULL, &id);
	syscall(SYS_sigaltstack, none, NULL); /* or it depends on the parents */
	signal(SIGXFSZ, SIG_IGN);
	sigaction(SIGALRM, &action, NULL);
	if (strchr(line->how, 'U'))
		syscall(SYS_setresuid, 12345, 12345, 12345);
}

static void child(const struct line *line)
{
	become(line);
	for (; results->at < line->count; results->at++) {
		const struct value *value = &line->values[results->at];
		char *text = results->text[results->at];

		if (why_not(line->call->number, line->arg, value->name))
			continue;
		if (strchr(line->call->kinds, 'a'))
			make_playground();
		if (strchr(line->call->kinds, 'f'))
			rewind_all();
		make_call(line, value, text);
		if (touches_files(line->call))
			inspect_files(line, text);
		if (strchr(line->how, 'E') && ++results->at)
			break;
	}
	_exit(0);
}

/* ---- the parent ---- */

static void sleep_for_child(pid_t pid, int *status)
{
	const struct timespec limit = { PATIENCE, 0 };
	unsigned long set = 1ul << (SIGCHLD - 1);
	unsigned before = results->at;

	while (waitpid(pid, status, WNOHANG | WUNTRACED) != pid)
		if (syscall(SYS_rt_sigtimedwait, &set, NULL, &limit, 8) < 0 && errno == EAGAIN) {
			if (results->at == before)
				kill(pid, SIGKILL);
			before = results->at;
		}
}

static void put_end(char *text, pid_t pid, int status)
{
	text += strlen(text);
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		sprintf(text, "stopped");
	} else {
		sprintf(text, WIFSIGNALED(status) ? "killed%d" : "exit%d", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
}

/* It may have died of a call: that is the answer. */
static void one_process(const struct line *line)
{
	unsigned long set = 1ul << (SIGCHLD - 1);
	unsigned before = results->at;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_rt_sigprocmask, 1, &set, NULL, 8);
		child(line);
	}
	sleep_for_child(pid, &status);
	if (results->at < line->count && (!WIFEXITED(status) || WEXITSTATUS(status) || results->at == before))
		put_end(results->text[results->at++], pid, status);
}

static void make_line(struct line *line)
{
	const struct kind *kind = kind_of(line->call->kinds[line->arg]);

	line->values = kind->values;
	line->count = kind->count;
	memset(results, 0, sizeof(*results));
	while (results->at < line->count)
		one_process(line);
	printf("%s.%d", line->call->name, line->arg);
	for (unsigned i = 0; i < line->count; i++)
		if (results->text[i][0])
			printf(" %s:%s", line->values[i].name, results->text[i]);
	printf("\n");
}

/* names: ends with NULL; none: all calls. */
static int is_named(const struct call *call, char **names)
{
	int all = !*names;

	while (*names && strcmp(*names, call->name))
		names++;
	return all || *names;
}

static void make_lines(const struct call *call)
{
	struct line line = { .call = call, .how = how_of(call->number) };

	for (line.arg = 0; call->kinds[line.arg]; line.arg++) {
		build();
		open_all();
		line.files = look(0);
		make_line(&line);
	}
}

static void fill_names(void)
{
	memset(name255, 'x', 255);
	memset(name256, 'y', 256);
	memset(through256, 'y', 256);
	memcpy(through256 + 256, "/x", 3);
	memset(longest, '/', 4095);
	longest[0] = too_long[0] = '.';
	memcpy(longest + 4091, "file", 5);
	memset(too_long + 1, '/', 4095);
	memcpy(too_long + 4092, "file", 5);
}

/* A machine whose calendar begins in 1970 shall tell now from then. */
static void set_calendar(void)
{
	const long to[2] = { 1700000000, 0 };

	if (time(NULL) < LONG_AGO && syscall(SYS_clock_settime, 0, to))
		exit(8);
}

/* Whoever started this may ignore or block any signal, those that C libraries keep for themselves too, and be nice. */
static void start_plainly(void)
{
	static const unsigned long by_default[4];
	unsigned long only_child = 1ul << (SIGCHLD - 1);

	for (long sig = 1; sig <= 64; sig++)
		syscall(SYS_rt_sigaction, sig, by_default, NULL, 8l);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &only_child, NULL, 8l);
	syscall(SYS_setpriority, 0l, 0l, 0l);
}

int main(int argc, char **argv)
{
	aloud = argc > 1 && !strcmp(argv[1], "-v");
	argv += 1 + aloud;
	start_plainly();
	results = mmap((void *)0x100000000l, sizeof(*results), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	fill_names();
	set_calendar();
	mkdir("/bad", 0755);
	if (results == MAP_FAILED || chdir("/bad"))
		return 2;
	close(0);
	if (open("/dev/null", O_RDWR) != 0)
		return 3;
	for (unsigned i = 0; i < HOW_MANY; i++)
		if (is_named(&calls[i], argv))
			make_lines(&calls[i]);
	for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (is_named(&more[i], argv))
			make_lines(&more[i]);
	return 0;
}
