/* SPDX-License-Identifier: MIT */
/* Early start on the boot CPU, in order; each line needs those above it. */
#include "arch/upcall.h"
#include "bootinfo.h"
#include "cpu.h"
#include "lib/string.h"
#include "map.h"

uint64_t image_offset; /* boot.S */

static void console_line(const char *prefix, const char *text)
{
	arch_console_write(prefix, strlen(prefix));
	arch_console_write(text, strlen(text));
	arch_console_write("\n", 1);
}

_Noreturn void boot_fail(const char *why)
{
	console_line("faultline: cannot start: ", why);
	arch_poweroff(false);
}

static void must_not(const char *why)
{
	if (why)
		boot_fail(why);
}

_Noreturn void boot_main(phys_t fdt)
{
	const char *bad;

	vectors_set(); /* from here on an exception is reported, if there is a console to do it on */
	bad = bootinfo_read(fdt);
	psci_init(machine.psci);
	uart_init(kmap_device_early(machine.uart), machine.uart_irq);
	must_not(bad);
	must_not(features_missing());
	kmap_init();
	if (machine.uart)
		uart_init(kmap_device(machine.uart, PAGE_SIZE), machine.uart_irq);
	cpu_init_self(0);
	clock_init();
	gic_init();
	kernel_main(&boot_info);
}
