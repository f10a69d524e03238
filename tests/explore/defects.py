# SPDX-License-Identifier: MIT
"""Seeded defects: one change each to a file of the kernel. Each is a mistake that some kernel has really had, or that a memory order keeps away.
The old text must stand in the file exactly once: a defect follows the code it is about."""
from collections import namedtuple

Defect = namedtuple("Defect", "name why path old new")

LOCK, INLINE, QUEUE, WAIT, PAGE = "mm/page_lock.c", "mm/page_lock.h", "mm/page_queue.c", "mm/page_wait.c", "mm/page.c"

DEFECTS = [
    Defect("check-before-enqueue", "looks whether the lock is free, and only then says that it waits (lost wakeups of the 5.9 series)", LOCK,
           "\tuint32_t old = atomic_fetch_or_explicit(&page->flags, PG_WAITERS | PG_LOCKED, memory_order_acquire);\n\tint outcome = 0;\n",
           "\tuint32_t old = atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_acquire);\n\tint outcome = 0;\n\n"
           "\tatomic_fetch_or_explicit(&page->flags, PG_WAITERS, memory_order_relaxed);\n"),
    Defect("look-then-clear", "the unlocker looks for waiters, and then clears LOCKED in a second step", INLINE,
           "\t} while (unlikely(!atomic_compare_exchange_weak_explicit(&page->flags, &old, old & ~(uint32_t)PG_LOCKED, memory_order_release,\n"
           "\t\t\t\t\t\t\t\t memory_order_relaxed)));",
           "\t} while (!(atomic_fetch_and_explicit(&page->flags, ~(uint32_t)PG_LOCKED, memory_order_release) & PG_LOCKED));"),
    Defect("clear-before-handoff", "clears LOCKED, then takes it again for the heir: another may have it by then (Linux folio_unlock)", LOCK,
           "\tpage_queue_wake(w, 0);\n\tstat_inc(STAT_page_lock_handoffs);",
           "\tatomic_fetch_and_explicit(&page->flags, ~(uint32_t)PG_LOCKED, memory_order_release);\n"
           "\tatomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_acquire);\n"
           "\tpage_queue_wake(w, 0);\n\tstat_inc(STAT_page_lock_handoffs);"),
    Defect("waiters-dropped-early", "the unlocker clears WAITERS although others wait behind the heir", LOCK,
           "\tif (head && head_owed(head))\n\t\thand_over(head);",
           "\tatomic_fetch_and_explicit(&page->flags, ~(uint32_t)PG_WAITERS, memory_order_relaxed);\n"
           "\tif (head && head_owed(head))\n\t\thand_over(head);"),
    Defect("handoff-to-killed-lost", "a waiter killed while it is handed the lock goes away with it", LOCK,
           "\t\tpage_unlock_outcome(w->page, 0);\n\t\tif (w->unpinned)\n\t\t\tpage_put(w->page);\n\t}\n", "\t}\n"),
    Defect("call-to-killed-lost", "a waiter killed when it has been called to try goes away, and the call with it (Linux a8b169afbf06)", LOCK,
           "\tif (head && !head->called && !page_locked(page))\n\t\thead_call(head);", "\t(void)head;"),
    Defect("killed-stays-queued", "a killed waiter leaves its stack in the queue", LOCK,
           "\tqueue_leave(w);\n\tpage_queue_settle(page);\n\thead =", "\thead ="),
    Defect("unpark-before-outcome", "the waker wakes first and says why afterwards", QUEUE,
           "\tatomic_store_explicit(&w->outcome, outcome, memory_order_release);\n\tpage_waiter_unpark(thread, hurry);",
           "\tpage_waiter_unpark(thread, hurry);\n\tatomic_store_explicit(&w->outcome, outcome, memory_order_release);"),
    Defect("called-for-ever", "a waiter that tried in vain still counts as called, and is not called again", LOCK,
           "\tw->called = false;\n\tstat_inc", "\tstat_inc"),
    Defect("comes-and-sleeps", "a waiter that comes as the head counts as awake, watches in vain and sleeps without a try", LOCK,
           "waiter_watches(w) ? waiter_looks(w, 0) : PAGE_WAITING;", "(waiter_watches(w), PAGE_WAITING);"),
    Defect("one-loss-more", "the waiter loses one race more than its policy allows", LOCK,
           "\treturn !w->may_lose ||", "\treturn w->may_lose == ENDLESS - 1 ||"),
    Defect("late-for-ever", "an unlock does not look at the time", LOCK, "w->due != TIME_NEVER && clock_ns() >= w->due", "false"),
    Defect("wake-of-the-wrong-kind", "the end of a write wakes who waits for the read", WAIT,
           "page_queue_wake_all(page, PAGE_WRITTEN, 0);", "page_queue_wake_all(page, PAGE_SETTLED, 0);"),
    Defect("heir-of-the-wrong-queue", "a new head is not told that it is one", LOCK,
           "\tif (head == w && next)\n\t\thead_begin(next);", "\t(void)head, (void)next;"),
    Defect("due-of-the-last-head", "a new head has only what was left of the last one's time", LOCK,
           "\tif (next)\n\t\thead_begin(next);", "\tif (next) {\n\t\thead_begin(next);\n\t\tnext->due = w->due;\n\t}"),
    Defect("anchor-forgotten", "the queues of other events go with the waiter that carried them", QUEUE,
           "\tif (page->waiters == w)\n\t\tanchor_leaves(page);",
           "\tif (page->waiters == w && !*queue)\n\t\tanchor_leaves(page);\n\telse if (page->waiters == w)\n\t\tpage->waiters = *queue;"),
    Defect("handoff-without-reference", "the unlocker takes no reference for an unpinned waiter", LOCK,
           "\tif (w->unpinned)\n\t\tpage_get(page);\n\tpage_queue_wake(w, 0);", "\tpage_queue_wake(w, 0);"),
    Defect("sleeps-for-the-dead", "an unpinned waiter queues for a page that is going", LOCK,
           "w->unpinned && (old & PG_STATE) == PAGE_DYING ? -EAGAIN : PAGE_WAITING;", "PAGE_WAITING;"),
    Defect("dead-wakes-nobody", "a page goes and its unpinned waiters stay", LOCK,
           "\tif (page_state(page) == PAGE_DYING)\n\t\twake_unpinned(page);\n", "\t(void)wake_unpinned;\n"),
    Defect("unlock-relaxed", "unlock without release: the next owner may miss what was done under the lock", INLINE,
           "old & ~(uint32_t)PG_LOCKED, memory_order_release,", "old & ~(uint32_t)PG_LOCKED, memory_order_relaxed,"),
    Defect("lock-relaxed", "lock without acquire", INLINE,
           "atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_acquire)",
           "atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_relaxed)"),
    Defect("handoff-relaxed", "the handoff carries no release", QUEUE,
           "atomic_store_explicit(&w->outcome, outcome, memory_order_release);",
           "atomic_store_explicit(&w->outcome, outcome, memory_order_relaxed);"),
    Defect("ready-relaxed", "READY is seen before the contents are (mapped before up to date: Nanos #2016)", PAGE,
           "atomic_fetch_xor_explicit(&page->flags, from ^ to, memory_order_release);",
           "atomic_fetch_xor_explicit(&page->flags, from ^ to, memory_order_relaxed);"),
]
