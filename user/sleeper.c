/* SPDX-License-Identifier: MIT */
/* sleeper: the parent waits for a child that has mapped this very file and touched it. The child's last call but one is getppid, by
 * when the parent has long been asleep: the place for a debugger to look around. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAPPED ((char *)0x200000000)
#define LENGTH 8192

static int child(const char *path)
{
	const struct timespec pause = {.tv_nsec = 300000000};
	int fd = open(path, O_RDONLY);
	char *at = mmap(MAPPED, LENGTH, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	char sum;

	if (fd < 0 || at != MAPPED)
		return 2;
	sum = *(volatile char *)at;
	nanosleep(&pause, NULL);
	getppid();
	return sum == 0x7f ? 0 : 3;
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (!pid)
		_exit(child(argv[0]));
	if (wait4(pid, &status, 0, NULL) != pid)
		return 1;
	printf("slept\n");
	return status ? 4 : 0;
}
