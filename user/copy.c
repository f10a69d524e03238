/* SPDX-License-Identifier: MIT */
/* copy: standard input to standard output, until it ends. */
#include <unistd.h>

int main(void)
{
	char buf[3000];
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0, part; at < n; at += part)
			if ((part = write(1, buf + at, (size_t)(n - at))) < 0)
				return 1;
	return n < 0;
}
