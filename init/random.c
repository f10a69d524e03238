/* SPDX-License-Identifier: MIT */
#include "init/random.h"

#include "lib/prng.h"
#include "lib/string.h"
#include <stdatomic.h>

static _Atomic uint64_t state = 0x6661756c746c696e; /* splitmix64's, drawn from by all CPUs */

void random_bytes(void *buf, size_t n)
{
	char *to = buf;

	while (n) {
		uint64_t word = prng_mix(atomic_fetch_add_explicit(&state, 0x9e3779b97f4a7c15, memory_order_relaxed));
		size_t part = n < sizeof(word) ? n : sizeof(word);

		memcpy(to, &word, part);
		to += part;
		n -= part;
	}
}
