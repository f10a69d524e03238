/* SPDX-License-Identifier: MIT */
/* execve: arguments, environment, the program's own pages, refusals; and what a fresh program finds. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "tap.h"

static const char constant[100000] = { [99999] = 'c' };
static char variable[100000] = { [99999] = 'v' };
static char zero[300000];

extern char **environ;

/* As the child: does what was passed arrive, and is memory as the file says? */
static int child(int argc, char **argv)
{
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(zero); i++)
		sum |= (unsigned char)zero[i];
	if (argc != 4 || strcmp(argv[2], "") || strcmp(argv[3], "two words"))
		return 11;
	if (!environ[0] || strcmp(environ[0], "NAME=value") || environ[1])
		return 12;
	if (sum || constant[99999] != 'c' || variable[99999] != 'v' || variable[5])
		return 13;
	if ((uintptr_t)__builtin_frame_address(0) % 16)
		return 14;
	memset(zero, 1, sizeof(zero));
	variable[0] = 1;
	return 77;
}

static int run(const char *path, char **argv, char **env)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execve(path, argv, env);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_refusals(void)
{
	char *argv[] = { "x", NULL }, *env[] = { NULL };
	char **many = calloc(3, sizeof(*many));
	size_t big = 3 << 20;

	ok(run("/none", argv, env) == ENOENT, "no such file: ENOENT");
	ok(run("/data/page", argv, env) == EACCES, "not executable: EACCES");
	ok(run("/data", argv, env) == EACCES, "a directory: EACCES");
	ok(run("/bin/exec/x", argv, env) == ENOTDIR, "through a file: ENOTDIR");
	many[0] = malloc(big);
	memset(many[0], 'a', big - 1);
	many[0][big - 1] = 0;
	ok(run("/bin/exec", many, env) == E2BIG, "3 MiB of one argument: E2BIG");
	free(many[0]);
	free(many);
}

static int refused(int result, int error)
{
	int e = errno;

	if (result >= 0)
		close(result);
	return result == -1 && e == error;
}

/* A copy of this program, still open for writing. */
static int write_copy(const char *path)
{
	int from = open("/bin/exec", O_RDONLY), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t n;

	while ((n = read(from, zero, sizeof(zero))) > 0)
		if (write(to, zero, (size_t)n) != n)
			break;
	close(from);
	return to;
}

/* What runs is not written to, and the other way round. */
static void test_running(void)
{
	char *argv[] = { "exec", "child", "", "two words", NULL }, *env[] = { "NAME=value", NULL };
	int fd;

	ok(refused(open("/bin/exec", O_WRONLY), ETXTBSY) && refused(open("/bin/exec", O_RDWR), ETXTBSY),
	   "a program that runs is opened for writing: ETXTBSY");
	ok(refused(truncate("/bin/exec", 5000), ETXTBSY) && refused(truncate("/bin/exec", 1 << 30), ETXTBSY), "truncate of it: ETXTBSY");
	ok(refused(open("/bin/exec", O_RDONLY | O_TRUNC), ETXTBSY), "opened for reading, to be emptied: ETXTBSY");
	ok(run("/bin/exec", argv, env) == 77, "and it is as it was");
	fd = write_copy("/tmp/exec-copy");
	ok(fd >= 0 && run("/tmp/exec-copy", argv, env) == ETXTBSY, "a file open for writing is run: ETXTBSY");
	close(fd);
	ok(run("/tmp/exec-copy", argv, env) == 77, "closed, it runs");
	ok(truncate("/tmp/exec-copy", 100) == 0, "and when it has ended, it can be cut");
	unlink("/tmp/exec-copy");
}

int main(int argc, char **argv)
{
	char *args[] = { "exec", "child", "", "two words", NULL }, *env[] = { "NAME=value", NULL };
	int good = 1;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return child(argc, argv);
	ok(run("/bin/exec", args, env) == 77, "arguments, environment, constants, variables, zeroes, stack");
	for (int i = 0; i < 50; i++)
		good &= run("/bin/exec", args, env) == 77;
	ok(good, "fifty times more, each with fresh variables");
	test_refusals();
	test_running();
	return tap_done();
}
