/* SPDX-License-Identifier: MIT */
#include "init/vector.h"

#include "init/linux.h"
#include "kernel/slab.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

/* What a vector that ends in a hole is refused for: the first thing that is wrong with it. */
static int vector_fault(uintptr_t user, size_t count)
{
	struct user_range r;

	for (size_t i = 0; i < count && !copy_from_user(&r, user + i * sizeof(r), sizeof(r)); i++)
		if ((int64_t)r.len < 0)
			return -EINVAL;
	return -EFAULT;
}

int vector_read(struct user_range *v, uintptr_t user, size_t count)
{
	if (copy_from_user(v, user, count * sizeof(*v)))
		return vector_fault(user, count);
	for (size_t i = 0; i < count; i++)
		if ((int64_t)v[i].len < 0)
			return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!user_range_ok(v[i].base, v[i].len))
			return -EFAULT;
	return 0;
}

int vector_get(struct vector *vec, uintptr_t user, unsigned count)
{
	int err;

	if (count > UIO_MAXIOV)
		return -EINVAL;
	vec->count = count;
	vec->v = count > VECTOR_SMALL ? kmalloc(count * sizeof(*vec->v)) : vec->small;
	if (!vec->v)
		return -ENOMEM;
	err = vector_read(vec->v, user, count);
	if (err)
		vector_free(vec);
	return err;
}

void vector_free(struct vector *vec)
{
	if (vec->v != vec->small)
		kfree(vec->v);
}

size_t vector_total(const struct user_range *v, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count && total <= MAX_RW_COUNT; i++)
		total += v[i].len < MAX_RW_COUNT ? v[i].len : MAX_RW_COUNT;
	return total;
}
