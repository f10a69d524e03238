/* SPDX-License-Identifier: MIT */
/* process_vm_readv and process_vm_writev; and getdents, the old one. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tap.h"

static int gives(long result, int error)
{
	return result == -1 && errno == error;
}

static char *mine, *shared;

static long transfer(long call, pid_t pid, void *here, void *there, size_t n)
{
	struct iovec local = { here, n }, remote = { there, n };

	return syscall(call, (long)pid, &local, 1l, &remote, 1l, 0l);
}

/* A child with something of its own at `mine`, that says whether it has been changed. */
static pid_t other(void)
{
	pid_t pid;

	shared[0] = 0;
	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	strcpy(mine, "the child's");
	shared[0] = 1;
	while (shared[0] != 2)
		pause_ms(1);
	_exit(strcmp(mine + PAGE - 4, "from parent") ? 1 : 0);
}

static void test_transfer(void)
{
	char buf[64] = { 0 };
	struct iovec local[2] = { { buf, 3 }, { buf + 32, 9 } }, remote[3] = { { mine, 5 }, { mine, 0 }, { mine + 5, 7 } };
	int status;
	pid_t pid;

	strcpy(mine, "the parent's");
	pid = other();
	while (!shared[0])
		pause_ms(1);
	ok(transfer(SYS_process_vm_readv, pid, buf, mine, 12) == 12 && !strcmp(buf, "the child's"), "another's memory is read");
	memset(buf, 0, sizeof(buf));
	ok(syscall(SYS_process_vm_readv, (long)pid, local, 2l, remote, 3l, 0l) == 12 && !memcmp(buf, "the", 3) && !strcmp(buf + 32, " child's"),
	   "by vectors that do not match");
	strcpy(buf, "from parent");
	ok(transfer(SYS_process_vm_writev, pid, buf, mine + PAGE - 4, 12) == 12, "and written, over two pages");
	ok(!strcmp(mine, "the parent's"), "ours is as it was");
	ok(transfer(SYS_process_vm_readv, pid, buf, mine + 2 * PAGE - 4, 12) == 4, "as far as there is any");
	ok(gives(transfer(SYS_process_vm_readv, pid, buf, (void *)8, 4), EFAULT) &&
		   gives(transfer(SYS_process_vm_readv, pid, (void *)8, mine, 4), EFAULT),
	   "nowhere, there or here: EFAULT");
	mprotect(mine, PAGE, PROT_READ);
	ok(gives(transfer(SYS_process_vm_writev, getpid(), buf, mine, 4), EFAULT), "what may not be written: EFAULT");
	mprotect(mine, PAGE, PROT_READ | PROT_WRITE);
	ok(gives(syscall(SYS_process_vm_readv, (long)pid, local, 1l, remote, 1l, 1l), EINVAL), "flags: EINVAL");
	ok(gives(syscall(SYS_process_vm_writev, (long)pid, local, 1025l, remote, 1l, 0l), EINVAL), "too many ranges: EINVAL");
	shared[0] = 2;
	ok(waitpid(pid, &status, 0) == pid && status == 0, "the child has what was written");
	ok(gives(transfer(SYS_process_vm_readv, 0x3fffffff, buf, mine, 4), ESRCH), "of nobody: ESRCH");
}

#if defined __x86_64__ && !defined SYS_getdents
#define SYS_getdents 78
#endif

struct old_entry {
	uint64_t ino, off;
	uint16_t reclen;
	char name[];
};

static void test_entries(void)
{
#ifdef SYS_getdents
	char buf[1024];
	int fd = open("/", O_RDONLY | O_DIRECTORY), dots = 0, good = 1;
	long n = syscall(SYS_getdents, (long)fd, buf, sizeof(buf));

	for (long at = 0; at < n;) {
		struct old_entry *e = (struct old_entry *)(buf + at);

		dots += !strcmp(e->name, ".") || !strcmp(e->name, "..");
		if (!strcmp(e->name, ".") && buf[at + e->reclen - 1] != 4)
			good = 0;
		at += e->reclen;
	}
	ok(n > 0 && dots == 2 && good, "getdents: names, and types behind them");
	lseek(fd, 0, SEEK_SET);
	ok(gives(syscall(SYS_getdents, (long)fd, buf, 1l), EINVAL), "too small a buffer: EINVAL");
	close(fd);
#else
	tap_skip("getdents", "this machine has none");
#endif
}

int main(void)
{
	char *three = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(three + 2 * PAGE, PAGE, PROT_NONE);
	mine = three;
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test_transfer();
	test_entries();
	return tap_done();
}
