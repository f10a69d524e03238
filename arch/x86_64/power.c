/* SPDX-License-Identifier: MIT */
/* The end of the machine, in the order of how much the host learns from it. */
#include "acpi.h"
#include "cpu.h"

#define DEBUG_EXIT_PORT 0xf4 /* QEMU's isa-debug-exit: its exit status is 2 * value + 1 */
#define PM1_SLEEP_ENABLE 0x2000
#define PM1_SLEEP_TYPE_SHIFT 10 /* ACPI 6.4, 4.8.3.2.1 */

#define RESET_CONTROL_PORT 0xcf9 /* of Intel chipsets */
#define RESET_CONTROL_COLD 0x06
#define KEYBOARD_PORT 0x64
#define KEYBOARD_RESET 0xfe

static _Noreturn void halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void acpi_off(void)
{
	if (!acpi_found.has_s5 || !acpi_found.pm1a_control)
		return;
	port_out16(acpi_found.pm1a_control, (uint16_t)(acpi_found.s5_a << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE));
	if (acpi_found.pm1b_control)
		port_out16(acpi_found.pm1b_control,
			   (uint16_t)(acpi_found.s5_b << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE));
}

_Noreturn void arch_poweroff(bool ok)
{
	port_out8(DEBUG_EXIT_PORT, !ok);
	acpi_off();
	halt();
}

_Noreturn void arch_reset(void)
{
	if (acpi_found.reset_port)
		port_out8(acpi_found.reset_port, acpi_found.reset_value);
	port_out8(RESET_CONTROL_PORT, RESET_CONTROL_COLD);
	port_out8(KEYBOARD_PORT, KEYBOARD_RESET);
	halt();
}
