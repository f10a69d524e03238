# SPDX-License-Identifier: MIT
# All that is compiled. The outer Makefile runs this with the build folder locked.
.PHONY: all kernel programs host-tests newlib
all: kernel programs

include mk/kernel.mk
include mk/newlib.mk
-include user/rules.mk
-include tests/host/rules.mk
-include tests/explore/rules.mk
