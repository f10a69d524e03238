# SPDX-License-Identifier: MIT
# Unit tests: ordinary programs that speak TAP, in $(O)/host-tests/.
#
#   HOST_LIB_TESTS need only files of lib/.
#   HOST_PORT_TESTS run on the host port (arch/host): the kernel's own lib, kernel, mm and the RAM block device, debug build.
#   HOST_FS_TESTS run there too, with ext2 and what it needs of fs/.
#   HOST_VFS_TESTS run there too, with tmpfs and all that changes names.
#
# Variants of the port:
#   fiber	CPUs take turns where interrupts are enabled; AddressSanitizer and UBSan. NAME
#   weave	CPUs take turns at every atomic operation (arch/host/weave.c). weave-NAME
#   race	threads are pthreads, under ThreadSanitizer. race-NAME
#   real	threads are pthreads, under AddressSanitizer and UBSan. real-NAME

HT := $(O)/host-tests
HOBJ := $(O)/host-obj
HOSTCC ?= gcc

HOST_LIB_TESTS := radix bonsai text acpi fdt
HOST_PORT_TESTS := frame slab park locks watchdog rcu timer mm mmrace futex mmmove mmwrite mmrules pagelock
HOST_WEAVE_TESTS := $(HOST_PORT_TESTS)
HOST_RACE_TESTS := pagelock
HOST_REAL_TESTS := pagelock

HOST_FS_TESTS := ext2 ext2damage ext2write ext2settle
HOST_VFS_TESTS := tmpfs
HOST_TESTS := $(HOST_LIB_TESTS) $(HOST_PORT_TESTS) $(HOST_FS_TESTS) $(HOST_VFS_TESTS) $(addprefix weave-,$(HOST_WEAVE_TESTS) $(HOST_VFS_TESTS)) $(addprefix race-,$(HOST_RACE_TESTS)) \
	$(addprefix real-,$(HOST_REAL_TESTS))

HOST_BASE := -std=gnu11 -O1 -g -fno-strict-aliasing -fno-common -fno-omit-frame-pointer -fPIE -I. -Iarch/host -DDEBUG=1 \
	-Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wno-unused-parameter -Werror
HOST_KERNEL := -ffreestanding -nostdinc -isystem $(shell $(HOSTCC) -print-file-name=include) -include arch/host/names.h
HOST_LINK := -pie -Wl,-z,noexecstack -pthread

# Of each variant: flags of the kernel's own files, of the machine and the tests, of the link; what of arch/host is its own.
HOST_KFLAGS_fiber := -fsanitize=address,undefined -fno-sanitize-recover=undefined
HOST_AFLAGS_fiber := $(HOST_KFLAGS_fiber)
HOST_LFLAGS_fiber := $(HOST_KFLAGS_fiber)
HOST_ENGINE_fiber := smp.c thread.c switch.S

HOST_KFLAGS_weave := -fsanitize=thread -Wno-tsan
HOST_ENGINE_weave := smp.c thread.c switch.S weave.c

HOST_KFLAGS_race := -fsanitize=thread -Wno-tsan
HOST_AFLAGS_race := $(HOST_KFLAGS_race)
HOST_LFLAGS_race := -fsanitize=thread
HOST_ENGINE_race := pthread.c

HOST_KFLAGS_real := $(HOST_KFLAGS_fiber)
HOST_AFLAGS_real := $(HOST_KFLAGS_fiber)
HOST_LFLAGS_real := $(HOST_KFLAGS_fiber)
HOST_ENGINE_real := pthread.c

