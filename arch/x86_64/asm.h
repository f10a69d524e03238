/* SPDX-License-Identifier: MIT */
/* For the assembler files only. */
#ifndef ARCH_X86_64_ASM_H
#define ARCH_X86_64_ASM_H

#include "layout.h"
#include "offsets.h"

/* A symbol with type and size, so that backtraces can name it. */
#define FUNC(name)                                                                                 \
	.globl name;                                                                               \
	.type name, @function;                                                                     \
	.balign 16;                                                                                \
	name:
#define END(name) .size name, .- name

/* If the instruction at `fault` cannot reach user memory, execution goes on at `fixup`. */
.macro EX_TABLE fault, fixup
	.pushsection .ex_table, "a"
	.balign 8
	.quad \fault, \fixup
	.popsection
.endm

/* Three bytes of nothing, which patch.c replaces when the CPU has SMAP: 0f 01 `last` is CLAC or STAC. */
.macro SMAP_INSN last
771:	.byte 0x0f, 0x1f, 0x00
	.pushsection .patch, "a"
	.balign 8
	.quad 771b
	.byte 0x0f, 0x01, \last, 0, 0, 0, 0, 0
	.popsection
.endm

#define CLAC SMAP_INSN 0xca
#define STAC SMAP_INSN 0xcb

#endif
