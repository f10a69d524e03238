/* SPDX-License-Identifier: MIT */
/* Linux's error numbers in newlib's: the first 34 agree, the rest do not. */
#include <errno.h>

#include "calls.h"

static const short newlib_errno[] = {
	[35] = EDEADLK,	      [36] = ENAMETOOLONG,  [37] = ENOLCK,	 [38] = ENOSYS,	      [39] = ENOTEMPTY,
	[40] = ELOOP,	      [42] = ENOMSG,	    [43] = EIDRM,	 [61] = ENODATA,      [62] = ETIME,
	[71] = EPROTO,	      [74] = EBADMSG,	    [75] = EOVERFLOW,	 [84] = EILSEQ,	      [88] = ENOTSOCK,
	[90] = EMSGSIZE,      [92] = ENOPROTOOPT,   [93] = EPROTONOSUPPORT, [95] = EOPNOTSUPP,	 [97] = EAFNOSUPPORT, [98] = EADDRINUSE,
	[104] = ECONNRESET,   [105] = ENOBUFS,	    [106] = EISCONN,	 [107] = ENOTCONN,    [110] = ETIMEDOUT,
	[111] = ECONNREFUSED, [113] = EHOSTUNREACH, [114] = EALREADY,	 [115] = EINPROGRESS, [116] = ESTALE,
	[125] = ECANCELED,    [130] = EOWNERDEAD,   [131] = ENOTRECOVERABLE,
};

long call_result(long answer)
{
	unsigned long error = (unsigned long)-answer;

	if (error - 1 >= 4095)
		return answer;
	if (error > 34 && error < sizeof(newlib_errno) / sizeof(newlib_errno[0]) && newlib_errno[error])
		error = (unsigned long)newlib_errno[error];
	errno = (int)error;
	return -1;
}
