/* SPDX-License-Identifier: MIT */
/* say STATUS [OUT [ERR]]: a line on each stream, and that exit status. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (argc > 2 && argv[2][0])
		printf("%s\n", argv[2]);
	if (argc > 3 && argv[3][0])
		fprintf(stderr, "%s\n", argv[3]);
	return argc > 1 ? atoi(argv[1]) : 0;
}
