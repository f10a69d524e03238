/* SPDX-License-Identifier: MIT */
/* The disk as an instrument: requests that fail or are held back, and nothing cached. */
#ifndef DISK_H
#define DISK_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DISK "/proc/sys/ramblk/disk0/"

static int __attribute__((unused)) put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY), done;

	if (fd < 0)
		return -1;
	done = write(fd, value, strlen(value)) < 0 ? -1 : 0;
	close(fd);
	return done;
}

static void __attribute__((unused)) get(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = 0;
	close(fd);
}

static void __attribute__((unused)) arm(const char *what, const char *kind, long k)
{
	char rule[80], path[80];

	snprintf(path, sizeof(path), DISK "%s", what);
	snprintf(rule, sizeof(rule), "0-999999999,%s,nth:%ld", kind, k);
	put(path, rule);
}

/* true: the rule has struck. */
static int __attribute__((unused)) disarm(void)
{
	char text[100];

	get(DISK "errors", text, sizeof(text));
	put(DISK "errors", "none");
	return !strncmp(text, "none", 4);
}

static void __attribute__((unused)) read_all(const char *path)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY);

	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
}

/* Nothing but this program, and what it needs to go on, is cached. */
static void __attribute__((unused)) cold(const char *self)
{
	put("/proc/sys/vm/drop_caches", "3");
	read_all(self);
}

static long __attribute__((unused)) held(void)
{
	char text[2048], *at;

	get(DISK "stats", text, sizeof(text));
	at = strstr(text, "\nheld ");
	return at ? atol(at + 6) : -1;
}

#endif
