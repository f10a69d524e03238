/* SPDX-License-Identifier: MIT */
/* For the assembler files only. */
#ifndef ARCH_ARM64_ASM_H
#define ARCH_ARM64_ASM_H

#include "layout.h"
#include "offsets.h"

/* A symbol with type and size, so that backtraces can name it. */
#define FUNC(name)                                                                                 \
	.globl name;                                                                               \
	.type name, %function;                                                                     \
	.balign 16;                                                                                \
	name:
#define END(name) .size name, .- name

/* If an instruction from `first` to before `end` cannot reach user memory, execution goes on at `fixup`. */
.macro EX_TABLE first, end, fixup
	.pushsection .ex_table, "a"
	.balign 8
	.quad \first, \end, \fixup
	.popsection
.endm

/* A constant of up to 64 bits. */
.macro MOV64 reg, value
	movz \reg, #((\value) & 0xffff)
	movk \reg, #(((\value) >> 16) & 0xffff), lsl #16
	movk \reg, #(((\value) >> 32) & 0xffff), lsl #32
	movk \reg, #(((\value) >> 48) & 0xffff), lsl #48
.endm

#endif
