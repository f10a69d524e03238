/* SPDX-License-Identifier: MIT */
/* System calls about the machine. */
#include "init/process_impl.h"

#include "init/linux.h"
#include "init/random.h"
#include "init/run.h"
#include "init/syscalls.h"
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/time.h"
#include "kernel/uaccess.h"
#include "lib/errno.h"

long sys_sysinfo(uintptr_t out)
{
	struct sysinfo info = {
		.uptime = (int64_t)(clock_ns() / NSEC_PER_SEC),
		.totalram = frame_total() * PAGE_SIZE,
		.freeram = frame_available() * PAGE_SIZE,
		.mem_unit = 1,
	};
	unsigned pid = 1;
	struct process *p;

	for (; (p = process_next(&pid)); pid++) {
		info.procs++;
		process_put(p);
	}
	return copy_to_user(out, &info, sizeof(info));
}

enum { GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4 };

long sys_getrandom(uintptr_t buf, size_t n, unsigned flags)
{
	char bytes[256];
	size_t done = 0;

	if (flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if (n > MAX_RW_COUNT)
		n = MAX_RW_COUNT;
	while (done < n && !thread_killed()) {
		size_t part = n - done < sizeof(bytes) ? n - done : sizeof(bytes), missing;

		random_bytes(bytes, part);
		missing = copy_to_user_part(buf + done, bytes, part);
		done += part - missing;
		if (missing)
			break;
	}
	return done || !n ? (long)done : -EFAULT;
}

enum {
	REBOOT_MAGIC1 = 0xfee1dead,
	REBOOT_MAGIC2 = 672274793,
	REBOOT_RESTART = 0x01234567,
	REBOOT_HALT = 0xcdef0123,
	REBOOT_POWER_OFF = 0x4321fedc,
};

long sys_reboot(unsigned magic1, unsigned magic2, unsigned command, uintptr_t arg)
{
	(void)arg;
	if (!cred_capable(CAP_SYS_BOOT))
		return -EPERM;
	if (magic1 != REBOOT_MAGIC1 || magic2 != REBOOT_MAGIC2)
		return -EINVAL;
	switch (command) {
	case REBOOT_RESTART:
		log_line("PID %u %s restarts the machine", process_current()->pid, process_current()->path);
		arch_reset();
	case REBOOT_HALT:
	case REBOOT_POWER_OFF:
		run_ended(0);
	default:
		return -EINVAL;
	}
}
