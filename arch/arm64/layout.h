/* SPDX-License-Identifier: MIT */
/* Constants that C, the assembler and linker.ld share: numbers only. */
#ifndef ARCH_ARM64_LAYOUT_H
#define ARCH_ARM64_LAYOUT_H

/*
 * The image runs in the last 2 GiB and may be loaded at any multiple of 2 MiB. As an ELF it asks for 2 MiB above the base of QEMU virt's
 * RAM, which leaves the base for the device tree.
 */
#define LAYOUT_PHYS 0x40200000
#define LAYOUT_VIRT 0xffffffff80200000
#define LAYOUT_BOOT LAYOUT_VIRT
#define FDT_PLACE 0x40000000 /* where QEMU leaves the device tree for an ELF, which gets nothing in x0 */
#define FDT_MAX 0x200000     /* no larger (Linux Documentation/arm64/booting.rst) */

#define KSTACK_SIZE 0x4000
#define KSTACK_SHIFT 14
#define EMERGENCY_SHIFT 13 /* 8 KiB a CPU, to report that the other stack has overflowed */
#define MAX_CPUS 8

/* PSTATE as SPSR_EL1 holds it (Arm ARM C5.2.18). */
#define PSR_EL0 0x0
#define PSR_EL1H 0x5
#define PSR_F 0x40
#define PSR_I 0x80
#define PSR_A 0x100
#define PSR_D 0x200

/* Memory types: indices into MAIR_EL1 (Arm ARM D17.2.97). */
#define ATTR_NORMAL 0
#define ATTR_DEVICE 1
#define MAIR_VALUE 0x04ff /* 0: write-back, read and write allocate; 1: device nGnRE */

/* TCR_EL1 (Arm ARM D17.2.139): 48-bit halves, 4 KiB granules, write-back inner-shareable walks; user addresses may carry a tag. */
#define TCR_T0SZ 16
#define TCR_T1SZ (16 << 16)
#define TCR_WALK0 (1 << 8 | 1 << 10 | 3 << 12)
#define TCR_WALK1 (1 << 24 | 1 << 26 | 3 << 28)
#define TCR_TG1_4K (2 << 30)
#define TCR_IPS_SHIFT 32
#define TCR_AS_SHIFT 36
#define TCR_TBI0 (1 << 37)
#define TCR_HA_SHIFT 39

/* Entries (Arm ARM D8.3). */
#define PTE_VALID 0x1
#define PTE_PAGE 0x3 /* last level; TABLE above it */
#define PTE_BLOCK 0x1
#define PTE_ATTR(n) ((n) << 2)
#define PTE_EL0 0x40
#define PTE_RO 0x80
#define PTE_INNER 0x300
#define PTE_AF 0x400
#define PTE_NG 0x800

/* SCTLR_EL1 (Arm ARM D17.2.118): MMU, caches, stack alignment checks; EL0 may use DC ZVA, read CTR_EL0, do cache maintenance by address
 * and wait; PAN is set by every exception (SPAN clear). Bits 7, 8, 11, 20, 22, 23 (SPAN, clear), 28, 29: as they must be without AArch32. */
#define SCTLR_VALUE (1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 7 | 1 << 8 | 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | \
		     1 << 20 | 1 << 22 | 1 << 26 | 1 << 28 | 1 << 29)
#define SCTLR_OFF (1 << 7 | 1 << 8 | 1 << 11 | 1 << 20 | 1 << 22 | 1 << 23 | 1 << 28 | 1 << 29)

#endif
