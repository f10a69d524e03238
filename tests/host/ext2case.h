/* SPDX-License-Identifier: MIT */
/* Cases of a test that needs a disk: each runs in a process of its own, on a machine that has just booted. */
#ifndef TESTS_HOST_EXT2CASE_H
#define TESTS_HOST_EXT2CASE_H

#include "fs/vfs.h"
#include "tests/host/ext2image.h"
#include "tests/host/port.h"

extern struct image case_image;		/* what will be on the disk */
extern struct host_config case_machine; /* but for the disk's size */
extern char case_output[65536];		/* of the last case */

/* Runs body on a machine with the image for a disk: its exit status, or -1. */
int case_run(void (*body)(void));

/* The last case's output as comments. */
void case_show(void);

/* For a body: mounts the disk as root. NULL: that was refused, and the output says why. */
struct super *case_mount(void);

/* For a body: what the disk holds, into a file. */
void case_save(const char *path);

#endif
