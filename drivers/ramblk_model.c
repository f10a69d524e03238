/* SPDX-License-Identifier: MIT */
/*
 * What the RAM block device makes of a request: how long it takes, whether it fails, whether it is held back, and when its submitter may go on.
 * Chance comes from one generator a disk, seeded, drawn in the order of submission: with one seed and one order every run is the same.
 *
 * Throttling is the generic cell rate algorithm (ITU-T I.371): each request moves `next` on by what it costs at the allowed rate; a submitter may be
 * BURST_NS ahead of that, and sleeps for what is beyond. So the rate over a second is exact to the burst, and nothing has to tick.
 */
#include "drivers/ramblk_impl.h"
#include "mm/policy.h"

#define BURST_NS (10 * NSEC_PER_MSEC)
#define MIB_SECTORS (1024 * 1024 / SECTOR_SIZE)
#define MILLION 1000000u

/*
 * -ln(u), u uniform in (0, 1], in units of 2^-16: ln(u) = log2(u) * ln 2. u = 2^-n * (1 + f): n from the leading zeros, and log2(1 + f) by
 * the chord through four equal parts of f, which is at most 0.7 % off.
 */
static uint64_t minus_ln(struct prng *random)
{
	static const uint32_t log2_at[] = { 0, 21098, 38336, 52911, 65536 }; /* log2(1 + k/4) * 2^16 */
	uint64_t u = prng_next(random) | 1;
	unsigned zeros = (unsigned)__builtin_clzll(u);
	uint64_t f = zeros == 63 ? 0 : u << (zeros + 1) >> 32; /* 0 .. 2^32 - 1 */
	unsigned part = (unsigned)(f >> 30);
	uint64_t inside = f & ((1u << 30) - 1);
	uint64_t log2f = log2_at[part] + ((log2_at[part + 1] - log2_at[part]) * inside >> 30);

	return (((uint64_t)(zeros + 1) << 16) - log2f) * 45426 >> 16; /* ln 2 * 2^16 */
}

static uint64_t distance_mib(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) / MIB_SECTORS;
}

uint64_t model_latency_ns(struct ramblk *disk, const struct request *r)
{
	const struct latency *l = &disk->latency;
	uint64_t from = disk->last_sector;

	disk->last_sector = request_end(r);
	switch (l->kind) {
	case LATENCY_FIXED:
		return l->a * NSEC_PER_USEC;
	case LATENCY_UNIFORM:
		return l->a * NSEC_PER_USEC + (prng_next(&disk->random) >> 32) * ((l->b - l->a) * NSEC_PER_USEC + 1) / (1ull << 32);
	case LATENCY_EXP:
		return minus_ln(&disk->random) * l->a * NSEC_PER_USEC >> 16;
	case LATENCY_SECTOR:
		return (l->a + l->b * distance_mib(r->sector, 0)) * NSEC_PER_USEC;
	case LATENCY_SEEK:
		return (l->a + l->b * distance_mib(r->sector, from)) * NSEC_PER_USEC;
	default:
		return policy_get(&policy.latency_us) * NSEC_PER_USEC;
	}
}

static bool touches(const struct sector_rule *rule, const struct request *r)
{
	unsigned kind = r->write ? TOUCH_WRITES : TOUCH_READS;

	return rule->touch & kind && r->sector <= rule->last && rule->first < request_end(r);
}

bool model_fails(struct ramblk *disk, const struct request *r)
{
	for (unsigned i = 0; i < RULES; i++) {
		struct sector_rule *rule = &disk->errors[i];

		if (!touches(rule, r))
			continue;
		if (rule->when == ERROR_CHANCE && prng_below(&disk->random, MILLION) >= rule->chance)
			continue;
		if (rule->when == ERROR_ONCE)
			rule->touch = 0;
		return true;
	}
	return false;
}

bool model_holds(const struct ramblk *disk, const struct request *r)
{
	for (unsigned i = 0; i < RULES; i++)
		if (touches(&disk->holds[i], r))
			return true;
	return false;
}

static uint64_t charge(struct throttle *t, uint64_t units, uint64_t now)
{
	if (!t->per_second)
		return 0;
	if (t->next < now)
		t->next = now;
	t->next += units * NSEC_PER_SEC / t->per_second;
	return t->next > BURST_NS ? t->next - BURST_NS : 0;
}

uint64_t model_throttle(struct ramblk *disk, const struct request *r, uint64_t now)
{
	uint64_t one = charge(&disk->iops, 1, now), bytes = charge(&disk->bandwidth, request_bytes(r), now);

	return one > bytes ? one : bytes;
}
