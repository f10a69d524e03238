/* SPDX-License-Identifier: MIT */
/* Collects struct boot_info from whatever loader started us. */
#ifndef ARCH_X86_64_BOOTINFO_H
#define ARCH_X86_64_BOOTINFO_H

#include "arch/arch.h"

extern struct boot_info boot_info;
extern uint8_t boot_rsdp[36]; /* a copy of ACPI's root pointer; zeros: none */

/* One per loader. Each reads its structures through the direct map, which reaches 4 GiB now. */
void pvh_read(uint64_t start_info);
void multiboot2_read(uint64_t info);

void bootinfo_cmdline(const char *text, size_t n);
void bootinfo_ram(uint64_t start, uint64_t n);
void bootinfo_module(uint64_t start, uint64_t n);
void bootinfo_reserve(uint64_t start, uint64_t end);

/* Sorts, checks, and adds what the kernel itself occupies. */
void bootinfo_finish(void);

#endif
