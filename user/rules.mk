# SPDX-License-Identifier: MIT
# Programs for the image: each user/NAME.c and tests/guest/NAME.c is one static program, $(U)/NAME, linked with newlib. With HOST=1
# they are linked with the host's C library instead, for Linux, into $(O)/linux-$(ARCH).

U := $(O)/$(ARCH)-user
UCC := $(KCC)
UFLAGS_x86_64 := -mno-red-zone
UFLAGS := -std=gnu11 -O2 -g -fno-pie -fno-stack-protector -ffreestanding -nostdinc -isystem user/libc/include \
	-isystem $(NEWLIB)/include -isystem $(call gcc_include,$(UCC)) -Iuser/libc -Iuser/libc/$(ARCH) -Iarch/$(ARCH) -Wall -Wextra -Werror

LIBC_SRC := $(wildcard user/libc/*.c user/libc/$(ARCH)/*.S)
LIBC_OBJ := $(patsubst %,$(U)/obj/%.o,$(LIBC_SRC))
PROGRAMS := $(patsubst %.c,$(U)/%,$(notdir $(wildcard user/*.c tests/guest/*.c)))
vpath %.c user tests/guest

programs: $(PROGRAMS)

$(U)/obj/%.c.o: %.c $(NEWLIB)/lib/libc.a
	@mkdir -p $(@D)
	@echo '  UCC  $@'
	@$(UCC) $(UFLAGS) -MMD -MP -c $< -o $@

$(U)/obj/%.S.o: %.S
	@mkdir -p $(@D)
	@$(UCC) $(UFLAGS) -D__ASSEMBLER__ -c $< -o $@

$(U)/%: $(U)/obj/user/%.c.o $(LIBC_OBJ)
	@$(UCC) -static -nostdlib -no-pie -Wl,--build-id=none -Wl,-z,noexecstack $^ $(NEWLIB)/lib/libc.a -lgcc -o $@

$(U)/%: $(U)/obj/tests/guest/%.c.o $(LIBC_OBJ)
	@$(UCC) -static -nostdlib -no-pie -Wl,--build-id=none -Wl,-z,noexecstack $^ $(NEWLIB)/lib/libc.a -lgcc -o $@

.SECONDARY:
-include $(wildcard $(U)/obj/user/*.d $(U)/obj/user/libc/*.d $(U)/obj/tests/guest/*.d)
