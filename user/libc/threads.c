/* SPDX-License-Identifier: MIT */
/* As much of POSIX threads as our programs use. A join polls: there is no call to wait by. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "threads.h"

#define THREADS 256
#define STACK (256 * 1024)
#define GUARD 4096

/* At the top of its own memory: guard page, stack, this, thread-local storage. */
struct thread {
	_Atomic int alive; /* cleared by the kernel */
	void *(*run)(void *);
	void *arg, *result;
	void *memory;
	size_t size;
	pthread_t id;
} __attribute__((aligned(64)));

static _Atomic(struct thread *) threads[THREADS]; /* by id - 1 */
static _Thread_local pthread_t self;		  /* 0: the first thread */

static void thread_main(void *arg)
{
	struct thread *t = arg;

	tls_own_state();
	self = t->id;
	t->result = t->run(t->arg);
}

/* The first free id. */
static pthread_t thread_register(struct thread *t)
{
	for (unsigned i = 0; i < THREADS; i++) {
		struct thread *none = NULL;

		if (atomic_compare_exchange_strong(&threads[i], &none, t))
			return i + 1;
	}
	return 0;
}

static struct thread *thread_new(void)
{
	size_t size = GUARD + STACK + sizeof(struct thread) + tls_size();
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct thread *t = (struct thread *)(memory + GUARD + STACK);

	if (memory == MAP_FAILED)
		return NULL;
	mprotect(memory, GUARD, PROT_NONE);
	*t = (struct thread){ .alive = 1, .memory = memory, .size = size };
	t->id = thread_register(t);
	if (t->id)
		return t;
	munmap(memory, size);
	return NULL;
}

static void thread_free(struct thread *t)
{
	atomic_store(&threads[t->id - 1], NULL);
	munmap(t->memory, t->size);
}

int pthread_create(pthread_t *thread, const void *attributes, void *(*run)(void *), void *arg)
{
	struct thread *t = thread_new();

	(void)attributes;
	if (!t)
		return EAGAIN;
	t->run = run;
	t->arg = arg;
	*thread = t->id;
	if (thread_clone(t, tls_make(t + 1), (int *)&t->alive, thread_main, t) >= 0)
		return 0;
	thread_free(t);
	return EAGAIN;
}

int pthread_join(pthread_t id, void **result)
{
	struct thread *t = id - 1 < THREADS ? atomic_load(&threads[id - 1]) : NULL;

	if (!t)
		return ESRCH;
	while (atomic_load(&t->alive))
		usleep(500);
	if (result)
		*result = t->result;
	thread_free(t);
	return 0;
}

pthread_t pthread_self(void)
{
	return self;
}
