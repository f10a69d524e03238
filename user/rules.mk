# SPDX-License-Identifier: MIT
# Programs for the image: each NAME.c of user, tests/guest, tests/power and tests/diff is one static program, $(U)/NAME, linked with newlib. With LIBC=glibc
# they are linked with the C library of the compiler, with LIBC=musl with musl, into $(O)/$(ARCH)-$(LIBC): what our layer under newlib may have wrong
# shows in the difference. And process 1 of the Linux that is the oracle, tests/linux/init.c, with musl alone.

LIBC ?= newlib
ULINK := -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack
UFLAGS := -std=gnu11 -O2 -g -fno-pie -fno-stack-protector -Wall -Wextra -Wno-unused-parameter -Werror
UFLAGS_arm64 := -march=armv8.1-a
UFLAGS += $(UFLAGS_$(ARCH))
UCC := $(KCC)
UDIRS := user tests/guest tests/power tests/conformance tests/diff
U := $(O)/$(ARCH)-$(LIBC)

ifeq ($(LIBC),glibc)
UFLAGS += -D_GNU_SOURCE=
ULIBS := -pthread
else ifeq ($(LIBC),musl)
# Debian's musl-dev of either machine, unpacked into the build folder; only the compiler's own files come from elsewhere.
UDIRS += tests/linux
MUSL := $(O)/debian/musl-$(ARCH)
MUSL_LIB := $(MUSL)/usr/lib/$(CPU_$(ARCH))-linux-musl
DEBIAN_x86_64 := amd64
DEBIAN_arm64 := arm64
gcc_file = $(shell $(UCC) -print-file-name=$(1))
UFLAGS += -D_GNU_SOURCE= -nostdinc -isystem $(MUSL)/usr/include/$(CPU_$(ARCH))-linux-musl -isystem $(call gcc_include,$(UCC))
ULINK += -nostdlib $(MUSL_LIB)/crt1.o $(MUSL_LIB)/crti.o $(call gcc_file,crtbeginT.o)
ULIBS := -Wl,--start-group $(MUSL_LIB)/libc.a -lgcc -lgcc_eh -Wl,--end-group $(call gcc_file,crtend.o) $(MUSL_LIB)/crtn.o
LIBC_NEEDS := $(MUSL)/.packages
$(MUSL)/.packages:
	@tools/fetch-arm64 $(MUSL) musl-dev:$(DEBIAN_$(ARCH))
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

PROGRAMS := $(patsubst %.c,$(U)/%,$(notdir $(wildcard $(UDIRS:%=%/*.c))))

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

$(U)/%: $(U)/obj/tests/power/%.c.o $(LIBC_OBJ)
	$(user_link)

$(U)/%: $(U)/obj/tests/conformance/%.c.o $(LIBC_OBJ)
	$(user_link)

$(U)/%: $(U)/obj/tests/diff/%.c.o $(LIBC_OBJ)
	$(user_link)

$(U)/%: $(U)/obj/tests/linux/%.c.o
	$(user_link)

.SECONDARY:
-include $(wildcard $(U)/obj/user/*.d $(U)/obj/user/libc/*.d $(U)/obj/tests/guest/*.d $(U)/obj/tests/power/*.d $(U)/obj/tests/conformance/*.d $(U)/obj/tests/diff/*.d)
