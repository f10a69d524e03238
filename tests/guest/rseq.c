/* SPDX-License-Identifier: MIT */
/* rseq: registering, the CPU's number, and stretches that are aborted by a switch or a signal. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tap.h"

#ifndef SYS_rseq
#if defined(__x86_64__)
#define SYS_rseq 334
#else
#define SYS_rseq 293
#endif
#endif

#define SIGNATURE 0x53053053u

struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t critical;
	uint32_t flags, pad[3];
} __attribute__((aligned(32)));

struct critical {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

static struct area area;

static long rseq(void *at, unsigned size, int flags, unsigned signature)
{
	long ret = syscall(SYS_rseq, at, size, flags, signature);

	return ret < 0 ? -errno : ret;
}

/*
 * Spins inside a stretch until it is aborted or the flag is set; 1: aborted. The abort address has the signature before it. Nothing but the
 * two words is touched, so that it may begin again at any point.
 */
long spin(struct area *a, struct critical *c, volatile int *stop);

#if defined(__x86_64__)
__asm__(".text\n.globl spin\n.type spin, @function\nspin:\n"
	"	leaq 1f(%rip), %rax\n	movq %rax, 8(%rsi)\n"
	"	leaq 2f(%rip), %rcx\n	subq %rax, %rcx\n	movq %rcx, 16(%rsi)\n"
	"	leaq 3f(%rip), %rax\n	movq %rax, 24(%rsi)\n"
	"	movq %rsi, 8(%rdi)\n"
	"1:	movl (%rdx), %eax\n	testl %eax, %eax\n	je 1b\n"
	"2:	movq $0, 8(%rdi)\n	xorl %eax, %eax\n	ret\n"
	"	.long 0x53053053\n"
	"3:	movl $1, %eax\n	ret\n.size spin, . - spin\n");
#else
__asm__(".text\n.globl spin\n.type spin, %function\nspin:\n"
	"	adr x3, 1f\n	str x3, [x1, #8]\n"
	"	adr x4, 2f\n	sub x4, x4, x3\n	str x4, [x1, #16]\n"
	"	adr x3, 3f\n	str x3, [x1, #24]\n"
	"	str x1, [x0, #8]\n"
	"1:	ldr w3, [x2]\n	cbz w3, 1b\n"
	"2:	str xzr, [x0, #8]\n	mov x0, #0\n	ret\n"
	"	.inst 0x53053053\n"
	"3:	mov x0, #1\n	ret\n.size spin, . - spin\n");
#endif

static void on_signal(int sig)
{
	(void)sig;
}

static void test_registering(void)
{
	struct area other;

	ok(rseq(&area, sizeof(area), 0, SIGNATURE) == 0, "registered");
	ok(area.cpu_id == area.cpu_id_start && area.cpu_id < 64, "the CPU is %u", area.cpu_id);
	ok(rseq(&area, sizeof(area), 0, SIGNATURE) == -EBUSY, "again: EBUSY");
	ok(rseq(&area, sizeof(area), 0, 1) == -EPERM, "with another signature: EPERM");
	ok(rseq(&other, sizeof(other), 0, SIGNATURE) == -EINVAL, "another area: EINVAL");
	ok(rseq(&area, sizeof(area), 2, SIGNATURE) == -EINVAL, "an unknown flag: EINVAL");
	ok(rseq(&other, sizeof(other), 1, SIGNATURE) == -EINVAL && rseq(&area, sizeof(area), 1, 1) == -EPERM,
	   "unregistering what is not, or wrongly");
	ok(rseq(&area, sizeof(area), 1, SIGNATURE) == 0 && area.cpu_id == UINT32_MAX && area.cpu_id_start == 0, "unregistered");
	ok(rseq((char *)&area + 8, sizeof(area), 0, SIGNATURE) == -EINVAL && rseq(&area, 16, 0, SIGNATURE) == -EINVAL,
	   "a bad place, a bad size: EINVAL");
	ok(rseq((void *)0xffff800000000000ul, sizeof(area), 0, SIGNATURE) == -EFAULT, "not the program's memory: EFAULT");
}

/* A signal comes while the program spins inside a stretch: it is aborted, and the handler runs once. */
static void test_signal(void)
{
	static struct critical critical;
	static volatile int never;
	struct itimerval { struct timeval interval, value; } soon = { { 0, 3000 }, { 0, 3000 } };

	rseq(&area, sizeof(area), 0, SIGNATURE);
	signal(SIGALRM, on_signal);
	syscall(SYS_setitimer, 0l, &soon, NULL);
	ok(spin(&area, &critical, &never) == 1, "a signal aborts a stretch"); /* the next one, if the first came before it */
	soon = (struct itimerval){ 0 };
	syscall(SYS_setitimer, 0l, &soon, NULL);
	ok(area.critical == 0, "which is named no more");
	rseq(&area, sizeof(area), 1, SIGNATURE);
}

static volatile int stop;

static void *stopper(void *arg)
{
	(void)arg;
	pause_ms(1);
	stop = 1;
	return NULL;
}

/* Ends by itself, or is aborted by a switch: never anything else. */
static void test_switch(void)
{
	static struct critical critical;
	unsigned right = 0;

	rseq(&area, sizeof(area), 0, SIGNATURE);
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		long how;

		stop = 0;
		pthread_create(&thread, NULL, stopper, NULL);
		while ((how = spin(&area, &critical, &stop)) == 1)
			;
		right += how == 0 && area.critical == 0;
		pthread_join(thread, NULL);
	}
	ok(right == 20, "a stretch that is aborted begins again, and ends");
	rseq(&area, sizeof(area), 1, SIGNATURE);
}

static void bad_critical(void *arg)
{
	static struct critical critical;

	memcpy(&critical, arg, sizeof(critical));
	rseq(&area, sizeof(area), 0, SIGNATURE);
	area.critical = (uint64_t)(uintptr_t)&critical;
	for (;;)
		pause_ms(1);
}

static void nowhere(void *arg)
{
	rseq(&area, sizeof(area), 0, SIGNATURE);
	area.critical = (uint64_t)(uintptr_t)arg;
	for (;;)
		pause_ms(1);
}

static void vanishes(void *arg)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	rseq(p, sizeof(area), 0, SIGNATURE);
	munmap(p, PAGE);
	for (;;)
		pause_ms(1);
}

static void test_damaged(void)
{
	struct critical version = { .version = 7 }, far = { .start = ~0ul, .length = 8, .abort = 8 };

	ok(killed_by(in_child(bad_critical, &version), SIGSEGV), "a version that does not exist: SIGSEGV");
	ok(killed_by(in_child(bad_critical, &far), SIGSEGV), "a stretch that is not the program's: SIGSEGV");
	ok(killed_by(in_child(nowhere, (void *)64), SIGSEGV), "a stretch that is nowhere: SIGSEGV");
	ok(killed_by(in_child(vanishes, NULL), SIGSEGV), "an area that vanishes: SIGSEGV");
}

int main(void)
{
	long already = rseq(NULL, sizeof(area), 0, 0);

	if (already == -ENOSYS || rseq(&area, sizeof(area), 0, SIGNATURE) != 0) { /* the C library has one */
		tap_skip("rseq", "not there, or the C library's");
		return tap_done();
	}
	rseq(&area, sizeof(area), 1, SIGNATURE);
	test_registering();
	test_signal();
	test_switch();
	test_damaged();
	return tap_done();
}
