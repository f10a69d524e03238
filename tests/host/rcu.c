/* SPDX-License-Identifier: MIT */
/* RCU: nothing is freed under a reader, grace periods end, everything pushed is called. */
#include "tests/host/port.h"
#include "kernel/sched.h"
#include "kernel/slab.h"
#include "kernel/time.h"
#include "lib/prng.h"

#define SLOTS 3
#define ROUNDS 400
#define HOGS 6
#define GOOD 0x600dul
#define GONE 0xdeadul

struct object {
	_Atomic unsigned long state;
	struct rcu_head rcu;
};

static struct slab_cache cache = SLAB_CACHE("test object", struct object);
static uint64_t seed;
static _Atomic(struct object *) slots[SLOTS];
static _Atomic unsigned made, freed;

static void object_free(struct object *o)
{
	check(atomic_exchange(&o->state, GONE) == GOOD);
	slab_free(&cache, o);
	atomic_fetch_add(&freed, 1);
}

static void object_free_rcu(struct rcu_head *head)
{
	object_free(container_of(head, struct object, rcu));
}

static void look(struct prng *r)
{
	struct object *o;

	rcu_read_lock();
	check(rcu_read_held());
	o = rcu_load(&slots[prng_below(r, SLOTS)]);
	if (o) {
		check(atomic_load(&o->state) == GOOD);
		for (unsigned n = prng_below(r, 20); n; n--)
			arch_cpu_relax();
		check(atomic_load(&o->state) == GOOD);
	}
	rcu_read_unlock();
}

static void replace(struct prng *r)
{
	struct object *o = slab_alloc(&cache), *old;

	check(o);
	atomic_store(&o->state, GOOD);
	atomic_fetch_add(&made, 1);
	old = atomic_exchange(&slots[prng_below(r, SLOTS)], o);
	if (!old)
		return;
	if (prng_below(r, 20)) {
		rcu_call(&old->rcu, object_free_rcu);
		return;
	}
	rcu_synchronize();
	object_free(old);
}

/* A reader in an interrupt, which may have hit an idle CPU. */
static void look_in_interrupt(struct timer *timer)
{
	struct prng r;

	prng_seed(&r, timer->when);
	look(&r);
}

static void member(unsigned i)
{
	struct timer timer;
	struct prng r;

	prng_seed(&r, seed + i);
	timer_init(&timer, look_in_interrupt, NULL);
	for (unsigned n = 0; n < ROUNDS; n++) {
		if (n % 4 == 0)
			timer_set(&timer, clock_ns() + prng_below(&r, 5000));
		if (i % 2)
			look(&r);
		else
			replace(&r);
		if (prng_below(&r, 10) == 0)
			thread_sleep_until(clock_ns() + prng_below(&r, 5000), WAIT_FOREVER);
	}
	timer_cancel(&timer);
}

static void crowd(void)
{
	port_parallel(6, member);
	for (unsigned i = 0; i < SLOTS; i++)
		if (atomic_load(&slots[i]))
			rcu_call(&atomic_exchange(&slots[i], NULL)->rcu, object_free_rcu);
	rcu_barrier();
	ok(atomic_load(&made) == atomic_load(&freed), "a barrier waits for all callbacks: %u objects", made);
	ok(cache.used == 0, "and nothing is left");
}

/* ---- a grace period waits for a reader, and for him only ---- */

static _Atomic bool reading, go_on, passed;

static void long_reader(void *arg)
{
	(void)arg;
	rcu_read_lock();
	atomic_store(&reading, true);
	while (!atomic_load(&go_on))
		arch_cpu_relax();
	check(!atomic_load(&passed));
	rcu_read_unlock();
}

static void synchronizer(void *arg)
{
	(void)arg;
	rcu_synchronize();
	atomic_store(&passed, true);
}

static void start(void (*fn)(void *))
{
	struct thread *t = thread_create("rcu test", fn, NULL);

	check(t);
	thread_start(t);
}

static void waits_for_reader(void)
{
	start(long_reader);
	while (!atomic_load(&reading))
		thread_yield();
	start(synchronizer);
	thread_sleep_until(clock_ns() + 20 * NSEC_PER_MSEC, WAIT_FOREVER);
	ok(!atomic_load(&passed), "a grace period waits for a reader");
	atomic_store(&go_on, true);
	while (!atomic_load(&passed))
		thread_yield();
	ok(true, "and ends after him");
}

/* Those who never sleep and never read must not hold it up, nor may more of them than there are CPUs. */
static void hog(void *arg)
{
	(void)arg;
	while (!atomic_load(&go_on))
		arch_cpu_relax();
}

static void ends_with_hogs(void)
{
	atomic_store(&go_on, false);
	for (unsigned i = 0; i < HOGS; i++)
		start(hog);
	for (unsigned i = 0; i < 10; i++)
		rcu_synchronize();
	rcu_barrier();
	atomic_store(&go_on, true);
	ok(true, "grace periods end while other CPUs are busy");
}

static void test(void)
{
	waits_for_reader();
	ends_with_hogs();
	crowd();
}

int main(int argc, char **argv)
{
	struct host_config machine = { .cpus = 4, .ram = 64 << 20 };

	seed = machine.seed = tap_seed(argc, argv, 1);
	port_run(&machine, test);
}
