/* SPDX-License-Identifier: MIT */
/*
 * One page fault, from the exception to the entry.
 *
 * 1. A fault is a sequence of steps, in the order of the table below. Each returns a verdict. Any verdict but NEXT means that nothing
 *    is held: no read section, no reference, no page of ours.
 * 2. The whole attempt runs in one RCU read section. It takes no address-space lock, no VMA lock and (unless policy faultlock wants to show what
 *    that costs) no page lock. The only lock is the page table's, for the store itself.
 * 3. A step that would have to wait (for a page's read, for a frozen page, for memory, for somebody who changes the address space)
 *    drops everything, waits inside itself, and returns RETRY (law 2). There is one retry loop, below, and RETRY has one meaning:
 *    nothing is known any more, look again.
 * 4. What a fault learned before it waited is not kept. What it read is in the page cache, where it looks next.
 * 5. Nothing after fault_prepare can fail for lack of anything; install only finds out whether the world is still as it was.
 *
 * Each retry is caused by somebody's progress: a read that ended, a page that was unfrozen or went, a VMA that was replaced, memory
 * that was freed. Not promised: how many rounds a fault needs while others truncate, unmap or reclaim the same page again and again.
 *
 * Why not sleep with a lock and go on afterwards: then every caller up the stack has to know whether it is still held.
 */
#include "mm/fault.h"

#include "kernel/log.h"
#include "kernel/stats.h"
#include "kernel/trace.h"
#include "lib/errno.h"
#include "mm/pagecache.h"
#include "mm/policy.h"
#include "mm/pt.h"
#include "mm/reclaim.h"
#include "mm/vma.h"
#include "mm/writeback.h"

const char *const verdict_names[] = {
	[NEXT] = "next", [DONE] = "done",	[RETRY] = "retry", [SEGV] = "segv",
	[ACCESS] = "access", [BUS] = "bus", [OOM] = "oom",	   [KILLED] = "killed",
};

/*	step		function	holds, exactly, on entry */
#define STEPS(X)                                                                                   \
	X("fault.find-vma", fault_find_vma, HOLDS_NOTHING)                                         \
	X("fault.find-slot", fault_find_slot, HOLDS_RCU)                                           \
	X("fault.map-around", fault_map_around, HOLDS_RCU)                                         \
	X("fault.find-page", fault_find_page, HOLDS_RCU)                                           \
	X("fault.prepare", fault_prepare, HOLDS_RCU)                                               \
	X("fault.install", fault_install, HOLDS_RCU)

static const struct step {
	enum verdict (*run)(struct fault *f);
	unsigned holds;
	struct trace_point trace;
} steps[] = {
#define X(name, run, holds) { run, holds, { name, " addr=%x access=%x verdict=%s" } },
	STEPS(X)
#undef X
};

enum verdict fault_release(struct fault *f, enum verdict v)
{
	if (unlikely(f->at.locked))
		page_unlock(f->at.locked);
	if (f->at.source)
		page_put(f->at.source);
	if (f->at.copy)
		page_put(f->at.copy);
	if (f->at.holds & HOLDS_RCU)
		rcu_read_unlock();
	f->at.holds = HOLDS_NOTHING;
	f->at.source = f->at.copy = f->at.locked = NULL;
	return v;
}

static enum verdict fault_attempt(struct fault *f)
{
	enum verdict v = NEXT;

#pragma GCC unroll 8
	for (unsigned i = 0; i < ARRAY_SIZE(steps) && v == NEXT; i++) {
		assert(f->at.holds == steps[i].holds);
		v = steps[i].run(f);
		trace(&steps[i].trace, f->address, f->access, verdict_names[v]);
	}
	assert(v != NEXT && f->at.holds == HOLDS_NOTHING);
	return v;
}

static void fault_account(const struct fault *f, enum verdict v)
{
	stat_inc(STAT_faults);
	stat_add(STAT_fault_rounds, f->rounds);
	if (v != DONE) {
		stat_inc(v == BUS ? STAT_bus : STAT_segv);
	} else if (f->waited) {
		current->majflt++;
		stat_inc(STAT_faults_major);
	} else {
		current->minflt++;
	}
	if (f->rounds == 1)
		stat_inc(STAT_faults_warm);
}

