/* SPDX-License-Identifier: MIT */
#include "mm/remote.h"

#include "kernel/log.h"
#include "lib/string.h"
#include "mm/fault.h"
#include "mm/pt.h"

enum found { FOUND, ZEROES, ABSENT };

/* The page at addr, referenced: under the lock of its table its entry holds a reference, to which ours is added. */
static enum found find_page(struct mm *mm, uintptr_t addr, struct page **page)
{
	enum found what = ABSENT;
	struct spinlock *lock;
	pte_t *slot, pte;

	rcu_read_lock();
	slot = arch_pte_find(&mm->arch, addr);
	if (slot) {
		lock = pt_lock_of(slot);
		spin_lock(lock);
		pte = arch_pte_read(slot);
		if (arch_pte_present(pte) && pt_allows(pte, FAULT_READ)) {
			*page = pte_page(pte);
			what = *page ? FOUND : ZEROES;
		}
		if (what == FOUND)
			page_get(*page);
		spin_unlock(lock);
	}
	rcu_read_unlock();
	return what;
}

/* Within one page. */
static bool read_part(struct mm *mm, uintptr_t addr, char *buf, size_t n)
{
	struct page *page = NULL;
	enum found what;

	while ((what = find_page(mm, addr, &page)) == ABSENT)
		if (fault_handle(mm, addr, FAULT_READ) != DONE)
			return false;
	if (what == ZEROES) {
		memset(buf, 0, n);
		return true;
	}
	memcpy(buf, (const char *)page_address(page) + addr % PAGE_SIZE, n);
	page_put(page);
	return true;
}

size_t mm_read_remote(struct mm *mm, uintptr_t addr, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t room = PAGE_SIZE - (addr + done) % PAGE_SIZE, part = n - done < room ? n - done : room;

		if (addr + done >= USER_TOP || !read_part(mm, addr + done, (char *)buf + done, part))
			break;
		done += part;
	}
	return done;
}
