/* SPDX-License-Identifier: MIT */
/* newlib's system calls on memory, as Linux's. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"

/* malloc's source of memory. The kernel answers brk with the break, moved or not. Under malloc's lock. */
void *sbrk(ptrdiff_t increment)
{
	static uintptr_t end;
	uintptr_t old;

	if (!end)
		end = (uintptr_t)raw(SYS_brk, 0, 0, 0, 0, 0, 0);
	old = end;
	if (increment && (uintptr_t)raw(SYS_brk, (long)(end + (uintptr_t)increment), 0, 0, 0, 0, 0) != end + (uintptr_t)increment) {
		errno = ENOMEM;
		return (void *)-1;
	}
	end += (uintptr_t)increment;
	return (void *)old;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)call6(mmap, addr, len, prot, flags, fd, offset);
}

int munmap(void *addr, size_t len)
{
	return (int)call2(munmap, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
	return (int)call3(mprotect, addr, len, prot);
}

int madvise(void *addr, size_t len, int advice)
{
	return (int)call3(madvise, addr, len, advice);
}

void *mremap(void *addr, size_t old_len, size_t new_len, int flags, ...)
{
	void *to = NULL;
	va_list args;

	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(args, flags);
		to = va_arg(args, void *);
		va_end(args);
	}
	return (void *)call6(mremap, addr, old_len, new_len, flags, to, 0);
}

int mlock(const void *addr, size_t len)
{
	return (int)call2(mlock, addr, len);
}

int munlock(const void *addr, size_t len)
{
	return (int)call2(munlock, addr, len);
}

int mlockall(int flags)
{
	return (int)call1(mlockall, flags);
}

int munlockall(void)
{
	return (int)call0(munlockall);
}

int msync(void *addr, size_t len, int flags)
{
	return (int)call3(msync, addr, len, flags);
}

int mincore(void *addr, size_t len, unsigned char *vec)
{
	return (int)call3(mincore, addr, len, vec);
}
