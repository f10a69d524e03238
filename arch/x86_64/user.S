/* SPDX-License-Identifier: MIT */
/*
 * The only instructions of the kernel that touch user memory. Between STAC and CLAC nothing is called. Bulk goes
 * eight bytes at a time, the rest byte by byte; when a bulk move faults for good, what is left is tried again byte by
 * byte, so that the count returned is exact to the byte.
 */
#include "asm.h"

	.text

/* size_t arch_copy_*_user(to, from, n): both are the same code, SMAP does not mind which side is the user's. */
FUNC(arch_copy_from_user)
	jmp copy_user
END(arch_copy_from_user)
FUNC(arch_copy_to_user)
copy_user:
	STAC
	movq %rdx, %rcx
	shrq $3, %rcx
1:	rep movsq
	movl %edx, %ecx
	andl $7, %ecx
2:	rep movsb
3:	CLAC
	movq %rcx, %rax
	ret
4:	andl $7, %edx
	leaq (%rdx, %rcx, 8), %rcx
	jmp 2b
	EX_TABLE 1b, 4b
	EX_TABLE 2b, 3b
END(arch_copy_to_user)

/* size_t arch_clear_user(to, n) */
FUNC(arch_clear_user)
	STAC
	xorl %eax, %eax
	movq %rsi, %rcx
	shrq $3, %rcx
1:	rep stosq
	movl %esi, %ecx
	andl $7, %ecx
2:	rep stosb
3:	CLAC
	movq %rcx, %rax
	ret
4:	andl $7, %esi
	leaq (%rsi, %rcx, 8), %rcx
	jmp 2b
	EX_TABLE 1b, 4b
	EX_TABLE 2b, 3b
END(arch_clear_user)

/* int arch_user_load32(user, seen) */
FUNC(arch_user_load32)
	STAC
1:	movl (%rdi), %eax
	CLAC
	movl %eax, (%rsi)
	xorl %eax, %eax
	ret
2:	CLAC
	movl $-14, %eax /* -EFAULT */
	ret
	EX_TABLE 1b, 2b
END(arch_user_load32)

/* int arch_user_cmpxchg32(user, expected, desired, seen) */
FUNC(arch_user_cmpxchg32)
	STAC
	movl %esi, %eax
1:	lock cmpxchgl %edx, (%rdi)
	CLAC
	movl %eax, (%rcx)
	xorl %eax, %eax
	ret
2:	CLAC
	movl $-14, %eax /* -EFAULT */
	ret
	EX_TABLE 1b, 2b
END(arch_user_cmpxchg32)
