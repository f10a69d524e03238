# SPDX-License-Identifier: MIT
# The explorer: $(O)/explore/NAME searches the schedules of tests/explore/NAME.c over the kernel's own sources.
#
# World: the kernel's files and the test, compiled with calls at every access, their data in sections of their own. Engine: the rest.
#
# EX_FROM=DIR/: the world's sources are taken from there (copies with a defect in them), headers from the tree. Then EX says where it goes.

EX ?= $(O)/explore
EX_FROM ?=
EXE := $(O)/explore/engine
EXPLORE_TESTS := pagelock pagestate
EXPLORE_ENGINE := engine memory history races hooks search main
EXPLORE_pagelock := mm/page_lock.c mm/page_queue.c mm/page_wait.c mm/page.c tests/explore/pageworld.c tests/explore/pageghost.c
EXPLORE_pagestate := $(EXPLORE_pagelock)

EX_BASE := -std=gnu11 -O1 -g -fno-strict-aliasing -fno-common -fno-omit-frame-pointer -fno-stack-protector -fno-pie -Itests/explore/shim $(if $(EX_FROM),-I$(EX_FROM)) -I. \
	-Iarch/host -DDEBUG=1 -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wno-unused-parameter $(or $(EX_WARN),-Werror)
EX_WORLD := $(HOST_KERNEL) -fsanitize=thread -Wno-tsan --param=tsan-distinguish-volatile=0 -ftrivial-auto-var-init=zero
EX_SECTIONS := --rename-section .data=xdata --set-section-flags .bss=alloc,load,data,contents --rename-section .bss=xbss

.PHONY: explore
explore: $(addprefix $(EX)/,$(EXPLORE_TESTS))

$(EX)/world/%.c.o: $(EX_FROM)%.c tests/explore/rules.mk
	@mkdir -p $(@D)
	@echo '  CC   $@'
	@$(HOSTCC) $(EX_BASE) $(EX_WORLD) -MMD -MP -c $< -o $@
	@objcopy $(EX_SECTIONS) $@

$(EXE)/%.c.o: %.c tests/explore/rules.mk
	@mkdir -p $(@D)
	@echo '  CC   $@'
	@$(HOSTCC) $(EX_BASE) -MMD -MP -c $< -o $@

$(EXE)/%.S.o: %.S tests/explore/rules.mk
	@mkdir -p $(@D)
	@$(HOSTCC) -c $< -o $@

EX_ENGINE_OBJ := $(patsubst %,$(EXE)/tests/explore/%.c.o,$(EXPLORE_ENGINE)) $(EXE)/arch/host/switch.S.o $(EXE)/tests/explore/floor.c.o

define EXPLORE_TEST
$(EX)/$(1): $(EX)/world/tests/explore/$(1).c.o $(patsubst %,$(EX)/world/%.o,$(EXPLORE_$(1))) $(EX_ENGINE_OBJ)
	@$(HOSTCC) -no-pie -Wl,-z,noexecstack $$^ -o $$@

-include $(patsubst %,$(EX)/world/%.d,tests/explore/$(1).c $(EXPLORE_$(1)))
endef

$(foreach t,$(EXPLORE_TESTS),$(eval $(call EXPLORE_TEST,$(t))))
-include $(EX_ENGINE_OBJ:.o=.d)
