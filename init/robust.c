/* SPDX-License-Identifier: MIT */
/*
 * What a task that ends, or begins another program, still owes those who share its memory: the mutexes on its robust list, and the word
 * that says that it is gone.
 *
 * The list is the program's: it may be damaged, endless, or point anywhere. So it is walked over at most ROBUST_LIST_LIMIT entries, through
 * checked reads, and a word is changed only if it names the dying task as its owner. The next entry is read before a word is
 * let go, because its new owner may free it at once.
 */
#include "init/futex.h"

#include "init/process.h"
#include "init/syscalls.h"
#include "init/linux.h"
#include "kernel/futex_pi.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/fault.h"

#define ENTRY_PI 1ull /* in a pointer to an entry */

/* The word belongs to a task that dies. pending: it was about to take it or had just left it, and may owe a wake. false: not to be read. */
static bool word_release(uintptr_t word, bool pi, bool pending)
{
	uint32_t value, seen, died;

	if (word % sizeof(value) || copy_from_user(&value, word, sizeof(value)))
		return false;
	do {
		if (pending && !pi && !(value & FUTEX_TID_MASK)) {
			futex_wake_user(word);
			return true;
		}
		if ((value & FUTEX_TID_MASK) != current->tid)
			return true;
		died = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		seen = value;
		while (user_cmpxchg32(word, value, died, &seen))
			if (mm_fault_in(current->mm, word, sizeof(value), FAULT_WRITE))
				return false;
		if (seen == value)
			break;
		value = seen;
	} while (true);
	if (!pi && value & FUTEX_WAITERS)
		futex_wake_user(word);
	return true;
}

static void robust_walk(uintptr_t list)
{
	struct robust_list_head head;
	uint64_t entry, next = 0, pending;

	if (copy_from_user(&head, list, sizeof(head)))
		return;
	pending = head.pending & ~ENTRY_PI;
	entry = head.next;
	for (unsigned i = 0; i < ROBUST_LIST_LIMIT && (entry & ~ENTRY_PI) != list; i++) {
		uint64_t at = entry & ~ENTRY_PI;
		bool more = !copy_from_user(&next, at, sizeof(next));

		if (at != pending && !word_release(at + (uint64_t)head.offset, entry & ENTRY_PI, false))
			return;
		if (!more)
			break;
		entry = next;
	}
	if (pending)
		word_release(pending + (uint64_t)head.offset, head.pending & ENTRY_PI, true);
}

static bool memory_shared(struct task *t)
{
	struct process *p = t->process;
	irqflags_t flags = spin_lock_irq(&p->lock);
	bool shared = p->nr_tasks > 1;

	spin_unlock_irq(&p->lock, flags);
	return shared || atomic_load_explicit(&current->mm->users, memory_order_relaxed) > 1;
}

void futex_release(bool ends)
{
	struct task *t = task_current();
	uintptr_t list = atomic_load_explicit(&t->robust_list, memory_order_relaxed), word = t->clear_tid;
	uint32_t zero = 0;

	atomic_store_explicit(&t->robust_list, 0, memory_order_relaxed);
	t->clear_tid = 0;
	if (list && current->mm)
		robust_walk(list);
	futex_pi_release(ends);
	if (!current->mm)
		return;
	if (word && memory_shared(t) && !copy_to_user(word, &zero, sizeof(zero)))
		futex_wake_user(word);
}

/* ---- the calls ---- */

long sys_set_robust_list(uintptr_t head, size_t size)
{
	if (size != sizeof(struct robust_list_head))
		return -EINVAL;
	atomic_store_explicit(&task_current()->robust_list, head, memory_order_relaxed);
	return 0;
}

/* 0 and the list of the task of this id (0: the caller), -ESRCH or -EPERM. */
static int robust_list_of(unsigned tid, uintptr_t *list)
{
	struct process *p = process_find(tid ? tid : current->tid);
	irqflags_t flags;
	struct task *t;

	if (!p)
		return -ESRCH;
	if (p != process_current() && !cred_may_look(p)) {
		process_put(p);
		return -EPERM;
	}
	flags = spin_lock_irq(&p->lock);
	t = process_task(p, tid ? tid : current->tid);
	if (t)
		*list = atomic_load_explicit(&t->robust_list, memory_order_relaxed);
	spin_unlock_irq(&p->lock, flags);
	process_put(p);
	return t ? 0 : -ESRCH;
}

long sys_get_robust_list(int tid, uintptr_t out, uintptr_t size_out)
{
	size_t size = sizeof(struct robust_list_head);
	uintptr_t list = 0;
	int err = tid < 0 ? -ESRCH : robust_list_of((unsigned)tid, &list);

	if (err)
		return err;
	return copy_to_user(size_out, &size, sizeof(size)) || copy_to_user(out, &list, sizeof(list)) ? -EFAULT : 0;
}
