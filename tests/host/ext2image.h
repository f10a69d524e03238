/* SPDX-License-Identifier: MIT */
/* Images for tests of ext2: a tree of known files, put on an image by mke2fs. */
#ifndef TESTS_HOST_EXT2IMAGE_H
#define TESTS_HOST_EXT2IMAGE_H

#include "lib/prng.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_CHUNK 1024u /* files are made of these: data, or a hole */
#define IMAGE_MANY 1400	  /* files in /many: more than unused inodes are kept */
#define IMAGE_DEEP 20	  /* directories below /deep */
#define IMAGE_LONG_LINK 1000

struct image_file {
	const char *name;
	uint64_t size;
	const uint64_t *chunks; /* ascending, the last is UINT64_MAX; NULL: all of it is data */
};

extern const struct image_file image_files[]; /* name NULL at the end */

/* What the file has at this offset. */
unsigned char image_byte(const struct image_file *f, uint64_t at);

/* The name of file i of /many: each has another length, up to 255. */
void image_many_name(unsigned i, char name[256]);

struct image {
	unsigned char *bytes;
	size_t size;
	unsigned block;
};

/* A file system with such blocks, options further words for mke2fs. bytes == NULL: mke2fs is not installed. */
struct image image_make(unsigned block, const char *options);

/* The tree alone, with less in it: small enough to be made and read many times. */
struct image image_make_small(unsigned block);

/* Nothing on it. size: as mke2fs takes it. */
struct image image_make_empty(unsigned block, const char *options, const char *size);

#endif
