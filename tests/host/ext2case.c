/* SPDX-License-Identifier: MIT */
#include "tests/host/ext2case.h"
#include "drivers/block.h"
#include "drivers/ramblk.h"
#include "fs/pipe.h"
#include "fs/mount.h"
#include "lib/errno.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing is mapped through open files here. */
void file_via_get(void *via)
{
}

struct readahead *file_via_readahead(void *via)
{
	return NULL;
}

void file_via_put(void *via)
{
}

struct image case_image;
struct host_config case_machine = { .cpus = 2, .ram = 24u << 20 };
char case_output[65536];

struct super *case_mount(void)
{
	struct super *super = NULL;
	void *disk = phys_to_virt(host_disk_start(&case_machine));
	char why[256] = "";

	memcpy(disk, case_image.bytes, case_image.size);
	check(!ramblk_add("disk0", host_disk_start(&case_machine), case_image.size));
	if (ext2_mount(block_device(0), &super, why, sizeof(why))) {
		printf("# %s\n", why);
		return NULL;
	}
	vfs_mount_root(super);
	return super;
}

/* Of fs/dev.c, which is not here. */
int device_node_open(struct inode *inode, struct file *file)
{
	(void)inode;
	(void)file;
	return -ENXIO;
}

/* Of fs/fifo.c. */
int fifo_open(struct inode *inode, struct file *file)
{
	(void)inode;
	(void)file;
	return -ENXIO;
}

void case_save(const char *path)
{
	FILE *f = fopen(path, "wb");

	check(f && fwrite(phys_to_virt(host_disk_start(&case_machine)), 1, case_image.size, f) == case_image.size && !fclose(f));
}

/* All that comes out of fd; what does not fit is dropped. */
static void keep_output(int fd)
{
	char rest[4096];
	size_t n = 0;
	ssize_t got;

	do {
		size_t room = sizeof(case_output) - 1 - n;

		got = room ? read(fd, case_output + n, room) : read(fd, rest, sizeof(rest));
		n += room && got > 0 ? (size_t)got : 0;
	} while (got > 0);
	case_output[n] = 0;
}

int case_run(void (*body)(void))
{
	int fds[2], status;
	pid_t pid;

	check(!pipe(fds));
	fflush(stdout);
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		tap_count = tap_failed = 0;
		case_machine.disk = (case_image.size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
		port_run(&case_machine, body);
	}
	close(fds[1]);
	keep_output(fds[0]);
	close(fds[0]);
	check(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void case_show(void)
{
	for (char *line = strtok(case_output, "\n"); line; line = strtok(NULL, "\n"))
		printf("# %s\n", line);
}
