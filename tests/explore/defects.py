# SPDX-License-Identifier: MIT
"""Seeded defects: one change each to a file of the kernel, with the test that must find it. Each is a mistake that some kernel has really had,
or that a memory order keeps away. The old text must stand in the file exactly once: a defect follows the code it is about."""
from collections import namedtuple

Defect = namedtuple("Defect", "name why path old new")

LOCK, PAGE = "mm/page_lock.c", "mm/page.c"

DEFECTS = [
    Defect("check-before-enqueue", "looks whether the lock is free, and only then says that it waits (lost wakeups of the 5.9 series)", LOCK,
           "\tif (!(atomic_fetch_or_explicit(&page->flags, PG_WAITERS | PG_LOCKED, memory_order_acquire) & PG_LOCKED)) {\n"
           "\t\tspin_unlock_irq(queue_lock(page), flags);\n\t\treturn 0;\n\t}\n\tqueue_append(&w);",
           "\tif (!(atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_acquire) & PG_LOCKED)) {\n"
           "\t\tspin_unlock_irq(queue_lock(page), flags);\n\t\treturn 0;\n\t}\n\tqueue_append(&w);\n"
           "\tatomic_fetch_or_explicit(&page->flags, PG_WAITERS, memory_order_relaxed);"),
    Defect("waiters-dropped-early", "the unlocker clears WAITERS although others wait behind the heir", LOCK,
           "\tif (heir)\n\t\twake(heir, 0);",
           "\tatomic_fetch_and_explicit(&page->flags, ~(uint32_t)PG_WAITERS, memory_order_relaxed);\n\tif (heir)\n\t\twake(heir, 0);"),
    Defect("handoff-to-killed-lost", "a waiter killed while it is handed the lock goes away with it (Linux a8b169afbf06 was of this kind)", LOCK,
           "\treturn outcome == PAGE_WAITING ? err : outcome;", "\treturn err;"),
    Defect("killed-stays-queued", "a killed waiter leaves its stack in the queue", LOCK,
           "\tif (outcome == PAGE_WAITING)\n\t\tqueue_remove(w);", "\t;"),
    Defect("unpark-before-outcome", "the waker wakes first and says why afterwards", LOCK,
           "\tatomic_store_explicit(&w->outcome, outcome, memory_order_release);\n\tthread_unpark(thread);",
           "\tthread_unpark(thread);\n\tatomic_store_explicit(&w->outcome, outcome, memory_order_release);"),
    Defect("unlock-relaxed", "unlock without release: the next owner may miss what was done under the lock", LOCK,
           "memory_order_release, memory_order_relaxed))\n\t\t\treturn;", "memory_order_relaxed, memory_order_relaxed))\n\t\t\treturn;"),
    Defect("trylock-relaxed", "lock without acquire", LOCK,
           "bool taken = !(atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_acquire) & PG_LOCKED);",
           "bool taken = !(atomic_fetch_or_explicit(&page->flags, PG_LOCKED, memory_order_relaxed) & PG_LOCKED);"),
    Defect("handoff-relaxed", "the handoff carries no release", LOCK,
           "atomic_store_explicit(&w->outcome, outcome, memory_order_release);",
           "atomic_store_explicit(&w->outcome, outcome, memory_order_relaxed);"),
    Defect("ready-relaxed", "READY is seen before the contents are (mapped before up to date: Nanos #2016)", PAGE,
           "atomic_fetch_xor_explicit(&page->flags, from ^ to, memory_order_release);",
           "atomic_fetch_xor_explicit(&page->flags, from ^ to, memory_order_relaxed);"),
]
