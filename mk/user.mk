# SPDX-License-Identifier: MIT
# Programs for the image. user/rules.mk says how; until there is one there are none.
.PHONY: programs host-tests
-include user/rules.mk
