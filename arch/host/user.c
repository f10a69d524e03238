/* SPDX-License-Identifier: MIT */
/*
 * User memory: what the hardware does at a load or store, in C. Each piece of an access lies in one page; its entry is looked up and used
 * under the CPU's TLB lock, so a flush by another CPU comes before or after it.
 */
#include "cpu.h"
#include "lib/errno.h"
#include <string.h>

bool host_access_flag = true;

static struct tlb_entry *tlb_place(struct host_cpu *c, uintptr_t va)
{
	return &c->tlb[(va >> PAGE_SHIFT ^ c->space->asid * 37) % TLB_ENTRIES];
}

static bool allowed(pte_t pte, unsigned access)
{
	unsigned want = PTE_USER | PTE_READ | (access & FAULT_WRITE ? PTE_WRITE : 0) | (access & FAULT_EXEC ? PTE_EXEC : 0);

	return arch_pte_present(pte) && (arch_pte_prot(pte) & want) == want;
}

/* The table walk. false: fault. */
static bool walk(struct host_cpu *c, uintptr_t va, unsigned access, pte_t *out)
{
	pte_t *slot = arch_pte_find(c->space, va);
	pte_t pte;

	do {
		if (!slot)
			return false;
		pte = arch_pte_read(slot);
		if (!allowed(pte, access))
			return false;
		if (pte.v & HOST_PTE_ACCESSED)
			break;
		if (!host_access_flag)
			return false;
	} while (!__atomic_compare_exchange_n(&slot->v, &pte.v, pte.v | HOST_PTE_ACCESSED, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	*out = pte;
	return true;
}

/* TLB lock held. The kernel address of va, or NULL: fault. */
static char *translate(struct host_cpu *c, uintptr_t va, unsigned access)
{
	uintptr_t page = va & ~(PAGE_SIZE - 1);
	struct tlb_entry *e;

	if (!c->space || va >= USER_TOP)
		return NULL;
	e = tlb_place(c, page);
	if (e->asid != c->space->asid || e->va != page || !allowed(e->pte, access)) {
		pte_t pte;

		if (e->asid == c->space->asid && e->va == page)
			e->asid = 0;
		if (!walk(c, page, access, &pte))
			return NULL;
		*e = (struct tlb_entry){.asid = c->space->asid, .va = page, .pte = pte};
	}
	return (char *)(DIRECT_MAP + (arch_pte_pfn(e->pte) << PAGE_SHIFT)) + (va - page);
}

static unsigned present_bit(uintptr_t va)
{
	pte_t *slot = host_cpu->space ? arch_pte_find(host_cpu->space, va) : NULL;

	return slot && arch_pte_present(arch_pte_read(slot)) ? FAULT_PRESENT : 0;
}

/* One access. from == NULL: zeros. kernel: the kernel's side of it, read for a store, written for a load. */
static bool access_once(uintptr_t va, void *kernel, size_t n, unsigned access)
{
	struct host_cpu *c;
	char *at;

	host_point(HOST_AT_ACCESS);
	host_irq_deliver();
	c = host_cpu;
	host_tlb_lock(c);
	at = translate(c, va, access);
	if (at && !(access & FAULT_WRITE))
		memcpy(kernel, at, n);
	else if (at && kernel)
		memcpy(at, kernel, n);
	else if (at)
		memset(at, 0, n);
	host_tlb_unlock(c);
	return at;
}

static bool access_piece(struct arch_regs *regs, uintptr_t va, void *kernel, size_t n, unsigned access)
{
	while (!access_once(va, kernel, n, access)) {
		if (!trap_page_fault(regs, va, access | present_bit(va)) || regs->trapped)
			return false;
	}
	return true;
}

static size_t copy(uintptr_t va, void *kernel, size_t n, unsigned access)
{
	struct arch_regs regs = {.user = false};

	while (n) {
		size_t piece = PAGE_SIZE - va % PAGE_SIZE;

		if (piece > n)
			piece = n;
		if (!access_piece(&regs, va, kernel, piece, access))
			break;
		va += piece;
		if (kernel)
			kernel = (char *)kernel + piece;
		n -= piece;
	}
	return n;
}

size_t arch_copy_from_user(void *to, const void *user_from, size_t n)
{
	return copy((uintptr_t)user_from, to, n, FAULT_READ);
}

size_t arch_copy_to_user(void *user_to, const void *from, size_t n)
{
	return copy((uintptr_t)user_to, (void *)(uintptr_t)from, n, FAULT_WRITE);
}

size_t arch_clear_user(void *user_to, size_t n)
{
	return copy((uintptr_t)user_to, NULL, n, FAULT_WRITE);
}

int arch_user_load32(const uint32_t *user, uint32_t *seen)
{
	return copy((uintptr_t)user, seen, sizeof(*seen), FAULT_READ) ? -EFAULT : 0;
}

int arch_user_cmpxchg32(uint32_t *user, uint32_t expected, uint32_t desired, uint32_t *seen)
{
	struct arch_regs regs = {.user = false};
	struct host_cpu *c;
	uint32_t *at;

	for (;;) {
		host_point(HOST_AT_ACCESS);
		host_irq_deliver();
		c = host_cpu;
		host_tlb_lock(c);
		at = (uint32_t *)translate(c, (uintptr_t)user, FAULT_WRITE);
		*seen = expected;
		if (at)
			__atomic_compare_exchange_n(at, seen, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		host_tlb_unlock(c);
		if (at)
			return 0;
		if (!trap_page_fault(&regs, (uintptr_t)user, FAULT_WRITE | present_bit((uintptr_t)user)))
			return -EFAULT;
	}
}

bool host_user_read(struct arch_regs *regs, uintptr_t va, void *to, size_t n)
{
	return access_piece(regs, va, to, n, FAULT_READ | FAULT_USER);
}

bool host_user_write(struct arch_regs *regs, uintptr_t va, const void *from, size_t n)
{
	return access_piece(regs, va, (void *)(uintptr_t)from, n, FAULT_WRITE | FAULT_USER);
}
