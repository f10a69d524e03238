/* SPDX-License-Identifier: MIT */
/* One Linux system call: number in rax, arguments in rdi rsi rdx r10 r8 r9, answer in rax; rcx and r11 are lost. */
#ifndef RAW_H
#define RAW_H

static inline long raw(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#endif
