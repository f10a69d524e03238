/* SPDX-License-Identifier: MIT */
#include "mm/remote.h"

#include "kernel/log.h"
#include "lib/string.h"
#include "mm/fault.h"
#include "mm/pt.h"

enum found { FOUND, ZEROES, ABSENT };

struct store {
	const char *bytes;
	size_t n;
};

/* The page at addr, referenced: under the lock of its table its entry holds a reference, to which ours is added. With a store no reference
 * comes back: it is made before that lock is left, while the entry allows it. */
static enum found find_page(struct mm *mm, uintptr_t addr, struct page **page, const struct store *store)
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
		if (arch_pte_present(pte) && pt_allows(pte, store ? FAULT_WRITE : FAULT_READ)) {
			*page = pte_page(pte);
			what = *page ? FOUND : ZEROES;
		}
		if (what == FOUND && store)
			memcpy((char *)page_address(*page) + addr % PAGE_SIZE, store->bytes, store->n);
		else if (what == FOUND)
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

	while ((what = find_page(mm, addr, &page, NULL)) == ABSENT)
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

/* Within one page. An entry that allows stores is of a page that is dirty already. */
static bool write_part(struct mm *mm, uintptr_t addr, const char *buf, size_t n)
{
	struct store store = { buf, n };
	struct page *page;

	while (find_page(mm, addr, &page, &store) != FOUND)
		if (fault_handle(mm, addr, FAULT_WRITE) != DONE)
			return false;
	return true;
}

size_t mm_write_remote(struct mm *mm, uintptr_t addr, const void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t room = PAGE_SIZE - (addr + done) % PAGE_SIZE, part = n - done < room ? n - done : room;

		if (addr + done >= USER_TOP || !write_part(mm, addr + done, (const char *)buf + done, part))
			break;
		done += part;
	}
	return done;
}
