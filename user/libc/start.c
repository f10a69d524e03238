/* SPDX-License-Identifier: MIT */
/* From the initial stack to main. */
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(int argc, char **argv, char **envp);
void program_start(long *stack);

/* argc, argv..., NULL, envp..., NULL, auxiliary vector */
void program_start(long *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);

	environ = argv + argc + 1;
	exit(main(argc, argv, environ));
}
