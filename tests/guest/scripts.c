/* SPDX-License-Identifier: MIT */
/*
 * `#!` scripts and execveat. This program is their interpreter: started with EXPECT in its environment, it compares that with what it was
 * given, all arguments and AT_EXECFN joined by '|', and ends with 77 if it is right.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "tap.h"

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#define NOFOLLOW 0x100 /* AT_SYMLINK_NOFOLLOW */
#define EXECFN 31      /* AT_EXECFN */
#define RIGHT 77

extern char **environ;

static const char *execfn(void)
{
	char **e = environ;
	uintptr_t *aux;

	while (*e)
		e++;
	for (aux = (uintptr_t *)(e + 1); aux[0]; aux += 2)
		if (aux[0] == EXECFN)
			return (const char *)aux[1];
	return "";
}

static int child(int argc, char **argv, const char *expect)
{
	static char got[8192];
	char exe[100] = "";

	for (int i = 0; i < argc; i++) {
		strcat(got, argv[i]);
		strcat(got, "|");
	}
	strcat(got, execfn());
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0 && strcmp(exe, "/bin/scripts"))
		return printf("# /proc/self/exe is %s\n", exe), 2;
	return strcmp(got, expect) ? printf("# got %s\n# not %s\n", got, expect), 1 : RIGHT;
}

/* Runs it with argv {"name", "rest"}: what the child ends with, or errno. dir, flags: of execveat; path NULL is a null pointer. */
static int run_at(int dir, const char *path, int flags, const char *expect)
{
	static char env_expect[8192];
	char *argv[] = { "name", "rest", NULL }, *env[] = { env_expect, NULL };
	int status;
	pid_t pid;

	snprintf(env_expect, sizeof(env_expect), "EXPECT=%s", expect);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		syscall(SYS_execveat, dir, path, argv, env, flags);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(const char *path, const char *expect)
{
	return run_at(AT_FDCWD, path, 0, expect);
}

static void test_lines(void)
{
	ok(run("/data/scripts/plain", "/bin/scripts|/data/scripts/plain|rest|/data/scripts/plain") == RIGHT, "interpreter, script, the rest");
	ok(run("/data/scripts/argument", "/bin/scripts|one  argument, with blanks|/data/scripts/argument|rest|/data/scripts/argument") == RIGHT,
	   "one argument, blanks inside and all");
	ok(run("/data/scripts/tabs", "/bin/scripts|-x|/data/scripts/tabs|rest|/data/scripts/tabs") == RIGHT, "tabs are blanks");
	ok(run("/data/scripts/no-end", "/bin/scripts|/data/scripts/no-end|rest|/data/scripts/no-end") == RIGHT, "a line that ends with the file");
	ok(run("/data/scripts/nul", "/bin/scripts|/data/scripts/nul|rest|/data/scripts/nul") == RIGHT, "a NUL ends it too");
	ok(run("/data/scripts/link", "/bin/scripts|/data/scripts/link|rest|/data/scripts/link") == RIGHT, "through a link: the name that was used");
	ok(run("/data/scripts/long-name", "") == ENOEXEC, "a name longer than what is read: ENOEXEC");
	ok(run("/data/scripts/blank", "") == ENOEXEC, "no name: ENOEXEC");
	ok(run("/data/scripts/nothing", "") == EACCES, "nothing behind #!, not even blanks or an end of the line: EACCES");
	ok(run("/data/scripts/absent", "") == ENOENT, "an interpreter that is not there: ENOENT");
	ok(run("/data/scripts/folder", "") == EACCES, "a directory for one: EACCES");
	ok(run("/data/scripts/text", "") == ENOEXEC, "text without #!: ENOEXEC");
	ok(run("/data/scripts/empty", "") == ENOEXEC, "an empty file: ENOEXEC");
}

static void test_long_argument(void)
{
	static char expect[1000];
	const char *script = "/data/scripts/long-argument";
	int room = 255 - (int)strlen("#!/bin/scripts ");

	snprintf(expect, sizeof(expect), "/bin/scripts|%.*s|%s|rest|%s", room, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 script, script);
	ok(run(script, expect) == RIGHT, "a long argument is cut at 255 bytes");
}

static void test_levels(void)
{
	ok(run("/data/scripts/level3", "/bin/scripts|level|/data/scripts/level1|2|/data/scripts/level2|3|/data/scripts/level3|rest|"
	       "/data/scripts/level3") == RIGHT, "a script that interprets a script that interprets a script");
	ok(run("/data/scripts/level5", "/bin/scripts|level|/data/scripts/level1|2|/data/scripts/level2|3|/data/scripts/level3|4|"
	       "/data/scripts/level4|5|/data/scripts/level5|rest|/data/scripts/level5") == RIGHT, "five in a row");
	ok(run("/data/scripts/level6", "") == ELOOP, "six: ELOOP");
	ok(run("/data/scripts/level7", "") == ELOOP, "seven: ELOOP");
	ok(run("/data/scripts/self", "") == ELOOP, "one that interprets itself: ELOOP");
}

static void test_descriptors(void)
{
	int dir = open("/data/scripts", O_RDONLY | O_DIRECTORY), file = open("/data/scripts/plain", O_RDONLY);
	int hidden = open("/data/scripts/plain", O_RDONLY | O_CLOEXEC), me = open("/bin/scripts", O_RDONLY | O_CLOEXEC);
	static char expect[400];

	snprintf(expect, sizeof(expect), "/bin/scripts|/dev/fd/%d/plain|rest|/dev/fd/%d/plain", dir, dir);
	ok(run_at(dir, "plain", 0, expect) == RIGHT, "a script below a directory's descriptor");
	snprintf(expect, sizeof(expect), "/bin/scripts|/dev/fd/%d|rest|/dev/fd/%d", file, file);
	ok(run_at(file, "", AT_EMPTY_PATH, expect) == RIGHT, "a script by its descriptor alone");
	ok(run_at(hidden, "", AT_EMPTY_PATH, "") == ENOENT, "one that execve closes cannot be found again: ENOENT");
	snprintf(expect, sizeof(expect), "name|rest|/dev/fd/%d", me);
	ok(run_at(me, "", AT_EMPTY_PATH, expect) == RIGHT, "a program by a descriptor that execve closes");
	ok(run_at(dir, "/bin/scripts", 0, "name|rest|/bin/scripts") == RIGHT, "an absolute path has no use for the directory");
	ok(run_at(-1, "/bin/scripts", 0, "name|rest|/bin/scripts") == RIGHT, "not even if it is none");
	ok(run_at(-1, "plain", 0, "") == EBADF, "a relative one has: EBADF");
	ok(run_at(file, "plain", 0, "") == ENOTDIR, "below a file: ENOTDIR");
	ok(run_at(file, "", 0, "") == ENOENT, "an empty path without AT_EMPTY_PATH: ENOENT");
	ok(run_at(dir, "", AT_EMPTY_PATH, "") == EACCES, "a directory by its descriptor: EACCES");
	ok(run_at(dir, "link", NOFOLLOW, "") == ELOOP, "a link that is not to be followed: ELOOP");
	ok(run_at(dir, "plain", 2, "") == EINVAL, "unknown flags: EINVAL");
	ok(run_at(AT_FDCWD, NULL, 0, "") == EFAULT, "no path: EFAULT");
	ok(run("/dev/null", "") == EACCES, "a device: EACCES");
}

int main(int argc, char **argv)
{
	const char *expect = getenv("EXPECT");

	if (expect)
		return child(argc, argv, expect);
	test_lines();
	test_long_argument();
	test_levels();
	test_descriptors();
	return tap_done();
}
