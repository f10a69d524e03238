/* SPDX-License-Identifier: MIT */
/* The I/O APIC (Intel 82093AA data sheet): only its first, which has the ISA lines on every PC. */
#include "ioapic.h"
#include "acpi.h"
#include "cpu.h"
#include "map.h"

#define IOAPIC_VERSION 1
#define IOAPIC_REDIRECT 0x10 /* two words a line */
#define REDIRECT_MASKED 0x10000
#define REDIRECT_LEVEL 0x8000
#define REDIRECT_LOW 0x2000

static volatile uint32_t *ioapic; /* [0] selects a register, [4] is its window */
static uint32_t lines;

static uint32_t ioapic_read(uint32_t r)
{
	ioapic[0] = r;
	return ioapic[4];
}

static void ioapic_write(uint32_t r, uint32_t v)
{
	ioapic[0] = r;
	ioapic[4] = v;
}

void ioapic_init(void)
{
	if (!acpi_found.ioapic)
		return;
	ioapic = kmap_device(acpi_found.ioapic, PAGE_SIZE);
	lines = (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff) + 1;
	for (uint32_t i = 0; i < lines; i++)
		ioapic_write(IOAPIC_REDIRECT + 2 * i, REDIRECT_MASKED);
}

void ioapic_route_isa(unsigned isa_irq, uint8_t vector, uint32_t apic_id)
{
	const struct acpi_isa_irq *isa = &acpi_found.isa[isa_irq];
	uint32_t line = isa->gsi - acpi_found.ioapic_gsi_base;
	uint32_t low = vector;

	if (!ioapic || line >= lines)
		return;
	if (isa->level)
		low |= REDIRECT_LEVEL;
	if (isa->active_low)
		low |= REDIRECT_LOW;
	ioapic_write(IOAPIC_REDIRECT + 2 * line + 1, apic_id << 24);
	ioapic_write(IOAPIC_REDIRECT + 2 * line, low);
}
