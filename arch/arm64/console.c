/* SPDX-License-Identifier: MIT */
/* PL011 (Arm DDI 0183). The firmware has set its speed. */
#include "cpu.h"

enum { UART_DATA = 0x0, UART_FLAGS = 0x18, UART_LINE = 0x2c, UART_CONTROL = 0x30, UART_MASK = 0x38, UART_CLEAR = 0x44 };

#define FLAG_BUSY 0x08
#define FLAG_RX_EMPTY 0x10
#define FLAG_TX_FULL 0x20
#define LINE_8N1_FIFO 0x70
#define CONTROL_ON 0x301       /* receive, transmit, the whole */
#define INTERRUPT_RECEIVE 0x50 /* FIFO level, and timeout with something in it */
#define INTERRUPT_ALL 0x7ff

static volatile uint8_t *uart;
static unsigned irq;

/* The line may only be programmed while the UART is off, and that only between characters (DDI 0183, UARTCR). */
void uart_init(volatile uint8_t *base, unsigned intid)
{
	uart = base;
	irq = base ? intid : 0;
	if (!base)
		return;
	while (mmio_read32(uart, UART_FLAGS) & FLAG_BUSY)
		arch_cpu_relax();
	mmio_write32(uart, UART_CONTROL, 0);
	mmio_write32(uart, UART_LINE, LINE_8N1_FIFO);
	mmio_write32(uart, UART_CLEAR, INTERRUPT_ALL);
	mmio_write32(uart, UART_MASK, INTERRUPT_RECEIVE);
	mmio_write32(uart, UART_CONTROL, CONTROL_ON);
}

unsigned uart_irq(void)
{
	return irq;
}

void arch_console_write(const char *bytes, size_t n)
{
	for (size_t i = 0; uart && i < n; i++) {
		while (mmio_read32(uart, UART_FLAGS) & FLAG_TX_FULL)
			arch_cpu_relax();
		mmio_write32(uart, UART_DATA, (uint8_t)bytes[i]);
	}
}

/* Reading the last byte takes the interrupt's cause away, so the handler has only to drain. */
int arch_console_getc(void)
{
	if (!uart || mmio_read32(uart, UART_FLAGS) & FLAG_RX_EMPTY)
		return -1;
	return (uint8_t)mmio_read32(uart, UART_DATA);
}

void arch_console_irq_enable(void)
{
	if (irq)
		gic_enable_spi(irq);
}
