/* SPDX-License-Identifier: MIT */
/*
 * Restartable sequences (rseq(2), since Linux 4.18): a word in user memory that says on which CPU the task runs, and short stretches of a program
 * that start again elsewhere if they were not run in one go.
 *
 * Whenever a task that has registered has been switched to, or is about to run a handler, it passes rseq_resume on its way to user mode: WORK_RSEQ is
 * set by the scheduler, in the switch, and by signal_act. There, if its pc lies inside the stretch that its area names, pc becomes the stretch's
 * abort address; then the CPU's number is stored. A switch in between sets WORK_RSEQ again, and the exit looks at its work until there is none:
 * so what the program reads is true until it is switched away from, and then the next instruction it executes comes after the next rseq_resume.
 *
 * The area and what it names are the program's: whatever cannot be read, or is not what the manual says, is a SIGSEGV.
 */
#include "init/process_impl.h"

#include "init/linux.h"
#include "init/syscalls.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

#define AREA_SIZE 32 /* of struct rseq, and its alignment */
#define NO_CPU UINT32_MAX
#define UNREGISTER 1u

/* As in the manual. */
struct area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t critical; /* struct critical in user memory, or 0 */
	uint32_t flags, node_id, mm_cid, pad;
};

struct critical {
	uint32_t version, flags;
	uint64_t start, length, abort;
};

_Static_assert(sizeof(struct area) == AREA_SIZE, "struct rseq");

static int area_set(uintptr_t area, uint32_t start, uint32_t cpu)
{
	uint32_t ids[2] = { start, cpu };

	return copy_to_user(area + offsetof(struct area, cpu_id_start), ids, sizeof(ids));
}

static int area_clear_critical(uintptr_t area)
{
	uint64_t none = 0;

	return copy_to_user(area + offsetof(struct area, critical), &none, sizeof(none));
}

/* Is it a stretch as the manual has it, with our signature before where it aborts to? */
static bool critical_sound(const struct critical *c, uint32_t signature)
{
	uint32_t found;

	if (c->version || c->start >= USER_TOP || c->abort >= USER_TOP || c->length > USER_TOP - c->start)
		return false;
	if (c->abort - c->start < c->length || c->abort < sizeof(found))
		return false;
	return !copy_from_user(&found, c->abort - sizeof(found), sizeof(found)) && found == signature;
}

/* Out of a stretch that was interrupted. */
static int abort_critical(struct arch_regs *regs, const struct rseq_task *r)
{
	struct critical c;
	uint64_t at;

	if (copy_from_user(&at, r->area + offsetof(struct area, critical), sizeof(at)))
		return -EFAULT;
	if (!at)
		return 0;
	if (at >= USER_TOP || copy_from_user(&c, at, sizeof(c)) || !critical_sound(&c, r->signature))
		return -EINVAL;
	if (arch_regs_pc(regs) - c.start < c.length)
		arch_regs_set_pc(regs, c.abort);
	return area_clear_critical(r->area);
}

void rseq_resume(struct arch_regs *regs)
{
	struct siginfo bad = siginfo_kernel(SIGSEGV);
	struct rseq_task *r = &task_current()->rseq;
	uint32_t cpu;

	if (!r->area)
		return;
	cpu = atomic_load_explicit(&current->cpu, memory_order_relaxed);
	if (abort_critical(regs, r) || area_set(r->area, cpu, cpu)) {
		r->area = 0; /* so that a handler of the signal is not stopped by the same */
		signal_force(&bad);
	}
}

void rseq_inherit(struct task *child, bool shares_memory)
{
	child->rseq = shares_memory ? (struct rseq_task){ 0 } : task_current()->rseq;
	child->thread->switch_work = child->rseq.area ? WORK_RSEQ : 0;
}

void rseq_forget(void)
{
	task_current()->rseq = (struct rseq_task){ 0 };
	current->switch_work = 0;
}

static long unregister(struct rseq_task *r, uintptr_t area, unsigned flags, uint32_t signature)
{
	if (flags != UNREGISTER || !r->area || r->area != area)
		return -EINVAL;
	if (r->signature != signature)
		return -EPERM;
	if (area_set(area, 0, NO_CPU) || area_clear_critical(area))
		return -EFAULT;
	rseq_forget();
	return 0;
}

long sys_rseq(uintptr_t area, unsigned size, int flags, uint32_t signature)
{
	struct rseq_task *r = &task_current()->rseq;

	if (flags && r->area && size != AREA_SIZE)
		return -EINVAL;
	if (flags)
		return unregister(r, area, (unsigned)flags, signature);
	if (r->area && (r->area != area || size != AREA_SIZE))
		return -EINVAL;
	if (r->area)
		return r->signature == signature ? -EBUSY : -EPERM;
	if (area % AREA_SIZE || size != AREA_SIZE)
		return -EINVAL;
	if (!user_range_ok(area, size))
		return -EFAULT;
	*r = (struct rseq_task){ area, signature };
	current->switch_work = WORK_RSEQ;
	atomic_fetch_or_explicit(&current->arch.work, WORK_RSEQ, memory_order_relaxed);
	return 0;
}
