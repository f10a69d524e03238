/* SPDX-License-Identifier: MIT */
/*
 * Where the code under test comes to us: the entry points that -fsanitize=thread makes the compiler call before each memory access, and those
 * parts of the kernel floor that are points of their own here: spinlocks, park and unpark (tests/explore/shim has the headers).
 */
#include "tests/explore/engine.h"

#include "kernel/log.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "lib/errno.h"

#include <stdarg.h>
#include <stdio.h>

#define HERE ((uintptr_t)__builtin_return_address(0))

/* Stops the thread before the operation. Outside of the test's threads, and for what is ignored, there is nothing to stop. */
static uint64_t access(struct op op)
{
	if (ignored(op.at))
		return 0;
	if (!in_world() || constant(op.at))
		return memory_peek(&op);
	if (stack_dead(op.at))
		fiber_fail("thread %u uses the stack of a thread that has left it (pc %#lx)", world.running, op.pc);
	return op_do(&op);
}

#define RMW(bits, type, name, how)                                                                 \
	type __tsan_atomic##bits##_##name(volatile type *at, type v, int order);                   \
	type __tsan_atomic##bits##_##name(volatile type *at, type v, int order)                    \
	{                                                                                          \
		return (type)access((struct op){ .kind = OP_RMW, .order = order, .size = sizeof(type), .at = (uintptr_t)at, \
						 .operand = v, .expected = how, .pc = HERE });     \
	}

#define CAS(bits, type, name)                                                                      \
	int __tsan_atomic##bits##_##name(volatile type *at, type *expected, type v, int order, int otherwise); \
	int __tsan_atomic##bits##_##name(volatile type *at, type *expected, type v, int order, int otherwise) \
	{                                                                                          \
		type want = *expected;                                                             \
		(void)otherwise;                                                                   \
		*expected = (type)access((struct op){ .kind = OP_CAS, .order = order, .size = sizeof(type), .at = (uintptr_t)at, \
						      .operand = v, .expected = want, .pc = HERE }); \
		return *expected == want;                                                          \
	}

#define ATOMICS(bits, type)                                                                        \
	type __tsan_atomic##bits##_load(const volatile type *at, int order);                       \
	type __tsan_atomic##bits##_load(const volatile type *at, int order)                        \
	{                                                                                          \
		return (type)access((struct op){ .kind = OP_LOAD, .order = order, .size = sizeof(type), .at = (uintptr_t)at, .pc = HERE }); \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile type *at, type v, int order);                    \
	void __tsan_atomic##bits##_store(volatile type *at, type v, int order)                     \
	{                                                                                          \
		access((struct op){ .kind = OP_STORE, .order = order, .size = sizeof(type), .at = (uintptr_t)at, .operand = v, .pc = HERE }); \
	}                                                                                          \
	RMW(bits, type, exchange, '=')                                                             \
	RMW(bits, type, fetch_add, '+')                                                            \
	RMW(bits, type, fetch_sub, '-')                                                            \
	RMW(bits, type, fetch_and, '&')                                                            \
	RMW(bits, type, fetch_or, '|')                                                             \
	RMW(bits, type, fetch_xor, '^')                                                            \
	CAS(bits, type, compare_exchange_strong)                                                   \
	CAS(bits, type, compare_exchange_weak)

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

void __tsan_atomic_thread_fence(int order);

void __tsan_atomic_thread_fence(int order)
{
	if (in_world())
		op_do(&(struct op){ .kind = OP_FENCE, .order = order, .pc = HERE });
}

/* ---- plain accesses: no points ---- */

static void plain(uintptr_t at, size_t size, bool write, uintptr_t pc)
{
	if (!in_world() || ignored(at))
		return;
	if (stack_dead(at))
		fiber_fail("thread %u uses the stack of a thread that has left it (pc %#lx)", world.running, pc);
	memory_plain(world.running, at, size, write, pc);
}

#define PLAIN(name, n, write)                                                                      \
	void __tsan_##name##n(void *at);                                                           \
	void __tsan_##name##n(void *at)                                                            \
	{                                                                                          \
		plain((uintptr_t)at, n, write, HERE);                                              \
	}

#define ACCESSES(n)                                                                                \
	PLAIN(read, n, false)                                                                      \
	PLAIN(write, n, true)                                                                      \
	PLAIN(unaligned_read, n, false)                                                            \
	PLAIN(unaligned_write, n, true)                                                            \
	PLAIN(volatile_read, n, false)                                                             \
	PLAIN(volatile_write, n, true)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

#define RANGE(name, write)                                                                         \
	void __tsan_##name(void *at, size_t n);                                                    \
	void __tsan_##name(void *at, size_t n)                                                     \
	{                                                                                          \
		plain((uintptr_t)at, n, write, HERE);                                              \
	}

RANGE(read_range, false)
RANGE(write_range, true)

#define NOTHING(name, ...)                                                                         \
	void __tsan_##name(__VA_ARGS__);                                                           \
	void __tsan_##name(__VA_ARGS__)                                                            \
	{                                                                                          \
	}

NOTHING(func_entry, void *caller)
NOTHING(func_exit, void)
NOTHING(init, void)
NOTHING(atomic_signal_fence, int order)

/* ---- the kernel floor, as far as it is not under test ---- */

static uint64_t call(enum op_kind kind, uintptr_t at, uintptr_t pc)
{
	return in_world() ? op_do(&(struct op){ .kind = kind, .at = at, .pc = pc }) : 1;
}

void explore_spin_lock(struct spinlock *l);
bool explore_spin_trylock(struct spinlock *l);
void explore_spin_unlock(struct spinlock *l);

void explore_spin_lock(struct spinlock *l)
{
	call(OP_LOCK, (uintptr_t)l, HERE);
}

bool explore_spin_trylock(struct spinlock *l)
{
	return call(OP_TRYLOCK, (uintptr_t)l, HERE);
}

void explore_spin_unlock(struct spinlock *l)
{
	call(OP_UNLOCK, (uintptr_t)l, HERE);
}

int thread_park(const struct wait_why *why, enum wait_mode mode, uint64_t deadline)
{
	static const int results[] = { 0, -EINTR, -ETIMEDOUT };

	(void)why;
	return results[op_do(&(struct op){ .kind = OP_PARK, .may_end = mode != WAIT_FOREVER, .may_time_out = deadline != TIME_NEVER, .pc = HERE })];
}

int thread_park_on(const struct wait_why *why, enum wait_mode mode, uint64_t deadline)
{
	return thread_park(why, mode, deadline);
}

void thread_unpark(struct thread *t)
{
	call(OP_UNPARK, t->tid, HERE);
}

void thread_unpark_first(struct thread *t)
{
	world.fibers[t->tid].hurried = true;
	call(OP_UNPARK, t->tid, HERE);
}

void explore_kill(unsigned thread)
{
	call(OP_KILL, thread, HERE);
}

/* ---- time ---- */

uint64_t host_clock(void)
{
	return call(OP_CLOCK, 0, HERE);
}

bool explore_hurried(unsigned thread)
{
	return world.fibers[thread].hurried;
}

uint64_t explore_now(void)
{
	return world.now;
}

void assert_failed(const char *expr, const char *file, int line)
{
	fiber_fail("%s:%d: %s", file, line, expr);
}

void panic(const char *format, ...)
{
	char why[200];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	fiber_fail("panic: %s", why);
}
