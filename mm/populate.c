/* SPDX-License-Identifier: MIT */
/* Faulting a range in before anybody touches it: for copies to user memory, MAP_POPULATE, mlock, madvise. Holds nothing between pages. */
#include "kernel/log.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/fault.h"
#include "mm/map.h"
#include "mm/pt.h"
#include "mm/vma.h"

static int verdict_errno(enum verdict v)
{
	switch (v) {
	case DONE:
		return 0;
	case OOM:
		return -ENOMEM;
	case KILLED:
		return -EINTR;
	default:
		return -EFAULT;
	}
}

int mm_fault_in(struct mm *mm, uintptr_t addr, size_t len, unsigned access)
{
	uintptr_t end = map_round_up(addr + len);
	int err = user_range_ok(addr, len) ? 0 : -EFAULT;

	for (addr &= ~(uintptr_t)(PAGE_SIZE - 1); !err && addr < end; addr += PAGE_SIZE)
		err = verdict_errno(fault_handle(mm, addr, access));
	return err;
}

/* What there is at an address. */
struct spot {
	bool mapped;
	unsigned flags; /* of the VMA */
	uintptr_t next; /* where the VMA ends, or the hole */
};

static struct spot look(struct mm *mm, uintptr_t addr)
{
	struct spot s = { .next = USER_TOP };
	const struct vma *vma;

	rcu_read_lock();
	vma = vma_next(mm, addr);
	if (vma) {
		s.mapped = vma->start <= addr;
		s.flags = vma->flags;
		s.next = s.mapped ? vma->end : vma->start;
	}
	rcu_read_unlock();
	return s;
}

bool mm_mapped(struct mm *mm, uintptr_t addr)
{
	return look(mm, addr).mapped;
}

/* Private memory that may be written is written, so that it will not fault again. */
static unsigned access_for(unsigned flags)
{
	return (flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE ? FAULT_WRITE : FAULT_READ;
}

/* Is the page there already, for this access? Then it is no fault, and is not counted as one. */
static bool present(struct mm *mm, uintptr_t addr, unsigned access)
{
	pte_t *slot;
	bool is;

	rcu_read_lock();
	slot = arch_pte_find(&mm->arch, addr);
	is = slot && arch_pte_present(arch_pte_read(slot)) && pt_allows(arch_pte_read(slot), access);
	rcu_read_unlock();
	return is;
}

static int populate_page(struct mm *mm, uintptr_t addr, unsigned access)
{
	return present(mm, addr, access) ? 0 : verdict_errno(fault_handle(mm, addr, access));
}

/* Up to `to`, or where the VMA ends; *at is where it stopped. */
static int populate_vma(struct mm *mm, uintptr_t *at, uintptr_t to, const struct spot *s, unsigned access)
{
	int err = 0;

	if (s->next < to)
		to = s->next;
	for (; !err && *at < to; *at += PAGE_SIZE)
		err = populate_page(mm, *at, access);
	return err;
}

int mm_populate(struct mm *mm, uintptr_t addr, size_t len)
{
	uintptr_t end = map_round_up(addr + len);
	int err = 0;

	while (!err && addr < end) {
		struct spot s = look(mm, addr);

		if (!s.mapped)
			return -ENOMEM;
		if (!(s.flags & VMA_PROT))
			return -EFAULT;
		err = populate_vma(mm, &addr, end, &s, access_for(s.flags));
	}
	return err;
}

void mm_populate_all(struct mm *mm, uintptr_t addr, size_t len)
{
	uintptr_t end = map_round_up(addr + len);

	while (addr < end && addr < USER_TOP) {
		struct spot s = look(mm, addr);
		int err = 0;

		if (s.mapped && s.flags & VMA_PROT)
			err = populate_vma(mm, &addr, end, &s, access_for(s.flags));
		if (err == -EINTR)
			return;
		addr = s.next; /* a VMA of which a page cannot be had is left, as on Linux */
	}
}

int mm_populate_for(struct mm *mm, uintptr_t addr, size_t len, unsigned access)
{
	unsigned need = access & FAULT_WRITE ? VMA_WRITE : VMA_READ | VMA_WRITE | VMA_EXEC;
	uintptr_t end = map_round_up(addr + len);
	int err = 0;

	while (!err && addr < end) {
		struct spot s = look(mm, addr);

		if (!s.mapped)
			return -ENOMEM;
		if (!(s.flags & need))
			return -EINVAL;
		err = populate_vma(mm, &addr, end, &s, access);
	}
	return err;
}