enum verdict fault_handle(struct mm *mm, uintptr_t address, unsigned access)
{
	struct fault f = { .mm = mm, .address = address & ~(uintptr_t)(PAGE_SIZE - 1), .access = access };
	enum verdict v;

	might_sleep();
	do {
		f.rounds++;
		v = fault_attempt(&f);
		if (unlikely(v == RETRY && thread_killed()))
			v = KILLED;
		if (unlikely(v == RETRY))
			thread_retried();
	} while (v == RETRY);
	if (f.rounds > 1)
		thread_retries_end();
	fault_account(&f, v);
	return v;
}

/* ---- waiting, on behalf of a step ---- */

enum verdict fault_wait_memory(struct fault *f)
{
	fault_release(f, RETRY);
	stat_inc(STAT_retry_memory);
	if (page_make_room())
		return RETRY;
	return thread_killed() ? KILLED : OOM;
}

enum verdict fault_wait_written(struct fault *f)
{
	struct page_waiter w;
	bool queued = page_wait_begin_written(&w, f->at.source, f->at.vma->mapping, fault_index(f));
	int err = 0;

	fault_release(f, RETRY);
	stat_inc(STAT_retry_write);
	if (queued)
		err = page_wait_end(&w, WAIT_KILLABLE);
	return fault_read_verdict(err);
}

enum verdict fault_read_verdict(int err)
{
	switch (err) {
	case 0:
		return RETRY;
	case -EINTR:
		return KILLED;
	case -ENOMEM:
		return OOM;
	default:
		return BUS;
	}
}

enum verdict fault_wait_page(struct fault *f, struct page *page, pgoff_t index)
{
	struct page_waiter w;
	bool waits = likely(policy_get(&policy.waitbug) != WAITBUG_LIVELOCK);
	bool queued = waits && page_wait_begin(&w, page, f->at.vma->mapping, index);
	int err = 0;

	fault_release(f, RETRY);
	stat_inc(STAT_retry_read);
	if (queued) {
		f->waited = true;
		err = page_wait_end(&w, WAIT_KILLABLE);
	}
	return fault_read_verdict(err);
}

/* ---- the last step ---- */

/* Page-table lock held. Does the VMA show the file itself, not copies of it? */
static bool shows_file(const struct fault *f)
{
	return f->at.vma->flags & VMA_SHARED;
}

/* Page-table lock held. The entry for what prepare chose: a copy, the zero page, or the page found; writable if this is a write, or if nobody has
 * to be told of writes to the page. */
static pte_t new_entry(const struct fault *f)
{
	struct page *page = f->at.copy ? f->at.copy : f->at.source;
	pfn_t pfn = page ? page_to_pfn(page) : zero_pfn;
	bool write = fault_is_write(f) || (shows_file(f) && page_store_ready(f->at.vma->mapping, page));

	return arch_pte_make(pfn, pt_prot(f->at.vma, write));
}

/* Replaces a present entry. Another frame: through an empty entry and a flush, so that no CPU uses both (break before make). */
static void replace_entry(struct fault *f, pte_t entry)
{
	struct page *old = pte_page(f->at.old);

	if (arch_pte_pfn(entry) == arch_pte_pfn(f->at.old)) {
		arch_pte_replace(f->at.slot, entry);
		arch_tlb_flush_local(&f->mm->arch, f->address);
		return;
	}
	arch_pte_replace(f->at.slot, (pte_t){ 0 });
	arch_tlb_flush_range(&f->mm->arch, f->address, f->address + PAGE_SIZE, true);
	arch_pte_set(f->at.slot, entry);
	if (old)
		page_unmap(old);
	else
		atomic_fetch_add_explicit(&f->mm->rss, 1, memory_order_relaxed);
}

/* A copy was made of a cached page without its lock. Is it still the file's page? Page-table lock held, so if it is now, then
 * whoever takes it away later finds our entry. */
