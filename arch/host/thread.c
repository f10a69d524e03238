/* SPDX-License-Identifier: MIT */
/* Threads as fibers: a saved stack pointer. AddressSanitizer has to be told of every switch, and that a stack is clean again. */
#include "fiber.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
static void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size)
{
	(void)save, (void)bottom, (void)size;
}

static void __sanitizer_finish_switch_fiber(void *save, const void **bottom, size_t *size)
{
	(void)save, (void)bottom, (void)size;
}

static void __asan_unpoison_memory_region(const volatile void *at, size_t size)
{
	(void)at, (void)size;
}
#endif

/* What switch.S pops, lowest address first. */
#if defined(__x86_64__)
struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx;
	uint64_t fp; /* with pc above it, the first link of the frame chain */
	uint64_t pc;
};
#define TOP_GAP 8 /* as a call would leave it (System V ABI, 3.2.2) */
#else
struct switch_frame {
	uint64_t x19_28[10];
	uint64_t fp;
	uint64_t pc;
	uint64_t d8_15[8];
};
#define TOP_GAP 16
#endif

/* First thing on a new stack: the thread it belongs to is current by now. */
static _Noreturn void fiber_begin(void)
{
	struct arch_thread *t = thread_arch(host_cpu->thread);

	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
	t->entry(t->arg);
	trap_fatal(NULL, "a thread's entry returned");
}

void arch_thread_init(struct arch_thread *t, void *stack_top, void (*entry)(void *), void *arg)
{
	struct switch_frame *f = (struct switch_frame *)((uintptr_t)stack_top - TOP_GAP) - 1;
	char *stack = (char *)stack_top - KSTACK_SIZE;

	__asan_unpoison_memory_region(stack, KSTACK_SIZE);
	*f = (struct switch_frame){.pc = (uintptr_t)fiber_begin};
	*t = (struct arch_thread){.sp = f, .stack = stack, .stack_size = KSTACK_SIZE, .entry = entry, .arg = arg};
}

void fiber_switch(void **save, struct arch_thread *from, void *load, struct arch_thread *to)
{
	__sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_size);
	switch_stacks(save, load);
	__sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
}

void arch_switch(struct thread *prev, struct thread *next)
{
	struct arch_thread *from = thread_arch(prev), *to = thread_arch(next);

	host_cpu->thread = next;
	fiber_switch(&from->sp, from, to->sp, to);
}

uintptr_t arch_thread_fp(const struct arch_thread *sleeping)
{
	return (uintptr_t)sleeping->sp + offsetof(struct switch_frame, fp);
}

void arch_thread_destroy(struct arch_thread *t)
{
	(void)t;
}
