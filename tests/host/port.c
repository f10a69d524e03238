/* SPDX-License-Identifier: MIT */
/* The roof of the host port: what init/ is on a real machine. */
#include "tests/host/port.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/frame.h"
#include "mm/page_owner.h"
#include "mm/pt.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANG_SECONDS 300

static const struct host_config *machine;
static void (*the_test)(void);

/* ---- what the address sanitizer asks: a leak check would not find what only fibers' stacks point to ---- */

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* ---- boot ---- */

static void test_thread(void *arg)
{
	(void)arg;
	while (smp_online() < host_nr_cpus)
		thread_yield();
	the_test();
	printf("1..%d\n", tap_count);
	arch_poweroff(!tap_failed);
}

void kernel_main(const struct boot_info *info)
{
	struct phys_range disk = { host_disk_start(machine), host_disk_start(machine) + machine->disk };
	struct thread *t;

	sched_init_cpu(0);
	page_init(frame_init(info, &disk, machine->disk != 0, UINT64_MAX, PAGE_RECORD));
	pt_init();
	rcu_init();
	t = thread_create("test", test_thread, NULL);
	if (!t)
		panic("no memory for the test's thread");
	thread_start(t);
	smp_start(info->cpus);
	sched_idle();
}

static void say_thread(struct thread *t, void *arg)
{
	struct wait_why why;
	uint64_t since;

	(void)arg;
	printf("# thread %u (%s) on CPU %u, state %u%s%s\n", t->tid, t->name, atomic_load(&t->cpu), atomic_load(&t->state),
	       thread_why(t, &why, &since) ? ", waits for " : "", thread_why(t, &why, &since) ? why.what : "");
}

static void hang(int signal)
{
	(void)signal;
	thread_for_each(say_thread, NULL);
	trap_fatal(NULL, "the test does not end");
}

_Noreturn void port_run(const struct host_config *config, void (*test)(void))
{
	machine = config;
	the_test = test;
	signal(SIGALRM, hang);
	alarm(getenv("HANG") ? (unsigned)atoi(getenv("HANG")) : HANG_SECONDS);
	host_boot(config);
}

/* ---- the user's side of traps ---- */

void trap_user(struct arch_regs *regs, enum user_trap kind, uintptr_t addr, const char *what)
{
	(void)addr;
	(void)what;
	regs->trapped = 1 + (int)kind;
}

void trap_user_work(struct arch_regs *regs)
{
	(void)regs;
}

void trap_syscall(struct arch_regs *regs)
{
	(void)regs;
}

/* ---- helpers ---- */

struct parallel {
	void (*fn)(unsigned i);
	unsigned i;
	struct waitq *done;
	_Atomic unsigned *left;
};

static void parallel_one(void *arg)
{
	struct parallel p = *(struct parallel *)arg;

	p.fn(p.i);
	atomic_fetch_sub(p.left, 1);
	waitq_wake_all(p.done);
}

void port_parallel(unsigned n, void (*fn)(unsigned i))
{
	static const struct wait_why why = { .what = "threads of the test" };
	struct parallel p[64];
	struct waitq done;
	_Atomic unsigned left = n;

	waitq_init(&done);
	for (unsigned i = 0; i < n; i++) {
		struct thread *t;

		p[i] = (struct parallel){ fn, i, &done, &left };
		t = thread_create("worker", parallel_one, &p[i]);
		check(t);
		thread_start(t);
	}
	wait_until(&done, &why, WAIT_FOREVER, UINT64_MAX, atomic_load(&left) == 0);
	port_settle(); /* the last one may still hold the queue's lock */
}

void port_settle(void)
{
	rcu_barrier();
	rcu_barrier();
}

bool port_panics(void (*fn)(void), const char *text)
{
	char out[8192] = "";
	size_t n = 0;
	ssize_t got;
	int fds[2], status;
	pid_t pid;

	check(!pipe(fds));
	fflush(stdout);
	pid = fork();
	check(pid >= 0);
	if (!pid) {
		dup2(fds[1], 1);
		close(fds[0]);
		fn();
		_exit(0);
	}
	close(fds[1]);
	while (n < sizeof(out) - 1 && (got = read(fds[0], out + n, sizeof(out) - 1 - n)) > 0)
		n += (size_t)got;
	close(fds[0]);
	check(waitpid(pid, &status, 0) == pid);
	out[n] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1 && strstr(out, text))
		return true;
	printf("# wanted a panic with '%s', got status %d:\n# %s\n", text, status, out);
	return false;
}
