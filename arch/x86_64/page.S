/* SPDX-License-Identifier: MIT */
/* Whole pages: eight bytes a step, without a vector register. */
#include "asm.h"

	.text

FUNC(arch_page_copy)
	movl $512, %ecx
	rep movsq
	ret
END(arch_page_copy)

FUNC(arch_page_zero)
	xorl %eax, %eax
	movl $512, %ecx
	rep stosq
	ret
END(arch_page_zero)
