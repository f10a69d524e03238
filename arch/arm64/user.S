/* SPDX-License-Identifier: MIT */
/*
 * The only instructions of the kernel that touch user memory. PAN is off between two MSRs, where nothing is called. Bulk goes 64 bytes at a
 * time, the rest byte by byte; pointers move only after a whole round, so when a bulk access faults for good, what is left is tried
 * again byte by byte, and the count returned is exact to the byte.
 */
#include "asm.h"

	.text

/* x0: to, x1: from, x2: how many. USER_L: loads may fault; USER_S: stores may. */
.macro COPY load_faults, store_faults
	msr	pan, #0
	subs	x2, x2, #64
	b.lo	20f
10:	ldp	x3, x4, [x1]
11:	ldp	x5, x6, [x1, #16]
12:	ldp	x7, x8, [x1, #32]
13:	ldp	x9, x10, [x1, #48]
14:	stp	x3, x4, [x0]
15:	stp	x5, x6, [x0, #16]
16:	stp	x7, x8, [x0, #32]
17:	stp	x9, x10, [x0, #48]
	add	x1, x1, #64
	add	x0, x0, #64
	subs	x2, x2, #64
	b.hs	10b
20:	add	x2, x2, #64
	cbz	x2, 40f
30:	ldrb	w3, [x1]
31:	strb	w3, [x0]
	add	x1, x1, #1
	add	x0, x0, #1
	subs	x2, x2, #1
	b.ne	30b
40:	msr	pan, #1
	mov	x0, x2
	ret
.if \load_faults
	EX_TABLE 10b, 20b
	EX_TABLE 11b, 20b
	EX_TABLE 12b, 20b
	EX_TABLE 13b, 20b
	EX_TABLE 30b, 40b
.endif
.if \store_faults
	EX_TABLE 14b, 20b
	EX_TABLE 15b, 20b
	EX_TABLE 16b, 20b
	EX_TABLE 17b, 20b
	EX_TABLE 31b, 40b
.endif
.endm

FUNC(arch_copy_from_user)
	COPY	1, 0
END(arch_copy_from_user)

FUNC(arch_copy_to_user)
	COPY	0, 1
END(arch_copy_to_user)

/* size_t arch_clear_user(to, n) */
FUNC(arch_clear_user)
	msr	pan, #0
	subs	x1, x1, #64
	b.lo	2f
1:	stp	xzr, xzr, [x0]
11:	stp	xzr, xzr, [x0, #16]
12:	stp	xzr, xzr, [x0, #32]
13:	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	subs	x1, x1, #64
	b.hs	1b
2:	add	x1, x1, #64
	cbz	x1, 4f
3:	strb	wzr, [x0]
	add	x0, x0, #1
	subs	x1, x1, #1
	b.ne	3b
4:	msr	pan, #1
	mov	x0, x1
	ret
	EX_TABLE 1b, 2b
	EX_TABLE 11b, 2b
	EX_TABLE 12b, 2b
	EX_TABLE 13b, 2b
	EX_TABLE 3b, 4b
END(arch_clear_user)

/* int arch_user_cmpxchg32(user, expected, desired, seen) */
FUNC(arch_user_cmpxchg32)
	msr	pan, #0
1:	casal	w1, w2, [x0]
	msr	pan, #1
	str	w1, [x3]
	mov	w0, #0
	ret
2:	msr	pan, #1
	mov	w0, #-14			/* -EFAULT */
	ret
	EX_TABLE 1b, 2b
END(arch_user_cmpxchg32)

	.section .note.GNU-stack, "", %progbits
