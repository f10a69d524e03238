/* SPDX-License-Identifier: MIT */
/* Copies to and from user memory: the range check, law 4, and arch's copy. */
#include "kernel/uaccess.h"

#include "lib/errno.h"
#include "lib/string.h"

/* Law 4. A copy that may fault may sleep for any page, one that its caller has locked among them. */
static void check_law(void)
{
	if (current->nofault)
		return;
	might_sleep();
	lock_assert_none(LOCK_ADDRESS_SPACE, LOCK_PAGE, "law 4: copying user memory");
}

size_t copy_from_user_part(void *to, uintptr_t from, size_t n)
{
	check_law();
	if (!user_range_ok(from, n))
		return n;
	return arch_copy_from_user(to, (const void *)from, n);
}

size_t copy_to_user_part(uintptr_t to, const void *from, size_t n)
{
	check_law();
	if (!user_range_ok(to, n))
		return n;
	return arch_copy_to_user((void *)to, from, n);
}

int copy_from_user(void *to, uintptr_t from, size_t n)
{
	return copy_from_user_part(to, from, n) ? -EFAULT : 0;
}

int copy_to_user(uintptr_t to, const void *from, size_t n)
{
	return copy_to_user_part(to, from, n) ? -EFAULT : 0;
}

int clear_user(uintptr_t to, size_t n)
{
	check_law();
	if (!user_range_ok(to, n))
		return -EFAULT;
	return arch_clear_user((void *)to, n) ? -EFAULT : 0;
}

int user_load32(uintptr_t from, uint32_t *v)
{
	int err;

	if (!user_range_ok(from, sizeof(*v)))
		return -EFAULT;
	fault_disable();
	err = arch_user_load32((const uint32_t *)from, v);
	fault_enable();
	return err;
}

int user_cmpxchg32(uintptr_t to, uint32_t expected, uint32_t desired, uint32_t *seen)
{
	int err;

	if (!user_range_ok(to, sizeof(*seen)))
		return -EFAULT;
	fault_disable();
	err = arch_user_cmpxchg32((uint32_t *)to, expected, desired, seen);
	fault_enable();
	return err;
}

/* Page by page, since the string may end just before memory that is not there. */
long strncpy_from_user(char *to, uintptr_t from, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t n = PAGE_SIZE - (from + done) % PAGE_SIZE, missing;
		const char *end;

		if (n > size - done)
			n = size - done;
		missing = copy_from_user_part(to + done, from + done, n);
		end = memchr(to + done, 0, n - missing);
		if (end)
			return end - to;
		if (missing)
			return -EFAULT;
		done += n;
	}
	return -ENAMETOOLONG;
}
