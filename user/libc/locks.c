/* SPDX-License-Identifier: MIT */
/* The locks newlib asks for (--enable-newlib-retargetable-locking): for malloc, stdio, the environment. Waiting is sched_yield. */
#include <reent.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/lock.h>

struct __lock {
	_Atomic(struct _reent *) owner; /* the thread that has it, by its state; NULL: free */
	unsigned depth;			/* how often; the owner's */
};

struct __lock __lock___sinit_recursive_mutex, __lock___sfp_recursive_mutex, __lock___atexit_recursive_mutex, __lock___at_quick_exit_mutex,
	__lock___malloc_recursive_mutex, __lock___env_recursive_mutex, __lock___tz_mutex, __lock___dd_hash_mutex, __lock___arc4random_mutex;

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	struct _reent *me = __getreent(), *none = NULL;

	if (atomic_load(&lock->owner) != me && !atomic_compare_exchange_strong(&lock->owner, &none, me))
		return 0;
	lock->depth++;
	return 1;
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	while (!__retarget_lock_try_acquire_recursive(lock))
		sched_yield();
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (!--lock->depth)
		atomic_store(&lock->owner, NULL);
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
	*lock = calloc(1, sizeof(**lock));
	if (!*lock)
		abort();
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
	free(lock);
}

/* A plain lock may do more than it must. */
int __retarget_lock_try_acquire(_LOCK_T lock) __attribute__((alias("__retarget_lock_try_acquire_recursive")));
void __retarget_lock_acquire(_LOCK_T lock) __attribute__((alias("__retarget_lock_acquire_recursive")));
void __retarget_lock_release(_LOCK_T lock) __attribute__((alias("__retarget_lock_release_recursive")));
void __retarget_lock_init(_LOCK_T *lock) __attribute__((alias("__retarget_lock_init_recursive")));
void __retarget_lock_close(_LOCK_T lock) __attribute__((alias("__retarget_lock_close_recursive")));
