/* SPDX-License-Identifier: MIT */
/* Byte offsets the assembler needs; cpu.c and trap.c assert each against its struct. */
#ifndef ARCH_X86_64_OFFSETS_H
#define ARCH_X86_64_OFFSETS_H

#define REGS_RCX 88
#define REGS_R11 48
#define REGS_RDI 112
#define REGS_ERROR 120
#define REGS_RIP 128
#define REGS_CS 136
#define REGS_FLAGS 144
#define REGS_SIZE 168

#define CPU_CURRENT 0
#define CPU_STACK_TOP 8
#define CPU_USER_SP 16
#define CPU_SELF 24
#define CPU_APIC_ID 32
#define CPU_STRIDE 16640

#define THREAD_WORK 0

#endif
