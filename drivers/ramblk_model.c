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

/* Does the rule mean this request, which it touches? */
static bool strikes(struct ramblk *disk, struct sector_rule *rule)
{
	bool now = true;

	switch (rule->when) {
	case WHEN_ALWAYS:
		return true;
	case WHEN_CHANCE:
		return prng_below(&disk->random, MILLION) < rule->number;
	case WHEN_NTH:
		now = !--rule->number;
		break;
	case WHEN_ONCE:
		break;
	}
	if (now)
		rule->touch = 0;
	return now;
}

/* Which segments have a sector of the rule's. */
static uint64_t touched(const struct sector_rule *rule, const struct request *r)
{
	uint64_t sector = r->sector, mask = 0;

	for (unsigned i = 0; i < r->nr_segments; i++) {
		uint64_t end = sector + (r->segments[i].len >> SECTOR_SHIFT);

		if (sector <= rule->last && rule->first < end)
			mask |= 1ull << i;
		sector = end;
	}
	return mask;
}

uint64_t model_fails(struct ramblk *disk, const struct request *r)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < RULES; i++)
		if (touches(&disk->errors[i], r) && strikes(disk, &disk->errors[i]))
			mask |= touched(&disk->errors[i], r);
	return mask;
}

bool model_holds(struct ramblk *disk, const struct request *r)
{
	for (unsigned i = 0; i < RULES; i++)
		if (touches(&disk->holds[i], r) && strikes(disk, &disk->holds[i]))
			return true;
	return false;
}

bool model_still_holds(const struct ramblk *disk, const struct request *r)
{
	for (unsigned i = 0; i < RULES; i++)
		if (disk->holds[i].when == WHEN_ALWAYS && touches(&disk->holds[i], r))
			return true;
	return false;
}

uint64_t model_throttle(struct ramblk *disk, const struct request *r, uint64_t now)
{
	uint64_t one = throttle_charge(&disk->iops, 1, now), bytes = throttle_charge(&disk->bandwidth, request_bytes(r), now);

	return one > bytes ? one : bytes;
}
