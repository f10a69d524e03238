# SPDX-License-Identifier: MIT
# What a person types. `make help` lists it.

ARCH ?= x86_64
MODE ?= release
SMP  ?= 1
O    ?= build

MAKEFLAGS += -j2 --no-print-directory --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

ifeq ($(filter $(ARCH),x86_64 arm64),)
$(error unknown ARCH '$(ARCH)'; there are: x86_64 arm64)
endif
ifeq ($(filter $(MODE),release debug),)
$(error unknown MODE '$(MODE)'; there are: release debug)
endif

.PHONY: all
all: kernel programs

include mk/kernel.mk
include mk/newlib.mk
include mk/user.mk
-include tests/host/rules.mk

.PHONY: help setup run test gdb iso lint floors clean

help:
	@echo 'make setup                   install what is missing, build newlib once'
	@echo 'make run [ARCH=] [SMP=] [MEM=]  build, boot, run the tour'
	@echo 'make test                    all tests, both machines'
	@echo 'make gdb [ARCH=]             boot halted, gdb attached'
	@echo 'make lint floors             style and layers'
	@echo 'make [ARCH=x86_64|arm64] [MODE=release|debug]   build the kernel and the programs'
	@echo './faultline exec PROG ...    boot and run one static program'

setup:
	@tools/setup
	@$(MAKE) ARCH=x86_64 newlib
	@$(MAKE) ARCH=arm64 newlib

run: all
	@./faultline tour --arch $(ARCH) --smp $(SMP) $(if $(MEM),--mem $(MEM))

iso: all
	@./faultline iso --arch $(ARCH)

gdb:
	@$(MAKE) ARCH=$(ARCH) MODE=debug all
	@./faultline gdb --arch $(ARCH) --debug

# Everything a test may need, then the tests.
.PHONY: everything
everything:
	@for arch in x86_64 arm64; do for mode in debug release; do \
		$(MAKE) ARCH=$$arch MODE=$$mode all || exit 1; done; done
	@$(MAKE) host-tests

test: everything
	@tools/test

lint:
	@tools/lint

floors: kernel
	@tools/floors $(K)

clean:
	rm -rf $(O)
