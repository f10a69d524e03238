/* SPDX-License-Identifier: MIT */
#include "kernel/stats.h"

struct stat_cpu stat_cpus[MAX_CPUS];

uint64_t stat_read(enum stat s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < MAX_CPUS; i++)
		sum += atomic_load_explicit(&stat_cpus[i].count[s], memory_order_relaxed);
	return sum;
}

const char *stat_name(enum stat s)
{
	static const char *const names[STAT_COUNT] = {
#define X(name, help) #name,
		STATS(X)
#undef X
	};

	return names[s];
}
