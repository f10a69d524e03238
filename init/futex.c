/* SPDX-License-Identifier: MIT */
/*
 * futex(2): which word is meant, and which operation. The queues are kernel/futex.c's.
 *
 * A word in memory mapped MAP_SHARED is known by file and place, so that processes meet; any other by address space and address. With
 * FUTEX_PRIVATE_FLAG it is always the latter, without a look at the mapping. So for memory that is the process's own the flag makes no
 * difference, which programs rely on: a thread's end is told without the flag to a word that its library may wait for with it.
 */
#include "init/futex_impl.h"

#include "init/clock.h"
#include "init/process.h"
#include "init/syscalls.h"
#include "kernel/futex.h"
#include "kernel/restart.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "mm/fault.h"
#include "mm/vma.h"

/* ---- which word ---- */

static int fault_in(uintptr_t word, unsigned access)
{
	int err = mm_fault_in(current->mm, word, sizeof(uint32_t), access);

	return !err || err == -EINTR ? err : -EFAULT;
}

/* Makes the key of f->user by its mapping. -EFAULT: it lies in none. */
static int key_by_mapping(struct mm *mm, struct futex *f)
{
	struct vma *vma;

	rcu_read_lock();
	vma = vma_find(mm, f->user);
	if (vma && vma->flags & VMA_SHARED)
		f->key = (struct futex_key){ futex_object_id(&vma->mapping->futex_id),
					     (vma->pgoff << PAGE_SHIFT) + (f->user - vma->start) };
	rcu_read_unlock();
	return vma ? 0 : -EFAULT;
}

int futex_at(uintptr_t word, bool private, struct futex *f)
{
	struct mm *mm = current->mm;
	uint32_t value;
	int err = 0;

	if (word % sizeof(uint32_t))
		return -EINVAL;
	if (!user_range_ok(word, sizeof(uint32_t)))
		return -EFAULT;
	*f = (struct futex){ .user = word, .key = { futex_object_id(&mm->futex_id), word } };
	if (private)
		return 0;
	if (user_load32(word, &value))
		err = fault_in(word, FAULT_READ);
	return err ? err : key_by_mapping(mm, f);
}

bool futex_again(int *err, uintptr_t word, unsigned access)
{
	if (*err != -EFAULT_AGAIN)
		return false;
	*err = fault_in(word, access);
	return !*err;
}

/* ---- waiting ---- */

static int wait_until_woken(uintptr_t word, bool private, uint32_t value, uint32_t bits, uint64_t deadline)
{
	struct futex f;
	int err;

	do {
		err = futex_at(word, private, &f);
		if (!err)
			err = futex_wait(&f, value, bits, deadline);
	} while (futex_again(&err, word, FAULT_READ));
	return err;
}

static long wait_again(const struct resume *r);

static long wait_op(uintptr_t word, bool private, uint32_t value, uint32_t bits, uint64_t deadline)
{
	struct resume r = { .again = wait_again, .deadline = deadline, .args = { word, private, value, bits } };
	int err = bits ? wait_until_woken(word, private, value, bits, deadline) : -EINVAL;

	return err == -ERESTARTSYS && deadline != TIME_NEVER ? signal_resume(&r) : err;
}

static long wait_again(const struct resume *r)
{
	return wait_op(r->args[0], r->args[1], (uint32_t)r->args[2], (uint32_t)r->args[3], r->deadline);
}

/* ---- waking ---- */

/* How many to wake. One at least: Linux looks at the number after the first. */
static unsigned wakes(uint32_t n)
{
	return (int32_t)n < 1 ? 1 : n;
}

static long wake_op(uintptr_t word, bool private, uint32_t n, uint32_t bits)
{
	struct futex f;
	int err;

	if (!bits)
		return -EINVAL;
	err = futex_at(word, private, &f);
	return err ? err : futex_wake(&f, wakes(n), bits);
}

void futex_wake_user(uintptr_t word)
{
	wake_op(word, false, 1, FUTEX_BITS_ALL);
}

/* ---- two words ---- */

int futex_both_at(const struct two_words *two, struct futex_move *m)
{
	int err = futex_at(two->from, two->private, &m->from);

	return err ? err : futex_at(two->to, two->private, &m->to);
}

/* value NULL: whatever is there. */
static long requeue_op(const struct two_words *two, uint32_t wake, uint32_t move, const uint32_t *value)
{
	struct futex_move m = { .wake = wake, .move = move, .value = value };
	int ret;

	if ((int32_t)wake < 0 || (int32_t)move < 0)
		return -EINVAL;
	do {
		ret = futex_both_at(two, &m);
		if (!ret)
			ret = futex_requeue(&m);
	} while (futex_again(&ret, two->from, FAULT_READ));
	return ret;
}

static uint32_t op_set(uint32_t old, uint32_t arg) { return arg; }
static uint32_t op_add(uint32_t old, uint32_t arg) { return old + arg; }
static uint32_t op_or(uint32_t old, uint32_t arg) { return old | arg; }
static uint32_t op_andn(uint32_t old, uint32_t arg) { return old & ~arg; }
static uint32_t op_xor(uint32_t old, uint32_t arg) { return old ^ arg; }

