/* SPDX-License-Identifier: MIT */
/* crash KIND: does what no program should. Each kind ends in its signal. */
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static char data[64];
static char *volatile nowhere = (char *)8; /* volatile: or the compiler sees what we are up to */
static volatile int forever = 1;

/* Reads a null pointer. */
static void crash_null(void)
{
	static volatile unsigned long address = 8;

	*(volatile char *)address;
}

/* Writes to its own code. */
static void crash_text(void)
{
	*(volatile char *)(unsigned long)crash_null = 0;
}

/* Executes data. */
static void crash_data(void)
{
	((void (*)(void))(unsigned long)data)();
}

static void crash_illegal(void)
{
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile(".inst 0");
#endif
}

static void crash_abort(void)
{
	kill(getpid(), 6);
}

/* Runs down its stack. */
static void __attribute__((noinline)) crash_stack(void)
{
	volatile char room[4096];

	room[0] = 1;
	if (room[0])
		crash_stack();
	room[1] = room[0];
}

static const struct {
	const char *name;
	void (*crash)(void);
} kinds[] = { { "null", crash_null }, { "text", crash_text },	{ "data", crash_data },
	      { "illegal", crash_illegal }, { "abort", crash_abort }, { "stack", crash_stack } };

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[1], kinds[i].name))
			kinds[i].crash();
	printf("crash: no such kind, or it did not crash\n");
	return 1;
}
