/* SPDX-License-Identifier: MIT */
/*
 * What user programs are told of the CPU. One table says which fields of the ID registers stand for instructions that a
 * program may use here; AT_HWCAP and what a program reads of the registers both come from it, so they cannot disagree. SVE, SME, pointer
 * authentication, BTI and MTE are absent from it: they need state or keys that this kernel does not keep.
 *
 * The registers trap in user mode; the read is done for the program (HWCAP_CPUID promises that), as Linux does.
 */
#include "arch/upcall.h"
#include "cpu.h"

enum id_register { PFR0, PFR1, ISAR0, ISAR1, MMFR2, ID_REGISTERS };

struct field {
	uint8_t reg, shift;
	uint8_t least;	/* the field's value from which on it is there; 15 never is */
	uint8_t word;	/* AT_HWCAP or, 1, AT_HWCAP2 */
	uint8_t bit;	/* Linux's number for it */
};

/* Arm ARM D17.2, and Linux's uapi numbers. */
static const struct field fields[] = {
	{ PFR0, 16, 0, 0, 0 },	 { PFR0, 20, 0, 0, 1 },	  { PFR0, 16, 1, 0, 9 },   { PFR0, 20, 1, 0, 10 },
	{ PFR0, 48, 1, 0, 24 },	 { PFR1, 4, 2, 0, 28 },	  { ISAR0, 4, 1, 0, 3 },   { ISAR0, 4, 2, 0, 4 },
	{ ISAR0, 8, 1, 0, 5 },	 { ISAR0, 12, 1, 0, 6 },  { ISAR0, 16, 1, 0, 7 },  { ISAR0, 20, 2, 0, 8 },
	{ ISAR0, 28, 1, 0, 12 }, { ISAR0, 32, 1, 0, 17 }, { ISAR0, 36, 1, 0, 18 }, { ISAR0, 40, 1, 0, 19 },
	{ ISAR0, 44, 1, 0, 20 }, { ISAR0, 12, 2, 0, 21 }, { ISAR0, 48, 1, 0, 23 }, { ISAR0, 52, 1, 0, 27 },
	{ ISAR0, 52, 2, 1, 7 },	 { ISAR0, 60, 1, 1, 16 }, { ISAR1, 0, 1, 0, 16 },  { ISAR1, 0, 2, 1, 0 },
	{ ISAR1, 12, 1, 0, 13 }, { ISAR1, 16, 1, 0, 14 }, { ISAR1, 20, 1, 0, 15 }, { ISAR1, 20, 2, 0, 26 },
	{ ISAR1, 32, 1, 1, 8 },	 { ISAR1, 36, 1, 0, 29 }, { ISAR1, 44, 1, 1, 14 }, { ISAR1, 48, 1, 1, 15 },
	{ ISAR1, 52, 1, 1, 13 }, { MMFR2, 32, 1, 0, 25 },
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))
#define HWCAP_CPUID (1ul << 11)
#define SIGNAL_STACK 4720u /* Linux's signal frame without SVE */

static uint64_t id_read(unsigned reg)
{
	switch (reg) {
	case PFR0:
		return sysreg_read(id_aa64pfr0_el1);
	case PFR1:
		return sysreg_read(id_aa64pfr1_el1);
	case ISAR0:
		return sysreg_read(id_aa64isar0_el1);
	case ISAR1:
		return sysreg_read(id_aa64isar1_el1);
	default:
		return sysreg_read(s3_0_c0_c7_2); /* ID_AA64MMFR2_EL1, which some assemblers do not know */
	}
}

struct arch_hwcap arch_hwcap(void)
{
	uint64_t words[2] = { HWCAP_CPUID, 0 };

	for (unsigned i = 0; i < FIELDS; i++) {
		uint64_t value = id_read(fields[i].reg) >> fields[i].shift & 0xf;

		if (value >= fields[i].least && value != 0xf)
			words[fields[i].word] |= 1ul << fields[i].bit;
	}
	return (struct arch_hwcap){ .hwcap = words[0], .hwcap2 = words[1], .signal_stack = SIGNAL_STACK };
}

/* ---- reads of ID registers by programs ---- */

static uint64_t id_visible(unsigned reg)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < FIELDS; i++)
		if (fields[i].reg == reg)
			mask |= 0xful << fields[i].shift;
	return id_read(reg) & mask;
}

#define MRS_ID 0xd5380000u /* MRS Xt of op0 3, op1 0, CRn 0; below: CRm << 8 | op2 << 5 | t */
#define MRS_ID_MASK 0xfffff000u
#define MPIDR_RES1 (1ul << 31)

/* where: CRm << 3 | op2. What has no row reads as zero. */
static uint64_t id_value(unsigned where)
{
	switch (where) {
	case 0 << 3 | 0:
		return sysreg_read(midr_el1);
	case 0 << 3 | 5:
		return MPIDR_RES1;
	case 4 << 3 | 0:
		return id_visible(PFR0);
	case 4 << 3 | 1:
		return id_visible(PFR1);
	case 6 << 3 | 0:
		return id_visible(ISAR0);
	case 6 << 3 | 1:
		return id_visible(ISAR1);
	case 7 << 3 | 2:
		return id_visible(MMFR2);
	default:
		return 0;
	}
}

static bool id_readable(unsigned where)
{
	unsigned crm = where >> 3;

	return crm == 0 ? where == 0 || where == 5 || where == 6 : crm >= 2 && crm <= 7;
}

bool id_read_emulate(struct arch_regs *regs)
{
	uint32_t instruction;
	unsigned where, to;

	if (regs->pc > USER_TOP - 4 || arch_copy_from_user(&instruction, (const void *)regs->pc, 4))
		return false;
	where = instruction >> 5 & 0x7f;
	to = instruction & 0x1f;
	if ((instruction & MRS_ID_MASK) != MRS_ID || !id_readable(where))
		return false;
	if (to != 31) /* XZR */
		regs->x[to] = id_value(where);
	regs->pc += 4;
	return true;
}
