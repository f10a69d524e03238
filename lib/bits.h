/* SPDX-License-Identifier: MIT */
/* Single bits, powers of two, and integers at any address in a given byte order. */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define BIT(n) (1ull << (n))

/* `to` is a power of two in all of these. */
static inline uint64_t align_down(uint64_t x, uint64_t to)
{
	return x & -to;
}

static inline uint64_t align_up(uint64_t x, uint64_t to) /* wraps to 0 at the end of the range */
{
	return (x + to - 1) & -to;
}

static inline bool is_aligned(uint64_t x, uint64_t to)
{
	return !(x & (to - 1));
}

static inline bool is_power_of_two(uint64_t x)
{
	return x && !(x & (x - 1));
}

static inline unsigned bit_lowest(uint64_t x) /* number of the lowest 1; 64 for 0 */
{
	return x ? (unsigned)__builtin_ctzll(x) : 64;
}

static inline unsigned bit_highest(uint64_t x) /* x != 0 */
{
	return 63 - (unsigned)__builtin_clzll(x);
}

static inline unsigned log2_up(uint64_t x) /* the smallest n with 1 << n >= x; x <= 1 << 63 */
{
	return x <= 1 ? 0 : bit_highest(x - 1) + 1;
}

static inline uint16_t load_le16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t load_le32(const void *p)
{
	const uint8_t *b = p;

	return load_le16(b) | (uint32_t)load_le16(b + 2) << 16;
}

static inline uint64_t load_le64(const void *p)
{
	const uint8_t *b = p;

	return load_le32(b) | (uint64_t)load_le32(b + 4) << 32;
}

static inline uint32_t load_be32(const void *p)
{
	return __builtin_bswap32(load_le32(p));
}

static inline uint64_t load_be64(const void *p)
{
	return __builtin_bswap64(load_le64(p));
}

#endif
