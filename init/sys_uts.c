/* SPDX-License-Identifier: MIT */
/* System calls about what the machine and its system are called, and as which system a process wants to see it. */
#include "init/uts.h"

#include "init/cred.h"
#include "init/linux.h"
#include "init/process.h"
#include "init/syscalls.h"
#include "kernel/spinlock.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

static struct spinlock uts_lock = SPINLOCK_INIT(LOCK_UTS);
static char names[2][UTS_NAME_MAX + 1] = { "faultline", "(none)" }; /* (uts_lock) host, domain; the rest of each is 0 */

void uts_name(bool domain, char name[UTS_NAME_MAX + 1])
{
	spin_lock(&uts_lock);
	memcpy(name, names[domain], UTS_NAME_MAX + 1);
	spin_unlock(&uts_lock);
}

void uts_name_set(bool domain, const char *name, size_t len)
{
	spin_lock(&uts_lock);
	memset(names[domain], 0, sizeof(names[domain]));
	memcpy(names[domain], name, len);
	spin_unlock(&uts_lock);
}

#define LINUX_MINOR 1

/* sysname and release are what programs test before they trust the system-call interface. */
long sys_uname(uintptr_t out)
{
	unsigned as = atomic_load_explicit(&process_current()->personality, memory_order_relaxed);
	struct utsname name = {
		.sysname = "Linux",
		.release = "6.1.0-faultline",
		.version = "#1 SMP Faultline",
		.machine = ABI_MACHINE,
	};

	if (as & PER_UNAME26) /* for programs that cannot read a 3 or more there: Linux counts on from 2.6.40 */
		snprintf(name.release, sizeof(name.release), "2.6.%u-faultline", 60 + LINUX_MINOR);
	if ((as & PER_MASK) == PER_LINUX32)
		strlcpy(name.machine, ABI_MACHINE_32, sizeof(name.machine));
	uts_name(false, name.nodename);
	uts_name(true, name.domainname);
	return copy_to_user(out, &name, sizeof(name));
}

static long name_set(bool domain, uintptr_t user, int len)
{
	char name[UTS_NAME_MAX];

	if (!cred_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > UTS_NAME_MAX)
		return -EINVAL;
	if (copy_from_user(name, user, (size_t)len))
		return -EFAULT;
	uts_name_set(domain, name, (size_t)len);
	return 0;
}

long sys_sethostname(uintptr_t name, int len)
{
	return name_set(false, name, len);
}

long sys_setdomainname(uintptr_t name, int len)
{
	return name_set(true, name, len);
}

/* Of what it may ask for, uname and select heed their bits; the addresses are never random, and no other system's calls are known. */
long sys_personality(unsigned to)
{
	_Atomic unsigned *is = &process_current()->personality;

	return to == UINT32_MAX ? atomic_load_explicit(is, memory_order_relaxed) : atomic_exchange_explicit(is, to, memory_order_relaxed);
}
