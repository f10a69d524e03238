/* SPDX-License-Identifier: MIT */
/* COM1: a 16550 (National Semiconductor PC16550D data sheet). */
#include "cpu.h"

enum uart {
	UART_DATA = 0x3f8,	  /* with DLAB: divisor, low */
	UART_INTERRUPTS = 0x3f9,  /* with DLAB: divisor, high */
	UART_FIFO = 0x3fa,
	UART_LINE = 0x3fb,
	UART_MODEM = 0x3fc,
	UART_STATUS = 0x3fd,
};

#define LINE_8N1 0x03
#define LINE_DLAB 0x80
#define FIFO_ON_EMPTY_BOTH 0xc7 /* interrupt at 14 bytes, or at a pause */
#define MODEM_DTR_RTS_OUT2 0x0b /* OUT2 lets the interrupt through to the PC */
#define STATUS_RECEIVED 0x01
#define STATUS_ROOM 0x20 /* the whole transmit FIFO is empty */
#define INTERRUPT_RECEIVED 0x01
#define FIFO_SIZE 16

static bool absent; /* a port with nothing behind it reads as ones */

void uart_init(void)
{
	absent = port_in8(UART_STATUS) == 0xff;
	port_out8(UART_INTERRUPTS, 0);
	port_out8(UART_LINE, LINE_DLAB);
	port_out8(UART_DATA, 1); /* 115200 baud */
	port_out8(UART_INTERRUPTS, 0);
	port_out8(UART_LINE, LINE_8N1);
	port_out8(UART_FIFO, FIFO_ON_EMPTY_BOTH);
	port_out8(UART_MODEM, MODEM_DTR_RTS_OUT2);
}

void arch_console_write(const char *bytes, size_t n)
{
	while (n && !absent) {
		size_t room = n < FIFO_SIZE ? n : FIFO_SIZE;

		while (!(port_in8(UART_STATUS) & STATUS_ROOM))
			arch_cpu_relax();
		n -= room;
		__asm__ volatile("rep outsb" : "+S"(bytes), "+c"(room) : "d"(UART_DATA) : "memory");
	}
}

int arch_console_getc(void)
{
	if (absent || !(port_in8(UART_STATUS) & STATUS_RECEIVED))
		return -1;
	return port_in8(UART_DATA);
}

void uart_irq_enable(void)
{
	port_out8(UART_INTERRUPTS, INTERRUPT_RECEIVED);
}
