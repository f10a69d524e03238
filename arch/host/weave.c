/* SPDX-License-Identifier: MIT */
/*
 * The entry points that -fsanitize=thread makes the compiler call at every memory access, without ThreadSanitizer behind them: each atomic
 * operation and fence becomes a point at which another CPU may have its turn, or an interrupt come. So CPUs are woven into each other
 * as finely as the memory model lets anybody see (sequential consistency: each operation is done here, at once, in full order).
 *
 * Plain accesses are not points: if they matter to another CPU, that is a data race, which is for the race variant to find.
 */
#include "cpu.h"

static inline void point(void)
{
	host_point(HOST_AT_ACCESS);
	host_irq_deliver();
}

#define RMW(bits, type, name, op)                                                                  \
	type __tsan_atomic##bits##_##name(volatile type *at, type v, int order);                   \
	type __tsan_atomic##bits##_##name(volatile type *at, type v, int order)                    \
	{                                                                                          \
		(void)order;                                                                       \
		point();                                                                           \
		return op(at, v, __ATOMIC_SEQ_CST);                                                \
	}

#define CAS(bits, type, name)                                                                      \
	int __tsan_atomic##bits##_##name(volatile type *at, type *expected, type v, int order, int otherwise); \
	int __tsan_atomic##bits##_##name(volatile type *at, type *expected, type v, int order, int otherwise)  \
	{                                                                                          \
		(void)order, (void)otherwise;                                                      \
		point();                                                                           \
		return __atomic_compare_exchange_n(at, expected, v, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	}

#define ATOMICS(bits, type)                                                                        \
	type __tsan_atomic##bits##_load(const volatile type *at, int order);                       \
	type __tsan_atomic##bits##_load(const volatile type *at, int order)                        \
	{                                                                                          \
		(void)order;                                                                       \
		point();                                                                           \
		return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                      \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile type *at, type v, int order);                    \
	void __tsan_atomic##bits##_store(volatile type *at, type v, int order)                     \
	{                                                                                          \
		(void)order;                                                                       \
		point();                                                                           \
		__atomic_store_n(at, v, __ATOMIC_SEQ_CST);                                         \
	}                                                                                          \
	RMW(bits, type, exchange, __atomic_exchange_n)                                             \
	RMW(bits, type, fetch_add, __atomic_fetch_add)                                             \
	RMW(bits, type, fetch_sub, __atomic_fetch_sub)                                             \
	RMW(bits, type, fetch_and, __atomic_fetch_and)                                             \
	RMW(bits, type, fetch_or, __atomic_fetch_or)                                               \
	RMW(bits, type, fetch_xor, __atomic_fetch_xor)                                             \
	CAS(bits, type, compare_exchange_strong)                                                   \
	CAS(bits, type, compare_exchange_weak)

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

void __tsan_atomic_thread_fence(int order);

void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	point();
}

/* What is no point. */

#define NOTHING(name, ...)                                                                         \
	void __tsan_##name(__VA_ARGS__);                                                           \
	void __tsan_##name(__VA_ARGS__)                                                            \
	{                                                                                          \
	}

#define ACCESSES(n)                                                                                \
	NOTHING(read##n, void *at)                                                                 \
	NOTHING(write##n, void *at)                                                                \
	NOTHING(unaligned_read##n, void *at)                                                       \
	NOTHING(unaligned_write##n, void *at)                                                      \
	NOTHING(volatile_read##n, void *at)                                                        \
	NOTHING(volatile_write##n, void *at)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
NOTHING(read_range, void *at, size_t n)
NOTHING(write_range, void *at, size_t n)
NOTHING(func_entry, void *caller)
NOTHING(func_exit, void)
NOTHING(init, void)
NOTHING(atomic_signal_fence, int order)
