/* SPDX-License-Identifier: MIT */
/* What this machine's ACPI tables say, read once at boot. */
#ifndef ARCH_X86_64_ACPI_H
#define ARCH_X86_64_ACPI_H

#include "lib/acpi.h"

extern struct acpi_info acpi_found;

/* Reads the tables and numbers the CPUs: the one we boot on is 0, the others follow in the tables' order. */
void acpi_init(void);

#endif
