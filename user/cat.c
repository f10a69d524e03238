/* SPDX-License-Identifier: MIT */
/* cat FILE...: their contents, one after the other. */
#include <stdio.h>

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		int c;

		if (!f) {
			perror(argv[i]);
			status = 1;
			continue;
		}
		while ((c = getc(f)) != EOF)
			putchar(c);
		if (ferror(f)) {
			perror(argv[i]);
			status = 1;
		}
		fclose(f);
	}
	return status;
}
