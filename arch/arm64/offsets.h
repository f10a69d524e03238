/* SPDX-License-Identifier: MIT */
/* Byte offsets the assembler needs; trap.c asserts each against its struct. */
#ifndef ARCH_ARM64_OFFSETS_H
#define ARCH_ARM64_OFFSETS_H

#define REGS_LR 240
#define REGS_SP 248
#define REGS_PC 256
#define REGS_SIZE 288

#define THREAD_WORK 0

#endif
