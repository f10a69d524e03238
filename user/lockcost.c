/* SPDX-License-Identifier: MIT */
/*
 * What the page lock costs (mm/lock_cost.c): lockcost WAITERS PAGES prints a line each, "name value". A nanosecond is one instruction under
 * `./faultline exec --icount`; the policy is the one in force (`--set pagelock=fair`: handed over each time).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH "/proc/fault/lock_cost"

static int ask(const char *waiters, const char *pages)
{
	char line[64];
	int fd = open(PATH, O_WRONLY), n = snprintf(line, sizeof(line), "%s %s", waiters, pages);
	int good = fd >= 0 && write(fd, line, (size_t)n) == n;

	if (fd >= 0)
		close(fd);
	return good;
}

int main(int argc, char **argv)
{
	char text[512];
	ssize_t n;
	int fd;

	if (argc != 3 || !ask(argv[1], argv[2])) {
		perror(argc == 3 ? PATH : "usage: lockcost WAITERS PAGES");
		return 1;
	}
	fd = open(PATH, O_RDONLY);
	n = read(fd, text, sizeof(text));
	return n > 0 && write(1, text, (size_t)n) == n ? 0 : 1;
}
