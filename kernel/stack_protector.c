/* SPDX-License-Identifier: MIT */
/* What -fstack-protector (debug builds) calls for. The guard is a constant: it is there to find bugs, not attackers. Its low
 * byte is 0, so that a string that runs over stops before it. */
#include "kernel/assert.h"
#include <stdint.h>

extern uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);

uintptr_t __stack_chk_guard = 0x5ac3b1d0f0e19600;

_Noreturn void __stack_chk_fail(void)
{
	panic("a function wrote over its stack frame");
}
