/* SPDX-License-Identifier: MIT */
/* Early start on the boot CPU, in order; each line needs those above it. */
#include "arch/upcall.h"
#include "acpi.h"
#include "bootinfo.h"
#include "cpu.h"
#include "lib/string.h"
#include "map.h"

#define MULTIBOOT2_MAGIC 0x36d76289u

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

static void loader_read(uint32_t magic, uint64_t info)
{
	if (magic == 0)
		pvh_read(info);
	else if (magic == MULTIBOOT2_MAGIC)
		multiboot2_read(info);
	else
		boot_fail("started by something that is neither PVH nor Multiboot2");
	bootinfo_finish();
}

_Noreturn void boot_main(uint32_t magic, uint64_t info)
{
	const char *missing;

	uart_init();
	missing = features_detect();
	if (missing)
		boot_fail(missing);
	loader_read(magic, info);
	patch_apply(); /* while the code can still be written */
	kmap_init();
	idt_init();
	cpu_init_self(&cpu_locals[0]); /* from here on a fault is reported */
	acpi_init();
	controllers_init();
	clock_calibrate();
	smp_prepare();
	boot_info.cpus = cpu_count;
	kernel_main(&boot_info);
}
