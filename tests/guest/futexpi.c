/* SPDX-License-Identifier: MIT */
/* futex(2) with an owner: who gets the lock, what the word says then, what a dead owner leaves, cycles. */
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "futexes.h"

#define NOBODY 0x3ffffff0u

/* ---- one thread ---- */

static void test_alone(void)
{
	word w = 0, *odd = (word *)((char *)&w + 1), *nowhere = (word *)8;

	ok(op(&w, LOCK) == 0 && w == self(), "LOCK_PI of a free one: the word is the tid");
	ok(gives(op(&w, LOCK), EDEADLK) && gives(op(&w, TRYLOCK), EDEADLK), "of one's own: EDEADLK");
	ok(op(&w, UNLOCK) == 0 && w == 0, "UNLOCK_PI: it is free");
	ok(gives(op(&w, UNLOCK), EPERM), "of a free one: EPERM");
	w = self() | HAS_WAITERS | OWNER_DIED;
	ok(op(&w, UNLOCK) == 0 && w == 0, "UNLOCK_PI clears the word, whatever else was in it");
	w = OWNER_DIED;
	ok(op(&w, TRYLOCK) == 0 && w == (OWNER_DIED | self()), "who takes it after a dead owner sees that");
	w = HAS_WAITERS;
	ok(op(&w, LOCK2) == 0 && w == self(), "LOCK_PI2 does too, and of waiters there are none");
	w = NOBODY;
	ok(gives(op(&w, LOCK), ESRCH), "an owner that does not exist: ESRCH");
	ok(gives(op(&w, UNLOCK), EPERM), "and only it may unlock: EPERM");
	ok(gives(op(odd, LOCK), EINVAL) && gives(op(odd, UNLOCK | PRIVATE), EPERM), "not aligned: EINVAL, but it is not ours first of all");
	ok(gives(op(nowhere, LOCK), EFAULT) && gives(op(nowhere, UNLOCK | PRIVATE), EFAULT) && gives(op(nowhere, TRYLOCK | PRIVATE), EFAULT),
	   "nowhere: EFAULT");
	ok(gives(op(&w, LOCK | REALTIME), ENOSYS) && gives(op(&w, UNLOCK | REALTIME), ENOSYS), "a clock where there is none to choose: ENOSYS");
	ok(gives(futex(&w, LOCK, 0, (void *)8, NULL, 0), EFAULT), "a time nowhere: EFAULT");
}

static void test_read_only(void)
{
	word *w = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ok(gives(op(w, LOCK | PRIVATE), EFAULT) && gives(op(w, TRYLOCK | PRIVATE), EFAULT), "a word that may not be written: EFAULT");
	munmap(w, PAGE);
}

/* ---- an owner that lets others wait ---- */

static word held;
static _Atomic int released;

static void *hold(void *arg)
{
	(void)arg;
	take(&held);
	while (!released)
		pause_ms(1);
	leave(&held);
	return NULL;
}

static void test_timeouts(void)
{
	struct timespec past = { 0, 1 }, soon, bad = { 0, 1000000000 };
	pthread_t t;

	held = 0;
	released = 0;
	t = go(hold, NULL);
	while (!held)
		pause_ms(1);
	ok(gives(op(&held, TRYLOCK), EAGAIN) && held & HAS_WAITERS, "TRYLOCK_PI of another's: EAGAIN, and the word says that somebody was there");
	ok(gives(futex(&held, LOCK, 0, &past, NULL, 0), ETIMEDOUT), "LOCK_PI until a moment that has passed: ETIMEDOUT");
	ok(gives(futex(&held, LOCK2, 0, &past, NULL, 0), ETIMEDOUT) && gives(futex(&held, LOCK2 | REALTIME, 0, &past, NULL, 0), ETIMEDOUT),
	   "LOCK_PI2 by either clock");
	ok(gives(futex(&held, LOCK, 0, &bad, NULL, 0), EINVAL), "a bad time: EINVAL");
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 2000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	ok(gives(futex(&held, LOCK | PRIVATE, 0, &soon, NULL, 0), ETIMEDOUT), "LOCK_PI is by the calendar");
	ok(gives(op(&held, UNLOCK), EPERM), "UNLOCK_PI of another's: EPERM");
	released = 1;
	pthread_join(t, NULL);
	ok(held == 0, "the owner leaves it free, though nobody waits any more");
}

static word contended;
static long counter;

static void *add_often(void *arg)
{
	long good = 1;

	for (int i = 0; i < 2000; i++) {
		good &= take(&contended);
		counter++;
		good &= leave(&contended);
	}
	return good ? arg : NULL;
}

static void test_exclusion(void)
{
	pthread_t t[WAITERS];
	int good = 1;

	contended = 0;
	counter = 0;
	for (int i = 0; i < WAITERS; i++)
		t[i] = go(add_often, &contended);
	for (int i = 0; i < WAITERS; i++) {
		void *result;

		pthread_join(t[i], &result);
		good &= result != NULL;
	}
	ok(good && counter == WAITERS * 2000l, "five threads, two thousand turns each, no two at once");
	ok(contended == 0, "and it is free in the end");
}

static word passed;
static _Atomic uint32_t seen_word, looker;

static void *lock_and_look(void *arg)
{
	long ret;

	looker = self();
	ret = op(&passed, LOCK | PRIVATE);
	seen_word = ret ? NOBODY : (uint32_t)passed;
	ret = ret ? ret : op(&passed, UNLOCK | PRIVATE);
	return ret ? NULL : arg;
}

