/* SPDX-License-Identifier: MIT */
/* Thousands at once: processes, threads, descriptors, pipes. Either they come to be or the right error says why not; and all is given back. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

#define CHILDREN 300
#define THREADS 300
#define ROUNDS 2

#define SLACK (2ul << 20) /* caches that have grown */

struct sysinfo_start {
	long uptime;
	unsigned long loads[3], total, free;
	char rest[200];
};

static unsigned long free_memory(void)
{
	struct sysinfo_start info;

	return syscall(SYS_sysinfo, &info) ? 0 : info.free;
}

/* Elsewhere other programs take and give memory meanwhile. */
static int memory_is_ours(void)
{
	return access("/proc/fault/stats", F_OK) == 0;
}

/* Runs it several times: what the first one leaves behind are caches, and no later one leaves more. */
static void leaves_nothing(const char *what, int (*run)(void))
{
	unsigned long after_first = 0, after_last;
	int good = 1;

	for (int i = 0; i < ROUNDS; i++) {
		good &= run();
		pause_ms(30);
		if (!i)
			after_first = free_memory();
	}
	after_last = free_memory();
	ok(good, "%s", what);
	if (memory_is_ours())
		ok(after_last + SLACK > after_first, "and their memory is back: %ld KiB less than after the first round",
		   ((long)after_first - (long)after_last) / 1024);
	else
		tap_skip("and their memory is back", "others use memory here");
}

/* All alive at the same time; each ends when the pipe is closed. */
static int children(void)
{
	int gate[2], n = 0, status, bad = 0;
	char byte;
	pid_t pid;

	if (pipe(gate))
		return 0;
	for (; n < CHILDREN; n++) {
		pid = fork();
		if (pid == 0) {
			close(gate[1]);
			_exit(read(gate[0], &byte, 1) == 0 ? 3 : 4);
		}
		if (pid < 0)
			break;
	}
	bad = n < CHILDREN && errno != EAGAIN && errno != ENOMEM;
	close(gate[1]);
	close(gate[0]);
	while (wait(&status) > 0) {
		bad += WEXITSTATUS(status) != 3;
		n--;
	}
	return !bad && n == 0;
}

/* ---- threads, as clone makes them ---- */

#define CLONE_FLAGS 0x50f00 /* VM FS FILES SIGHAND THREAD SYSVSEM */
#define STACK 4096

static volatile int gate_word, alive;

#ifdef __x86_64__
static long thread(char *top)
{
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n"
			 "2: mov %[futex], %%eax\n\t" /* futex(&gate_word, WAIT | PRIVATE, 0, NULL) until it is not 0 */
			 "mov %[word], %%rdi\n\t"
			 "mov $128, %%esi\n\t"
			 "xor %%edx, %%edx\n\t"
			 "xor %%r10d, %%r10d\n\t"
			 "syscall\n\t"
			 "cmpl $0, (%%rdi)\n\t"
			 "je 2b\n\t"
			 "lock decl (%[count])\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(SYS_clone), "D"((long)CLONE_FLAGS), "S"(top),
			   "d"(0l), [futex] "i"(SYS_futex), [exit] "i"(SYS_exit), [word] "r"(&gate_word), [count] "r"(&alive)
			 : "rcx", "r11", "r10", "r8", "memory");
	return ret;
}
#else
static long thread(char *top)
{
	register long x0 __asm__("x0") = CLONE_FLAGS, x1 __asm__("x1") = (long)top, x2 __asm__("x2") = 0, x3 __asm__("x3") = 0,
		      x4 __asm__("x4") = 0, x8 __asm__("x8") = SYS_clone;
	register const volatile int *word __asm__("x20") = &gate_word, *count __asm__("x21") = &alive;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n"
			 "2: mov x8, %[futex]\n\t"
			 "mov x0, x20\n\t"
			 "mov x1, #128\n\t"
			 "mov x2, #0\n\t"
			 "mov x3, #0\n\t"
			 "svc #0\n\t"
			 "ldr w9, [x20]\n\t"
			 "cbz w9, 2b\n\t"
			 "mov w9, #-1\n\t"
			 "ldaddal w9, w10, [x21]\n\t"
			 "mov x8, %[exit]\n\t"
			 "mov x0, #0\n\t"
			 "svc #0\n"
			 "1:"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x8)
			 : "r"(x4), "r"(word), "r"(count), [futex] "i"(SYS_futex), [exit] "i"(SYS_exit)
			 : "x9", "x10", "memory");
	return x0;
}
#endif

static int threads(void)
{
	char *stacks = mmap(NULL, THREADS * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long n = 0, tid = 0;

	gate_word = 0;
	for (; n < THREADS; n++) {
		__atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
		tid = thread(stacks + (n + 1) * STACK);
		if (tid < 0)
			break;
	}
	if (tid < 0)
		__atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
	gate_word = 1;
	syscall(SYS_futex, &gate_word, 129l, 0x7fffffffl, 0l, 0l, 0l);
	for (int i = 0; alive && i < 2000; i++)
		pause_ms(1);
	pause_ms(5);
	munmap(stacks, THREADS * STACK);
	return alive == 0 && (tid > 0 || tid == -EAGAIN || tid == -ENOMEM);
}

/* ---- descriptors ---- */

static int descriptors(void)
{
	int fd[2], pipes = 0, good;

	while (pipe(fd) == 0)
		pipes++;
	good = errno == EMFILE && pipes >= 500;
	for (int i = 3; i < 1024; i++)
		close(i);
	return good;
}

/* ---- many waiters on one word: an end comes to all of them at once ---- */

static void threads_and_exit(void *arg)
{
	char *stacks = mmap(NULL, 100 * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	gate_word = 0;
	for (int i = 0; i < 100; i++)
		if (thread(stacks + (i + 1) * STACK) < 0)
			_exit(2);
	_exit(9);
}

static int ends(void)
{
	int good = 1;

	for (int i = 0; i < 3; i++)
		good &= WEXITSTATUS(in_child(threads_and_exit, NULL)) == 9;
	return good;
}

int main(void)
{
	leaves_nothing("300 processes at once", children);
	leaves_nothing("300 threads at once", threads);
	leaves_nothing("all the pipes there may be, then EMFILE", descriptors);
	leaves_nothing("processes with 100 sleeping threads that end", ends);
	return tap_done();
}
