/* SPDX-License-Identifier: MIT */
#include "tests/host/ext2image.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Around every place where another table begins: blocks of 1 KiB (chunks 12, 268, 65,804) and of 4 KiB (48, 4,144, 4,198,448). */
static const uint64_t triple_1k[] = { 0, 11, 12, 13, 267, 268, 269, 523, 524, 65803, 65804, 65805, 66059, 66060, 70000, UINT64_MAX };
static const uint64_t triple_4k[] = { 0, 47, 48, 4143, 4144, 8239, 8240, 4198447, 4198448, 4198452, 4300000, UINT64_MAX };
static const uint64_t nothing[] = { UINT64_MAX };

const struct image_file image_files[] = {
	{ "empty", 0, NULL },
	{ "one", 1, NULL },
	{ "tail", 3 * 4096 + 123, NULL },
	{ "page", 4096, NULL },
	{ "direct", 12 * 1024, NULL },
	{ "indirect", 300 * 1024 + 7, NULL },
	{ "double", (5 << 20) + 1, NULL },
	{ "hole", 100000, nothing },
	{ "triple-1k", 70001 * 1024ull + 5, triple_1k },
	{ "triple-4k", 4300001 * 1024ull + 5, triple_4k },
	{ NULL, 0, NULL },
};

static bool is_data(const struct image_file *f, uint64_t chunk)
{
	const uint64_t *c = f->chunks;

	while (c && *c < chunk)
		c++;
	return !c || *c == chunk;
}

unsigned char image_byte(const struct image_file *f, uint64_t at)
{
	if (at >= f->size || !is_data(f, at / IMAGE_CHUNK))
		return 0;
	return (unsigned char)(prng_mix(at / 8 * 31 + (uint64_t)(f - image_files)) >> at % 8 * 8) | 1; /* data is never zero */
}

void image_many_name(unsigned i, char name[256])
{
	int n = snprintf(name, 256, "%u", i);

	memset(name + n, 'n', 256 - (size_t)n);
	name[(unsigned)n + i * 7 % (256 - (unsigned)n)] = 0;
}

/* ---- the tree ---- */

static void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void make_chunk(int fd, const struct image_file *f, uint64_t chunk)
{
	unsigned char data[IMAGE_CHUNK];
	size_t n = 0;

	for (uint64_t at = chunk * IMAGE_CHUNK; n < IMAGE_CHUNK && at < f->size; at++)
		data[n++] = image_byte(f, at);
	must(pwrite(fd, data, n, (off_t)(chunk * IMAGE_CHUNK)) == (ssize_t)n, f->name);
}

static void make_file(const struct image_file *f)
{
	int fd = open(f->name, O_CREAT | O_WRONLY, 0640);

	must(fd >= 0 && !ftruncate(fd, (off_t)f->size), f->name);
	for (uint64_t chunk = 0; !f->chunks && chunk * IMAGE_CHUNK < f->size; chunk++)
		make_chunk(fd, f, chunk);
	for (const uint64_t *c = f->chunks; c && *c != UINT64_MAX; c++)
		make_chunk(fd, f, *c);
	close(fd);
}

static void make_many(unsigned n)
{
	char name[256];

	must(!mkdir("many", 0755) && !chdir("many"), "many");
	for (unsigned i = 0; i < n; i++) {
		image_many_name(i, name);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	must(!chdir(".."), "..");
}

static void make_links(void)
{
	char text[IMAGE_LONG_LINK + 1];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	must(!symlink(text, "long"), "long");
	text[60] = 0;
	must(!symlink(text, "60"), "60");
	text[59] = 0;
	must(!symlink(text, "59"), "59");
	must(!symlink("one", "short") && !symlink("/deep/0", "absolute") && !symlink("loop", "loop") && !symlink("many/../tail", "crooked"),
	     "links");
	must(!symlink("many", "to-directory") && !link("one", "hard"), "links");
}

static void make_deep(void)
{
	char path[256] = "deep";

	must(!mkdir(path, 0755), path);
	for (unsigned i = 0; i < IMAGE_DEEP; i++) {
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%u", i);
		must(!mkdir(path, 0700), path);
	}
}

/* ---- the image ---- */

static struct image load(const char *path, unsigned block)
{
	struct image image = { .block = block };
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		return image;
	image.size = (size_t)st.st_size;
	image.bytes = malloc(image.size);
	must(image.bytes && read(fd, image.bytes, image.size) == (ssize_t)image.size, path);
	close(fd);
	return image;
}

static struct image make(unsigned block, const char *options, bool small)
{
	char here[PATH_MAX], folder[] = "/tmp/ext2-XXXXXX", command[512];
	struct image image = { .bytes = NULL };

	must(getcwd(here, sizeof(here)) && mkdtemp(folder) && !chdir(folder) && !mkdir("tree", 0755) && !chdir("tree"), folder);
	for (const struct image_file *f = image_files; f->name; f++)
		if (!small || f->size < 1 << 20 || f->chunks)
			make_file(f);
	make_many(small ? 40 : IMAGE_MANY);
	make_links();
	make_deep();
	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin; mke2fs -q -t ext2 -b %u %s -d . ../image %s >../out 2>&1", block,
		 options, small ? "2M" : "24M");
	if (!system(command))
		image = load("../image", block);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	must(!chdir(here) && !system(command), folder);
	return image;
}

struct image image_make(unsigned block, const char *options)
{
	return make(block, options, false);
}

struct image image_make_small(unsigned block)
{
	return make(block, "-N 256", true);
}

struct image image_make_empty(unsigned block, const char *options, const char *size)
{
	char path[] = "/tmp/ext2-XXXXXX", command[512];
	struct image image = { .block = block };
	int fd = mkstemp(path);

	must(fd >= 0, path);
	close(fd);
	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin; mke2fs -q -F -t ext2 -b %u %s %s %s >/dev/null 2>&1", block, options, path,
		 size);
	if (!system(command))
		image = load(path, block);
	unlink(path);
	return image;
}
