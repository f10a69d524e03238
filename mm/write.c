/* SPDX-License-Identifier: MIT */
/* write(2) through the page cache. */
#include "mm/write.h"

#include "lib/errno.h"

long mapping_write_user(struct mapping *m, uint64_t pos, uintptr_t buf, size_t n)
{
	return -EROFS;
}

long mapping_write_kernel(struct mapping *m, uint64_t pos, const void *buf, size_t n)
{
	return -EROFS;
}

int mapping_prepare_extend(struct mapping *m)
{
	return 0;
}
