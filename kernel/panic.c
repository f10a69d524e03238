/* SPDX-License-Identifier: MIT */
/*
 * The end, when something is wrong: every other CPU stops, the report is printed, the machine is switched off as a failure. The
 * first line says what it is; the rest is for whoever looks for the cause.
 *
 * Only one CPU reports. A second one that panics waits to be stopped. A panic while reporting (same CPU) ends at once.
 */
#include "kernel/ksyms.h"
#include "kernel/log.h"
#include "kernel/thread.h"
#include "lib/format.h"

#define NOBODY UINT32_MAX
#define MESSAGE 480

static _Atomic uint32_t panicking = NOBODY; /* the CPU that reports */

/* Returns on the first CPU, the first time. */
static void panic_enter(void)
{
	const struct thread *t = current;
	uint32_t self = t ? atomic_load_explicit(&t->cpu, memory_order_relaxed) : 0, first = NOBODY;

	arch_irq_disable();
	if (!atomic_compare_exchange_strong_explicit(&panicking, &first, self, memory_order_relaxed,
						     memory_order_relaxed)) {
		if (first == self)
			arch_poweroff(false);
		for (;;)
			arch_cpu_relax();
	}
	lock_check_stop();
	arch_cpu_stop_others();
	console_break_lock();
}

static void report_place(void)
{
	const struct thread *t = current;

	if (!t) /* so early that there is none */
		return;
	log_line("on CPU %u, thread %u (%s)%s", atomic_load_explicit(&t->cpu, memory_order_relaxed), t->tid, t->name,
		 t->nirq ? ", in an interrupt" : "");
	for (unsigned i = 0; i < t->nheld && i < HELD_LOCKS; i++)
		log_line("  holds %s at %p", lock_class_name((enum lock_class)t->held[i].class), t->held[i].what);
}

_Noreturn void panic(const char *format, ...)
{
	char message[MESSAGE];
	va_list args;

	panic_enter();
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_line("panic: %s", message);
	report_place();
	ksym_log_backtrace(arch_fp());
	arch_poweroff(false);
}

_Noreturn void assert_failed(const char *expr, const char *file, int line)
{
	panic("%s:%d: broken: %s", file, line, expr);
}

static void report_regs(const struct arch_regs *regs)
{
	uint32_t offset;
	const char *name = ksym_find(arch_regs_pc(regs), &offset);

	if (name)
		log_line("at %s+0x%x", name, offset);
	arch_regs_log(regs);
	ksym_log_backtrace(arch_regs_fp(regs));
}

#define FATAL_MAX 4 /* every CPU may have one of its own at the same time */

/* Not even the log's lock, nor current: a damaged direct map has neither. */
static _Noreturn void end_at_once(void)
{
	static const char line[] = "\n[    0.000000] panic: the kernel faults while it reports a fault\n";
	const char to_log[] = { (char)0xff, STREAM_LOG };

	if (console_framed)
		arch_console_write(to_log, sizeof(to_log));
	arch_console_write(line, sizeof(line) - 1);
	arch_poweroff(false);
}

void trap_fatal_begin(void)
{
	static _Atomic unsigned begun;

	if (atomic_fetch_add_explicit(&begun, 1, memory_order_relaxed) >= FATAL_MAX)
		end_at_once();
}

_Noreturn void trap_fatal(struct arch_regs *regs, const char *what)
{
	panic_enter();
	log_line("panic: %s", what);
	report_place();
	if (regs)
		report_regs(regs);
	else
		ksym_log_backtrace(arch_fp());
	arch_poweroff(false);
}
