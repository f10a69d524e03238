/* SPDX-License-Identifier: MIT */
/* What powercut knows of its files: which objects there are, and by which names they are found. */
#ifndef POWER_NAMES_H
#define POWER_NAMES_H

#include <stdio.h>
#include <string.h>

#define OBJECTS 2000
#define NAMES 40

struct object {
	int directory;
	long size;
	int links;
};

struct name {
	int dir, num, object; /* object 0: unused; the worker's directory is object 1, and has no entry */
};

static unsigned worker;
static unsigned long state; /* of the random numbers */
static struct object objects[OBJECTS];
static struct name names[NAMES];

static unsigned long random_below(unsigned long n)
{
	state = state * 6364136223846793005ul + 1442695040888963407ul;
	return (state >> 33) % n;
}

static void path_of(int dir, char *path);

static void name_path(const struct name *n, char *path)
{
	path_of(n->dir, path);
	sprintf(path + strlen(path), "/n%d", n->num);
}

static void path_of(int dir, char *path)
{
	if (dir == 1) {
		sprintf(path, "/w%u", worker);
		return;
	}
	for (int i = 0; i < NAMES; i++)
		if (names[i].object == dir) {
			name_path(&names[i], path);
			return;
		}
}

/* A name of a file (directory == 0) or directory, or NULL. */
static struct name *pick(int directory)
{
	for (int tries = 0; tries < 100; tries++) {
		struct name *n = &names[random_below(NAMES)];

		if (n->object && objects[n->object].directory == directory)
			return n;
	}
	return NULL;
}

static int pick_dir(void)
{
	struct name *n = random_below(3) ? pick(1) : NULL;

	return n ? n->object : 1;
}

static struct name *unused_name(void)
{
	for (int i = 0; i < NAMES; i++)
		if (!names[i].object)
			return &names[i];
	return NULL;
}

static int is_below(int dir, int top)
{
	while (dir != 1 && dir != top)
		for (int i = 0; i < NAMES; i++)
			if (names[i].object == dir) {
				dir = names[i].dir;
				break;
			}
	return dir == top;
}

static int is_empty(int dir)
{
	for (int i = 0; i < NAMES; i++)
		if (names[i].object && names[i].dir == dir)
			return 0;
	return 1;
}

#endif
