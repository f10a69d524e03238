/* SPDX-License-Identifier: MIT */
/* Linux's system calls for our programs, by name; sets errno. */
#ifndef CALLS_H
#define CALLS_H

#include "raw.h"
#include "sysno.h"

long call_result(long answer); /* -1 and errno for an error */

#define call6(name, a, b, c, d, e, f)                                                              \
	call_result(raw(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))
#define call5(name, a, b, c, d, e) call6(name, a, b, c, d, e, 0)
#define call4(name, a, b, c, d) call6(name, a, b, c, d, 0, 0)
#define call3(name, a, b, c) call6(name, a, b, c, 0, 0, 0)
#define call2(name, a, b) call6(name, a, b, 0, 0, 0, 0)
#define call1(name, a) call6(name, a, 0, 0, 0, 0, 0)
#define call0(name) call6(name, 0, 0, 0, 0, 0, 0)

#endif
