/* SPDX-License-Identifier: MIT */
/* prctl: what a process says of itself. Most of it is kept and shown, and means nothing here. */
#include "init/process_impl.h"

#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"

enum {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG = 2,
	PR_GET_DUMPABLE = 3,
	PR_SET_DUMPABLE = 4,
	PR_GET_KEEPCAPS = 7,
	PR_SET_KEEPCAPS = 8,
	PR_GET_TIMING = 13,
	PR_SET_TIMING = 14,
	PR_SET_NAME = 15,
	PR_GET_NAME = 16,
	PR_CAPBSET_READ = 23,
	PR_CAPBSET_DROP = 24,
	PR_GET_SECUREBITS = 27,
	PR_SET_SECUREBITS = 28,
	PR_SET_TIMERSLACK = 29,
	PR_GET_TIMERSLACK = 30,
	PR_SET_CHILD_SUBREAPER = 36,
	PR_GET_CHILD_SUBREAPER = 37,
	PR_SET_NO_NEW_PRIVS = 38,
	PR_GET_NO_NEW_PRIVS = 39,
	PR_SET_THP_DISABLE = 41,
	PR_GET_THP_DISABLE = 42,
};

#define TIMER_SLACK 50000 /* ns, what Linux begins with */

static long name_set(uintptr_t from)
{
	char name[THREAD_NAME] = { 0 };
	long len = strncpy_from_user(name, from, sizeof(name) - 1);

	if (len == -EFAULT)
		return -EFAULT;
	strlcpy(current->name, name, sizeof(current->name));
	return 0;
}

static long name_get(uintptr_t to)
{
	char name[THREAD_NAME] = { 0 };

	strlcpy(name, current->name, sizeof(name));
	return copy_to_user(to, name, sizeof(name));
}

static long death_signal_set(uint64_t sig)
{
	struct process *p = process_current();

	if (sig > SIGNALS)
		return -EINVAL;
	mutex_lock(&process_tree);
	p->death_signal = (unsigned)sig;
	mutex_unlock(&process_tree);
	return 0;
}

static long number_put(uintptr_t to, int32_t number)
{
	return copy_to_user(to, &number, sizeof(number));
}

/* ---- traits ---- */

static bool trait(enum trait which)
{
	return atomic_load_explicit(&process_current()->traits, memory_order_relaxed) & which;
}

static long trait_set(enum trait which, bool on)
{
	if (on)
		atomic_fetch_or_explicit(&process_current()->traits, which, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&process_current()->traits, ~(unsigned)which, memory_order_relaxed);
	return 0;
}

static long timer_slack_set(uint64_t ns)
{
	struct task *t = task_current();

	t->timer_slack[0] = (int64_t)ns > 0 ? ns : t->timer_slack[1];
	return 0;
}

static long timer_slack_get(void)
{
	uint64_t ns = task_current()->timer_slack[0];

	return ns ? (long)ns : TIMER_SLACK;
}

/* Bounds of capabilities: all are there, and stay. */
static long capability(uint64_t cap, bool drop)
{
	if (drop && !cred_capable(CAP_SETPCAP))
		return -EPERM;
	return cap > CAP_LAST ? -EINVAL : !drop;
}

/* Those that take no argument but the first: the others are to be 0. */
static long with_none_behind(int option, uint64_t a)
{
	switch (option) {
	case PR_SET_NO_NEW_PRIVS:
		return a == 1 ? trait_set(TRAIT_NO_NEW_PRIVS, true) : -EINVAL;
	case PR_GET_NO_NEW_PRIVS:
		return a ? -EINVAL : trait(TRAIT_NO_NEW_PRIVS);
	case PR_SET_THP_DISABLE:
		return trait_set(TRAIT_NO_HUGE_PAGES, a);
	default:
		return a ? -EINVAL : trait(TRAIT_NO_HUGE_PAGES);
	}
}

long sys_prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	switch (option) {
	case PR_SET_PDEATHSIG:
		return death_signal_set(a);
	case PR_GET_PDEATHSIG:
		return number_put(a, (int32_t)process_current()->death_signal);
	case PR_SET_NAME:
		return name_set(a);
	case PR_GET_NAME:
		return name_get(a);
	case PR_GET_DUMPABLE:
		return !trait(TRAIT_NOT_DUMPABLE);
	case PR_SET_DUMPABLE:
		return a <= 1 ? trait_set(TRAIT_NOT_DUMPABLE, !a) : -EINVAL;
	case PR_GET_KEEPCAPS:
		return trait(TRAIT_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return a <= 1 ? trait_set(TRAIT_KEEP_CAPS, a) : -EINVAL;
	case PR_GET_TIMING:
	case PR_SET_TIMING:
		return option == PR_SET_TIMING && a ? -EINVAL : 0;
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
		return capability(a, option == PR_CAPBSET_DROP);
	case PR_GET_SECUREBITS:
		return 0;
	case PR_SET_SECUREBITS:
		return cred_capable(CAP_SETPCAP) && !a ? 0 : -EPERM;
	case PR_SET_TIMERSLACK:
		return timer_slack_set(a);
	case PR_GET_TIMERSLACK:
		return timer_slack_get();
	case PR_SET_CHILD_SUBREAPER:
		return trait_set(TRAIT_SUBREAPER, a);
	case PR_GET_CHILD_SUBREAPER:
		return number_put(a, trait(TRAIT_SUBREAPER));
	case PR_SET_NO_NEW_PRIVS:
	case PR_GET_NO_NEW_PRIVS:
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
		return b || c || d ? -EINVAL : with_none_behind(option, a);
	default:
		return -EINVAL;
	}
}
