/* SPDX-License-Identifier: MIT */
/*
 * Signals among four threads that compute: each sends to the next, to any, and to the process, while its own sums, kept in floating-point
 * registers, must come out right. Then who gets what: signals for a thread, signals for a process of which some threads block.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "sig.h"

#define THREADS 4
#define ROUNDS 400

static _Atomic long caught, wrong, sent;
static _Atomic int tids[THREADS], ready, over;

static void spoils_fp(int sig, siginfo_t *info, void *context)
{
	volatile double x = sig;

#ifdef __x86_64__
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1; pcmpeqd %%xmm9, %%xmm9" : : : "xmm0", "xmm1", "xmm9");
#else
	__asm__ volatile("movi v0.2d, #-1; movi v1.2d, #-1; movi v19.2d, #-1" : : : "v0", "v1", "v19");
#endif
	x = x * 3 + info->si_code;
	if (info->si_signo != sig)
		atomic_fetch_add(&wrong, 1);
	atomic_fetch_add(&caught, 1);
}

/* 1/1 + 1/2 + ..., twice in step: any register that is lost shows. */
static int computes(void)
{
	double a = 0, b = 0, c = 0, d = 0;

	for (int i = 1; i < 500; i++) {
		a += 1.0 / i;
		b += 2.0 / i;
		c += 1.0 / i;
		d += 4.0 / i;
		__asm__ volatile("" : : : "memory");
	}
	return a == c && b == 2 * a && d == 4 * a;
}

static void *storm(void *arg)
{
	long self = (long)arg;
	int pid = getpid();

	atomic_store(&tids[self], (int)syscall(SYS_gettid));
	atomic_fetch_add(&ready, 1);
	while (atomic_load(&ready) < THREADS)
		sched_yield();
	for (int i = 0; i < ROUNDS; i++) {
		if (!computes())
			atomic_fetch_add(&wrong, 1);
		if (!syscall(SYS_tgkill, pid, atomic_load(&tids[(self + 1 + i % 3) % THREADS]), i & 1 ? SIGRTMIN + 3 : SIGUSR1))
			atomic_fetch_add(&sent, i & 1);
		if (i % 16 == 0)
			kill(pid, SIGUSR2);
	}
	atomic_fetch_add(&over, 1);
	while (atomic_load(&over) < THREADS) /* nobody's tid is gone while others send to it */
		sched_yield();
	return NULL;
}

static void storms(void)
{
	pthread_t t[THREADS];

	install(SIGUSR1, spoils_fp, SA_RESTART, set_of(0));
	install(SIGUSR2, spoils_fp, SA_RESTART, set_of(0));
	install(SIGRTMIN + 3, spoils_fp, SA_RESTART, set_of(0));
	for (long i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, storm, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ok(atomic_load(&wrong) == 0, "a storm of signals: every sum is right");
	ok(atomic_load(&sent) == THREADS * ROUNDS / 2 && atomic_load(&caught) > atomic_load(&sent), "and no real-time signal is lost");
}

/* ---- who gets it ---- */

static _Atomic int who, go, got_tid;

static void tells(int sig, siginfo_t *info, void *context)
{
	atomic_store(&who, (int)syscall(SYS_gettid));
}

static void *open_one(void *arg)
{
	sigset_t set = set_of(SIGUSR1);

	sigprocmask(arg ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
	atomic_store(&got_tid, (int)syscall(SYS_gettid));
	while (!atomic_load(&go))
		pause_ms(2);
	return NULL;
}

static int wait_for(_Atomic int *word)
{
	for (int i = 0; i < 2000 && !atomic_load(word); i++)
		pause_ms(1);
	return atomic_load(word);
}

static void choice(void)
{
	sigset_t set = set_of(SIGUSR1), pending;
	pthread_t t;
	int tid;

	install(SIGUSR1, tells, 0, set_of(0));
	sigprocmask(SIG_BLOCK, &set, NULL);
	pthread_create(&t, NULL, open_one, (void *)1);
	tid = wait_for(&got_tid);
	kill(getpid(), SIGUSR1);
	ok(wait_for(&who) == tid, "a signal for the process goes to a thread that does not block it");
	atomic_store(&who, 0);
	syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGUSR1);
	pause_ms(20);
	sigpending(&pending);
	ok(!atomic_load(&who) && sigismember(&pending, SIGUSR1), "one for a thread waits for that thread");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ok(atomic_load(&who) == (int)syscall(SYS_gettid), "which gets it");
	atomic_store(&go, 1);
	pthread_join(t, NULL);
}

/* A thread that was told of a signal ends without having taken it: another one must. */
static void *ends_at_once(void *arg)
{
	return NULL;
}

static void endings(void)
{
	long before, n = 0;
	pthread_t t;

	install(SIGRTMIN + 4, spoils_fp, SA_RESTART, set_of(0));
	before = atomic_load(&caught);
	for (int i = 0; i < 100; i++) {
		pthread_create(&t, NULL, ends_at_once, NULL);
		n += !kill(getpid(), SIGRTMIN + 4);
		pthread_join(t, NULL);
	}
	pause_ms(20);
	ok(atomic_load(&caught) - before == n, "none is lost with a thread that ends");
}

int main(void)
{
	storms();
	choice();
	endings();
	return tap_done();
}
