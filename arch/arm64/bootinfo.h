/* SPDX-License-Identifier: MIT */
/* struct boot_info out of the device tree, and the machine's parts that other files ask for. */
#ifndef ARCH_ARM64_BOOTINFO_H
#define ARCH_ARM64_BOOTINFO_H

#include "arch/arch.h"

extern struct boot_info boot_info;

enum psci { PSCI_NONE, PSCI_HVC, PSCI_SMC };

/* What the device tree says of the machine. 0: not there. Interrupts by INTID. (C) */
struct machine {
	phys_t uart;
	unsigned uart_irq;
	unsigned timer_irq; /* the virtual timer's */
	phys_t gic_dist, gic_redist;
	size_t gic_redist_size;
	enum psci psci; /* how to call it */
};

extern struct machine machine;

/* Reads the tree, which is reachable at its physical address. NULL, or what is wrong. */
const char *bootinfo_read(phys_t fdt);

/* A page of RAM nobody else uses, reported as reserved. Boot only. */
phys_t bootinfo_take_page(void);

#endif
