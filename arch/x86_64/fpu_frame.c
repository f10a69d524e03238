/* SPDX-License-Identifier: MIT */
/*
 * The FPU state in a signal frame. It is an XSAVE area; in 48 bytes that the CPU leaves to software, Linux says how large
 * it is and which states it has, and a second mark follows the area, so that a copy cut short is recognised. A frame
 * without both marks is read as FXSAVE's 512 bytes.
 *
 * XRSTOR faults on what no CPU can have saved (SDM vol. 1 13.8): so everything that comes from a user is checked before.
 */
#include "cpu.h"
#include "lib/errno.h"
#include "lib/string.h"

#define MARKS_AT 464u
#define MAGIC_FIRST 0x46505853u
#define MAGIC_LAST 0x46505845u

struct marks {
	uint32_t magic, extended_size;
	uint64_t states;
	uint32_t size, unused[7];
};

/* Behind FXSAVE's part. The CPU demands zeros in what is called zero. */
struct xsave_header {
	uint64_t states, compact, zero;
	uint64_t unused[5];
};

_Static_assert(MARKS_AT + sizeof(struct marks) == FPU_LEGACY_SIZE && sizeof(struct xsave_header) == 64, "layout");

#define XSAVE_MIN (FPU_LEGACY_SIZE + sizeof(struct xsave_header))

size_t arch_fpu_frame_size(void)
{
	return fpu_format.states ? fpu_format.size + sizeof(uint32_t) : FPU_LEGACY_SIZE;
}

static bool put(uintptr_t to, const void *from, size_t n)
{
	return n <= USER_TOP && to <= USER_TOP - n && arch_copy_to_user((void *)to, from, n) == 0;
}

static bool get(void *to, uintptr_t from, size_t n)
{
	return n <= USER_TOP && from <= USER_TOP - n && arch_copy_from_user(to, (const void *)from, n) == 0;
}

int fpu_frame_put(uintptr_t to, const void *area)
{
	const uint32_t last = MAGIC_LAST;
	struct marks marks = {
		.magic = MAGIC_FIRST,
		.extended_size = fpu_format.size + sizeof(last),
		.states = fpu_format.states,
		.size = fpu_format.size,
	};

	if (!put(to, area, fpu_format.size))
		return -EFAULT;
	if (!fpu_format.states)
		return 0;
	return put(to + MARKS_AT, &marks, sizeof(marks)) && put(to + fpu_format.size, &last, sizeof(last)) ? 0 : -EFAULT;
}

/* How much of the area is there; FPU_LEGACY_SIZE if the marks say nothing. 0: cannot be read. */
static uint32_t extent(uintptr_t from, uint64_t *states)
{
	struct marks marks;
	uint32_t last;

	*states = XSTATE_X87 | XSTATE_SSE;
	if (!get(&marks, from + MARKS_AT, sizeof(marks)))
		return 0;
	if (!fpu_format.states || marks.magic != MAGIC_FIRST || marks.size < XSAVE_MIN || marks.size > fpu_format.size)
		return FPU_LEGACY_SIZE;
	if (!get(&last, from + marks.size, sizeof(last)) || last != MAGIC_LAST)
		return FPU_LEGACY_SIZE;
	*states = marks.states;
	return marks.size;
}

static bool header_valid(struct xsave_header *h, uint32_t size, uint64_t states)
{
	if (size == FPU_LEGACY_SIZE) {
		*h = (struct xsave_header){ .states = states };
		return true;
	}
	if (h->states & ~(uint64_t)fpu_format.states || h->compact || h->zero)
		return false;
	h->states &= states;
	memset(h->unused, 0, sizeof(h->unused));
	return size == fpu_format.size || !(h->states & ~(uint64_t)(XSTATE_X87 | XSTATE_SSE));
}

int fpu_frame_get(void *area, uintptr_t from)
{
	struct xsave_header *h = (void *)((uint8_t *)area + FPU_LEGACY_SIZE);
	uint64_t states;
	uint32_t mxcsr, size = extent(from, &states);

	if (!size || !get(area, from, size))
		return -EFAULT;
	memcpy(&mxcsr, (uint8_t *)area + FPU_MXCSR_AT, sizeof(mxcsr));
	if (mxcsr & ~fpu_format.mxcsr_mask)
		return -EINVAL;
	return !fpu_format.states || header_valid(h, size, states) ? 0 : -EINVAL;
}
