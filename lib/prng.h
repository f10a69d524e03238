/* SPDX-License-Identifier: MIT */
/* Pseudo-random numbers: the same seed gives the same sequence everywhere. Not for secrets. */
#ifndef LIB_PRNG_H
#define LIB_PRNG_H

#include <stdint.h>

struct prng {
	uint64_t state;
};

/* A good hash of one word: the output function of splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t prng_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static inline void prng_seed(struct prng *p, uint64_t seed)
{
	p->state = seed;
}

/* splitmix64: any seed is good, every word comes once in the period of 2^64. */
static inline uint64_t prng_next(struct prng *p)
{
	p->state += 0x9e3779b97f4a7c15;
	return prng_mix(p->state);
}

/* 0 .. n-1, n > 0. The bias is below n / 2^32. */
static inline uint32_t prng_below(struct prng *p, uint32_t n)
{
	return (uint32_t)((prng_next(p) >> 32) * n >> 32);
}

#endif
