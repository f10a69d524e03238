# SPDX-License-Identifier: MIT
# The kernel of one ARCH and MODE, in $(K): faultline.elf, and for arm64 the Linux Image faultline.img.

CPU_x86_64 := x86_64
CPU_arm64  := aarch64
ifneq ($(shell uname -m),$(CPU_$(ARCH)))
CROSS := $(CPU_$(ARCH))-linux-gnu-
endif
KCC := $(CROSS)gcc
KLD := $(CROSS)ld

MACHINE_x86_64 := -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -mpreferred-stack-boundary=3
MACHINE_arm64  := -mgeneral-regs-only -march=armv8.1-a
CHECKS_x86_64  := -mstack-protector-guard=global
DEBUG_FLAGS := -DDEBUG=1 -fsanitize=undefined -fstack-protector-strong $(CHECKS_$(ARCH))

# $(gcc_include) is the compiler's own directory: stdint.h, stdatomic.h and the like, and nothing of the host's.
gcc_include = $(shell $(1) -print-file-name=include)

KFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-pie -fno-pic -fno-strict-aliasing -fno-common \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer -fno-stack-protector \
	-nostdinc -isystem $(call gcc_include,$(KCC)) -I. -Iarch/$(ARCH) \
	-Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wno-unused-parameter -Werror \
	$(MACHINE_$(ARCH))
KFLAGS += $(if $(filter debug,$(MODE)),$(DEBUG_FLAGS),-DDEBUG=0)

KSRC := $(wildcard arch/$(ARCH)/*.[cS] lib/*.c kernel/*.c mm/*.c mm/policy/*.c drivers/*.c fs/*.c init/*.c)
KOBJ := $(patsubst %,$(K)/%.o,$(KSRC))

REVISION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
$(K)/init/main.c.o: KFLAGS += -DREVISION='"$(REVISION)"'
$(K)/init/main.c.o: $(K)/revision

.PHONY: FORCE
kernel: $(K)/faultline.elf $(if $(filter arm64,$(ARCH)),$(K)/faultline.img)

$(K)/revision: FORCE
	@mkdir -p $(@D)
	@echo '$(REVISION) $(KFLAGS)' | cmp -s - $@ || echo '$(REVISION) $(KFLAGS)' > $@

$(K)/%.c.o: %.c $(K)/flags
	@mkdir -p $(@D)
	@echo '  CC   $@'
	@$(KCC) $(KFLAGS) -MMD -MP -c $< -o $@

$(K)/%.S.o: %.S $(K)/flags
	@mkdir -p $(@D)
	@echo '  AS   $@'
	@$(KCC) $(KFLAGS) -D__ASSEMBLER__ -MMD -MP -c $< -o $@

# Rebuilds everything when the flags change, and links again when a file is gone.
$(K)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(KCC) $(filter-out -DREVISION%,$(KFLAGS))' | cmp -s - $@ || echo '$(KCC) $(filter-out -DREVISION%,$(KFLAGS))' > $@

$(K)/objects: FORCE
	@mkdir -p $(@D)
	@echo '$(KOBJ)' | cmp -s - $@ || echo '$(KOBJ)' > $@

$(K)/linker.ld: linker.ld arch/$(ARCH)/layout.h
	@mkdir -p $(@D)
	@$(KCC) -E -P -x assembler-with-cpp -I. -Iarch/$(ARCH) $< -o $@

LINK = $(KLD) -static -nostdlib -z max-page-size=4096 --build-id=none -z noexecstack --no-warn-rwx-segments -T $(K)/linker.ld

# Twice: the symbol table for backtraces comes out of the first link, and lies behind everything else, so that it moves nothing; which is
# checked. What is bootable appears whole or not at all: a run may start at any moment.
$(K)/ksyms0.S: tools/ksyms
	@mkdir -p $(@D)
	@tools/ksyms > $@

$(K)/pass1.elf: $(KOBJ) $(K)/objects $(K)/linker.ld $(K)/ksyms0.o
	@$(LINK) $(KOBJ) $(K)/ksyms0.o -o $@

$(K)/ksyms.S: $(K)/pass1.elf tools/ksyms
	@tools/ksyms $(CROSS)nm $< > $@

$(K)/%.o: $(K)/%.S
	@$(KCC) $(KFLAGS) -D__ASSEMBLER__ -c $< -o $@

$(K)/faultline.elf: $(K)/ksyms.o
	@echo '  LD   $@'
	@$(LINK) $(KOBJ) $(K)/ksyms.o -o $@.new
	@tools/ksyms $(CROSS)nm $@.new | cmp - $(K)/ksyms.S || { echo 'the symbol table moved what it describes: see linker.ld' >&2; exit 1; }
	@mv $@.new $@

$(K)/faultline.img: $(K)/faultline.elf
	@$(CROSS)objcopy -O binary $< $@.new
	@mv $@.new $@

-include $(KOBJ:.o=.d)
