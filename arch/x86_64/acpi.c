/* SPDX-License-Identifier: MIT */
#include "acpi.h"
#include "bootinfo.h"
#include "cpu.h"
#include "map.h"

struct acpi_info acpi_found;

/* Our own APIC's number before it is mapped: CPUID leaf 1, EBX 31:24. */
static uint32_t own_apic_id(void)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	return r[1] >> 24;
}

void acpi_init(void)
{
	uint32_t self = own_apic_id();

	acpi_read(boot_rsdp, sizeof(boot_rsdp), kmap_firmware, &acpi_found);
	cpu_locals[0].apic_id = self;
	for (unsigned i = 0; i < acpi_found.nr_cpus && cpu_count < MAX_CPUS; i++) {
		if (acpi_found.apic_ids[i] != self)
			cpu_locals[cpu_count++].apic_id = acpi_found.apic_ids[i];
	}
}
