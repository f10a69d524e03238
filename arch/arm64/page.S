/* SPDX-License-Identifier: MIT */
/* Whole pages. Counted in instructions: 530 for a copy, about 190 for zeros where DC ZVA clears 64 bytes. */
#include "asm.h"

	.text

/* 128 bytes; x1 and x0 are 256 behind the first of each pair of these. */
.macro MOVE at
	ldp	x5, x6, [x1, #(\at + 16)]
	ldp	x7, x8, [x1, #(\at + 32)]
	ldp	x9, x10, [x1, #(\at + 48)]
	ldp	x11, x12, [x1, #(\at + 64)]
	ldp	x13, x14, [x1, #(\at + 80)]
	ldp	x15, x16, [x1, #(\at + 96)]
	ldp	x17, x18, [x1, #(\at + 112)]
	stp	x5, x6, [x0, #(\at + 16)]
	stp	x7, x8, [x0, #(\at + 32)]
	stp	x9, x10, [x0, #(\at + 48)]
	stp	x11, x12, [x0, #(\at + 64)]
	stp	x13, x14, [x0, #(\at + 80)]
	stp	x15, x16, [x0, #(\at + 96)]
	stp	x17, x18, [x0, #(\at + 112)]
.endm

/* arch_page_copy(to, from): 16 bytes an instruction; write-back moves the pointers, a page-aligned `to` is the counter. */
FUNC(arch_page_copy)
10:
	.rept	2
	ldp	x3, x4, [x1], #256
	stp	x3, x4, [x0], #256
	MOVE	-256
	ldp	x3, x4, [x1, #-128]
	stp	x3, x4, [x0, #-128]
	MOVE	-128
	.endr
	tst	x0, #0xfff
	b.ne	10b
	ret
END(arch_page_copy)

/* arch_page_zero(to): by DC ZVA where the CPU allows it, 4 << DCZID_EL0.BS bytes at a time, at most 2 KiB (Arm ARM, DCZID_EL0). */
FUNC(arch_page_zero)
	mrs	x2, dczid_el0
	tbnz	x2, #4, 20f			/* DZP: prohibited */
	and	x2, x2, #0xf
	mov	x3, #4
	lsl	x3, x3, x2
10:	dc	zva, x0
	add	x0, x0, x3
	dc	zva, x0
	add	x0, x0, x3
	tst	x0, #0xfff
	b.ne	10b
	ret
20:	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	tst	x0, #0xfff
	b.ne	20b
	ret
END(arch_page_zero)

	.section .note.GNU-stack, "", %progbits
