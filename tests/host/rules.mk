# SPDX-License-Identifier: MIT
# Unit tests: ordinary programs that speak TAP, in $(O)/host-tests/.
#
#   LIB tests need only files of lib/.
#   PORT tests run on the host port (arch/host): the kernel's own lib, kernel, mm and the RAM block device, as fibers, debug build, with
#	AddressSanitizer and UBSan.
#   RACE tests are PORT tests once more, with pthreads for threads, under ThreadSanitizer: race-NAME.

HT := $(O)/host-tests
HOBJ := $(O)/host-obj
HOSTCC ?= gcc

HOST_LIB_TESTS := radix bonsai text acpi
HOST_PORT_TESTS := frame slab
HOST_RACE_TESTS :=

HOST_WARN := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wno-unused-parameter -Werror
HOST_BASE := -std=gnu11 -O1 -g -fno-strict-aliasing -fno-common -fno-omit-frame-pointer -fno-pie -I. -Iarch/host -DDEBUG=1 $(HOST_WARN)
HOST_KERNEL := -ffreestanding -nostdinc -isystem $(shell $(HOSTCC) -print-file-name=include) -include arch/host/names.h

ASAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined
TSAN := -fsanitize=thread -Wno-tsan

HOST_KSRC := $(wildcard lib/*.c) $(filter-out kernel/ubsan.c kernel/stack_protector.c,$(wildcard kernel/*.c)) \
	$(wildcard mm/*.c mm/policy/*.c) drivers/block.c drivers/ramblk.c
HOST_ENGINE_fiber := arch/host/smp.c arch/host/thread.c arch/host/switch.S
HOST_ENGINE_race := arch/host/pthread.c
HOST_ASRC := $(filter-out $(HOST_ENGINE_fiber) $(HOST_ENGINE_race),$(wildcard arch/host/*.c)) tests/host/port.c

HOST_FLAGS_fiber := $(ASAN)
HOST_FLAGS_race := $(TSAN)

HOST_LINK := -no-pie -Wl,--defsym=_text=__executable_start -Wl,-z,noexecstack -pthread

host_kobj = $(patsubst %,$(HOBJ)/$(1)/kernel/%.o,$(HOST_KSRC))
host_aobj = $(patsubst %,$(HOBJ)/$(1)/%.o,$(HOST_ASRC) $(HOST_ENGINE_$(1)))

.PHONY: host-tests
host-tests: $(addprefix $(HT)/,$(HOST_LIB_TESTS) $(HOST_PORT_TESTS) $(addprefix race-,$(HOST_RACE_TESTS)))

# The kernel's files with the kernel's flags; the machine's and the tests with the C library's headers.
define HOST_VARIANT
$(HOBJ)/$(1)/kernel/%.c.o: %.c tests/host/rules.mk
	@mkdir -p $$(@D)
	@echo '  CC   $$@'
	@$(HOSTCC) $(HOST_BASE) $(HOST_KERNEL) $(HOST_FLAGS_$(1)) -MMD -MP -c $$< -o $$@

$(HOBJ)/$(1)/%.c.o: %.c tests/host/rules.mk
	@mkdir -p $$(@D)
	@echo '  CC   $$@'
	@$(HOSTCC) $(HOST_BASE) $(HOST_FLAGS_$(1)) -MMD -MP -c $$< -o $$@

$(HOBJ)/$(1)/%.S.o: %.S tests/host/rules.mk
	@mkdir -p $$(@D)
	@$(HOSTCC) -c $$< -o $$@

$(HOBJ)/$(1)/port.a: $(call host_kobj,$(1)) $(call host_aobj,$(1))
	@rm -f $$@
	@ar rcs $$@ $$^

-include $(patsubst %.o,%.d,$(call host_kobj,$(1)) $(call host_aobj,$(1)))
endef

$(eval $(call HOST_VARIANT,fiber))
$(eval $(call HOST_VARIANT,race))

$(addprefix $(HT)/,$(HOST_LIB_TESTS)): $(HT)/%: $(HOBJ)/fiber/tests/host/%.c.o $(patsubst %,$(HOBJ)/fiber/kernel/%.o,$(wildcard lib/*.c))
	@mkdir -p $(@D)
	@$(HOSTCC) $(ASAN) $(HOST_LINK) $^ -o $@

$(addprefix $(HT)/,$(HOST_PORT_TESTS)): $(HT)/%: $(HOBJ)/fiber/tests/host/%.c.o $(HOBJ)/fiber/port.a
	@mkdir -p $(@D)
	@$(HOSTCC) $(ASAN) $(HOST_LINK) $^ -o $@

$(addprefix $(HT)/race-,$(HOST_RACE_TESTS)): $(HT)/race-%: $(HOBJ)/race/tests/host/%.c.o $(HOBJ)/race/port.a
	@mkdir -p $(@D)
	@$(HOSTCC) $(TSAN) $(HOST_LINK) $^ -o $@

-include $(addprefix $(HOBJ)/fiber/tests/host/,$(addsuffix .c.d,$(HOST_LIB_TESTS) $(HOST_PORT_TESTS)))