HOST_VARIANTS := fiber weave race real
HOST_KSRC := $(wildcard lib/*.c) $(filter-out kernel/ubsan.c kernel/stack_protector.c kernel/ksyms.c,$(wildcard kernel/*.c)) \
	$(wildcard mm/*.c mm/policy/*.c) drivers/block.c drivers/iogroup.c $(wildcard drivers/ramblk*.c)
HOST_ENGINES := $(addprefix arch/host/,$(foreach v,$(HOST_VARIANTS),$(HOST_ENGINE_$(v))))
HOST_ASRC := $(filter-out $(HOST_ENGINES),$(wildcard arch/host/*.c)) tests/host/port.c tests/host/mmfile.c tests/host/mmdisk.c tests/host/mmspace.c

host_kobj = $(patsubst %,$(HOBJ)/$(1)-kernel/%.o,$(HOST_KSRC))
host_aobj = $(patsubst %,$(HOBJ)/$(1)/%.o,$(HOST_ASRC) $(addprefix arch/host/,$(HOST_ENGINE_$(1))))

.PHONY: host-tests
host-tests: $(addprefix $(HT)/,$(HOST_TESTS))

# The kernel's files with the kernel's flags; the machine's and the tests with the C library's headers. $(2): prefix of its tests.
define HOST_VARIANT
$(HOBJ)/$(1)-kernel/%.c.o: %.c tests/host/rules.mk
	@mkdir -p $$(@D)
	@echo '  CC   $$@'
	@$(HOSTCC) $(HOST_BASE) $(HOST_KERNEL) $(HOST_KFLAGS_$(1)) -MMD -MP -c $$< -o $$@

$(HOBJ)/$(1)/%.c.o: %.c tests/host/rules.mk
	@mkdir -p $$(@D)
	@echo '  CC   $$@'
	@$(HOSTCC) $(HOST_BASE) $(HOST_AFLAGS_$(1)) -MMD -MP -c $$< -o $$@

$(HOBJ)/$(1)/%.S.o: %.S tests/host/rules.mk
	@mkdir -p $$(@D)
	@$(HOSTCC) -c $$< -o $$@

$(HOBJ)/$(1)/port.a: $(call host_kobj,$(1)) $(call host_aobj,$(1))
	@rm -f $$@
	@ar rcs $$@ $$^

$(addprefix $(HT)/$(2),$(3)): $(HT)/$(2)%: $(HOBJ)/$(1)/tests/host/%.c.o $(HOBJ)/$(1)/port.a
	@mkdir -p $$(@D)
	@$(HOSTCC) $(HOST_LFLAGS_$(1)) $(HOST_LINK) $$^ -o $$@

-include $(patsubst %.o,%.d,$(call host_kobj,$(1)) $(call host_aobj,$(1)) $(patsubst %,$(HOBJ)/$(1)/tests/host/%.c.o,$(3)))
endef

$(eval $(call HOST_VARIANT,fiber,,$(HOST_PORT_TESTS)))
$(eval $(call HOST_VARIANT,weave,weave-,$(HOST_WEAVE_TESTS)))
$(eval $(call HOST_VARIANT,race,race-,$(HOST_RACE_TESTS)))
$(eval $(call HOST_VARIANT,real,real-,$(HOST_REAL_TESTS)))

$(addprefix $(HT)/,$(HOST_LIB_TESTS)): $(HT)/%: $(HOBJ)/fiber/tests/host/%.c.o $(patsubst %,$(HOBJ)/fiber-kernel/%.o,$(wildcard lib/*.c))
	@mkdir -p $(@D)
	@$(HOSTCC) $(HOST_LFLAGS_fiber) $(HOST_LINK) $^ -o $@

-include $(patsubst %,$(HOBJ)/fiber/tests/host/%.c.d,$(HOST_LIB_TESTS))

# ext2 and the VFS below system calls; what else fs/ has is not there (tests/host/ext2case.c).
HOST_FS_OBJ := $(patsubst %,$(HOBJ)/fiber-kernel/%.o,$(wildcard fs/ext2*.c) fs/backing.c fs/bdev.c fs/inode.c fs/names.c fs/path.c fs/path_of.c fs/permit.c) \
	$(patsubst %,$(HOBJ)/fiber/tests/host/%.c.o,ext2case ext2image ext2model ext2ops)

$(addprefix $(HT)/,$(HOST_FS_TESTS)): $(HT)/%: $(HOBJ)/fiber/tests/host/%.c.o $(HOST_FS_OBJ) $(HOBJ)/fiber/port.a
	@mkdir -p $(@D)
	@$(HOSTCC) $(HOST_LFLAGS_fiber) $(HOST_LINK) $^ -o $@

-include $(HOST_FS_OBJ:.o=.d) $(patsubst %,$(HOBJ)/fiber/tests/host/%.c.d,$(HOST_FS_TESTS))

# $(1): variant, $(2): prefix of its tests.
HOST_VFS_SRC := $(wildcard fs/tmpfs*.c) fs/backing.c fs/inode.c fs/names.c fs/namespace.c fs/path.c fs/path_of.c fs/permit.c fs/rename.c

define HOST_VFS
$(addprefix $(HT)/$(2),$(HOST_VFS_TESTS)): $(HT)/$(2)%: $(HOBJ)/$(1)/tests/host/%.c.o $(patsubst %,$(HOBJ)/$(1)-kernel/%.o,$(HOST_VFS_SRC)) $(HOBJ)/$(1)/port.a
	@mkdir -p $$(@D)
	@$(HOSTCC) $(HOST_LFLAGS_$(1)) $(HOST_LINK) $$^ -o $$@

-include $(patsubst %,$(HOBJ)/$(1)-kernel/%.d,$(HOST_VFS_SRC)) $(patsubst %,$(HOBJ)/$(1)/tests/host/%.c.d,$(HOST_VFS_TESTS))
endef

$(eval $(call HOST_VFS,fiber,))
$(eval $(call HOST_VFS,weave,weave-))