static bool is_eq(uint32_t old, uint32_t arg) { return old == arg; }
static bool is_ne(uint32_t old, uint32_t arg) { return old != arg; }
static bool is_lt(uint32_t old, uint32_t arg) { return (int32_t)old < (int32_t)arg; }
static bool is_le(uint32_t old, uint32_t arg) { return (int32_t)old <= (int32_t)arg; }
static bool is_gt(uint32_t old, uint32_t arg) { return (int32_t)old > (int32_t)arg; }
static bool is_ge(uint32_t old, uint32_t arg) { return (int32_t)old >= (int32_t)arg; }

static uint32_t (*const changes[])(uint32_t, uint32_t) = { op_set, op_add, op_or, op_andn, op_xor };
static bool (*const compares[])(uint32_t, uint32_t) = { is_eq, is_ne, is_lt, is_le, is_gt, is_ge };

#define CHANGE_ARG_IS_BIT 8u

/* op:4 compare:4 op argument:12 compare's:12, both signed. false: no such operation. */
static bool change_decode(uint32_t code, struct futex_change *c)
{
	uint32_t op = code >> 28, compare = code >> 24 & 15;
	uint32_t arg = (uint32_t)((int32_t)(code << 8) >> 20);

	if ((op & ~CHANGE_ARG_IS_BIT) >= ARRAY_SIZE(changes) || compare >= ARRAY_SIZE(compares))
		return false;
	*c = (struct futex_change){
		.change = changes[op & ~CHANGE_ARG_IS_BIT],
		.compare = compares[compare],
		.change_arg = op & CHANGE_ARG_IS_BIT ? 1u << (arg & 31) : arg,
		.compare_arg = (uint32_t)((int32_t)(code << 20) >> 20),
	};
	return true;
}

static long wake_change_op(const struct two_words *two, uint32_t wake, uint32_t wake2, uint32_t code)
{
	struct futex_move m = { .wake = wakes(wake), .move = wakes(wake2) };
	struct futex_change c;
	int ret;

	if (!change_decode(code, &c))
		return -ENOSYS;
	do {
		ret = futex_both_at(two, &m);
		if (!ret)
			ret = futex_wake_change(&m, &c);
	} while (futex_again(&ret, two->to, FAULT_WRITE));
	return ret;
}

/* ---- the call ---- */

/* The caller says by which. */
static bool by_clock(unsigned command)
{
	return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_LOCK_PI2;
}

static bool has_timeout(unsigned command)
{
	return command == FUTEX_WAIT || by_clock(command) || command == FUTEX_LOCK_PI;
}

/* 0, -EFAULT, -EINVAL. FUTEX_WAIT's is a time from now, the others' a moment, and that of FUTEX_LOCK_PI the calendar's. */
static int deadline_of(unsigned op, unsigned command, uintptr_t timeout, uint64_t *deadline)
{
	uint64_t ns;
	int err;

	*deadline = TIME_NEVER;
	if (!timeout || !has_timeout(command))
		return 0;
	err = timespec_from_user(timeout, &ns);
	if (!err)
		*deadline = command == FUTEX_WAIT ? deadline_after(ns)
						  : deadline_at(ns, op & FUTEX_CLOCK_REALTIME || command == FUTEX_LOCK_PI);
	return err;
}

long sys_futex(uintptr_t word, unsigned op, uint32_t value, uintptr_t timeout, uintptr_t second, uint32_t value3)
{
	unsigned command = op & ~(unsigned)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	struct two_words two = { word, second, op & FUTEX_PRIVATE_FLAG };
	uint32_t value2 = (uint32_t)timeout; /* of the calls that take no timeout */
	uint64_t deadline;
	int err = deadline_of(op, command, timeout, &deadline);

	if (err)
		return err;
	if (op & FUTEX_CLOCK_REALTIME && !by_clock(command))
		return -ENOSYS;
	switch (command) {
	case FUTEX_WAIT:
		return wait_op(word, two.private, value, FUTEX_BITS_ALL, deadline);
	case FUTEX_WAIT_BITSET:
		return wait_op(word, two.private, value, value3, deadline);
	case FUTEX_WAKE:
		return wake_op(word, two.private, value, FUTEX_BITS_ALL);
	case FUTEX_WAKE_BITSET:
		return wake_op(word, two.private, value, value3);
	case FUTEX_REQUEUE:
		return requeue_op(&two, value, value2, NULL);
	case FUTEX_CMP_REQUEUE:
		return requeue_op(&two, value, value2, &value3);
	case FUTEX_WAKE_OP:
		return wake_change_op(&two, value, value2, value3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(word, two.private, false, deadline);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(word, two.private, true, TIME_NEVER);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(word, two.private);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_wait_requeue_pi(&two, value, deadline);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_cmp_requeue_pi(&two, value, value2, value3);
	default:
		return -ENOSYS;
	}
}