static void test_hand_over(void)
{
	void *result;
	pthread_t t;

	passed = 0;
	take(&passed);
	t = go(lock_and_look, &passed);
	until_waiters(&passed);
	pause_ms(5);
	ok((passed & TID) == self(), "while somebody waits the word is the owner's");
	ok(op(&passed, UNLOCK | PRIVATE) == 0, "it unlocks");
	pthread_join(t, &result);
	ok(result && !(seen_word & OWNER_DIED) && (seen_word & TID) != self() && passed == 0, "the waiter had it then, and left it");
}

static void nothing(int sig)
{
	(void)sig;
}

static void test_signal(void)
{
	struct sigaction a = { .sa_handler = nothing };
	void *result;
	pthread_t t;

	sigaction(SIGUSR1, &a, NULL);
	passed = 0;
	take(&passed);
	t = go(lock_and_look, &passed);
	until_waiters(&passed);
	for (int i = 0; i < 5; i++) {
		syscall(SYS_tkill, looker, SIGUSR1);
		pause_ms(2);
	}
	op(&passed, UNLOCK | PRIVATE);
	pthread_join(t, &result);
	ok(result != NULL, "a signal does not end the waiting, with SA_RESTART or without");
}

/* ---- owners that die ---- */

static void *take_and_end(void *arg)
{
	take(&passed);
	until_waiters(&passed);
	return arg;
}

static void test_death(void)
{
	void *result;
	pthread_t t, w;

	passed = 0;
	t = go(take_and_end, NULL);
	while (!passed)
		pause_ms(1);
	w = go(lock_and_look, &passed);
	pthread_join(t, NULL);
	pthread_join(w, &result);
	ok(result && seen_word & OWNER_DIED, "an owner's end gives it to who waits, and the word says so");
	ok(passed == 0, "until it is unlocked");
}

struct node {
	struct node *next;
	word w;
};

static struct robust_head {
	struct node *next;
	long offset;
	struct node *pending;
} *head;

static struct node *node;

static void die_with_it(void *arg)
{
	int wait = *(int *)arg;

	head->next = (struct node *)((uintptr_t)node | 1);
	head->offset = offsetof(struct node, w);
	head->pending = NULL;
	node->next = (struct node *)head;
	syscall(SYS_set_robust_list, head, sizeof(*head));
	op(&node->w, LOCK);
	if (wait)
		until_waiters(&node->w);
	_exit(0);
}

static void *wait_for_node(void *arg)
{
	while (!node->w)
		pause_ms(1);
	*(long *)arg = op(&node->w, LOCK);
	seen_word = node->w;
	op(&node->w, UNLOCK);
	return NULL;
}

static void test_robust(void)
{
	void *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int wait = 0;
	long ret = -1;
	pthread_t t;

	head = shared;
	node = (struct node *)(head + 1);
	in_child(die_with_it, &wait);
	ok(node->w == OWNER_DIED, "a robust one of a process that ends: OWNER_DIED");
	ok(op(&node->w, LOCK) == 0 && node->w == (OWNER_DIED | self()) && op(&node->w, UNLOCK) == 0, "the next one takes it");
	node->w = 0;
	wait = 1;
	t = go(wait_for_node, &ret);
	in_child(die_with_it, &wait);
	pthread_join(t, NULL);
	ok(ret == 0 && seen_word & OWNER_DIED && (seen_word & TID) != NOBODY, "somebody who waits gets it, across processes");
	munmap(shared, PAGE);
}

static void wait_in_child(void *arg)
{
	(void)arg;
	op(&node->w, LOCK);
	_exit(9);
}

/* Waiters that are killed are not given anything. */
static void test_killed_waiters(void)
{
	pid_t pid[3];
	int good = 1;

	node = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	take(&node->w);
	fflush(stdout);
	for (int i = 0; i < 3; i++)
		if ((pid[i] = fork()) == 0)
			wait_in_child(NULL);
	until_waiters(&node->w);
	pause_ms(5);
	for (int i = 0; i < 3; i++) {
		int status;

		kill(pid[i], SIGKILL);
		good &= waitpid(pid[i], &status, 0) == pid[i] && killed_by(status, SIGKILL);
	}
	ok(good && op(&node->w, UNLOCK) == 0 && node->w == 0, "three waiters are killed, and nobody is left to have it");
	munmap(node, PAGE);
}

/* ---- cycles ---- */

static word first, second;
static _Atomic long other_got;

static void *take_second_then_first(void *arg)
{
	take(&second);
	other_got = op(&first, LOCK | PRIVATE);
	leave(&first);
	leave(&second);
	return arg;
}

static void test_cycle(void)
{
	pthread_t t;

	first = second = 0;
	take(&first);
	t = go(take_second_then_first, NULL);
	until_waiters(&first);
	pause_ms(5);
	ok(gives(op(&second, LOCK | PRIVATE), EDEADLK), "two that would wait for each other: EDEADLK for the one that comes second");
	op(&first, UNLOCK | PRIVATE);
	pthread_join(t, NULL);
	ok(other_got == 0 && first == 0 && second == 0, "and the other goes on");
}

int main(void)
{
	test_alone();
	test_read_only();
	test_timeouts();
	test_exclusion();
	test_hand_over();
	test_signal();
	test_death();
	test_robust();
	test_killed_waiters();
	test_cycle();
	return tap_done();
}
