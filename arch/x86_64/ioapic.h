/* SPDX-License-Identifier: MIT */
#ifndef ARCH_X86_64_IOAPIC_H
#define ARCH_X86_64_IOAPIC_H

#include <stdint.h>

void ioapic_init(void); /* maps it and masks every line */

/* From now on this line of the old interrupt controllers arrives as `vector` at this local APIC. */
void ioapic_route_isa(unsigned isa_irq, uint8_t vector, uint32_t apic_id);

#endif
