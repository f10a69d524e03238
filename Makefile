# SPDX-License-Identifier: MIT
# What a person types. `make help` lists it. What is built, and how, is in mk/.
#
# Verbs are done one after the other, in the order typed. Each build runs in a make of its own, two jobs at a time, and under a lock:
# two people may type `make` in one checkout at the same time.

ARCH ?= x86_64
MODE ?= release
SMP  ?= 1
O    ?= build
K    := $(O)/$(ARCH)-$(MODE)

ifeq ($(filter $(ARCH),x86_64 arm64),)
$(error unknown ARCH '$(ARCH)'; there are: x86_64 arm64)
endif
ifeq ($(filter $(MODE),release debug),)
$(error unknown MODE '$(MODE)'; there are: release debug)
endif

MAKEFLAGS += --no-print-directory --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ifdef FL_BUILD
include mk/build.mk
else

.NOTPARALLEL:
BUILDS := all kernel programs host-tests newlib explore
BUILD   = mkdir -p $(O) && flock $(O)/lock $(MAKE) -j2 FL_BUILD=1 ARCH=$(ARCH) MODE=$(MODE) O=$(O)

.PHONY: $(BUILDS) FORCE
$(BUILDS):
	@$(BUILD) $@

$(O)/%: FORCE
	@$(BUILD) $@

.PHONY: help setup run test everything oracle gdb iso lint floors clean

help:
	@echo 'make setup                      install what is missing, build newlib once'
	@echo 'make run [ARCH=] [SMP=] [MEM=]  build, boot, run the tour'
	@echo 'make test                       all tests, both machines'
	@echo 'make gdb [ARCH=]                boot halted, gdb attached'
	@echo 'make iso                        the tour as a disc that boots anywhere: build/faultline.iso'
	@echo 'make lint floors                style and layers'
	@echo 'make [ARCH=x86_64|arm64] [MODE=release|debug]'
	@echo '                                build the kernel and the programs'
	@echo 'make clean                      remove what was built'
	@echo './faultline exec PROG ...       boot and run one static program; ./faultline --help has the rest'

setup:
	@tools/setup
	@$(BUILD) ARCH=x86_64 newlib
	@$(BUILD) ARCH=arm64 newlib

run: all
	@./faultline tour --arch $(ARCH) --smp $(SMP) $(if $(MEM),--mem $(MEM))

iso: all
	@./faultline iso --arch $(ARCH)

gdb:
	@$(BUILD) MODE=debug all
	@./faultline gdb --arch $(ARCH) --debug

# Everything a test may need.
everything:
	@$(BUILD) ARCH=x86_64 MODE=debug all
	@$(BUILD) ARCH=x86_64 MODE=release all
	@$(BUILD) ARCH=arm64 MODE=debug all
	@$(BUILD) ARCH=arm64 MODE=release all
	@$(BUILD) host-tests
	@$(MAKE) oracle

# The same programs linked with other C libraries, and Debian's Linux for both machines: a test that needs what cannot be had here is
# skipped and says so, one whose program does not build fails.
oracle:
	@tools/fetch-arm64 $(O)/debian/musl-x86_64 musl-dev:amd64 && $(BUILD) ARCH=x86_64 LIBC=musl -k programs || true
	@tools/fetch-arm64 $(O)/debian/musl-arm64 musl-dev && $(BUILD) ARCH=arm64 LIBC=musl -k programs || true
	@$(BUILD) ARCH=x86_64 LIBC=glibc -k programs || true
	@$(BUILD) ARCH=arm64 LIBC=glibc -k programs || true
	@tools/fetch-arm64 $(O)/debian/linux-x86_64 +linux-image-cloud-amd64:amd64 || true
	@tools/fetch-arm64 $(O)/debian/linux-arm64 +linux-image-cloud-arm64 || true

test: everything
	@tools/test

lint:
	@tools/lint

floors: kernel
	@tools/floors $(K)

clean:
	rm -rf $(O)

endif
