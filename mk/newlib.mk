# SPDX-License-Identifier: MIT
# newlib, built once for each machine from Debian's source package, into $(NEWLIB).

NEWLIB_TARGET_x86_64 := x86_64-elf
NEWLIB_TARGET_arm64  := aarch64-elf
NEWLIB_TARGET := $(NEWLIB_TARGET_$(ARCH))
NEWLIB := $(O)/newlib/$(ARCH)/$(NEWLIB_TARGET)

.PHONY: newlib
newlib: $(NEWLIB)/lib/libc.a

$(NEWLIB)/lib/libc.a: tools/newlib user/libc/newlib.flags
	@tools/newlib $(ARCH) $(NEWLIB_TARGET) $(KCC) $(O)/newlib/$(ARCH)
