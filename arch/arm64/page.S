/* SPDX-License-Identifier: MIT */
#include "asm.h"

	.text

/* arch_page_copy(to, from): 16 bytes an instruction. */
FUNC(arch_page_copy)
	mov	x2, #4096
1:	ldp	x3, x4, [x1]
	ldp	x5, x6, [x1, #16]
	ldp	x7, x8, [x1, #32]
	ldp	x9, x10, [x1, #48]
	ldp	x11, x12, [x1, #64]
	ldp	x13, x14, [x1, #80]
	ldp	x15, x16, [x1, #96]
	ldp	x17, x18, [x1, #112]
	add	x1, x1, #128
	subs	x2, x2, #128
	stp	x3, x4, [x0]
	stp	x5, x6, [x0, #16]
	stp	x7, x8, [x0, #32]
	stp	x9, x10, [x0, #48]
	stp	x11, x12, [x0, #64]
	stp	x13, x14, [x0, #80]
	stp	x15, x16, [x0, #96]
	stp	x17, x18, [x0, #112]
	add	x0, x0, #128
	b.ne	1b
	ret
END(arch_page_copy)

/* arch_page_zero(to): by DC ZVA where the CPU allows it (Arm ARM C5.3.8), a block of 4 << DCZID_EL0.BS bytes at a time. */
FUNC(arch_page_zero)
	mrs	x2, dczid_el0
	tbnz	x2, #4, 2f			/* DZP: prohibited */
	and	x2, x2, #0xf
	mov	x3, #4
	lsl	x3, x3, x2
	add	x4, x0, #4096
1:	dc	zva, x0
	add	x0, x0, x3
	cmp	x0, x4
	b.lo	1b
	ret
2:	add	x4, x0, #4096
3:	stp	xzr, xzr, [x0]
	stp	xzr, xzr, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	add	x0, x0, #64
	cmp	x0, x4
	b.lo	3b
	ret
END(arch_page_zero)

	.section .note.GNU-stack, "", %progbits
