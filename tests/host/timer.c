/* SPDX-License-Identifier: MIT */
/* Timers: in order, never early, not after a cancel, and the heap against a model. */
#include "tests/host/port.h"
#include "kernel/sched.h"
#include "kernel/time.h"
#include "lib/prng.h"
#include <string.h>

#define MANY 200
#define FEW 8
#define ROUNDS 200
#define SPAN_NS 40000

struct probe {
	struct timer timer;
	_Atomic uint64_t when;
	_Atomic unsigned fired;
};

static uint64_t seed;

static void probe_fire(struct timer *timer)
{
	struct probe *p = timer->arg;

	check(!arch_irq_enabled());
	check(clock_ns() >= atomic_load(&p->when));
	atomic_fetch_add(&p->fired, 1);
}

static void probe_set(struct probe *p, uint64_t when)
{
	atomic_store(&p->when, when);
	timer_set(&p->timer, when);
}

/* ---- one CPU's heap: set, moved and cancelled at random, then in order ---- */

static uint64_t last_when; /* interrupts off on one CPU */

static void ordered_fire(struct timer *timer)
{
	check(timer->when >= last_when);
	last_when = timer->when;
	probe_fire(timer);
}

static void in_order(void)
{
	static struct probe probes[MANY];
	static bool cancelled[MANY];
	irqflags_t flags = arch_irq_save(); /* nothing fires, and we stay on this CPU */
	uint64_t now = clock_ns(), late = now + 4 * SPAN_NS;
	struct prng r;

	prng_seed(&r, seed);
	for (unsigned i = 0; i < MANY; i++)
		timer_init(&probes[i].timer, ordered_fire, &probes[i]);
	for (unsigned n = 0; n < 10 * MANY; n++) {
		unsigned i = prng_below(&r, MANY);

		cancelled[i] = prng_below(&r, 4) == 0;
		if (cancelled[i])
			timer_cancel(&probes[i].timer);
		else
			probe_set(&probes[i], now + prng_below(&r, 2 * SPAN_NS));
	}
	arch_irq_restore(flags);
	thread_sleep_until(late + SPAN_NS, WAIT_FOREVER);
	for (unsigned i = 0; i < MANY; i++)
		check(atomic_load(&probes[i].fired) == !(cancelled[i] || !atomic_load(&probes[i].when)));
	ok(true, "%u timers of one CPU fire once each, in order", MANY);
}

/* ---- many CPUs ---- */

static void own_round(struct probe *probes, struct prng *r)
{
	for (unsigned i = 0; i < FEW; i++) {
		atomic_store(&probes[i].fired, 0);
		probe_set(&probes[i], clock_ns() + prng_below(r, SPAN_NS));
	}
	if (prng_below(r, 2))
		thread_sleep_until(clock_ns() + prng_below(r, SPAN_NS), WAIT_FOREVER);
	else
		thread_yield();
	for (unsigned i = 0; i < FEW; i++) {
		bool was = timer_cancel(&probes[i].timer);

		check(atomic_load(&probes[i].fired) == !was);
	}
}

static void own_timers(unsigned k)
{
	struct probe probes[FEW];
	struct prng r;

	memset(probes, 0, sizeof(probes));
	prng_seed(&r, seed + k);
	for (unsigned i = 0; i < FEW; i++)
		timer_init(&probes[i].timer, probe_fire, &probes[i]);
	for (unsigned n = 0; n < ROUNDS; n++)
		own_round(probes, &r);
}

/* ---- one timer that everybody sets and cancels ---- */

static struct timer shared;
static _Atomic unsigned inside;

static void shared_fire(struct timer *timer)
{
	check(atomic_fetch_add(&inside, 1) == 0);
	for (unsigned n = 0; n < 3; n++)
		arch_cpu_relax();
	if (clock_ns() % 3 == 0)
		timer_set(timer, clock_ns() + 100); /* from its own fn */
	atomic_fetch_sub(&inside, 1);
}

static void shared_timer(unsigned k)
{
	struct prng r;

	prng_seed(&r, seed + k);
	for (unsigned n = 0; n < ROUNDS; n++) {
		timer_set(&shared, clock_ns() + prng_below(&r, 2000));
		if (prng_below(&r, 3) == 0)
			timer_cancel(&shared);
		if (prng_below(&r, 4) == 0)
			thread_sleep_until(clock_ns() + prng_below(&r, 2000), WAIT_FOREVER);
	}
}

static void test(void)
{
	in_order();
	port_parallel(6, own_timers);
	ok(true, "never early, and not after a cancel");
	timer_init(&shared, shared_fire, NULL);
	port_parallel(6, shared_timer);
	thread_sleep_until(clock_ns() + 10 * SPAN_NS, WAIT_FOREVER);
	timer_cancel(&shared);
	ok(atomic_load(&inside) == 0, "a timer that many CPUs set runs on one at a time");
}

int main(int argc, char **argv)
{
	struct host_config machine = { .cpus = 4, .ram = 64 << 20 };

	seed = machine.seed = tap_seed(argc, argv, 1);
	port_run(&machine, test);
}
