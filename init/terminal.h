/* SPDX-License-Identifier: MIT */
/* What the terminal (fs/tty.h) knows of processes: sessions, groups, who is stopped for trying. */
#ifndef INIT_TERMINAL_H
#define INIT_TERMINAL_H

#include <stdbool.h>

struct process;

/* Before console_input_init: there is a terminal, if the command line says so. */
void terminal_init(void);

/* p, on its way out, may lead the session that has the terminal. */
void terminal_process_ended(struct process *p);

#endif
