/* SPDX-License-Identifier: MIT */
/* What a tree of files should be: a model in memory, and comparing it with what is there. */
#ifndef TESTS_HOST_EXT2MODEL_H
#define TESTS_HOST_EXT2MODEL_H

#include "tests/host/ext2case.h"

#define NODES 120
#define NAMES 160
#define NEAR 40000u   /* bytes of a file from its beginning that may be data */
#define FAR_AT 70000000ull /* and from here on: behind a double or triple indirect block */
#define FAR 5000u
#define HOLDS 4

/* What a file should be. */
struct node {
	unsigned mode, nlink; /* mode 0: free; nlink: names, directories aside */
	uint64_t size;
	int64_t mtime;
	char text[1200]; /* of a link */
	unsigned char near[NEAR], far[FAR];
};

struct name {
	bool used;
	unsigned dir, node;
	char text[256];
};

/* One thread's tree: node 0 is its root. Shared with the process that mounts the disk again. */
struct model {
	struct node node[NODES];
	struct name name[NAMES];
	unsigned full; /* how often the disk was full */
};

/* A thread at work. */
struct worker {
	struct model *m;
	struct prng r;
	struct inode *inode[NODES]; /* of those that are held open or directories, referenced */
	struct inode *held[HOLDS];  /* unlinked */
	unsigned char buf[NEAR];
};

extern bool model_typed; /* directory entries tell types */

/* Any node of that type (0: of any), but the root only as a directory. 0: none. */
unsigned model_pick_node(struct worker *w, unsigned type);
/* NULL or 0: none is left. */
unsigned model_free_node(struct model *m);
struct name *model_free_name(struct model *m);
/* Any name, or NULL. */
struct name *model_pick_name(struct worker *w);
bool model_is_empty(const struct model *m, unsigned dir);
struct name *model_find_name(struct model *m, unsigned dir, const char *text);
void model_random_name(struct worker *w, char *text);
/* Its inode. */
struct inode *model_dir(struct worker *w, unsigned dir);
/* A name goes, and the file with its last one. */
void model_lose_name(struct worker *w, struct name *n);
/* Is the directory what the model says, and all below it? */
void model_compare(struct model *m, struct inode *dir, unsigned number);

#endif
