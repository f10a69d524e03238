# SPDX-License-Identifier: MIT
# Programs for the image: each user/NAME.c and tests/guest/NAME.c is one static program, $(U)/NAME, linked with newlib. With HOST=1
# they are linked with the host's C library instead, for Linux alone, into $(O)/linux-$(ARCH)-user: what our layer under newlib may
# have wrong shows in the difference.

ULINK := -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack
UFLAGS := -std=gnu11 -O2 -g -fno-pie -fno-stack-protector -Wall -Wextra -Wno-unused-parameter -Werror
UFLAGS_arm64 := -march=armv8.1-a
UFLAGS += $(UFLAGS_$(ARCH))
UCC := $(KCC)

ifeq ($(HOST),1)
U := $(O)/linux-$(ARCH)-user
UFLAGS += -D_GNU_SOURCE
ULIBS := -pthread
else
U := $(O)/$(ARCH)-user
UFLAGS += -nostdinc $(shell cat user/libc/newlib.flags) -isystem user/libc/include -isystem $(call gcc_include,$(UCC)) \
	-isystem $(NEWLIB)/include -idirafter arch/$(ARCH)
ULINK += -nostdlib
ULIBS := $(NEWLIB)/lib/libc.a -lgcc
LIBC_SRC := $(wildcard user/libc/*.c user/libc/$(ARCH)/*.S)
LIBC_OBJ := $(patsubst %,$(U)/obj/%.o,$(LIBC_SRC))
LIBC_NEEDS := $(NEWLIB)/lib/libc.a
$(LIBC_OBJ): UFLAGS += -Iuser/libc -Iuser/libc/$(ARCH) -ffreestanding
endif

PROGRAMS := $(patsubst %.c,$(U)/%,$(notdir $(wildcard user/*.c tests/guest/*.c)))

programs: $(PROGRAMS)

$(U)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(UCC) $(UFLAGS) $(ULINK)' | cmp -s - $@ || echo '$(UCC) $(UFLAGS) $(ULINK)' > $@

$(U)/obj/%.c.o: %.c $(LIBC_NEEDS) $(U)/flags
	@mkdir -p $(@D)
	@echo '  UCC  $@'
	@$(UCC) $(UFLAGS) -MMD -MP -c $< -o $@

$(U)/obj/%.S.o: %.S $(U)/flags
	@mkdir -p $(@D)
	@$(UCC) -D__ASSEMBLER__ -c $< -o $@

define user_link
	@$(UCC) $(ULINK) $(filter %.o,$^) $(ULIBS) -o $@
endef

$(U)/%: $(U)/obj/user/%.c.o $(LIBC_OBJ)
	$(user_link)

$(U)/%: $(U)/obj/tests/guest/%.c.o $(LIBC_OBJ)
	$(user_link)

.SECONDARY:
-include $(wildcard $(U)/obj/user/*.d $(U)/obj/user/libc/*.d $(U)/obj/tests/guest/*.d)
