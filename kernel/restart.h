/* SPDX-License-Identifier: MIT */
/*
 * System calls that a signal interrupts, and how they are begun again. Everything is done in one place, the way out to user mode
 * (init/signal.c); a call only says by its return value what it wants. No program ever sees these values.
 *
 *	the call returns		no handler runs		a handler with SA_RESTART	a handler without
 *	-ERESTARTSYS			again			again				-EINTR
 *	-ERESTARTNOINTR			again			again				again
 *	-ERESTARTNOHAND			again			-EINTR				-EINTR
 *	-ERESTART_RESTARTBLOCK		what signal_resume said	-EINTR				-EINTR
 *	-EINTR				-EINTR			-EINTR				-EINTR
 *
 * "No handler runs": the process was stopped and continued, or another thread took the signal. "Again": the same call with the same
 * arguments; so whatever was moved before the signal is returned as a count instead, and only a call that did nothing returns these.
 *
 * A call that sleeps for ever (read, write, wait4, a futex without timeout, the terminal) uses WAIT_SIGNAL and passes on what it
 * gets: thread_park and wait_until answer a signal with -ERESTARTSYS, and being killed with -EINTR, which nobody will see.
 * A call with a timeout relative to now would wait too long if it began again from its arguments: it turns -ERESTARTSYS into
 *	- return signal_resume(again, ...) (init/signal.h): restart_syscall then calls again() with the deadline (nanosleep, poll, futex), or
 *	- -EINTR, where Linux does (sigtimedwait, epoll_wait, semop, and what has a socket-like timeout), or
 *	- -ERESTARTNOHAND, if it stores the rest of the time itself (select, ppoll).
 * A call that sleeps under a mask of its own (sigsuspend, ppoll, pselect): signal_mask_begin, sleep, signal_mask_end(result).
 */
#ifndef KERNEL_RESTART_H
#define KERNEL_RESTART_H

#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

#endif