static bool copied_from_file(const struct fault *f)
{
	return cache_peek(f->at.vma->mapping, fault_index(f)) == f->at.source && !page_frozen(f->at.source);
}

/* Page-table lock held. Our reference becomes the entry's, and a map with it. false: the page is being taken away. */
static bool count_entry(struct fault *f)
{
	struct page **page = f->at.copy ? &f->at.copy : &f->at.source;

	if (!*page)
		return true; /* the zero page */
	if (f->at.copy && f->at.source && arch_pte_none(f->at.old) && !copied_from_file(f))
		return false;
	if (!page_map_held(*page))
		return false;
	*page = NULL;
	return true;
}

/* Anonymous memory that was written to keeps its offset when it is moved: mm/cut.c. Mostly set already, and then not written. */
static void note_touched(struct vma *vma)
{
	if (!atomic_load_explicit(&vma->touched, memory_order_relaxed))
		atomic_store_explicit(&vma->touched, true, memory_order_relaxed);
}

/* A store to the file's page: it becomes dirty before the entry is there (mm/writeback.c). false: it has to wait, or to ask, after all. */
static bool announce_store(struct fault *f)
{
	if (!fault_is_write(f) || !shows_file(f))
		return true;
	return page_dirty_by_store(f->at.vma->mapping, fault_index(f), f->at.source);
}

static bool store_entry(struct fault *f)
{
	pte_t entry;

	if (vma_state(f->at.vma) != VMA_LIVE || arch_pte_read(f->at.slot).v != f->at.old.v || !announce_store(f))
		return false;
	entry = new_entry(f);
	if (arch_pte_present(f->at.old) && arch_pte_pfn(f->at.old) == arch_pte_pfn(entry)) {
		replace_entry(f, entry);
		return true;
	}
	if (!count_entry(f))
		return false;
	if (arch_pte_present(f->at.old)) {
		replace_entry(f, entry);
		return true;
	}
	arch_pte_set(f->at.slot, entry);
	if (arch_pte_pfn(entry) != zero_pfn)
		atomic_fetch_add_explicit(&f->mm->rss, 1, memory_order_relaxed);
	return true;
}

enum verdict fault_install(struct fault *f)
{
	struct spinlock *lock = pt_lock_of(f->at.slot);
	bool stored;

	if (f->at.copy)
		note_touched(f->at.vma);
	spin_lock(lock);
	stored = store_entry(f);
	spin_unlock(lock);
	if (!stored) {
		stat_inc(STAT_retry_slot);
		return fault_release(f, RETRY);
	}
	stat_inc(f->at.made);
	return fault_release(f, DONE);
}

/* ---- the exception ---- */

static const char *access_name(unsigned access)
{
	if (access & FAULT_EXEC)
		return "execution";
	return access & FAULT_WRITE ? "write" : "read";
}

static bool fault_failed(struct arch_regs *regs, uintptr_t addr, unsigned access, enum verdict v)
{
	if (!(access & FAULT_USER))
		return false; /* a copy to or from user memory: it ends short */
	switch (v) {
	case SEGV:
		trap_user(regs, USER_TRAP_UNMAPPED, addr, access_name(access));
		break;
	case ACCESS:
		trap_user(regs, USER_TRAP_ACCESS, addr, access_name(access));
		break;
	case BUS:
		trap_user(regs, USER_TRAP_BUS, addr, access_name(access));
		break;
	case OOM:
		log_line("out of memory: killing thread %u (%s), which needs a page", current->tid, current->name);
		thread_kill(current);
		break;
	default: /* KILLED: the exit to user mode ends the thread */
		break;
	}
	return true;
}

bool trap_page_fault(struct arch_regs *regs, uintptr_t addr, unsigned access)
{
	struct thread *t = current;
	enum verdict v;

	if (unlikely(t->nofault || t->preempt || !t->mm || !arch_irq_enabled()))
		return false;
	v = fault_handle(t->mm, addr, access);
	return likely(v == DONE) || fault_failed(regs, addr, access, v);
}
