/* SPDX-License-Identifier: MIT */
#ifndef INIT_FUTEX_H
#define INIT_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Wakes one who waits for this word, without FUTEX_PRIVATE_FLAG. An address that is none wakes nobody.
 */
void futex_wake_user(uintptr_t word);

/* The calling task is about to let go of its memory, by its end or by execve: what it holds by its robust list, or others wait for, is marked
 * and passed on, and the word of set_tid_address is cleared if others share the memory. Thread, nothing held, the memory still current. */
void futex_release(bool ends);

#endif
