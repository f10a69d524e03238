/* SPDX-License-Identifier: MIT */
/* bytes: every value of a byte, 300 times over. */
#include <stdio.h>

int main(void)
{
	for (int i = 0; i < 256 * 300; i++)
		putchar(i & 255);
	return 0;
}
