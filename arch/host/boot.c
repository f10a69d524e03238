/* SPDX-License-Identifier: MIT */
/* Builds the machine: RAM and disk in one mapping, CPUs, and what a boot loader would tell. */
#include "cpu.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static void map_memory(const struct host_config *config)
{
	size_t bytes = host_disk_start(config) + config->disk;
	void *at = mmap((void *)DIRECT_MAP, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (at != (void *)DIRECT_MAP || bytes > HOST_RAM_MAX) {
		perror("host port: no memory at DIRECT_MAP");
		exit(1);
	}
	munmap(at, HOST_RAM_START); /* physical 0: a null pfn is a fault */
}

_Noreturn void host_boot(const struct host_config *config)
{
	static struct boot_info info = {.cmdline = "", .loader = "host", .nr_ram = 1};

	map_memory(config);
	info.cpus = host_nr_cpus = config->cpus;
	info.ram[0] = (struct phys_range){HOST_RAM_START, host_disk_start(config)};
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		host_cpus[i].id = i;
		host_cpus[i].deadline = UINT64_MAX;
	}
	host_engine_init(config);
	kernel_main(&info);
}
