/* SPDX-License-Identifier: MIT */
/* What the files that make up signals share and nobody else needs. All but the first two: process lock held. */
#ifndef INIT_SIGNAL_IMPL_H
#define INIT_SIGNAL_IMPL_H

#include "init/signal.h"

#define FIRST_QUEUED 32 /* from here on each one sent is delivered */

enum signal_effect { EFFECT_END, EFFECT_IGNORE, EFFECT_STOP };

enum signal_effect signal_default(unsigned sig);

/* The status of a process that this ends: with the core bit if one would have been written. */
int signal_status(const struct process *p, unsigned sig);

/* With this action the signal is as if it had never been sent. */
bool signal_ignored_by(const struct signal_action *a, unsigned sig);

void signal_action_reset(struct process *p, unsigned sig); /* to the default */

/* t's mask becomes `mask`; whoever has something to do by that is told. */
void signal_block_locked(struct process *p, struct task *t, uint64_t mask);

/* own: a place that is not in use, or NULL. -EAGAIN: refused. */
int pending_add(struct process *p, struct pending *q, const struct siginfo *info, struct queued_signal *own);

#endif
