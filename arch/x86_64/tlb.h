/* SPDX-License-Identifier: MIT */
#ifndef ARCH_X86_64_TLB_H
#define ARCH_X86_64_TLB_H

#include "arch/arch.h"

/* Every CPU that still has am's root loaded, though nobody there wants it, lets go of it. Context as for a flush. */
void tlb_forget(struct arch_mm *am);

#endif
