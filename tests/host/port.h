/* SPDX-License-Identifier: MIT */
/* A test that runs as a kernel thread of the host port. */
#ifndef TESTS_HOST_PORT_H
#define TESTS_HOST_PORT_H

#include "arch/host/cpu.h"
#include "tests/host/tap.h"

/* Boots such a machine; runs test() in a thread of it, then ends the test program. */
_Noreturn void port_run(const struct host_config *config, void (*test)(void));

/* Runs fn() n times at once, in threads, with 0 .. n-1; returns when all are done. */
void port_parallel(unsigned n, void (*fn)(unsigned i));

/* Does fn() panic with this text in its first line? It runs in a process of its own. */
bool port_panics(void (*fn)(void), const char *text);

/* How often CPUs take turns (host_config), by the seed: some races want many turns, some a long stretch of one CPU. */
static inline unsigned port_turns(unsigned long long seed)
{
	static const unsigned one_in[] = { 4, 2, 30, 400, 3000, 8 };

	return one_in[seed % 6];
}

/* Lets grace periods pass and caches settle: for counting what is left. */
void port_settle(void);

#endif
