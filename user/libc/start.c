/* SPDX-License-Identifier: MIT */
/* From the initial stack to main. */
#include <stdlib.h>

#include "machine_tls.h"
#include "threads.h"

#define TLS_ROOM 8192 /* for the first thread's local storage: there is no malloc before it */

extern char **environ;

int main(int argc, char **argv, char **envp);
void program_start(long *stack);

/* argc, argv..., NULL, envp..., NULL, auxiliary vector */
void program_start(long *stack)
{
	static char tls[TLS_ROOM] __attribute__((aligned(64)));
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);

	if (tls_size() > sizeof(tls))
		abort();
	machine_tls_set(tls_make(tls));
	environ = argv + argc + 1;
	exit(main(argc, argv, environ));
}
