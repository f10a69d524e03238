/* SPDX-License-Identifier: MIT */
/*
 * The few facts a small kernel needs from ACPI's static tables (ACPI Specification 6.4, chapter 5). A pure
 * parser: memory comes through a callback, nothing is written but the result. Tables are input like any other: a table with
 * a bad length or checksum is as if it were not there, and no read leaves the length it was mapped with.
 */
#ifndef LIB_ACPI_H
#define LIB_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACPI_CPUS 64
#define ACPI_TABLE_MAX (1u << 20) /* a longer table is taken for a broken one */

/* Makes n bytes at a physical address readable for good, or says NULL. */
typedef const void *(*acpi_map_fn)(uint64_t phys, size_t n);

/* How a line of the old interrupt controllers reaches the I/O APIC. */
struct acpi_isa_irq {
	uint32_t gsi;
	bool level;
	bool active_low;
};

/* Zero means "not told", but for isa[], which starts as one to one, edge, active high. */
struct acpi_info {
	/* MADT */
	unsigned nr_cpus;
	uint32_t apic_ids[ACPI_CPUS]; /* of the CPUs that may be started */
	uint64_t ioapic;	      /* the one with the lowest interrupt base */
	uint32_t ioapic_gsi_base;
	struct acpi_isa_irq isa[16];

	/* HPET */
	uint64_t hpet;

	/* FADT; ports */
	uint16_t pm_timer;
	bool pm_timer_32; /* 32 bits wide; otherwise 24 */
	uint16_t pm1a_control;
	uint16_t pm1b_control;
	uint16_t reset_port;
	uint8_t reset_value;

	/* \_S5, the soft-off state, from the DSDT */
	bool has_s5;
	uint8_t s5_a; /* SLP_TYP for PM1a and PM1b */
	uint8_t s5_b;
};

/* Reads what can be found from the n bytes of the root pointer (RSDP) on. Always fills *out. */
void acpi_read(const void *rsdp, size_t n, acpi_map_fn map, struct acpi_info *out);

#endif
