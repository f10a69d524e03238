/* SPDX-License-Identifier: MIT */
/*
 * The only instructions of the kernel that touch user memory. PAN is off between two MSRs, where nothing is called;
 * an exception in between sets it again for its handler (SCTLR_EL1.SPAN = 0) and ERET brings it back as it was.
 *
 * A copy goes in rounds: 512 bytes, then 16, then at most one of 8, then single bytes. Within a round both pointers
 * keep their value until its last store is done (a store with write-back that aborts leaves its base register
 * alone), so a round that faults for good is tried again in smaller ones, and what the last, bytewise ones
 * leave is the exact count.
 *
 * Why not LDTR and STTR, which need no PAN window: they move 8 bytes where LDP and STP move 16, which is 240
 * instructions more for a page of read(2). The caller has checked that the range is user memory.
 */
#include "asm.h"

	.text

/* x0: to, x1: from, x2: how many. Only accesses below USER_TOP reach the fixups, whichever side of the copy that is. */
.macro COPY
	msr	pan, #0
	subs	x2, x2, #512
	b.lt	20f
10:
	.irp	at, 0, 128, 256, 384
	ldp	x3, x4, [x1, #\at]
	ldp	x5, x6, [x1, #(\at + 16)]
	ldp	x7, x8, [x1, #(\at + 32)]
	ldp	x9, x10, [x1, #(\at + 48)]
	ldp	x11, x12, [x1, #(\at + 64)]
	ldp	x13, x14, [x1, #(\at + 80)]
	ldp	x15, x16, [x1, #(\at + 96)]
	ldp	x17, x18, [x1, #(\at + 112)]
	stp	x3, x4, [x0, #\at]
	stp	x5, x6, [x0, #(\at + 16)]
	stp	x7, x8, [x0, #(\at + 32)]
	stp	x9, x10, [x0, #(\at + 48)]
	stp	x11, x12, [x0, #(\at + 64)]
	stp	x13, x14, [x0, #(\at + 80)]
	stp	x15, x16, [x0, #(\at + 96)]
	stp	x17, x18, [x0, #(\at + 112)]
	.endr
	add	x1, x1, #512
	add	x0, x0, #512
	subs	x2, x2, #512
	b.ge	10b
20:	adds	x2, x2, #(512 - 16)
	b.lt	40f
30:	ldp	x3, x4, [x1]
	stp	x3, x4, [x0], #16
	add	x1, x1, #16
	subs	x2, x2, #16
	b.ge	30b
40:	add	x2, x2, #16
	tbz	x2, #3, 60f
50:	ldr	x3, [x1]
	str	x3, [x0], #8
	add	x1, x1, #8
	sub	x2, x2, #8
60:	cbz	x2, 80f
70:	ldrb	w3, [x1], #1
	strb	w3, [x0], #1
	subs	x2, x2, #1
	b.ne	70b
80:	msr	pan, #1
	mov	x0, x2
	ret
	EX_TABLE 10b, 20b, 20b
	EX_TABLE 30b, 40b, 40b
	EX_TABLE 50b, 60b, 60b
	EX_TABLE 70b, 80b, 80b
.endm

FUNC(arch_copy_from_user)
	COPY
END(arch_copy_from_user)

FUNC(arch_copy_to_user)
	COPY
END(arch_copy_to_user)

/* size_t arch_clear_user(to, n): the same rounds, of 64, 8 and 1. */
FUNC(arch_clear_user)
	msr	pan, #0
	subs	x1, x1, #64
	b.lt	20f
10:	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	subs	x1, x1, #64
	b.ge	10b
20:	adds	x1, x1, #(64 - 8)
	b.lt	40f
30:	str	xzr, [x0], #8
	subs	x1, x1, #8
	b.ge	30b
40:	add	x1, x1, #8
	cbz	x1, 60f
50:	strb	wzr, [x0], #1
	subs	x1, x1, #1
	b.ne	50b
60:	msr	pan, #1
	mov	x0, x1
	ret
	EX_TABLE 10b, 20b, 20b
	EX_TABLE 30b, 40b, 40b
	EX_TABLE 50b, 60b, 60b
END(arch_clear_user)

/* int arch_user_load32(user, seen) */
FUNC(arch_user_load32)
	msr	pan, #0
10:	ldr	w2, [x0]
20:	msr	pan, #1
	str	w2, [x1]
	mov	w0, #0
	ret
30:	msr	pan, #1
	mov	w0, #-14			/* -EFAULT */
	ret
	EX_TABLE 10b, 20b, 30b
END(arch_user_load32)

/* int arch_user_cmpxchg32(user, expected, desired, seen) */
FUNC(arch_user_cmpxchg32)
	msr	pan, #0
10:	casal	w1, w2, [x0]
20:	msr	pan, #1
	str	w1, [x3]
	mov	w0, #0
	ret
30:	msr	pan, #1
	mov	w0, #-14			/* -EFAULT */
	ret
	EX_TABLE 10b, 20b, 30b
END(arch_user_cmpxchg32)

	.section .note.GNU-stack, "", %progbits
